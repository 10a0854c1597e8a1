"""EfficientNet-Lite0: depthwise convolutions, batch norm, ReLU6, residual adds, one linear layer.

Tan and Le, EfficientNet, arXiv:1905.11946 (2019); the Lite variant does without
squeeze-and-excitation and swish. Modules carry the names that the published weights use.
"""

from torch import Tensor, nn

_BATCH_NORM_EPS = 1e-3

_STAGES = (
    # expansion, kernel, stride, channels, blocks
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


class Block(nn.Sequential):
    """Widen by 1 x 1, convolve each channel alone, narrow by 1 x 1; add the input where it fits."""

    def __init__(
        self, in_channels: int, channels: int, *, expansion: int, kernel: int, stride: int
    ) -> None:
        """Make the layers in the order in which they run."""
        super().__init__()
        wide = in_channels * expansion
        if expansion > 1:
            self._expand_conv = _conv(in_channels, wide, kernel=1)
            self._bn0 = _batch_norm(wide)
            self._relu0 = nn.ReLU6()
        if stride > 1:
            self._pad = _same_padding(kernel)
        self._depthwise_conv = _conv(wide, wide, kernel=kernel, stride=stride, groups=wide)
        self._bn1 = _batch_norm(wide)
        self._relu1 = nn.ReLU6()
        self._project_conv = _conv(wide, channels, kernel=1)
        self._bn2 = _batch_norm(channels)
        self.residual = stride == 1 and in_channels == channels

    def forward(self, input: Tensor) -> Tensor:
        """Map (image, channel, row, col) to the same with this block's channels and stride."""
        output = input
        for layer in self:
            output = layer(output)
        return output + input if self.residual else output


class EfficientNetLite0(nn.Sequential):
    """The classifier, from (image, 3, row, col) to scores (image, class).

    Rows and cols must be multiples of 32: the padding is right for even sizes only.
    """

    def __init__(self, classes: int = 1000) -> None:
        """Make the layers in the order in which they run."""
        super().__init__()
        self._pad = _same_padding(kernel=3)
        self._conv_stem = _conv(3, 32, kernel=3, stride=2)
        self._bn0 = _batch_norm(32)
        self._relu0 = nn.ReLU6()
        self._blocks = nn.Sequential(*_blocks(in_channels=32))
        self._conv_head = _conv(320, 1280, kernel=1)
        self._bn1 = _batch_norm(1280)
        self._relu1 = nn.ReLU6()
        self._avg_pooling = nn.AdaptiveAvgPool2d(1)
        self._flatten = nn.Flatten()
        self._fc = nn.Linear(1280, classes)


def _blocks(in_channels: int) -> list[Block]:
    blocks = []
    for expansion, kernel, stride, channels, repeats in _STAGES:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            blocks.append(
                Block(in_channels, channels, expansion=expansion, kernel=kernel, stride=step)
            )
            in_channels = channels
    return blocks


def _same_padding(kernel: int) -> nn.ZeroPad2d:
    """Pad for a stride of 2 as TensorFlow's ``same`` does on even sizes: more right and below."""
    before = (kernel - 2) // 2
    after = kernel - 2 - before
    return nn.ZeroPad2d((before, after, before, after))


def _conv(
    in_channels: int, channels: int, *, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    padding = kernel // 2 if stride == 1 else 0
    return nn.Conv2d(
        in_channels, channels, kernel, stride, padding=padding, groups=groups, bias=False
    )


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_BATCH_NORM_EPS)

"""What a unit sees: the support of the jacobian, and figures published for known networks."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from torch import nn

from cnnvis import models, network
from cnnvis.errors import TraceError
from cnnvis.geometry import PIXEL, ReceptiveField, widest
from cnnvis.network.running import run

SHAPE = (2, 40, 37)


def traced(*steps):
    """A network in which every weight is positive, so that nothing cancels out."""
    torch.manual_seed(0)
    model = nn.Sequential(*steps).double()
    for parameter in model.parameters():
        nn.init.uniform_(parameter, 0.5, 1)
    return network.trace(model, input_shape=SHAPE)


def support(net, layer, unit):
    """The rows and the columns of the image that have an effect on a unit, in any channel."""
    pixels = torch.rand(1, *SHAPE, dtype=torch.float64, requires_grad=True)
    output = run(net, pixels, [layer])[layer][0]
    place = (slice(None), *unit) if output.ndim == 3 else slice(None)
    effect = torch.autograd.grad(output[place].sum(), pixels)[0].abs().sum((0, 1))
    return [effect.sum(1 - axis).nonzero()[:, 0].tolist() for axis in (0, 1)]


def inside(window, pixels):
    return [pixel for pixel in window if 0 <= pixel < pixels]


def windows_of(net, layer, unit):
    fields = net.receptive_field(layer)
    starts = [field.start + i * field.stride for field, i in zip(fields, unit, strict=True)]
    return [range(s, s + field.size) for s, field in zip(starts, fields, strict=True)]


two = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def sliding(draw):
    """A convolution, a pooling, a padding, or something that slides nothing."""
    kernel, stride = draw(two), draw(two)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    return draw(
        st.sampled_from(
            [
                nn.Conv2d(2, 2, kernel, stride, padding, dilation=draw(two)),
                nn.Conv2d(2, 2, kernel, padding="same", dilation=draw(two), groups=2),
                nn.AvgPool2d(kernel, stride, padding, ceil_mode=draw(st.booleans())),
                nn.ZeroPad2d(draw(st.tuples(*[st.integers(0, 2)] * 4))),
                nn.Sequential(nn.BatchNorm2d(2), nn.SiLU(), nn.Dropout()),
            ]
        )
    )


@given(st.lists(sliding(), min_size=1, max_size=4), st.data())
@settings(max_examples=40, deadline=None)
def test_a_unit_sees_the_support_of_its_jacobian(steps, data):
    try:
        net = traced(*steps)
    except TraceError:  # nothing is left of the image
        reject()
    sizes = net.node(net.scores).shape[1:]
    unit = [data.draw(st.integers(size // 3, size - 1 - size // 3)) for size in sizes]
    found, windows = support(net, net.scores, unit), windows_of(net, net.scores, unit)
    for axis, pixels in enumerate(SHAPE[1:]):
        assert set(found[axis]) <= set(inside(windows[axis], pixels))
    margins = [(w.start, n - w.stop) for w, n in zip(windows, SHAPE[1:], strict=True)]
    if min(map(min, margins)) >= 6:  # no padding in between
        assert [(f[0], f[-1] + 1) for f in found] == [(w.start, w.stop) for w in windows]


@given(two, two, st.integers(0, 1), st.integers(1, 2))
@settings(max_examples=20, deadline=None)
def test_pooling_modules_and_functions_agree(kernel, stride, padding, dilation):
    padding = min(padding, *(k // 2 for k in kernel))

    class Functions(nn.Module):
        def forward(self, x):
            x = F.max_pool2d(x, kernel, stride, padding, dilation)
            x = F.avg_pool2d(x, kernel_size=kernel, padding=padding)
            return F.pad(x, (1, 0, 2, 0))

    modules = traced(
        nn.MaxPool2d(kernel, stride, padding, dilation),
        nn.AvgPool2d(kernel, padding=padding),
        nn.ZeroPad2d((1, 0, 2, 0)),
    )
    functions = network.trace(Functions(), input_shape=SHAPE)
    assert functions.receptive_field("pad") == modules.receptive_field("2")


@given(st.integers(1, 60), st.integers(1, 60), st.data())
@settings(max_examples=30, deadline=None)
def test_adaptive_pooling_covers_every_part_of_the_image(rows, cols, data):
    net = traced(nn.AdaptiveAvgPool2d((rows, cols)))
    unit = (data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, cols - 1)))
    for found, window in zip(support(net, "0", unit), windows_of(net, "0", unit), strict=True):
        assert set(found) <= set(window)
    if SHAPE[1] % rows == 0:
        assert net.receptive_field("0")[0] == PIXEL.then(SHAPE[1] // rows, SHAPE[1] // rows)


def test_a_map_of_more_units_than_pixels_is_no_wider_than_it_must_be():
    net = traced(nn.AdaptiveAvgPool2d((41, 200)))
    rows, cols = net.receptive_field("0")
    assert (rows.size, rows.stride) == (2, 1)
    assert (cols.size, cols.stride) == (37, 0)


class Joined(nn.Module):
    """Two branches of other kernels and strides of the same product, added and side by side."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(2, 2, 7, stride=2, padding=3)
        self.narrow = nn.Conv2d(2, 2, (1, 3), stride=2, padding=(0, 1))

    def forward(self, x):
        return torch.cat([self.wide(x) + self.narrow(x), self.narrow(x)], dim=1)


def test_a_join_sees_what_its_branches_see():
    net = traced(Joined())
    wide, narrow = (net.receptive_field(f"0.{name}") for name in ("wide", "narrow"))
    assert net.receptive_field("add") == (wide[0], wide[1]) != narrow
    assert net.receptive_field("cat") == tuple(map(widest, wide, narrow))
    assert support(net, "add", (9, 9)) == [list(w) for w in windows_of(net, "add", (9, 9))]


class Gated(nn.Module):
    """A map times a gate that was computed from all of it."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        x = self.conv(x)
        return x * torch.sigmoid(self.pool(x))


@pytest.mark.parametrize(
    "last", [Gated(), nn.Sequential(nn.Conv2d(2, 2, 3, 2), nn.GroupNorm(1, 2))]
)
def test_a_gate_from_the_whole_image_lets_every_unit_see_all_of_it(last):
    net = traced(last)
    field = net.receptive_field(net.scores)[0]
    assert field.stride == 2
    rows = net.node(net.scores).shape[1]
    for unit in (0, rows - 1):
        assert support(net, net.scores, (unit, 0))[0] == list(range(39))  # the last row is unused
        assert set(range(39)) <= set(windows_of(net, net.scores, (unit, 0))[0])
    assert field.centre(rows // 2) == pytest.approx(19, abs=1)


def test_a_gate_adds_no_pixels_that_are_not_there():
    net = traced(nn.Conv2d(2, 2, 5, stride=2, padding=4), Gated())
    rows, _ = net.receptive_field("mul")
    units = net.node("mul").shape[1]
    assert rows.stride == 4
    assert rows.size == SHAPE[1] + (units - 1) * 4


class AcrossChannels(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(2, 6, (3, 5), stride=(2, 1)), nn.Conv2d(1, 2, 3)

    def forward(self, x):
        return self.last(self.conv(x).mean(1).unsqueeze(1))


class ChannelsLast(nn.Module):
    """Normalised and multiplied with the channels behind rows and columns, and turned back."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 6, (3, 5), stride=(2, 1))
        self.norm, self.mix = nn.LayerNorm(6), nn.Linear(6, 4)
        self.last = nn.Conv2d(4, 4, 3)

    def forward(self, x):
        x = self.mix(self.norm(self.conv(x).permute(0, 2, 3, 1)))
        return self.last(torch.permute(x, [0, 3, 1, 2]))


class Shuffled(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(2, 6, (3, 5), stride=(2, 1)), nn.Conv2d(6, 6, 3)

    def forward(self, x):
        one, two = self.conv(x).chunk(2, dim=1)
        x = torch.cat((one, two), 1)
        images, channels, rows, cols = x.shape
        x = x.view(images, 2, channels // 2, rows, cols).transpose(1, 2)
        return self.last(x.reshape(images, channels, rows, cols))


@pytest.mark.parametrize("kind", [AcrossChannels, ChannelsLast, Shuffled])
def test_rows_and_columns_are_followed_through_moved_axes(kind):
    net = traced(kind())
    expected = (PIXEL.then(3, 2).then(3), PIXEL.then(5).then(3))
    assert net.receptive_field("0.last") == expected
    assert support(net, "0.last", (3, 4)) == [list(w) for w in windows_of(net, "0.last", (3, 4))]


class Collapsed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(2, 4, 3, stride=2), nn.Linear(4, 3)

    def forward(self, x):
        return torch.softmax(self.fc(self.conv(x).mean([2, 3])), 1)


def test_a_vector_sees_what_all_units_see():
    net = traced(Collapsed())
    assert net.node("0.fc").shape == (3,)
    assert [field.size for field in net.receptive_field("softmax")] == [39, 37]
    flat = traced(nn.Conv2d(2, 4, 3, stride=2), nn.Flatten(), nn.Linear(19 * 18 * 4, 3))
    assert flat.receptive_field("2") == net.receptive_field("0.fc")


class Turned(nn.Module):
    """A convolution that slides over channels and columns."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(40, 2, (1, 3))

    def forward(self, x):
        return self.conv(x.permute(0, 2, 1, 3))


class PoolOfAll(nn.Module):
    """A pool whose window is computed, as large as the map is wide."""

    def forward(self, x):
        return F.avg_pool2d(x, x.size(3), stride=1)


class BatchBehind(nn.Module):
    """The batch is moved behind the channels and back."""

    def forward(self, x):
        return x.transpose(0, 1).transpose(1, 0)


@pytest.mark.parametrize(
    "step",
    [
        Turned(),
        BatchBehind(),
        PoolOfAll(),
        nn.Upsample(scale_factor=2),
        nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"),
        nn.ConvTranspose2d(2, 2, 3),
        nn.LayerNorm(SHAPE),
        nn.Softmax(dim=-1),
    ],
    ids=lambda step: type(step).__name__,
)
def test_what_is_not_known_is_not_invented(step):
    net = traced(nn.Conv2d(2, 2, 3, padding=1), step, nn.ReLU())
    assert net.receptive_field("0") is not None
    assert net.receptive_field(net.node("2").inputs[0]) is None
    assert net.receptive_field("2") is None


@pytest.mark.parametrize(
    ("architecture", "layer", "size", "stride"),
    [
        # Araujo, Norris and Sim, Computing Receptive Fields of Convolutional Neural Networks,
        # Distill 2019, the table of its appendix.
        ("alexnet", "features.12", 195, 32),
        ("vgg16", "features.30", 212, 32),
        ("inception_v3", "cat_14", 1311, 32),
    ],
)
def test_the_fields_of_known_networks_are_the_published_ones(architecture, layer, size, stride):
    with torch.device("meta"):
        model = models.build(architecture)
    net = network.trace(model, input_shape=(3, 299, 299))
    rows, cols = net.receptive_field(layer)
    assert rows == cols
    assert (rows.size, rows.stride) == (size, stride)


def test_units_of_alexnet_as_worked_out_by_hand():
    with torch.device("meta"):
        net = network.trace(models.build("alexnet"))
    assert net.receptive_field("features.3")[0] == ReceptiveField(size=51, stride=8, start=-18)

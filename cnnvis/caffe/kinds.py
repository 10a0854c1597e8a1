"""What each kind of Caffe's layers computes, as torch modules; all others are refused by name.

Each function takes a layer and the shapes, without the batch, of what it reads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from cnnvis.caffe.messages import HOW_TO, Layer, Shape
from cnnvis.caffe.module import Before
from cnnvis.errors import NetworkError

Pair = tuple[int, int]
"""(along rows, along columns)"""

# Caffe's words are numbers in its messages.
_MAX, _AVE = 0, 1
_CEIL = 0
_ACROSS_CHANNELS = 0
_SUM = 1


@dataclass(frozen=True, eq=False)
class Made:
    """A torch module, and what makes one input for it of what the layer reads."""

    module: nn.Module
    before: Before = ""


Maker = Callable[[Layer, Sequence[Shape]], Made]


def make(layer: Layer, shapes: Sequence[Shape]) -> Made:
    """Return what computes a layer.

    Raises:
        NetworkError: the kind, or a setting of it, is not known here.
    """
    if layer.kind not in KINDS:
        raise NetworkError(
            f"{layer}: this kind of layer is not imported; known are {', '.join(sorted(KINDS))} "
            f"and a Softmax at the end. {HOW_TO} says what can be done."
        )
    several = layer.kind in ("Concat", "Eltwise")
    if len(shapes) != 1 and not (several and shapes):
        raise refusal(layer, f"it reads {len(shapes)} values instead of one")
    return KINDS[layer.kind](layer, shapes)


def refusal(layer: Layer, why: str) -> NetworkError:
    """Return the error that says what of a layer cannot be imported."""
    return NetworkError(f"{layer} cannot be imported: {why}. {HOW_TO} says what is known.")


def _convolution(layer: Layer, shapes: Sequence[Shape]) -> Made:
    given = layer.message.convolution_param
    channels = _maps(layer, shapes[0])[0]
    group, wanted = _positive(layer, given, "group"), _positive(layer, given, "num_output")
    if given.axis != 1:
        raise refusal(layer, f"axis is {given.axis}, and only convolutions from axis 1 are known")
    if channels % group or wanted % group:
        raise refusal(layer, f"{channels} and {wanted} channels are not in {group} equal groups")
    module = nn.Conv2d(
        channels,
        wanted,
        _pair(layer, given, "kernel_size", "kernel", least=1),
        stride=_pair(layer, given, "stride", "stride", least=1, default=1),
        padding=_pair(layer, given, "pad", "pad", least=0, default=0),
        dilation=_pair(layer, given, "dilation", "", least=1, default=1),
        groups=group,
        bias=given.bias_term,
    )
    return Made(module)


def _pooling(layer: Layer, shapes: Sequence[Shape]) -> Made:
    """Pool as Caffe does: the last window may reach over the end, but must begin before it.

    An average counts the padding it covers, but not what lies behind that. Torch does the same
    where there is padding. Where there is none Caffe keeps windows that begin behind the end,
    which hold nothing; they are refused.
    """
    given = layer.message.pooling_param
    maps = _maps(layer, shapes[0])
    if given.pool not in (_MAX, _AVE):
        raise refusal(layer, "pool is STOCHASTIC, and only MAX and AVE are known")
    pad = _pair(layer, given, "pad", "pad", least=0, default=0)
    stride = _pair(layer, given, "stride", "stride", least=1, default=1)
    if given.global_pooling:
        if pad != (0, 0) or stride != (1, 1):
            raise refusal(layer, "global_pooling does without pad and stride")
        return Made(nn.AdaptiveMaxPool2d(1) if given.pool == _MAX else nn.AdaptiveAvgPool2d(1))
    kernel = _pair(layer, given, "kernel_size", "kernel", least=1)
    ceil = given.round_mode == _CEIL
    for size, k, s, p in zip(maps[1:], kernel, stride, pad, strict=True):
        if 2 * p > k:
            raise refusal(layer, f"pad is {p}, more than half of the kernel of {k}")
        if p == 0 and ceil and -(-(size - k) // s) * s >= size:
            raise refusal(
                layer, f"a kernel of {k} with stride {s} leaves an empty window on {size} places"
            )
    if given.pool == _MAX:
        return Made(nn.MaxPool2d(kernel, stride, padding=pad, ceil_mode=ceil))
    return Made(nn.AvgPool2d(kernel, stride, padding=pad, ceil_mode=ceil))


def _inner_product(layer: Layer, shapes: Sequence[Shape]) -> Made:
    given = layer.message.inner_product_param
    if given.axis != 1 or given.transpose:
        raise refusal(layer, "axis is 1 and transpose is false in the inner products known here")
    inputs = 1
    for size in shapes[0]:
        inputs *= size
    module = nn.Linear(inputs, _positive(layer, given, "num_output"), bias=given.bias_term)
    return Made(module, "flatten" if len(shapes[0]) > 1 else "")


def _lrn(layer: Layer, shapes: Sequence[Shape]) -> Made:
    """Divide by (k + alpha / local_size * sum of squares) ** beta, as torch does, too.

    The sum goes over ``local_size`` neighbouring channels.
    """
    given = layer.message.lrn_param
    if given.norm_region != _ACROSS_CHANNELS:
        raise refusal(layer, "norm_region is WITHIN_CHANNEL, and only ACROSS_CHANNELS is known")
    if given.local_size % 2 == 0:
        raise refusal(layer, f"local_size is {given.local_size}, and must be odd")
    _maps(layer, shapes[0])
    return Made(
        nn.LocalResponseNorm(given.local_size, alpha=given.alpha, beta=given.beta, k=given.k)
    )


def _relu(layer: Layer, shapes: Sequence[Shape]) -> Made:
    slope = layer.message.relu_param.negative_slope
    return Made(nn.LeakyReLU(slope) if slope else nn.ReLU())


def _dropout(layer: Layer, shapes: Sequence[Shape]) -> Made:
    """Do nothing outside of training, where Caffe has scaled already."""
    return Made(nn.Dropout(layer.message.dropout_param.dropout_ratio))


def _concat(layer: Layer, shapes: Sequence[Shape]) -> Made:
    given = layer.message.concat_param
    axis = given.concat_dim if given.HasField("concat_dim") else given.axis
    if axis not in (1, -len(shapes[0])):
        raise refusal(layer, f"it joins along axis {axis}, and only channels (axis 1) are known")
    return Made(nn.Identity(), "concat")


def _eltwise(layer: Layer, shapes: Sequence[Shape]) -> Made:
    given = layer.message.eltwise_param
    if given.operation != _SUM or any(coeff != 1 for coeff in given.coeff):
        raise refusal(layer, "only the sum without coefficients is known")
    if len(set(shapes)) > 1:
        raise refusal(layer, f"it adds up values of different shapes, {shapes}")
    return Made(nn.Identity(), "sum")


def _flatten(layer: Layer, shapes: Sequence[Shape]) -> Made:
    given = getattr(layer.message, "flatten_param", None)  # V1 has no settings for it
    if given is not None and (given.axis != 1 or given.end_axis not in (-1, len(shapes[0]))):
        raise refusal(layer, "only flattening all axes of an image is known")
    return Made(nn.Flatten())


KINDS: dict[str, Maker] = {
    "Concat": _concat,
    "Convolution": _convolution,
    "Dropout": _dropout,
    "Eltwise": _eltwise,
    "Flatten": _flatten,
    "InnerProduct": _inner_product,
    "LRN": _lrn,
    "Pooling": _pooling,
    "ReLU": _relu,
}


def _maps(layer: Layer, shape: Shape) -> Shape:
    if len(shape) != 3:
        raise refusal(layer, f"it reads {shape}, which has no rows and columns")
    return shape


def _positive(layer: Layer, given: Any, field: str) -> int:
    value: int = getattr(given, field)
    if value < 1:
        raise refusal(layer, f"{field} must be 1 or more, and is {value}")
    return value


def _pair(
    layer: Layer, given: Any, field: str, by_axis: str, *, least: int, default: int | None = None
) -> Pair:
    """Return a setting for rows and columns: two fields ``_h`` and ``_w``, one value, or two."""
    names = [f"{by_axis}_h", f"{by_axis}_w"] if by_axis else []
    if names and any(given.HasField(name) for name in names):
        values = [getattr(given, name) for name in names]
    elif given.DESCRIPTOR.fields_by_name[field].is_repeated:
        values = list(getattr(given, field))
    else:
        values = [getattr(given, field)]
    if not values and default is not None:
        values = [default]
    if len(values) not in (1, 2) or min(values) < least:
        raise refusal(layer, f"{field} must be one or two numbers from {least} on, and is {values}")
    return values[0], values[-1]

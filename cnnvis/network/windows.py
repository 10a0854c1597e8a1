"""Receptive fields behind operations that slide a window: convolution, pooling, padding."""

from collections.abc import Sequence
from typing import Any

from cnnvis.network.views import Step, View


def windows(step: Step) -> View | None:
    """Convolution and pooling modules."""
    module: Any = step.node.module
    if getattr(module, "padding_mode", "zeros") == "circular":
        return None  # the border sees the opposite border
    kernel, dilation = _pair(module.kernel_size), _pair(getattr(module, "dilation", 1))
    before = _before(module.padding, kernel, dilation)
    return _windowed(step, kernel, _pair(module.stride), before, dilation)


def pool(step: Step) -> View | None:
    """Pooling functions: (input, kernel_size, stride, padding)."""
    if len(step.node.inputs) > 1:
        return None  # its numbers are computed in the network
    kernel = _pair(step.argument(1, "kernel_size"))
    stride = _pair(step.argument(2, "stride") or kernel)
    dilation = _pair(step.argument(4, "dilation", 1) if step.node.kind == "max_pool2d" else 1)
    return _windowed(step, kernel, stride, _pair(step.argument(3, "padding", 0)), dilation)


def adaptive(step: Step) -> View | None:
    """Windows that share an axis out evenly: part i of m reaches from i n / m to (i + 1) n / m."""
    out = step.node.shape
    if out is None or step.views[0].axes != (2, 3):
        return None
    shares = [_share(step.shapes[0][axis], out[axis]) for axis in (1, 2)]
    kernel, stride, before = zip(*shares, strict=True)
    return _windowed(step, kernel, stride, before, (1, 1))


def _share(units: int, parts: int) -> tuple[int, int, int]:
    """Return kernel, stride and padding of the smallest even window that covers every part."""
    stride = round(units / parts)
    starts = [part * units // parts - part * stride for part in range(parts)]
    ends = [-(-(part + 1) * units // parts) - part * stride for part in range(parts)]
    return max(ends) - min(starts), stride, -min(starts)


def padding(step: Step) -> View | None:
    """Padding by hand; its numbers are left, right, top, bottom."""
    if len(step.node.inputs) > 1:
        return None  # they are computed in the network
    module: Any = step.node.module
    numbers = step.argument(1, "pad") if module is None else module.padding
    left, _, top, _ = (*numbers, 0, 0)[:4]
    return _windowed(step, (1, 1), (1, 1), (top, left), (1, 1))


def _windowed(
    step: Step,
    kernel: Sequence[int],
    stride: Sequence[int],
    before: Sequence[int],
    dilation: Sequence[int],
) -> View | None:
    view = step.views[0]
    if view.axes != (2, 3):
        return None
    each = zip(view.fields, kernel, stride, before, dilation, strict=True)
    return view.seeing([field.then(k, s, p, d) for field, k, s, p, d in each])


def _before(padded: Any, kernel: Sequence[int], dilation: Sequence[int]) -> Sequence[int]:
    """Return the padding before the first unit, also for the words ``same`` and ``valid``."""
    if padded == "same":
        return [d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True)]
    return (0, 0) if padded == "valid" else _pair(padded)


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])

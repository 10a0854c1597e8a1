"""Which part of the image each unit of each layer sees, followed through the graph.

A feature map keeps its row axis and its column axis on the way; a :class:`View` says which axes of
the tensor they are, so that tensors in (row, col, channel) order are followed too. What is not
known stays unknown from there on. The window is that of the arithmetic: padding counts as pixels
outside the image, so that a unit at the border sees a part of its window only. Where every unit is
given something that was computed from the whole image, the window of each covers the image.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnnvis.geometry import PIXEL, ReceptiveField, widest
from cnnvis.network.graph import IMAGE, Node

Fields = tuple[ReceptiveField, ReceptiveField]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class View:
    """What units see of the image's rows and columns, and the axes (batch is 0) that count them.

    An axis is None once all its units have gone into every output. ``image`` is (rows, cols).
    """

    fields: Fields
    axes: tuple[int | None, int | None]
    image: tuple[int, int]

    def then(self, rows: ReceptiveField, cols: ReceptiveField) -> "View":
        """Return the same axes with other fields."""
        return replace(self, fields=(rows, cols))

    def everywhere(self, axis: int) -> ReceptiveField:
        """Return what a single unit sees, as the field of units that are all given its value."""
        field, pixels = self.fields[axis], self.image[axis]
        start, end = max(0, field.start), min(pixels, field.start + field.size)
        return ReceptiveField(max(1, end - start), 0, start)


@dataclass(frozen=True)
class Step:
    """One operation with the views and shapes (without batch) of the maps it reads, and its own."""

    node: Node
    views: tuple[View, ...]
    shapes: tuple[Shape, ...]

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        """Return an argument of the call by place or name."""
        args = self.node.args
        return args[place] if len(args) > place else self.node.kwargs.get(name, default)


Rule = Callable[[Step], View | None]


def with_fields(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Return the nodes with what their units see filled in, as far as it is known."""
    views: dict[str, View | None] = {}
    for name, node in nodes.items():
        maps = [source for source in node.inputs if source in views]
        if node.op == IMAGE and node.shape is not None and len(node.shape) == 3:
            views[name] = View((PIXEL, PIXEL), (2, 3), node.shape[1:])
        elif maps and node.kind not in _MEASURES:
            views[name] = _after(node, [views[m] for m in maps], [nodes[m].shape for m in maps])
    known = {name: view.fields for name, view in views.items() if view is not None}
    return {name: replace(node, field=known.get(name)) for name, node in nodes.items()}


def _after(node: Node, views: list[View | None], shapes: list[Shape | None]) -> View | None:
    found = tuple(view for view in views if view is not None)
    if len(found) < len(views):
        return None
    if all(view.axes == (None, None) for view in found):
        return _joined(found, (1, 1))
    step = Step(node, found, tuple(shape or () for shape in shapes))
    rule = _RULES.get(node.kind, _unknown)
    return rule(step)


def _unknown(step: Step) -> None:
    return None


def _same(step: Step) -> View | None:
    return step.views[0]


def _join(step: Step) -> View | None:
    """Each unit sees what the units at its place see; a single unit is seen from every place."""
    shape = step.node.shape
    axes = step.views[0].axes
    if shape is None or any(view.axes != axes for view in step.views):
        return None
    units = tuple(_units(shape, axis) for axis in axes)
    spread = [
        view.then(*(_spread(view, _units(own, view.axes[a]), units[a], a) for a in (0, 1)))
        for view, own in zip(step.views, step.shapes, strict=True)
    ]
    return _joined(spread, units)


def _spread(view: View, own: int, units: int, axis: int) -> ReceptiveField:
    return view.fields[axis] if own == units else view.everywhere(axis)


def _joined(views: Sequence[View], units: Sequence[int]) -> View:
    rows, cols = (widest(*(view.fields[a] for view in views), units=units[a]) for a in (0, 1))
    return views[0].then(rows, cols)


def _concatenate(step: Step) -> View | None:
    axis = step.argument(1, "dim", 0)
    axis = axis if axis >= 0 else axis + len(step.shapes[0]) + 1
    return None if axis in step.views[0].axes else _join(step)


def _windows(step: Step) -> View | None:
    """Convolution and pooling modules."""
    module: Any = step.node.module
    kernel, stride = _pair(module.kernel_size), _pair(module.stride)
    dilation = _pair(getattr(module, "dilation", 1))
    return _windowed(step, kernel, stride, _left(module.padding, kernel, dilation), dilation)


def _left(padding: Any, kernel: Sequence[int], dilation: Sequence[int]) -> Sequence[int]:
    """Return the padding before the first unit, also for the words ``same`` and ``valid``."""
    if padding == "same":
        return [d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True)]
    return (0, 0) if padding == "valid" else _pair(padding)


def _pool(step: Step) -> View | None:
    """Pooling functions: (input, kernel_size, stride, padding)."""
    kernel = _pair(step.argument(1, "kernel_size"))
    stride = _pair(step.argument(2, "stride") or kernel)
    padding = _pair(step.argument(3, "padding", 0))
    dilation = _pair(step.argument(4, "dilation", 1) if step.node.kind == "max_pool2d" else 1)
    return _windowed(step, kernel, stride, padding, dilation)


def _windowed(
    step: Step,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> View | None:
    view = step.views[0]
    if view.axes != (2, 3):
        return None
    each = zip(view.fields, kernel, stride, padding, dilation, strict=True)
    rows, cols = (field.then(k, s, p, d) for field, k, s, p, d in each)
    return view.then(rows, cols)


def _adaptive(step: Step) -> View | None:
    """Windows that share the axis out evenly: from floor(i n / m) to ceil((i + 1) n / m)."""
    view, out = step.views[0], step.node.shape
    if view.axes != (2, 3) or out is None:
        return None
    shared = [_shared_out(step.shapes[0][axis], out[axis]) for axis in (1, 2)]
    rows, cols = (
        field.then(kernel, stride, before)
        for field, (kernel, stride, before) in zip(view.fields, shared, strict=True)
    )
    return view.then(rows, cols)


def _shared_out(units: int, parts: int) -> tuple[int, int, int]:
    """Return kernel, stride and padding of the smallest even window that covers every part."""
    stride = max(1, units // parts)
    starts = [part * units // parts - part * stride for part in range(parts)]
    ends = [-(-(part + 1) * units // parts) - part * stride for part in range(parts)]
    return max(ends) - min(starts), stride, -min(starts)


def _padded(step: Step) -> View | None:
    """Padding by hand; its numbers are left, right, top, bottom."""
    module: Any = step.node.module
    left, _, top, _ = (*(step.argument(1, "pad", ()) if module is None else module.padding), 0, 0)[
        :4
    ]
    return _windowed(step, (1, 1), (1, 1), (top, left), (1, 1))


def _everywhere(step: Step) -> View | None:
    """Normalisation over the whole map: every unit depends on all of them."""
    view, shape = step.views[0], step.shapes[0]
    units = [_units(shape, axis) for axis in view.axes]
    whole = [_whole(field, count) for field, count in zip(view.fields, units, strict=True)]
    single = view.then(whole[0], whole[1])
    return _joined([view, view.then(single.everywhere(0), single.everywhere(1))], units)


def _layer_norm(step: Step) -> View | None:
    module: Any = step.node.module
    shape = step.argument(1, "normalized_shape", ()) if module is None else module.normalized_shape
    first = len(step.shapes[0]) + 1 - len(shape)
    inside = any(axis is not None and axis >= first for axis in step.views[0].axes)
    return None if inside else step.views[0]


def _linear(step: Step) -> View | None:
    return None if len(step.shapes[0]) in step.views[0].axes else step.views[0]


def _reduced(step: Step) -> View | None:
    """Mean, sum and the like over axes; without axes over everything."""
    ndim = len(step.shapes[0]) + 1
    dims = step.argument(1, "dim")
    dims = range(1, ndim) if dims is None else [dims] if isinstance(dims, int) else dims
    gone = {dim % ndim for dim in dims}
    keep = bool(step.argument(2, "keepdim", False))
    view = step.views[0]
    fields, axes = list(view.fields), list(view.axes)
    for place, axis in enumerate(view.axes):
        if axis in gone:
            fields[place] = _whole(fields[place], _units(step.shapes[0], axis))
            axes[place] = axis if keep else None
        elif axis is not None and not keep:
            axes[place] = axis - sum(dim < axis for dim in gone)
    return replace(view, fields=(fields[0], fields[1]), axes=(axes[0], axes[1]))


def _reshaped(step: Step) -> View | None:
    """An axis survives as the one with as many units and as many numbers after it."""
    view, old, new = step.views[0], step.shapes[0], step.node.shape
    if new is None:
        return None
    if len(new) == 1:
        whole = [_whole(f, _units(old, a)) for f, a in zip(view.fields, view.axes, strict=True)]
        return replace(view, fields=(whole[0], whole[1]), axes=(None, None))
    layout = {(size, math.prod(new[i + 1 :])): i + 1 for i, size in enumerate(new)}
    places = [
        None if axis is None else layout.get((old[axis - 1], math.prod(old[axis:])), 0)
        for axis in view.axes
    ]
    return None if 0 in places else replace(view, axes=(places[0], places[1]))


def _permuted(step: Step) -> View | None:
    order: Sequence[Any] = step.node.args[1:] or (step.node.kwargs["dims"],)
    order = order[0] if isinstance(order[0], list | tuple) else order
    ndim = len(step.shapes[0]) + 1
    return _moved(step.views[0], {dim % ndim: place for place, dim in enumerate(order)})


def _swapped(step: Step) -> View | None:
    ndim = len(step.shapes[0]) + 1
    a, b = (step.argument(place, f"dim{place - 1}") % ndim for place in (1, 2))
    return _moved(step.views[0], {**{i: i for i in range(ndim)}, a: b, b: a})


def _moved(view: View, place: Mapping[int, int]) -> View:
    rows, cols = (None if axis is None else place[axis] for axis in view.axes)
    return replace(view, axes=(rows, cols))


def _chunked(step: Step) -> View | None:
    """Pieces along the channels."""
    return None if step.argument(2, "dim", 0) in (0, *step.views[0].axes) else step.views[0]


def _piece(step: Step) -> View | None:
    """One of several pieces (which have no shape together), not a part of a tensor."""
    return step.views[0] if not step.shapes[0] else None


def _whole(field: ReceptiveField, units: int) -> ReceptiveField:
    return field.then(units, units)


def _units(shape: Shape, axis: int | None) -> int:
    return 1 if axis is None else shape[axis - 1]


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


_MEASURES = frozenset({"size", "dim", "numel", "getattr", "_assert"})
"""Operations that give numbers about a map, not a map."""

_RULES: dict[str, Rule] = {
    name: rule
    for rule, names in {
        _same: """
            ReLU ReLU6 LeakyReLU PReLU RReLU ELU CELU SELU GELU SiLU Mish Hardswish Hardsigmoid
            Hardtanh Hardshrink Softshrink Tanhshrink Softplus Softsign Sigmoid LogSigmoid Tanh
            Threshold Softmax2d Identity Dropout Dropout1d Dropout2d AlphaDropout
            FeatureAlphaDropout BatchNorm2d SyncBatchNorm LocalResponseNorm
            relu relu6 leaky_relu prelu elu gelu silu mish hardswish hardsigmoid hardtanh softplus
            sigmoid tanh dropout dropout2d alpha_dropout batch_norm local_response_norm
            stochastic_depth clamp clip neg abs exp log sqrt square contiguous clone detach float
            to type_as""",
        _join: "add sub mul div truediv pow maximum minimum",
        _concatenate: "cat concat concatenate",
        _windows: "Conv2d MaxPool2d AvgPool2d LPPool2d",
        _pool: "max_pool2d avg_pool2d",
        _adaptive: """AdaptiveAvgPool2d AdaptiveMaxPool2d
            adaptive_avg_pool2d adaptive_max_pool2d""",
        _padded: "ZeroPad2d ConstantPad2d ReflectionPad2d ReplicationPad2d pad",
        _everywhere: "GroupNorm InstanceNorm2d group_norm instance_norm",
        _layer_norm: "LayerNorm layer_norm",
        _linear: "Linear linear",
        _reduced: "mean sum amax amin",
        _reshaped: "Flatten flatten view reshape squeeze unsqueeze",
        _permuted: "permute",
        _swapped: "transpose swapaxes swapdims",
        _chunked: "chunk split",
        _piece: "getitem",
    }.items()
    for name in names.split()
}

"""Receptive fields behind operations that join maps, or move, merge and drop axes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from cnnvis.network.views import Step, View, joined


def same(step: Step) -> View | None:
    """Each unit is computed from the unit at its place."""
    return step.views[0]


def join(step: Step) -> View | None:
    """Each unit is computed from those at its place; a single unit is given to every place."""
    shape, axes = step.node.shape, step.views[0].axes
    if shape is None or any(view.axes != axes for view in step.views):
        return None
    units = step.views[0].units(shape)
    spread = [
        view if view.units(own) == units else view.given_to_all()
        for view, own in zip(step.views, step.shapes, strict=True)
    ]
    return joined(spread, units)


def concatenate(step: Step) -> View | None:
    """Maps behind each other along the channels."""
    axis = step.argument(1, "dim", 0) % step.ndim
    return None if axis in (0, *step.views[0].axes) else join(step)


def chunked(step: Step) -> View | None:
    """Pieces along the channels."""
    axis = step.argument(2, "dim", 0) % step.ndim
    return None if axis in (0, *step.views[0].axes) else step.views[0]


def piece(step: Step) -> View | None:
    """One of several pieces (which have no shape together), not a part of a tensor."""
    return None if step.shapes[0] else step.views[0]


def everywhere(step: Step) -> View | None:
    """Normalisation over the whole map: each unit depends on its place most, but on all of them."""
    view, shape = step.views[0], step.shapes[0]
    return joined([view, view.whole(shape).given_to_all()], view.units(shape))


def last_axes(step: Step) -> View | None:
    """Operations on the last axis, or the last axes: known where these are channels."""
    module: Any = step.node.module
    if step.node.kind in ("LayerNorm", "layer_norm"):
        sizes = step.argument(1, "normalized_shape") if module is None else module.normalized_shape
    else:
        sizes = (1,)
    inside = range(step.ndim - len(sizes), step.ndim)
    return None if any(axis in inside for axis in step.views[0].axes) else step.views[0]


def reduced(step: Step) -> View | None:
    """Mean, sum and the like over some axes."""
    dims = step.argument(1, "dim")
    if dims is None:
        return None
    gone = {dim % step.ndim for dim in ([dims] if isinstance(dims, int) else dims)}
    keep = bool(step.argument(2, "keepdim", False))
    view, whole = step.views[0], step.views[0].whole(step.shapes[0])
    fields = [whole.fields[a] if view.axes[a] in gone else view.fields[a] for a in (0, 1)]
    return view.seeing(fields).on([axis if keep else _left(axis, gone) for axis in view.axes])


def _left(axis: int | None, gone: set[int]) -> int | None:
    """Return where an axis is once those ``gone`` are dropped, None if it is one of them."""
    return None if axis is None or axis in gone else axis - sum(other < axis for other in gone)


def reshaped(step: Step) -> View | None:
    """An axis survives as the one with as many units and as many numbers behind it."""
    view, old, new = step.views[0], step.shapes[0], step.node.shape
    if new is None:
        return None
    if len(new) == 1:
        return view.whole(old).on((None, None))
    layout = {(size, math.prod(new[i + 1 :])): i + 1 for i, size in enumerate(new)}
    places = [axis and layout.get((old[axis - 1], math.prod(old[axis:])), 0) for axis in view.axes]
    return None if 0 in places else view.on(places)


def permuted(step: Step) -> View | None:
    """Axes in another order."""
    order: Sequence[Any] = step.node.args[1:] or (step.node.kwargs["dims"],)
    order = order[0] if isinstance(order[0], list | tuple) else order
    return _moved(step, {dim % step.ndim: place for place, dim in enumerate(order)})


def swapped(step: Step) -> View | None:
    """Two axes exchanged."""
    named = "axis" if "axis0" in step.node.kwargs or "axis1" in step.node.kwargs else "dim"
    a, b = (step.argument(place, f"{named}{place - 1}") % step.ndim for place in (1, 2))
    return _moved(step, {**{axis: axis for axis in range(step.ndim)}, a: b, b: a})


def _moved(step: Step, place: Mapping[int, int]) -> View | None:
    """Follow the axes; behind a moved batch nothing is known."""
    if place[0] != 0:
        return None
    return step.views[0].on([None if axis is None else place[axis] for axis in step.views[0].axes])

"""What the units of a tensor see of the image, and which of its axes count these units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnnvis.geometry import ReceptiveField, widest
from cnnvis.network.graph import Node

Shape = tuple[int, ...]
Axes = tuple[int | None, int | None]


@dataclass(frozen=True)
class View:
    """What units see of the image's rows and columns, and the axes (batch is 0) that count them.

    An axis is None once all its units have gone into every output. ``image`` is (rows, cols).
    """

    fields: tuple[ReceptiveField, ReceptiveField]
    axes: Axes
    image: tuple[int, int]

    def seeing(self, fields: Sequence[ReceptiveField]) -> "View":
        """Return the same axes with other fields."""
        rows, cols = fields
        return replace(self, fields=(rows, cols))

    def on(self, axes: Sequence[int | None]) -> "View":
        """Return the same fields on other axes."""
        rows, cols = axes
        return replace(self, axes=(rows, cols))

    def units(self, shape: Shape) -> list[int]:
        """Return how many units there are in a tensor of ``shape`` (without batch), each axis."""
        return [1 if axis is None else shape[axis - 1] for axis in self.axes]

    def whole(self, shape: Shape) -> "View":
        """Return what a single unit sees that was computed from all units."""
        counts = zip(self.fields, self.units(shape), strict=True)
        return self.seeing([field.then(units, units) for field, units in counts])

    def given_to_all(self) -> "View":
        """Return what units see that are all given the value of a single one: one and the same."""
        return self.seeing([_inside(f, n) for f, n in zip(self.fields, self.image, strict=True)])


def _inside(field: ReceptiveField, pixels: int) -> ReceptiveField:
    """Return the part of a window that lies on the image, for any unit."""
    start, end = max(0, field.start), min(pixels, field.start + field.size)
    return ReceptiveField(max(1, end - start), 0, start)


def joined(views: Sequence[View], units: Sequence[int]) -> View:
    """Return what units see that read a unit of each of ``views``."""
    fields = [widest(*(view.fields[a] for view in views), units=units[a]) for a in (0, 1)]
    return views[0].seeing(fields)


@dataclass(frozen=True)
class Step:
    """One operation: the views and shapes (without batch) of the maps it reads, and its own shape.

    The shape is empty where there is none: several pieces.
    """

    node: Node
    views: tuple[View, ...]
    shapes: tuple[Shape, ...]

    @property
    def ndim(self) -> int:
        """Number of axes of the first map, with the batch."""
        return len(self.shapes[0]) + 1

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        """Return an argument of the call by place or name."""
        args = self.node.args
        return args[place] if len(args) > place else self.node.kwargs.get(name, default)


Rule = Callable[[Step], View | None]
"""What an operation does to views; None where that is not known."""

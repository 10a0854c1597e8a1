"""What units read along any number of axes: windows beyond those of rows and columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnvis.backtrack.points import Ints, ravel

Sizes = tuple[int, ...]
"""One number for each axis behind that of the channels."""


@dataclass(frozen=True, eq=False)
class Axis:
    """What some units read along one axis.

    Args:
        at: (point, tap) int64, clipped to the axis.
        inside: (point, tap) bool, False where a tap lies outside of the axis or of the window.
        centre: (point,) int64, the middle of the window, clipped to the axis.
    """

    at: Ints
    inside: NDArray[np.bool_]
    centre: Ints


@dataclass(frozen=True, eq=False)
class Reach:
    """What some units read: every combination of their taps along the axes, the last one fastest.

    Args:
        axes: the taps along each axis.
        size: of the maps, along each axis.
    """

    axes: Sequence[Axis]
    size: Sizes

    @property
    def places(self) -> Ints:
        """(point, tap) int64, the flat address of every tap in the map."""
        taps = [_spread(axis.at, i, len(self.axes)) for i, axis in enumerate(self.axes)]
        table = np.stack(np.broadcast_arrays(*taps), -1)
        return ravel(table.reshape(-1, len(self.axes)), self.size).reshape(len(table), -1)

    @property
    def outside(self) -> NDArray[np.bool_]:
        """(point, tap) bool, whether a tap lies outside of the map or of the window."""
        taps = [_spread(axis.inside, i, len(self.axes)) for i, axis in enumerate(self.axes)]
        inside = reduce(np.logical_and, taps)
        return ~inside.reshape(len(inside), -1)

    @property
    def centre(self) -> Ints:
        """(point, axis) int64, the middle of each window, clipped to the map."""
        return np.column_stack([axis.centre for axis in self.axes])

    def position(self, point: NDArray[np.intp], tap: NDArray[np.intp]) -> Ints:
        """Return the place (new, axis) of the given tap of the window of each given point."""
        taps = np.unravel_index(tap, [axis.at.shape[1] for axis in self.axes])
        columns = [axis.at[point, t] for axis, t in zip(self.axes, taps, strict=True)]
        return np.column_stack(columns)


@dataclass(frozen=True)
class Windows:
    """The windows of a layer: a kernel that slides over maps of ``size``, along each axis.

    A ``transposed`` layer spreads each value over a window of its output: a unit reads the values
    whose windows it lies in.

    >>> windows = Windows(kernel=(3,), stride=(2,), padding=(1,), dilation=(1,), size=(5,))
    >>> windows.at(np.array([[0], [2]])).places.tolist()  # the first tap lies in the padding
    [[0, 0, 1], [3, 4, 4]]
    """

    kernel: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    size: Sizes
    transposed: bool = False

    @property
    def taps(self) -> int:
        """Places in a window."""
        return prod(self.kernel)

    def at(self, units: Ints) -> Reach:
        """Return what units at (point, axis) read."""
        axis = _transposed if self.transposed else _sliding
        settings = (self.kernel, self.stride, self.padding, self.dilation, self.size)
        return Reach([axis(*each) for each in zip(units.T, *settings, strict=True)], self.size)


@dataclass(frozen=True)
class AdaptiveWindows:
    """The windows of an adaptive pool with so many ``units`` over maps of ``size``."""

    units: Sizes
    size: Sizes

    @property
    def taps(self) -> int:
        """Places in a window, at most."""
        return prod(
            -(-size // units) + 1 for units, size in zip(self.units, self.size, strict=True)
        )

    def at(self, units: Ints) -> Reach:
        """Return what units at (point, axis) read."""
        return Reach(list(self._axes(units)), self.size)

    def _axes(self, units: Ints) -> Iterator[Axis]:
        for unit, count, size in zip(units.T, self.units, self.size, strict=True):
            first, end = unit * size // count, -(-(unit + 1) * size // count)
            at = first[:, None] + np.arange((end - first).max(initial=1))
            yield Axis(at.clip(0, size - 1), at < end[:, None], (first + end - 1) // 2)


def off_centre(layer: Any) -> NDArray[np.floating]:
    """Return the square of how far each activation that a convolution reads is from the centre.

    Args:
        layer: a convolution, which is not transposed.

    Returns:
        (tap * channel of the group,) in places of the map, the channels varying fastest.

    >>> from torch import nn
    >>> off_centre(nn.Conv2d(2, 1, (1, 3), dilation=(1, 2))).tolist()
    [4.0, 4.0, 0.0, 0.0, 4.0, 4.0]
    """
    square = off_middle(layer.kernel_size, layer.dilation)
    return np.repeat(square, layer.weight.shape[1])


def off_middle(size: Sequence[int], steps: Sequence[int] | None = None) -> NDArray[np.floating]:
    """Return the square of how far each place is from the middle of all, (place,).

    Args:
        size: places along each axis.
        steps: from one to the next along each axis; 1 unless given.

    >>> off_middle((2, 3)).tolist()
    [1.25, 0.25, 1.25, 1.25, 0.25, 1.25]
    """
    every = zip(size, steps or [1] * len(size), strict=True)
    sides = [(step * (np.arange(count) - (count - 1) / 2)) ** 2 for count, step in every]
    square: NDArray[np.floating] = reduce(np.add.outer, sides)
    return square.reshape(-1)


def _sliding(unit: Ints, kernel: int, stride: int, padding: int, dilation: int, size: int) -> Axis:
    first = (unit * stride - padding)[:, None]
    at = first + np.arange(kernel) * dilation
    centre = first[:, 0] + dilation * (kernel - 1) // 2
    return Axis(at.clip(0, size - 1), (at >= 0) & (at < size), centre.clip(0, size - 1))


def _transposed(
    unit: Ints, kernel: int, stride: int, padding: int, dilation: int, size: int
) -> Axis:
    at, between = np.divmod((unit + padding)[:, None] - np.arange(kernel) * dilation, stride)
    hits = between == 0
    first = np.where(hits, at, np.iinfo(np.int64).max).min(1)
    last = np.where(hits, at, np.iinfo(np.int64).min).max(1)
    centre = np.where(hits.any(1), (first >> 1) + (last >> 1) + (first & last & 1), 0)
    inside = hits & (at >= 0) & (at < size)
    return Axis(at.clip(0, size - 1), inside, centre.clip(0, size - 1))


def _spread(values: NDArray, axis: int, axes: int) -> NDArray:  # type: ignore[type-arg]
    """Return (point, tap) as (point, ..., tap, ...), the taps along one of so many axes."""
    return values.reshape(len(values), *(values.shape[1] if a == axis else 1 for a in range(axes)))

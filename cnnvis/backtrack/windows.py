"""Windows: which places of a map the units of a convolution or a pool read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnvis.backtrack.points import CHUNK_BYTES, Ints
from cnnvis.backtrack.record import Values

Pair = tuple[int, int]
"""(along rows, along columns)"""


@dataclass(frozen=True, eq=False)
class Taps:
    """The places that windows read along one axis.

    Args:
        at: (point, tap) int64, clipped to the map.
        inside: (point, tap) bool, False where a tap lies outside of the map or of the window; None
            where all lie inside.
    """

    at: Ints
    inside: NDArray[np.bool_] | None


@dataclass(frozen=True, eq=False)
class Window:
    """The places that windows read in a map, row taps first, the column taps varying fastest.

    Args:
        rows: the taps along rows.
        cols: the taps along columns.
        places: (point, tap) int64, the flat address of every tap in the map.
        outside: (point, tap) bool, whether a tap lies outside of the map; None if none does.
    """

    rows: Taps
    cols: Taps
    places: Ints
    outside: NDArray[np.bool_] | None

    @classmethod
    def of(cls, rows: Taps, cols: Taps, width: int) -> "Window":
        """Return the windows with these taps in maps of ``width`` columns."""
        shape = (len(rows.at), rows.at.shape[1] * cols.at.shape[1])
        places = (rows.at * width)[:, :, None] + cols.at[:, None, :]
        outside = None
        if rows.inside is not None or cols.inside is not None:
            row = True if rows.inside is None else rows.inside[:, :, None]
            col = True if cols.inside is None else cols.inside[:, None, :]
            outside = ~np.broadcast_to(row & col, places.shape).reshape(shape)
        return cls(rows, cols, places.reshape(shape), outside)

    def position(self, point: NDArray[np.intp], tap: NDArray[np.intp]) -> tuple[Ints, Ints]:
        """Return row and column (new,) of the given tap of the window of each given point."""
        row_tap, col_tap = np.divmod(tap, self.cols.at.shape[1])
        return self.rows.at[point, row_tap], self.cols.at[point, col_tap]


@dataclass(frozen=True)
class Sliding:
    """The windows of a convolution or a pool over a map of (row, col) ``size``.

    >>> windows = Sliding(kernel=(3, 3), stride=(1, 1), padding=(1, 1), size=(9, 9))
    >>> windows.at(np.array([[0, 4, 0]])).cols.inside  # of a unit (channel, row, col)
    array([[False,  True,  True]])
    """

    kernel: Pair
    stride: Pair
    padding: Pair
    size: Pair
    dilation: Pair = (1, 1)

    @property
    def taps(self) -> int:
        """Places in a window."""
        return self.kernel[0] * self.kernel[1]

    def at(self, index: Ints) -> Window:
        """Return the windows of units at ``index`` (point, [channel, row, col])."""
        return Window.of(self._axis(index[:, 1], 0), self._axis(index[:, 2], 1), self.size[1])

    def centre(self, index: Ints) -> tuple[Ints, Ints]:
        """Return row and column (point,) of the middle of these windows, clipped to the map."""
        return self._middle(index[:, 1], 0), self._middle(index[:, 2], 1)

    def _axis(self, unit: Ints, axis: int) -> Taps:
        if self.kernel[axis] == 1 and self.padding[axis] == 0:
            return Taps((unit * self.stride[axis])[:, None], None)
        reach = np.arange(self.kernel[axis]) * self.dilation[axis] - self.padding[axis]
        at = (unit * self.stride[axis])[:, None] + reach
        return _within(at, self.size[axis])

    def _middle(self, unit: Ints, axis: int) -> Ints:
        half = self.dilation[axis] * (self.kernel[axis] - 1) // 2
        return _clipped(unit * self.stride[axis] + (half - self.padding[axis]), self.size[axis])


@dataclass(frozen=True)
class Adaptive:
    """The windows of an adaptive pool with (row, col) ``units`` over a map of (row, col) ``size``.

    Along an axis unit i reads from floor(i * size / units) up to ceil((i + 1) * size / units).
    """

    units: Pair
    size: Pair

    @property
    def taps(self) -> int:
        """Places in a window, at most."""
        return self._longest(0) * self._longest(1)

    def at(self, index: Ints) -> Window:
        """Return the windows of units at ``index`` (point, [channel, row, col])."""
        return Window.of(self._axis(index[:, 1], 0), self._axis(index[:, 2], 1), self.size[1])

    def _longest(self, axis: int) -> int:
        first, end = self._reach(np.arange(self.units[axis]), axis)
        return int((end - first).max())

    def _reach(self, unit: Ints, axis: int) -> tuple[Ints, Ints]:
        units, size = self.units[axis], self.size[axis]
        return unit * size // units, -(-(unit + 1) * size // units)

    def _axis(self, unit: Ints, axis: int) -> Taps:
        first, end = self._reach(unit, axis)
        at = first[:, None] + np.arange(self._longest(axis))
        inside = at < end[:, None]
        return Taps(np.minimum(at, self.size[axis] - 1), None if inside.all() else inside)


def columns(maps: Values, *, groups: int, reads: int) -> Values:
    """Return maps (image, channel, row, col) as (image, place, group, depth) for :func:`gather`.

    Args:
        maps: the activations.
        groups: parts that the channels are divided into; a window reads one of them.
        reads: how many values will be gathered. Where they are many the values of a place are
            copied next to each other, which is several times faster to read.
    """
    images, channels, height, width = maps.shape
    parts = maps.reshape(images, groups, channels // groups, height * width)
    found = parts.transpose(0, 3, 1, 2)
    if groups < channels and found.size < min(reads, CHUNK_BYTES // found.itemsize):
        found = np.ascontiguousarray(found)
    return found


def gather(values: Values, image: Ints, group: Ints, places: Ints) -> Values:
    """Return the activations (point, tap, depth) that windows read.

    Args:
        values: (image, place, group, depth), from :func:`columns`.
        image: (point,) the image of each point.
        group: (point,) the group of channels that its window reads.
        places: (point, tap) where it lies. Taps outside of the map read a value at its border: mask
            them.
    """
    if values.shape[2] == 1:
        return values[:, :, 0][image[:, None], places]
    return values[image[:, None], places, group[:, None]]


def pair(value: int | Sequence[int]) -> Pair:
    """Return (along rows, along columns) of a layer's setting, which may be one number for both."""
    rows, cols = (value, value) if isinstance(value, int) else value
    return rows, cols


def _within(at: Ints, size: int) -> Taps:
    """Return the taps of windows at places (point, tap) that may lie outside of an axis."""
    clipped = _clipped(at, size)
    inside = clipped == at
    return Taps(clipped, None if inside.all() else inside)


def _clipped(at: Ints, size: int) -> Ints:
    """Return places clipped to an axis (np.clip takes several times as long)."""
    return np.minimum(np.maximum(at, 0), size - 1)

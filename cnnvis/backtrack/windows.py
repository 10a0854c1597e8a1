"""Windows: which places of a map the units of a convolution or a pool read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from cnnvis.backtrack.points import CHUNK_BYTES, Ints
from cnnvis.backtrack.record import Values

Places = NDArray[np.intp]

Pair = tuple[int, int]
"""(along rows, along columns)"""

OUTSIDE = -(2**40)
"""The row or column of a tap that lies outside of the map; no sum with others makes it positive."""


@dataclass(frozen=True, eq=False)
class Window:
    """The places that windows read in a map, row taps first, the column taps varying fastest.

    Args:
        places: (point, tap) int64, the flat address of every tap in the map; of a tap outside of
            the map, that of any place.
        outside: (point, tap) bool, whether a tap lies outside of the map; None if none does.
        width: columns of the map.
    """

    places: Ints
    outside: NDArray[np.bool_] | None
    width: int

    @classmethod
    def of(cls, rows: Ints, cols: Ints, width: int) -> "Window":
        """Return windows from their rows and columns (point, tap), ``OUTSIDE`` among them."""
        taps = rows.shape[1] * cols.shape[1]
        places = ((rows * width)[:, :, None] + cols[:, None, :]).reshape(len(rows), taps)
        outside = places < 0
        if not outside.any():
            return cls(places, None, width)
        return cls(np.maximum(places, 0), outside, width)

    def position(self, point: Places, tap: Places) -> tuple[Ints, Ints]:
        """Return row and column (new,) of the given tap of the window of each given point."""
        row, col = np.divmod(self.places[point, tap], self.width)
        return row, col


@dataclass(frozen=True, eq=False)
class Sliding:
    """The windows of a convolution or a pool over a map of (row, col) ``size``.

    >>> windows = Sliding(kernel=(3, 3), stride=(1, 1), padding=(1, 1), size=(9, 9))
    >>> windows.at(np.array([[0, 8, 0]])).outside  # of a unit (channel, row, col)
    array([[ True, False, False,  True, False, False,  True,  True,  True]])
    """

    kernel: Pair
    stride: Pair
    padding: Pair
    size: Pair
    dilation: Pair = (1, 1)

    @cached_property
    def taps(self) -> int:
        """Places in a window."""
        return self.kernel[0] * self.kernel[1]

    def at(self, index: Ints) -> Window:
        """Return the windows of units at ``index`` (point, [channel, row, col])."""
        rows, cols = self._axes
        return Window.of(rows.taps[index[:, 1]], cols.taps[index[:, 2]], self.size[1])

    def centre(self, index: Ints) -> tuple[Ints, Ints]:
        """Return row and column (point,) of the middle of these windows, clipped to the map."""
        rows, cols = self._axes
        return rows.centre[index[:, 1]], cols.centre[index[:, 2]]

    def touch(self, index: Ints) -> NDArray[np.bool_]:
        """Return whether the windows (point,) of units at ``index`` lie in the map, if in part."""
        outside = self.at(index).outside
        if outside is None:
            return np.ones(len(index), bool)
        found: NDArray[np.bool_] = ~np.logical_and.reduce(outside, axis=1)
        return found

    def place(self, index: Ints, tap: Places) -> tuple[Ints, Ints]:
        """Return row and column (point,) of one tap of each window, clipped to nothing."""
        row, col = np.divmod(tap, self.kernel[1])
        return (
            index[:, 1] * self.stride[0] + row * self.dilation[0] - self.padding[0],
            index[:, 2] * self.stride[1] + col * self.dilation[1] - self.padding[1],
        )

    @cached_property
    def pointwise(self) -> bool:
        """Whether every unit reads a single place, and that in the map."""
        return self.kernel == (1, 1) and self.padding == (0, 0)

    @cached_property
    def padded(self) -> bool:
        """Whether windows may read outside of the map."""
        return self.extent != self.size

    @cached_property
    def extent(self) -> Pair:
        """Rows and columns of the map with its padding."""
        each = zip(self.size, self.padding, self.dilation, self.kernel, strict=True)
        rows, cols = (n + 2 * p + (d * (k - 1) == 2 * p + 1) for n, p, d, k in each)
        return rows, cols

    def first(self, index: Ints) -> Ints:
        """Return the flat address (point,) of the first tap in the map with its padding."""
        row = index[:, 1] * (self.stride[0] * self.extent[1])
        return row + index[:, 2] * self.stride[1]

    @cached_property
    def steps(self) -> Ints:
        """How far (tap,) each tap lies from the first in the map with its padding."""
        rows, cols = (np.arange(k) * d for k, d in zip(self.kernel, self.dilation, strict=True))
        return (rows[:, None] * self.extent[1] + cols).ravel()

    @cached_property
    def _axes(self) -> "tuple[_Axis, _Axis]":
        each = zip(self.kernel, self.stride, self.padding, self.size, self.dilation, strict=True)
        rows, cols = (_axis(*settings) for settings in each)
        return rows, cols


@dataclass(frozen=True, eq=False)
class _Axis:
    """What all units along an axis read.

    Args:
        taps: (unit, tap) int64, ``OUTSIDE`` where a tap lies outside of the map.
        centre: (unit,) int64, the middle, clipped to the map.
    """

    taps: Ints
    centre: Ints


@lru_cache(1024)
def _axis(kernel: int, stride: int, padding: int, size: int, dilation: int) -> _Axis:
    """Return what units along one axis read: few numbers, found once and looked up ever after."""
    units = (size + 2 * padding) // stride + 2  # one more than there are, for pools in ceil mode
    first = np.arange(units) * stride - padding
    at = first[:, None] + np.arange(kernel) * dilation
    at[(at < 0) | (at >= size)] = OUTSIDE
    return _Axis(at, (first + dilation * (kernel - 1) // 2).clip(0, size - 1))


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

    def _axis(self, unit: Ints, axis: int) -> Ints:
        first, end = self._reach(unit, axis)
        at = first[:, None] + np.arange(self._longest(axis))
        return np.where(at < end[:, None], at, OUTSIDE)


@lru_cache(1024)
def sliding(kernel: Pair, stride: Pair, padding: Pair, size: Pair, dilation: Pair) -> Sliding:
    """Return windows with these settings; those of a layer are looked up from the second time."""
    return Sliding(kernel, stride, padding, size, dilation)


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

"""The winner "channel_sum": from each unit of a convolution to one unit of one channel."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from cnnvis.backtrack import points as budget
from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Ints
from cnnvis.backtrack.reading import Reader, Run, Units, reader
from cnnvis.backtrack.record import Scratch, Values, as_array
from cnnvis.backtrack.shares import Places, largest
from cnnvis.backtrack.windows import Sliding

Bools = NDArray[np.bool_]

_RUN = 2**16
"""Contributions made at a time: with what they are made of they stay in the processor's cache."""


def channel_sum(
    layer: nn.Conv2d,
    windows: Sliding,
    maps: Values,
    units: Units,
    options: Options,
    *,
    scratch: Scratch,
) -> tuple[Ints, Bools]:
    """Choose the channel with the largest sum, at the window's centre or where it is largest.

    A channel is in question if it contributes something positive, even if its sum is not: a single
    channel, as in depthwise convolutions, may owe a positive unit to its bias. It is a dead end
    where no channel does; a path that goes on there goes on at the window's centre.

    Args:
        layer: the convolution.
        windows: its windows.
        maps: (image, channel, row, col) that it reads.
        units: to explain.
        options: the user's choices, with "fine" decided (:meth:`Options.on_map`).
        scratch: memory to work in.

    Returns:
        (unit, [channel of the group, row, col]) where each goes, and (unit,) whether it does.
    """
    filters = _Filters.of(layer, units, scratch)
    parts = []
    for some_maps, some in _blocks(maps, units, windows):
        read = reader(some_maps, windows, some, filters.depth, scratch)
        parts.append(_Choice(filters, windows, some, read, options, scratch).made())
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([new for new, _ in parts]), np.concatenate([found for _, found in parts])


@dataclass(frozen=True, eq=False)
class _Filters:
    """The filters of a convolution.

    Args:
        native: (filter, channel of the group, tap), all of them.
        turned: (row, tap, channel of the group), those that some units have.
        row: (filter,) int64, the row of each in ``turned``; None where that holds all.
    """

    native: Values
    turned: Values
    row: Ints | None

    @classmethod
    def of(cls, layer: nn.Conv2d, units: Units, scratch: Scratch) -> "_Filters":
        """Turn the filters of units, each once, however many units it has."""
        weight = as_array(layer.weight)
        native = weight.reshape(*weight.shape[:2], -1)
        if native.shape[2] == 1 or native.shape[1] == 1:  # nothing to turn
            return cls(native, weight.reshape(len(weight), -1, weight.shape[1]), None)
        wanted = np.zeros(len(weight), np.int64)
        wanted[units.index[:, 0]] = 1
        used = wanted.nonzero()[0]
        _, depth, taps = native.shape
        turned = scratch.array("filters", (len(used), taps, depth), native.dtype)
        turned[:] = native[used].transpose(0, 2, 1)
        return cls(native, turned, wanted.cumsum() - 1)

    @property
    def depth(self) -> int:
        """Channels of a group."""
        return int(self.native.shape[1])


def _blocks(maps: Values, units: Units, windows: Sliding) -> Iterator[tuple[Values, Units]]:
    """Yield so many images at a time, with their units, that neither takes up too much memory."""
    images = max(1, budget.CHUNK_BYTES * len(maps) // maps.nbytes)
    count = max(1, budget.CHUNK_BYTES // (32 * windows.taps))
    if len(maps) <= images and len(units) <= count:
        yield maps, units
        return
    for first in range(0, len(maps), images):
        low, high = np.searchsorted(units.image, [first, first + images])
        for at in range(low, high, count):
            run = slice(at, min(at + count, high))
            yield maps[first : first + images], units.some(run, first=first)


@dataclass(frozen=True, eq=False)
class _Choice:
    """The choice for units whose maps fit into memory."""

    filters: _Filters
    windows: Sliding
    units: Units
    read: Reader
    options: Options
    scratch: Scratch

    def made(self) -> tuple[Ints, Bools]:
        """Return (unit, [channel of the group, row, col]) and (unit,) whether it was found."""
        index = self.units.index
        row, col = self.windows.centre(index)
        single = self.filters.depth == 1
        if single:
            channel = np.zeros(len(index), np.int64)
        else:
            channel, found = self._largest_sum()
        if single or (self.options.position == "spatial" and not self.windows.pointwise):
            inside = self.read.channel(channel)
            inside *= self.filters.native[index[:, 0], channel]
            most, tap = largest(inside)  # outside of the map they are zero
            speaks = most > 0  # among places that contribute nothing, the first is no better
            if single:
                found = speaks if self.options.dead_end == "stop" else self.windows.touch(index)
            if self.options.position == "spatial":
                there = self.windows.place(index, tap)
                row, col = np.where(speaks, there[0], row), np.where(speaks, there[1], col)
        return np.array([channel, row, col]).T, found

    def _largest_sum(self) -> tuple[Ints, Bools]:
        """Return the channel of the group (unit,) with the largest sum, and if there is one."""
        step = max(1, _RUN // self.filters.turned[0].size)
        if len(self.units) <= step:
            most, channel = self._sums(slice(None))
        else:
            channel = np.empty(len(self.units), np.int64)
            most = np.empty(len(self.units), self.filters.turned.dtype)
            for run in _runs(self.units, step):
                most[run], channel[run] = self._sums(run)
        found = most > 0  # then something positive is in the sum
        if np.count_nonzero(found) < len(found):
            weak = (most <= 0).nonzero()[0]
            for at in range(0, len(weak), step):
                run = weak[at : at + step]
                channel[run], found[run] = self._weak(run)
        return channel, found

    def _weights(self, run: Run) -> Values:
        """Return the filters (unit, tap, channel of the group) of some units."""
        row, turned = self.units.index[run, 0], self.filters.turned
        if self.filters.row is not None:
            row = self.filters.row[row]
        into = self.scratch.array("weights", (len(row), *turned.shape[1:]), turned.dtype)
        found: Values = turned.take(row, axis=0, out=into, mode="clip")
        return found

    def _sums(self, run: Run) -> tuple[Values, Places]:
        """Return the largest sum (unit,) of some units, and its channel."""
        values, weights = self.read.windows(run), self._weights(run)
        if self.windows.taps == 1:
            return largest(np.multiply(values, weights, out=values)[:, 0])
        return largest(np.einsum("utc,utc->uc", values, weights))

    def _weak(self, run: Ints) -> tuple[Places, Bools]:
        """Return the channel (unit,) of units without any positive sum, and if there is one."""
        contribution = self.read.windows(run)
        contribution *= self._weights(run)
        keep = contribution.max(1) > 0
        if self.options.dead_end == "follow":
            keep |= (~keep.any(1) & self.windows.touch(self.units.index[run]))[:, None]
        most, channel = largest(np.where(keep, contribution.sum(1), -np.inf))
        return channel, most > -np.inf


def _runs(units: Units, step: int) -> Iterator[Run]:
    """Yield the units in runs; those of a filter together, so that filters stay in the cache."""
    if units.image[0] == units.image[-1]:  # they are sorted by channel
        yield from (slice(at, at + step) for at in range(0, len(units), step))
    else:
        order = units.index[:, 0].argsort(kind="stable")
        yield from (order[at : at + step] for at in range(0, len(units), step))

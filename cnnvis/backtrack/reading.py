"""Reading windows of maps: from a copy, where each is a few rows of memory, or from the maps."""

from dataclasses import dataclass
from typing import Protocol

from cnnvis.backtrack.points import Ints
from cnnvis.backtrack.record import Scratch, Values
from cnnvis.backtrack.windows import Sliding

Run = slice | Ints
"""Some of the units: a run of them, or their numbers."""

_COPY = 0.5  # values read for each value of the maps: from here on copying is faster


@dataclass(frozen=True, eq=False)
class Units:
    """Units of a layer, sorted by image.

    Args:
        image: (unit,) int64, the image of the maps.
        index: (unit, [channel, row, col]) int64.
        group: (unit,) int64, the group of channels that each reads.
    """

    image: Ints
    index: Ints
    group: Ints

    def __len__(self) -> int:
        """Count the units."""
        return len(self.image)

    def some(self, run: Run, *, first: int = 0) -> "Units":
        """Return some of the units, in maps that begin with the image ``first``."""
        return Units(self.image[run] - first, self.index[run], self.group[run])


class Reader(Protocol):
    """The activations in the windows of units: zero outside of the map."""

    def windows(self, run: Run) -> Values:
        """Return those of some units (unit, tap, channel of the group); they may be written to."""
        ...

    def channel(self, channel: Ints) -> Values:
        """Return those of all units (unit, tap) in one channel of its group each."""
        ...


def reader(maps: Values, windows: Sliding, units: Units, depth: int, scratch: Scratch) -> Reader:
    """Return the faster way to read the windows of units.

    Args:
        maps: (image, channel, row, col) that the layer reads.
        windows: of the layer.
        units: of the layer.
        depth: channels of a group.
        scratch: where windows are written.
    """
    if depth > 1 and len(units) * windows.taps * depth > _COPY * maps.size:
        return _Copied(maps, windows, units, depth, scratch)
    return _InPlace(maps, windows, units, depth)


class _Copied:
    """Windows of a copy with zeros around, in which the channels of a place lie side by side."""

    def __init__(
        self, maps: Values, windows: Sliding, units: Units, depth: int, scratch: Scratch
    ) -> None:
        images, channels, *_ = maps.shape
        height, width = windows.extent
        copy = scratch.array("maps", (images, height, width, channels), maps.dtype)
        inner = copy
        if windows.padded:
            copy[:] = 0
            top, left = windows.padding
            inner = copy[:, top : top + windows.size[0], left : left + windows.size[1]]
        inner[:] = maps.transpose(0, 2, 3, 1)
        self._rows = copy.reshape(-1, depth)
        place = windows.first(units.index)
        if images > 1:
            place += units.image * (height * width)
        groups = channels // depth
        self._first = place if groups == 1 else place * groups + units.group
        self._steps = windows.steps * groups
        self._scratch = scratch

    def windows(self, run: Run) -> Values:
        at = self._first[run, None] + self._steps
        into = self._scratch.array("windows", (*at.shape, self._rows.shape[1]), self._rows.dtype)
        found: Values = self._rows.take(at, axis=0, out=into, mode="clip")
        return found

    def channel(self, channel: Ints) -> Values:
        depth = self._rows.shape[1]
        first = self._first * depth + channel
        found: Values = self._rows.reshape(-1).take(first[:, None] + self._steps * depth)
        return found


class _InPlace:
    """Windows of the maps as they are: for few units, or a single channel."""

    def __init__(self, maps: Values, windows: Sliding, units: Units, depth: int) -> None:
        images, channels, height, width = maps.shape
        self._maps = maps.reshape(images, channels // depth, depth, height * width)
        self._units = units
        self._window = windows.at(units.index)

    def windows(self, run: Run) -> Values:
        image, group = self._units.image[run, None], self._units.group[run, None]
        found = self._maps[image, group, :, self._window.places[run]]
        if self._window.outside is not None:
            found[self._window.outside[run]] = 0
        return found

    def channel(self, channel: Ints) -> Values:
        _, groups, depth, size = self._maps.shape
        first = (self._units.image * groups + self._units.group) * depth + channel
        found = self._maps.reshape(-1).take((first * size)[:, None] + self._window.places)
        if self._window.outside is not None:
            found[self._window.outside] = 0
        return found

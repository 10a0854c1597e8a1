"""Windows: which places of a map the units of a convolution or a pool read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Taps:
    """The places that windows read along one axis.

    Args:
        at: (point, tap) int64, clipped to the map.
        inside: (point, tap) bool, False where a tap lies outside of the map or of the window.
    """

    at: Tensor
    inside: Tensor


@dataclass(frozen=True)
class Window:
    """The places (row, col) that windows read: every row tap with every column tap."""

    rows: Taps
    cols: Taps

    @cached_property
    def inside(self) -> Tensor:
        """(point, tap) bool: whether a tap lies in the map; columns vary fastest."""
        return (self.rows.inside[:, :, None] & self.cols.inside[:, None, :]).flatten(1)

    @cached_property
    def is_inside(self) -> bool:
        """Whether every tap lies in the map."""
        return bool(self.inside.all())

    @property
    def taps(self) -> int:
        """Places in a window, at most."""
        return self.rows.at.shape[1] * self.cols.at.shape[1]

    def places(self, width: int) -> Tensor:
        """Return the flat address (point, tap) of every tap in a plane ``width`` columns wide."""
        return (self.rows.at[:, :, None] * width + self.cols.at[:, None, :]).flatten(1)

    def position(self, point: Tensor, tap: Tensor) -> tuple[Tensor, Tensor]:
        """Return row and column (new,) of the given tap of the window of each given point."""
        width = self.cols.at.shape[1]
        row_tap = tap.div(width, rounding_mode="floor")
        return self.rows.at[point, row_tap], self.cols.at[point, tap % width]


Pair = tuple[int, int]
"""(along rows, along columns)"""


@dataclass(frozen=True)
class Sliding:
    """The windows of a convolution or a pool over a map of (row, col) ``size``.

    >>> windows = Sliding(kernel=(3, 3), stride=(1, 1), padding=(1, 1), size=(9, 9))
    >>> windows.at(torch.tensor([[0, 4, 0]])).cols.inside  # of a unit (channel, row, col)
    tensor([[False,  True,  True]])
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

    def at(self, index: Tensor) -> Window:
        """Return the windows of units at ``index`` (point, [channel, row, col])."""
        return Window(self._axis(index[:, 1], 0), self._axis(index[:, 2], 1))

    def centre(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return row and column (point,) of the middle of these windows, clipped to the map."""
        return self._middle(index[:, 1], 0), self._middle(index[:, 2], 1)

    def _axis(self, unit: Tensor, axis: int) -> Taps:
        reach = torch.arange(self.kernel[axis], device=unit.device) * self.dilation[axis]
        at = (unit * self.stride[axis] - self.padding[axis])[:, None] + reach
        return Taps(at.clamp(0, self.size[axis] - 1), (at >= 0) & (at < self.size[axis]))

    def _middle(self, unit: Tensor, axis: int) -> Tensor:
        half = self.dilation[axis] * (self.kernel[axis] - 1) // 2
        middle = unit * self.stride[axis] + (half - self.padding[axis])
        return middle.clamp(0, self.size[axis] - 1)


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

    def at(self, index: Tensor) -> Window:
        """Return the windows of units at ``index`` (point, [channel, row, col])."""
        return Window(self._axis(index[:, 1], 0), self._axis(index[:, 2], 1))

    def _longest(self, axis: int) -> int:
        units, size = self.units[axis], self.size[axis]
        return max(-(-(i + 1) * size // units) - i * size // units for i in range(units))

    def _axis(self, unit: Tensor, axis: int) -> Taps:
        units, size = self.units[axis], self.size[axis]
        first = (unit * size).div(units, rounding_mode="floor")
        end = ((unit + 1) * size + units - 1).div(units, rounding_mode="floor")
        at = first[:, None] + torch.arange(self._longest(axis), device=unit.device)
        return Taps(at.clamp(max=size - 1), at < end[:, None])


def gather(maps: Tensor, image: Tensor, channel: Tensor, depth: int, window: Window) -> Tensor:
    """Return the activations (point, depth, tap) that windows read.

    Args:
        maps: (image, channel, row, col).
        image: (point,) the image of each point.
        channel: (point,) the first channel its window reads.
        depth: how many channels it reads.
        window: where it lies. Taps outside of the map read a value at its border: mask them.
    """
    channels, height, width = maps.shape[1:]
    area = height * width
    origin = (image * channels + channel) * area
    places = origin[:, None] + window.places(width)
    if depth > 1:
        planes = torch.arange(0, depth * area, area, device=maps.device)
        places = places[:, None, :] + planes[None, :, None]
    values = maps.reshape(-1).index_select(0, places.flatten())
    return values.view(len(image), depth, window.taps)


def pair(value: int | Sequence[int]) -> Pair:
    """Return (along rows, along columns) of a layer's setting, which may be one number for both."""
    rows, cols = (value, value) if isinstance(value, int) else value
    return rows, cols

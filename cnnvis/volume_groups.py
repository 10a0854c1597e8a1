"""Volumes that are looked at together: the maps of a layer in every order, or gradients by role."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import CnnvisError
from cnnvis.ordering.result import Ordering
from cnnvis.volume import AXES, finite

PERCENTILE = 99.5
"""Magnitudes above this percentile of a group are clipped, as in the figures."""

ZERO = 128
"""The byte of zero where levels have a sign."""


@dataclass(frozen=True, eq=False)
class Group:
    """Volumes of one shape and on one scale: every block of channels in every order.

    Attributes:
        name: of its own, such as ``net/photos/conv1``: it stands in addresses.
        title: one line for the reader.
        where: what several groups have in common, such as the network and the images; may be "".
        blocks: (channel, row, col) by name, such as the image, or the role of the images.
        orders: of the channels, by name.
        spacing: (row, col) distance between neighbouring voxels of a plane.
        counted: what a channel is called: ``channel`` or ``filter``.
        unit: what the values are, such as ``activation``.
        tiles: (channel, k_row, k_col, 3) the kernel of each channel as colours, 0 to 1; None where
            it is no picture.

    Raises:
        CnnvisError: nothing to show, blocks of several shapes, or parts that do not fit them.
        OrderingError: an order of another number of channels.

    >>> order = Ordering([1, 0], None, None, "natural", {}, "image")
    >>> group = Group("a", "A", {"photo": np.ones((2, 3, 4))}, {"natural": order})
    >>> group.shape, group.signed, group.limit
    ((2, 3, 4), False, 1.0)
    """

    name: str
    title: str
    blocks: Mapping[str, NDArray[Any]]
    orders: Mapping[str, Ordering]
    spacing: tuple[float, float] = (1.0, 1.0)
    counted: str = "channel"
    unit: str = "activation"
    tiles: NDArray[Any] | None = None
    where: str = ""

    def __post_init__(self) -> None:
        """Check that every part fits the others."""
        blocks = {name: np.asarray(block) for name, block in self.blocks.items()}
        shapes = {block.shape for block in blocks.values()}
        if len(shapes) != 1 or not self.orders:
            raise CnnvisError(
                f"the volumes of {self.name!r} need blocks of one shape and an order; got the "
                f"shapes {sorted(shapes) or 'of none'} and {len(self.orders)} orders."
            )
        (shape,) = shapes
        if len(shape) != 3 or 0 in shape:
            raise CnnvisError(
                f"the volumes of {self.name!r} are made of maps (channel, row, col), none of them "
                f"0; got {shape}. Choose a layer whose output has rows and columns."
            )
        if self.tiles is not None and (len(self.tiles), *self.tiles.shape[3:]) != (shape[0], 3):
            raise CnnvisError(
                f"{self.name!r} has {shape[0]} channels, each with a tile (k_row, k_col, 3); got "
                f"tiles of shape {self.tiles.shape}."
            )
        for block in blocks.values():
            finite(f"a block of {self.name!r}", block)
            for order in self.orders.values():
                order.apply(block)
        object.__setattr__(self, "blocks", blocks)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channel, row, col) of every block."""
        channels, rows, cols = next(iter(self.blocks.values())).shape
        return channels, rows, cols

    @property
    def axes(self) -> tuple[str, str, str]:
        """What the axes of the volumes count, (plane, row, col)."""
        return AXES

    @cached_property
    def signed(self) -> bool:
        """Whether any value is negative."""
        return any(bool((block < 0).any()) for block in self.blocks.values())

    @cached_property
    def limit(self) -> float:
        """The magnitude that is the largest level: all volumes of the group share it."""
        return limit(*self.blocks.values())

    @property
    def volumes(self) -> tuple[tuple[str, str, str], ...]:
        """(title, block, order) of every volume; the title says what tells it from the others."""
        return tuple(
            (self._title(block, order), block, order)
            for block in self.blocks
            for order in self.orders
        )

    def levels(self, block: str) -> NDArray[np.uint8]:
        """Return the levels of a block (channel, row, col) as bytes, on the scale of the group."""
        return levels(self.blocks[block], self.limit, signed=self.signed)

    def _title(self, block: str, order: str) -> str:
        if len(self.blocks) == 1:
            return order
        return block if len(self.orders) == 1 else f"{block}, {order}"


def limit(*blocks: ArrayLike) -> float:
    """Return the magnitude that is the largest level of blocks; above 0, whatever they hold.

    >>> limit([[0.0, -2.0]], [[2.0, 0.0]]), limit([0.0])
    (2.0, 1.0)
    """
    magnitudes = np.concatenate([np.abs(block).ravel() for block in map(np.asarray, blocks)])
    return float(np.percentile(magnitudes, PERCENTILE)) or float(magnitudes.max()) or 1.0


def roots(values: ArrayLike, limit: float, *, signed: bool) -> NDArray[np.float64]:
    """Return square roots of the share of ``limit``, with their sign; magnitudes above it are 1.

    Where there are no signs, negative values are 0.

    >>> roots([-9.0, -1.0, 0.0, 4.0], 4.0, signed=True).tolist()
    [-1.0, -0.5, 0.0, 1.0]
    """
    array = np.asarray(values, np.float64)
    shares = np.sqrt(np.clip(np.abs(array) / limit, 0, 1))
    return np.asarray(np.sign(array) * shares if signed else np.where(array > 0, shares, 0))


def levels(values: ArrayLike, limit: float, *, signed: bool) -> NDArray[np.uint8]:
    """Return :func:`roots` as bytes.

    0 to 255 for 0 to ``limit``. Signed: 1 to 255 for ``-limit`` to ``limit``, and 128 for zero, so
    that both signs have equally many steps.

    >>> levels([0.0, 1.0, 4.0, 9.0], 4.0, signed=False).tolist()
    [0, 128, 255, 255]
    >>> levels([-9.0, -1.0, 0.0, 4.0], 4.0, signed=True).tolist()
    [1, 64, 128, 255]
    """
    found = roots(values, limit, signed=signed)
    return np.asarray(np.rint(ZERO + (255 - ZERO) * found if signed else 255 * found), np.uint8)

"""Mosaics: tiles of one size in rows, one pixel of paper round each, as one array."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnvis.errors import CnnvisError

Array = npt.NDArray[np.floating]

GUTTER = 1
"""Pixels of paper between two tiles, and round all of them."""

_ASPECT = 0.8  # height over width of a pleasant grid
_WASTE = 3.0  # how much an empty cell counts against a grid, over the same share of aspect


@dataclass(frozen=True)
class Grid:
    """Where each tile of a mosaic goes: (row, col) cells, in reading order.

    Attributes:
        cells: one (row, col) per tile.
        columns: cells in a full row.
        groups: for each group of tiles, its first row and the row after its last.
    """

    cells: tuple[tuple[int, int], ...]
    columns: int
    groups: tuple[tuple[int, int], ...]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.cells[-1][0] + 1

    def row(self, number: int) -> list[int]:
        """Return the tiles in a row, from left to right."""
        return [tile for tile, (row, _) in enumerate(self.cells) if row == number]

    def size(self, tile: tuple[int, int]) -> tuple[int, int]:
        """Return the (rows, cols) in pixels of a mosaic of tiles of that size."""
        return (
            self.rows * (tile[0] + GUTTER) + GUTTER,
            self.columns * (tile[1] + GUTTER) + GUTTER,
        )


def grid(
    sizes: Sequence[int],
    tile: tuple[int, int],
    *,
    columns: int | None = None,
    aspect: float = _ASPECT,
) -> Grid:
    """Arrange groups of tiles in rows; every group begins a new row.

    Args:
        sizes: the number of tiles in each group.
        tile: (rows, cols) of a tile, in pixels.
        columns: tiles in a row; None: as suits a grid of this aspect without much waste.
        aspect: height over width to come near to.

    >>> grid([3, 2], (4, 4), columns=2).cells
    ((0, 0), (0, 1), (1, 0), (2, 0), (2, 1))
    """
    if not sizes or min(sizes) < 1 or min(tile) < 1:
        raise CnnvisError(f"a mosaic needs tiles; got groups of {list(sizes)} of size {tile}.")
    if columns is None:
        columns = min(
            range(1, max(sizes) + 1), key=lambda count: _misfit(count, sizes, tile, aspect)
        )
    cells: list[tuple[int, int]] = []
    groups: list[tuple[int, int]] = []
    first = 0
    for size in sizes:
        cells += [(first + place // columns, place % columns) for place in range(size)]
        groups.append((first, cells[-1][0] + 1))
        first = groups[-1][1]
    return Grid(tuple(cells), columns, tuple(groups))


def compose(tiles: npt.ArrayLike, layout: Grid, *, paper: float = np.nan) -> Array:
    """Return the tiles (tile, row, col) or (tile, row, col, colour) as one array.

    What is no tile is ``paper``.

    >>> compose(np.ones((2, 1, 1)), grid([2], (1, 1), columns=2), paper=0.0)
    array([[0., 0., 0., 0., 0.],
           [0., 1., 0., 1., 0.],
           [0., 0., 0., 0., 0.]])
    """
    array = np.asarray(tiles, float)
    if len(array) != len(layout.cells):
        raise CnnvisError(f"{len(array)} tiles do not fill {len(layout.cells)} places.")
    rows, cols = array.shape[1:3]
    whole = np.full((*layout.size((rows, cols)), *array.shape[3:]), paper)
    for tile, (row, col) in zip(array, layout.cells, strict=True):
        top, left = row * (rows + GUTTER) + GUTTER, col * (cols + GUTTER) + GUTTER
        whole[top : top + rows, left : left + cols] = tile
    return whole


def _misfit(columns: int, sizes: Sequence[int], tile: tuple[int, int], aspect: float) -> float:
    """Return how far a grid is from the aspect wanted, and how much of it is empty."""
    rows = sum(-(-size // columns) for size in sizes)
    height, width = rows * (tile[0] + GUTTER), columns * (tile[1] + GUTTER)
    empty = 1 - sum(sizes) / (rows * columns)
    return float(abs(np.log(height / width / aspect)) + _WASTE * empty)

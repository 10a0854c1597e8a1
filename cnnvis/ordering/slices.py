"""Maps as rows of numbers: whole, or one row or col of each."""

from collections.abc import Callable
from itertools import chain

import numpy as np

from cnnvis.errors import OrderingError
from cnnvis.ordering.found import Blocks
from cnnvis.ordering.gram import Matrix


def flat(maps: Matrix) -> Matrix:
    """Return whole maps (channel, row, col) as rows (channel, pixel)."""
    return maps.reshape(len(maps), -1)


def slice_axis(axis: str) -> int:
    """Return the axis of maps (channel, row, col) along which slices of that name are counted.

    Raises:
        OrderingError: neither ``row`` nor ``col``.
    """
    if axis not in ("row", "col"):
        raise OrderingError(f"a slice is taken along axis 'row' or 'col'; got {axis!r}.")
    return 1 if axis == "row" else 2


def slice_view(
    blocks: Blocks, axis: str, index: int | None
) -> tuple[Blocks, Callable[[Matrix], Matrix], int]:
    """Return the blocks, what takes a slice (channel, position) of one, and the index it takes."""
    along = slice_axis(axis)
    rest = iter(blocks)
    first = next(rest)
    size = first.shape[along]
    at = size // 2 if index is None else index
    if not 0 <= at < size:
        raise OrderingError(
            f"no {axis} {at} in maps of {size} {axis}s; choose an index from 0 to {size - 1}, "
            "or none for the middle."
        )
    return chain([first], rest), lambda maps: np.take(maps, at, axis=along), at

"""One row or col of every map."""

from cnnvis.errors import OrderingError

AXES = ("row", "col")


def slice_axis(axis: str) -> int:
    """Return the axis of maps (channel, row, col) along which slices of that name are counted.

    Raises:
        OrderingError: neither ``row`` nor ``col``.
    """
    if axis not in AXES:
        raise OrderingError(f"a slice is taken along axis 'row' or 'col'; got {axis!r}.")
    return 1 if axis == "row" else 2


def slice_index(shape: tuple[int, ...], axis: str, index: int | None) -> int:
    """Return the index of a slice of maps of this shape; none given is the middle.

    Raises:
        OrderingError: no such axis or index.

    >>> slice_index((64, 55, 41), "col", None)
    20
    """
    size = shape[slice_axis(axis)]
    at = size // 2 if index is None else index
    if not 0 <= at < size:
        raise OrderingError(
            f"no {axis} {at} in maps of {size} {axis}s; choose an index from 0 to {size - 1}, "
            "or none for the middle."
        )
    return at

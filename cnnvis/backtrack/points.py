"""Points: weighted positions in the output of one node, of many starts at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CHUNK_BYTES = 8 * 2**20
"""Rules work on so many points at a time that what they gather stays below this."""

_BYTES_PER_VALUE = 12  # the activation, its weight, and one more for masks and sums
_KINDS = (np.dtype(np.int64), np.dtype(np.float64), np.dtype(np.int64))
_KEYS = 2**62  # different places that a sortable key can tell apart


@dataclass(frozen=True, eq=False)
class Points:
    """Weighted positions in one node's output.

    Args:
        index: (point, dimension) int64: (channel, row, col), or (unit,) behind a linear layer.
        weight: (point,) float64, what is left of the weight 1 that every start begins with.
        start: (point,) int64, the start a point belongs to.
        unique: no two points share start and index, and they are sorted by start, then index.

    >>> points = Points.of([[5], [2], [5]], weight=[0.25, 0.5, 0.25])
    >>> points.merged().index.tolist(), points.merged().weight.tolist()
    ([[2], [5]], [0.5, 0.5])
    """

    index: Ints
    weight: Floats
    start: Ints
    unique: bool = False

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        index, weight, start = self.index, self.weight, self.start
        kinds = (index.dtype, weight.dtype, start.dtype)
        fits = index.ndim == 2 and weight.shape == start.shape == index.shape[:1]
        if not fits or kinds != _KINDS:
            raise ValueError(
                "points are an int64 index (point, dimension), a float64 weight (point,) and an "
                f"int64 start (point,); got the shapes {index.shape}, {weight.shape}, "
                f"{start.shape} of {', '.join(map(str, kinds))}"
            )

    @classmethod
    def of(
        cls, index: ArrayLike, *, weight: ArrayLike | None = None, start: ArrayLike | None = None
    ) -> "Points":
        """Return points from plain lists; every weight is 1 and every start 0 unless given."""
        places = np.asarray(index, dtype=np.int64)
        count = len(places)
        return cls(
            places,
            np.ones(count) if weight is None else np.asarray(weight, dtype=np.float64),
            np.zeros(count, np.int64) if start is None else np.asarray(start, dtype=np.int64),
        )

    def __len__(self) -> int:
        """Count the points."""
        return len(self.weight)

    def select(self, keep: NDArray[np.bool_]) -> "Points":
        """Return the points where ``keep`` (point,) holds."""
        at = keep.nonzero()[0]
        if len(at) == len(self):
            return self
        return Points(_rows(self.index, at), self.weight[at], self.start[at], self.unique)

    def moved(self, index: Ints) -> "Points":
        """Return points of the same weight and start, each at its row of ``index``."""
        return Points(index, self.weight, self.start)

    def spread(self, point: NDArray[np.intp], index: Ints, share: Floats) -> "Points":
        """Return new points, made from the given ``point`` at ``index`` with a share of its weight.

        Args:
            point: (new,) which of these points a new one comes from.
            index: (new, dimension) where it lies.
            share: (new,) which part of the weight it takes.
        """
        return Points(index, self.weight[point] * share, self.start[point])

    def per_start(self, count: int) -> Floats:
        """Return the weight (start,) of each of so many starts."""
        if not len(self):
            return np.zeros(count)
        found: Floats = np.bincount(self.start, self.weight, count)  # type: ignore[assignment]
        return found

    def merged(self, extents: Sequence[int] | None = None) -> "Points":
        """Return the points with those of equal start and index made one, their weights added up.

        Args:
            extents: the shape of what the points lie in; found from the points unless given.

        >>> Points.of([[0, 1], [0, 1]], start=[1, 0]).merged().start.tolist()
        [0, 1]
        """
        if self.unique:
            return self
        if len(self) < 2:
            return Points(self.index, self.weight, self.start, unique=True)
        order, key = _sorted(*self._key(self.index.max(0) + 1 if extents is None else extents))
        fresh = np.empty(len(key), bool)
        fresh[0] = True
        np.not_equal(key[1:], key[:-1], out=fresh[1:])
        first = fresh.nonzero()[0]
        weight = self.weight[order]
        if len(first) < len(order):
            weight, order = np.add.reduceat(weight, first), order[first]
        return Points(_rows(self.index, order), weight, self.start[order], unique=True)

    def _key(self, extents: Sequence[int]) -> tuple[Ints, int]:
        """Return a number per point that sorts as (start, index) does, and what it stays below."""
        places, starts = prod(map(int, extents)), int(self.start.max()) + 1
        if places * starts > _KEYS:
            columns = np.column_stack([self.start, self.index])
            return np.unique(columns, axis=0, return_inverse=True)[1].reshape(-1), len(self)
        key = ravel(self.index, extents)
        return (key if starts == 1 else self.start * places + key), places * starts

    def chunks(self, values: int) -> Iterator["Points"]:
        """Yield the points in runs that gather less than ``CHUNK_BYTES``, ``values`` a point."""
        step = max(1, CHUNK_BYTES // (_BYTES_PER_VALUE * max(1, values)))
        if len(self) <= step:
            yield self
            return
        for at in range(0, len(self), step):
            run = slice(at, at + step)
            yield Points(self.index[run], self.weight[run], self.start[run], self.unique)


def concat(pieces: Sequence[Points]) -> Points:
    """Return the points of all ``pieces`` (one at least), which share their dimensions."""
    if len(pieces) == 1:
        return pieces[0]
    return Points(
        np.concatenate([piece.index for piece in pieces]),
        np.concatenate([piece.weight for piece in pieces]),
        np.concatenate([piece.start for piece in pieces]),
    )


def _sorted(key: Ints, below: int) -> tuple[Ints, Ints]:
    """Return the order that sorts keys from 0 up, equal ones as they came, and the keys in it.

    Keys with their places in the lowest bits are sorted by value, several times as fast as places
    are sorted by key.
    """
    bits = len(key).bit_length()
    if below << bits > _KEYS:
        order = key.argsort(kind="stable")
        return order, key[order]
    tagged = (key << bits) + np.arange(len(key))
    tagged.sort()
    return tagged & ((1 << bits) - 1), tagged >> bits


def _rows(index: Ints, at: NDArray[np.intp]) -> Ints:
    """Return some rows of an index; its columns lie one behind the other, so they are faster."""
    return index.T.take(at, axis=1).T


def ravel(index: Ints, shape: Sequence[int]) -> Ints:
    """Return the flat address (point,) of ``index`` (point, dimension) in an array of ``shape``.

    >>> ravel(np.array([[1, 2]]), (3, 4)).tolist()
    [6]
    """
    flat = index[:, 0]
    for axis in range(1, len(shape)):
        flat = flat * shape[axis] + index[:, axis]
    return flat


def unravel(flat: Ints, shape: Sequence[int]) -> Ints:
    """Return the index (point, dimension) of flat addresses (point,) in an array of ``shape``.

    >>> unravel(np.array([6]), (3, 4)).tolist()
    [[1, 2]]
    """
    index = np.empty((len(flat), len(shape)), np.int64)
    for axis in range(len(shape) - 1, -1, -1):
        flat, index[:, axis] = np.divmod(flat, shape[axis])
    return index

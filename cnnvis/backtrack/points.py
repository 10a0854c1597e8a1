"""Points: weighted positions in the feature maps of one node, of many starts at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

CHUNK_BYTES = 16 * 2**20
"""Rules work on so many points at a time that what they gather stays below this."""

_BYTES_PER_VALUE = 24  # an int64 address, the activation, its weight and their product
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
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

    index: Tensor
    weight: Tensor
    start: Tensor
    unique: bool = False

    def __post_init__(self) -> None:
        """Refuse tensors that do not belong together."""
        count = len(self.index)
        fits = self.index.ndim == 2 and self.weight.shape == self.start.shape == (count,)
        kinds = (self.index.dtype, self.weight.dtype, self.start.dtype)
        if not fits or kinds != (torch.int64, torch.float64, torch.int64):
            raise ValueError(
                "points are an int64 index (point, dimension), a float64 weight (point,) and an "
                f"int64 start (point,); got shapes {tuple(self.index.shape)}, "
                f"{tuple(self.weight.shape)}, {tuple(self.start.shape)} of {kinds}"
            )

    @classmethod
    def of(
        cls,
        index: Sequence[Sequence[int]],
        *,
        weight: Sequence[float] | None = None,
        start: Sequence[int] | None = None,
    ) -> "Points":
        """Return points from plain lists; every weight is 1 and every start 0 unless given."""
        return cls(
            torch.as_tensor(index, dtype=torch.int64),
            torch.ones(len(index), dtype=torch.float64)
            if weight is None
            else torch.as_tensor(weight, dtype=torch.float64),
            torch.zeros(len(index), dtype=torch.int64)
            if start is None
            else torch.as_tensor(start, dtype=torch.int64),
        )

    def __len__(self) -> int:
        """Count the points."""
        return len(self.index)

    def select(self, keep: Tensor) -> "Points":
        """Return the points where the boolean ``keep`` (point,) holds."""
        return Points(self.index[keep], self.weight[keep], self.start[keep], self.unique)

    def moved(self, index: Tensor) -> "Points":
        """Return points of the same weight and start, each at its row of ``index``."""
        return Points(index, self.weight, self.start)

    def spread(self, point: Tensor, index: Tensor, share: Tensor) -> "Points":
        """Return new points, made from the given ``point`` at ``index`` with a share of its weight.

        Args:
            point: (new,) which of these points a new one comes from.
            index: (new, dimension) where it lies.
            share: (new,) float64, which part of the weight it takes.
        """
        return Points(index, self.weight[point] * share, self.start[point])

    def per_start(self, count: int) -> Tensor:
        """Return the weight of every start, float64 (start,)."""
        return self.weight.new_zeros(count).index_add_(0, self.start, self.weight)

    def merged(self) -> "Points":
        """Return the points with those of equal start and index made one, their weights added up.

        >>> Points.of([[0, 1], [0, 1]], start=[1, 0]).merged().start.tolist()
        [0, 1]
        """
        if self.unique:
            return self
        if len(self) < 2:
            return Points(self.index, self.weight, self.start, unique=True)
        key = self._key()
        key, order = key.sort(stable=True)
        first = torch.ones_like(key, dtype=torch.bool)
        torch.ne(key[1:], key[:-1], out=first[1:])
        group = first.cumsum(0) - 1
        kept = order[first]
        weight = self.weight.new_zeros(len(kept)).index_add_(0, group, self.weight[order])
        return Points(self.index[kept], weight, self.start[kept], unique=True)

    def _key(self) -> Tensor:
        """Return one int64 per point that sorts as (start, index) does."""
        columns = torch.cat([self.start[:, None], self.index], 1)
        extents = (columns.amax(0) + 1).tolist()
        if prod(extents) > _LARGEST:
            return torch.unique(columns, dim=0, return_inverse=True)[1]
        return ravel(columns, extents)

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
    """Return the points of all ``pieces`` (at least one), which share their dimensions."""
    if len(pieces) == 1:
        return pieces[0]
    return Points(
        torch.cat([piece.index for piece in pieces]),
        torch.cat([piece.weight for piece in pieces]),
        torch.cat([piece.start for piece in pieces]),
    )


def ravel(index: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the flat address (point,) of ``index`` (point, dimension) in an array of ``shape``.

    >>> ravel(torch.tensor([[1, 2]]), (3, 4)).tolist()
    [6]
    """
    columns = index.unbind(1)
    flat = columns[0]
    for column, size in zip(columns[1:], shape[1:], strict=True):
        flat = flat * size + column
    return flat


def unravel(flat: Tensor, shape: Sequence[int]) -> Tensor:
    """Return the index (point, dimension) of flat addresses (point,) in an array of ``shape``.

    >>> unravel(torch.tensor([6]), (3, 4)).tolist()
    [[1, 2]]
    """
    columns = []
    for size in reversed(shape):
        columns.append(flat % size)
        flat = flat.div(size, rounding_mode="floor")
    return torch.stack(columns[::-1], 1)

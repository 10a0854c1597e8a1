"""The points of one node in a backtrack file (:mod:`cnnvis.backtrack_file`), start after start."""

from collections.abc import Sequence
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import NDArray

from cnnvis import dimensions
from cnnvis.errors import StoreError

_AXES = ("channel", "row", "col")
_POINTS_PER_CHUNK = 4096

Weighted = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Points of one start: index (point, axis) and weight (point,)."""


class Points(Protocol):
    """What a walk found at a node, of all starts together: :mod:`cnnvis.backtrack`."""

    @property
    def index(self) -> Any:
        """(point, axis)."""

    @property
    def weight(self) -> Any:
        """(point,)."""

    @property
    def start(self) -> Any:
        """(point,) the start that each belongs to."""


class NodeWriter:
    """The points of one node, which wait in memory until they fill chunks of the file."""

    def __init__(self, group: h5py.Group) -> None:
        """Begin with no points."""
        self.start_edge = group["start_edge"]
        self.lost = group["lost"]
        self._group = group
        self._datasets = (group["index"], group["weight"])
        self._waiting: list[Weighted] = []
        self._written = 0
        self.count = 0

    def add(self, points: Weighted) -> None:
        """Take the points of the next start."""
        self._waiting.append(points)
        self.count += len(points[1])
        waiting = self.count - self._written
        if waiting >= _POINTS_PER_CHUNK:
            self._write(waiting - waiting % _POINTS_PER_CHUNK)

    def _write(self, count: int) -> None:
        """Write the first of the waiting points."""
        columns = [np.concatenate(column) for column in zip(*self._waiting, strict=True)]
        end = self._written + count
        for dataset, values in zip(self._datasets, columns, strict=True):
            dataset.resize(end, axis=0)
            dataset[self._written : end] = values[:count]
        self._waiting = [(columns[0][count:], columns[1][count:])]
        self._written = end

    def finish(self) -> None:
        """Write the last points, and the dimension that counts them."""
        if self.count > self._written:
            self._write(self.count - self._written)
        point = dimensions.extent(self._group, "point", self.count)
        index, weight = self._datasets
        dimensions.attach(index, [point, self._group["axis"]])
        dimensions.attach(weight, [point])


def by_start(points: Points, count: int) -> list[Weighted]:
    """Return the points of every start apart, each in the order in which they came."""
    index, weight, start = (
        np.asarray(values) for values in (points.index, points.weight, points.start)
    )
    if len(start) and not 0 <= start.min() <= start.max() < count:
        raise StoreError(
            f"the images have {count} starts in all; the points belong to starts {start.min()} to "
            f"{start.max()}."
        )
    order = np.argsort(start, kind="stable")
    edges = np.searchsorted(start[order], np.arange(1, count))
    return list(zip(np.split(index[order], edges), np.split(weight[order], edges), strict=True))


def create_node(file: h5py.File, node: str, shape: Sequence[int]) -> None:
    """Create the group of a node, with places for its points."""
    group = file.create_group(f"nodes/{node}", track_order=True)
    group.attrs["shape"] = list(shape)
    numbered = tuple(f"axis_{place}" for place in range(1, len(shape) + 1))
    dimensions.scale(group, "axis", _AXES[: len(shape)] if len(shape) in (1, 3) else numbered)
    for name, dtype, rest in (("index", "int32", (len(shape),)), ("weight", "float64", ())):
        group.create_dataset(
            name,
            shape=(0, *rest),
            maxshape=(None, *rest),
            dtype=dtype,
            chunks=(_POINTS_PER_CHUNK, *rest),
            compression="gzip",  # a chunk is mostly empty when there are few points
            shuffle=True,
        )

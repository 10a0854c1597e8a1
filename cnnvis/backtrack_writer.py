"""Writing the backtrack file (:mod:`cnnvis.backtrack_file`), batch by batch."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import dimensions, hdf5, image_table
from cnnvis.errors import StoreError
from cnnvis.geometry import Frame
from cnnvis.labels import Image
from cnnvis.provenance import Provenance

SCHEMA = "cnnvis/backtracks"
VERSION = 2
FRAME_FIELDS = (
    *("photo_rows", "photo_cols", "resized_rows", "resized_cols"),
    *("crop_top", "crop_left", "crop_rows", "crop_cols"),
)
"""What the numbers of a frame say, in the order of :attr:`cnnvis.geometry.Frame.numbers`."""
_AXES = ("channel", "row", "col")
_POINTS_PER_CHUNK = 4096

Weighted = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Points of one start: index (point, axis) and weight (point,)."""


class _Points(Protocol):
    @property
    def index(self) -> Any: ...
    @property
    def weight(self) -> Any: ...
    @property
    def start(self) -> Any: ...


class _Backtrack(Protocol):
    """What a walk found for all starts of an image, then of the next: :mod:`cnnvis.backtrack`."""

    @property
    def points(self) -> Mapping[str, _Points]: ...
    @property
    def lost(self) -> Mapping[str, Any]: ...
    @property
    def arrived(self) -> Any: ...


class _Node:
    """The points of one node, which wait in memory until they fill chunks of the file."""

    def __init__(self, group: h5py.Group) -> None:
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


class Writer:
    """Takes the backtracks of one batch of images after the other; see :func:`create`."""

    def __init__(self, file: hdf5.NewFile, nodes: Sequence[str], images: Sequence[Image]) -> None:
        """Begin with nothing written."""
        self._file = file
        self._nodes = {node: _Node(file["nodes"][node]) for node in nodes}
        self._progress = image_table.Progress(images)
        self._ranks = len(file["rank"])

    def append(
        self,
        names: Sequence[str],
        found: _Backtrack,
        *,
        target: ArrayLike,
        score: ArrayLike,
        frames: Sequence[Frame],
    ) -> None:
        """Write the next images.

        Args:
            names: their ids, in the order of the file.
            found: their backtracks: all starts of the first image, then those of the next.
            target: (image, rank) the units the backtracks begin at.
            score: (image, rank) their scores, before softmax.
            frames: of the images.

        Raises:
            StoreError: the images are not the next ones, a node was not announced, or there is not
                one entry for each image, or each start.
        """
        rows = self._progress.take(names)
        self._require_known({**found.points, **found.lost})
        self._write_tables(
            rows,
            target=target,
            score=score,
            arrived=self._by_rank("arrived", found.arrived),
            frame=[frame.numbers for frame in frames],
        )
        for name, lost in found.lost.items():
            by_rank = self._by_rank(f"lost at {name}", lost)
            self._nodes[name].lost[rows.start : rows.stop] = by_rank
        starts = range(rows.start * self._ranks, rows.stop * self._ranks)
        pieces = {name: _by_start(points, len(starts)) for name, points in found.points.items()}
        ends = np.zeros((len(self._nodes), len(starts)), np.int64)
        for place in range(len(starts)):  # one by one: laid out alike for every size of batch
            for number, (name, node) in enumerate(self._nodes.items()):
                if name in pieces:
                    node.add(pieces[name][place])
                ends[number, place] = node.count
        for node, counted in zip(self._nodes.values(), ends, strict=True):
            node.start_edge[starts.start + 1 : starts.stop + 1] = counted
        self._file.check()

    def _by_rank(self, name: str, values: ArrayLike) -> NDArray[np.float64]:
        """Return what a walk says of every start (start,) as (image, rank)."""
        array = np.asarray(values, np.float64)
        if array.ndim != 1 or len(array) % self._ranks:
            raise StoreError(
                f"{name}: {self._ranks} starts for each image were announced; got an array of "
                f"shape {array.shape}."
            )
        return array.reshape(-1, self._ranks)

    def _require_known(self, nodes: Mapping[str, object]) -> None:
        unknown = [node for node in nodes if node not in self._nodes]
        if unknown:
            raise StoreError(
                f"points came to {unknown}, which are not among the nodes announced for the file: "
                f"{list(self._nodes)}."
            )

    def _write_tables(self, rows: range, **tables: ArrayLike) -> None:
        for name, values in tables.items():
            array = np.asarray(values)
            expected = (len(rows), *self._file[name].shape[1:])
            if array.shape != expected:
                dims = ", ".join(dimensions.labels(self._file[name]))
                raise StoreError(
                    f"{name}: for {len(rows)} images an array ({dims}) of shape {expected} was "
                    f"expected; got {array.shape}."
                )
            self._file[name][rows.start : rows.stop] = array

    def finish(self) -> None:
        """Write what still waits.

        Raises:
            StoreError: images are missing.
        """
        self._progress.finish()
        for node in self._nodes.values():
            node.finish()


def _by_start(points: _Points, count: int) -> list[Weighted]:
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


@contextmanager
def create(
    path: str | os.PathLike[str],
    *,
    nodes: Mapping[str, Sequence[int]],
    image_node: str,
    images: Sequence[Image],
    provenance: Provenance,
    ranks: int = 1,
    attrs: Mapping[str, Any] | None = None,
) -> Iterator[Writer]:
    """Yield a writer; the file appears under ``path`` once all images have been appended.

    Args:
        path: where the file will be.
        nodes: name of every node that points may come to -> shape of its output for one image.
        image_node: the one of them that holds the input.
        images: all images, in the order in which they will be appended.
        provenance: where the backtracks come from.
        ranks: starts of every image, such as its best classes.
        attrs: what else the file says of itself: model, weights_sha256, preprocessing, options.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
        StoreError: images are missing at the end, occur twice, or do not fit what was announced.
    """
    if image_node not in nodes:
        raise StoreError(f"the image's node {image_node!r} is not among the nodes {list(nodes)}.")
    if ranks < 1:
        raise StoreError(f"every image has one start or more; got ranks={ranks}.")
    described = {**(attrs or {}), "image_node": image_node}
    with hdf5.create(
        path, schema=SCHEMA, version=VERSION, provenance=provenance, attrs=described
    ) as file:
        image = image_table.write(file, images)
        rank = dimensions.scale(file, "rank", np.arange(1, ranks + 1, dtype=np.int32))
        edge = dimensions.extent(file, "edge", len(images) * ranks + 1)
        field = dimensions.scale(file, "field", FRAME_FIELDS)
        none = np.zeros((len(images), ranks))
        dimensions.table(file, "target", none.astype(np.int32), [image, rank])
        dimensions.table(file, "score", none, [image, rank])
        dimensions.table(file, "arrived", none, [image, rank])
        dimensions.table(file, "frame", np.zeros((len(images), 8), np.int32), [image, field])
        for node, shape in nodes.items():
            _create_node(file, node, shape)
            group = file[f"nodes/{node}"]
            dimensions.table(group, "start_edge", np.zeros(len(edge), np.int64), [edge])
            dimensions.table(group, "lost", none, [image, rank])
        writer = Writer(file, tuple(nodes), images)
        yield writer
        writer.finish()


def _create_node(file: h5py.File, node: str, shape: Sequence[int]) -> None:
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

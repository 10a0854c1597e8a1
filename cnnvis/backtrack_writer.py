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
VERSION = 1
FRAME_FIELDS = (
    *("photo_rows", "photo_cols", "resized_rows", "resized_cols"),
    *("crop_top", "crop_left", "crop_rows", "crop_cols"),
)
"""What the numbers of a frame say, in the order of :attr:`cnnvis.geometry.Frame.numbers`."""
_AXES = ("channel", "row", "col")
_POINTS_PER_CHUNK = 4096

Weighted = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Points of one image: index (point, axis) and weight (point,)."""


class _Points(Protocol):
    @property
    def index(self) -> Any: ...
    @property
    def weight(self) -> Any: ...
    @property
    def start(self) -> Any: ...


class _Backtrack(Protocol):
    """What a walk found, with one start for every image: see :mod:`cnnvis.backtrack`."""

    @property
    def points(self) -> Mapping[str, _Points]: ...
    @property
    def lost(self) -> Mapping[str, Any]: ...
    @property
    def arrived(self) -> Any: ...


class _Node:
    """The points of one node, which wait in memory until they fill chunks of the file."""

    def __init__(self, group: h5py.Group) -> None:
        self.image_start = group["image_start"]
        self.lost = group["lost"]
        self._group = group
        self._datasets = (group["index"], group["weight"])
        self._waiting: list[Weighted] = []
        self._written = 0
        self.count = 0

    def add(self, points: Weighted) -> None:
        """Take the points of the next image."""
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
            found: their backtracks, one start for each image, in this order.
            target: (image,) the units the backtracks begin at.
            score: (image,) their scores, before softmax.
            frames: of the images.

        Raises:
            StoreError: the images are not the next ones, a node was not announced, or there is not
                one entry for each image.
        """
        rows = self._progress.take(names)
        self._require_known({**found.points, **found.lost})
        self._write_tables(
            rows,
            target=np.asarray(target),
            score=np.asarray(score),
            arrived=np.asarray(found.arrived),
            frame=np.array([frame.numbers for frame in frames]),
        )
        for name, lost in found.lost.items():
            self._nodes[name].lost[rows.start : rows.stop] = np.asarray(lost)
        pieces = {name: _by_image(points, len(rows)) for name, points in found.points.items()}
        ends = np.zeros((len(self._nodes), len(rows)), np.int64)
        for place in range(len(rows)):  # one by one: laid out alike for every size of batch
            for number, (name, node) in enumerate(self._nodes.items()):
                if name in pieces:
                    node.add(pieces[name][place])
                ends[number, place] = node.count
        for node, counted in zip(self._nodes.values(), ends, strict=True):
            node.image_start[rows.start + 1 : rows.stop + 1] = counted
        self._file.check()

    def _require_known(self, nodes: Mapping[str, object]) -> None:
        unknown = [node for node in nodes if node not in self._nodes]
        if unknown:
            raise StoreError(
                f"points came to {unknown}, which are not among the nodes announced for the file: "
                f"{list(self._nodes)}."
            )

    def _write_tables(self, rows: range, **tables: NDArray[Any]) -> None:
        for name, values in tables.items():
            if len(values) != len(rows):
                raise StoreError(f"{name}: {len(rows)} images were given, and {len(values)} of it.")
            self._file[name][rows.start : rows.stop] = values

    def finish(self) -> None:
        """Write what still waits.

        Raises:
            StoreError: images are missing.
        """
        self._progress.finish()
        for node in self._nodes.values():
            node.finish()


def _by_image(points: _Points, count: int) -> list[Weighted]:
    """Return the points of every start apart, each in the order in which they came."""
    index, weight, start = (
        np.asarray(values) for values in (points.index, points.weight, points.start)
    )
    if len(start) and not 0 <= start.min() <= start.max() < count:
        raise StoreError(
            f"one start for each of {count} images was expected; the points belong to starts "
            f"{start.min()} to {start.max()}."
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
    attrs: Mapping[str, Any] | None = None,
) -> Iterator[Writer]:
    """Yield a writer; the file appears under ``path`` once all images have been appended.

    Args:
        path: where the file will be.
        nodes: name of every node that points may come to -> shape of its output for one image.
        image_node: the one of them that holds the input.
        images: all images, in the order in which they will be appended.
        provenance: where the backtracks come from.
        attrs: what else the file says of itself: model, weights_sha256, preprocessing, options.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
        StoreError: images are missing at the end, occur twice, or do not fit what was announced.
    """
    if image_node not in nodes:
        raise StoreError(f"the image's node {image_node!r} is not among the nodes {list(nodes)}.")
    described = {**(attrs or {}), "image_node": image_node}
    with hdf5.create(
        path, schema=SCHEMA, version=VERSION, provenance=provenance, attrs=described
    ) as file:
        image = image_table.write(file, images)
        edge = dimensions.extent(file, "image_edge", len(images) + 1)
        field = dimensions.scale(file, "field", FRAME_FIELDS)
        none = np.zeros(len(images))
        dimensions.table(file, "target", none.astype(np.int32), [image])
        dimensions.table(file, "score", none, [image])
        dimensions.table(file, "arrived", none, [image])
        dimensions.table(file, "frame", np.zeros((len(images), 8), np.int32), [image, field])
        for node, shape in nodes.items():
            _create_node(file, node, shape, image, edge)
        writer = Writer(file, tuple(nodes), images)
        yield writer
        writer.finish()


def _create_node(
    file: h5py.File, node: str, shape: Sequence[int], image: h5py.Dataset, edge: h5py.Dataset
) -> None:
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
    starts = np.zeros(len(edge), np.int64)
    dimensions.table(group, "image_start", starts, [edge])
    dimensions.table(group, "lost", np.zeros(len(image)), [image])

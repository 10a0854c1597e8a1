"""Writing the backtrack file (:mod:`cnnvis.backtrack_file`), batch by batch."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import dimensions, hdf5, image_table
from cnnvis.backtrack_points import NodeWriter, Points, Weighted, by_start, create_node
from cnnvis.errors import StoreError
from cnnvis.geometry import Frame
from cnnvis.labels import Image
from cnnvis.provenance import Provenance

__all__ = ["FRAME_FIELDS", "SCHEMA", "VERSION", "Weighted", "Writer", "create"]

SCHEMA = "cnnvis/backtracks"
VERSION = 2
FRAME_FIELDS = (
    *("photo_rows", "photo_cols", "resized_rows", "resized_cols"),
    *("crop_top", "crop_left", "crop_rows", "crop_cols"),
)
"""What the numbers of a frame say, in the order of :attr:`cnnvis.geometry.Frame.numbers`."""
START_NODE, START_PLACE = "start_node", ("start_row", "start_col")
"""What a file of several start nodes says of its starts."""


class _Backtrack(Protocol):
    """What a walk found for all starts of an image, then of the next: :mod:`cnnvis.backtrack`."""

    @property
    def points(self) -> Mapping[str, Points]: ...
    @property
    def lost(self) -> Mapping[str, Any]: ...
    @property
    def arrived(self) -> Any: ...


class Writer:
    """Takes the backtracks of one batch of images after the other; see :func:`create`."""

    def __init__(self, file: hdf5.NewFile, nodes: Sequence[str], images: Sequence[Image]) -> None:
        """Begin with nothing written."""
        self._file = file
        self._nodes = {node: NodeWriter(file["nodes"][node]) for node in nodes}
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
        place: ArrayLike | None = None,
    ) -> None:
        """Write the next images.

        Args:
            names: their ids, in the order of the file.
            found: their backtracks: all starts of the first image, then those of the next.
            target: (image, rank) the units the backtracks begin at: classes, or channels.
            score: (image, rank) their scores, before softmax; of a channel, its value there.
            frames: of the images.
            place: (image, rank, [row, col]) of the units of channels, -1 where there is none; for
                a file with ``start_nodes``.

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
            **self._places(place),
        )
        for name, lost in found.lost.items():
            by_rank = self._by_rank(f"lost at {name}", lost)
            self._nodes[name].lost[rows.start : rows.stop] = by_rank
        starts = range(rows.start * self._ranks, rows.stop * self._ranks)
        pieces = {name: by_start(points, len(starts)) for name, points in found.points.items()}
        ends = np.zeros((len(self._nodes), len(starts)), np.int64)
        for place in range(len(starts)):  # one by one: laid out alike for every size of batch
            for number, (name, node) in enumerate(self._nodes.items()):
                if name in pieces:
                    node.add(pieces[name][place])
                ends[number, place] = node.count
        for node, counted in zip(self._nodes.values(), ends, strict=True):
            node.start_edge[starts.start + 1 : starts.stop + 1] = counted
        self._file.check()

    def _places(self, place: ArrayLike | None) -> dict[str, NDArray[Any]]:
        """Return the tables of the units that starts are in their maps, where the file has them."""
        if (place is None) == (START_NODE in self._file):
            raise StoreError(
                "the rows and columns of starts are given for a file with start_nodes, and for no "
                "other."
            )
        if place is None:
            return {}
        return dict(zip(START_PLACE, np.moveaxis(np.asarray(place), -1, 0), strict=True))

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


@contextmanager
def create(
    path: str | os.PathLike[str],
    *,
    nodes: Mapping[str, Sequence[int]],
    image_node: str,
    images: Sequence[Image],
    provenance: Provenance,
    ranks: int = 1,
    start_nodes: Sequence[str] = (),
    node_attrs: Mapping[str, Mapping[str, Any]] | None = None,
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
        start_nodes: (rank,) the nodes that they belong to, where not all begin at the scores.
        node_attrs: what the file says of a node beside its shape.
        attrs: what else the file says of itself: model, weights_sha256, preprocessing, options.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
        StoreError: images are missing at the end, occur twice, or do not fit what was announced.
    """
    if image_node not in nodes:
        raise StoreError(f"the image's node {image_node!r} is not among the nodes {list(nodes)}.")
    if ranks < 1:
        raise StoreError(f"every image has one start or more; got ranks={ranks}.")
    if start_nodes and (len(start_nodes) != ranks or not {*start_nodes} <= {*nodes}):
        raise StoreError(
            f"each of the {ranks} starts belongs to one of the nodes {list(nodes)}; got "
            f"{len(start_nodes)} start nodes: {list(dict.fromkeys(start_nodes))}."
        )
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
        if start_nodes:
            dimensions.table(file, START_NODE, list(start_nodes), [rank])
            for name in START_PLACE:
                dimensions.table(file, name, none.astype(np.int32), [image, rank])
        for node, shape in nodes.items():
            create_node(file, node, shape)
            group = file[f"nodes/{node}"]
            group.attrs.update((node_attrs or {}).get(node, {}))
            dimensions.table(group, "start_edge", np.zeros(len(edge), np.int64), [edge])
            dimensions.table(group, "lost", none, [image, rank])
        writer = Writer(file, tuple(nodes), images)
        yield writer
        writer.finish()

"""The backtrack file: which units, node by node down to the pixels, an answer was walked back to.

    /image, /image_sha256, /class_index, /role   one entry per image
    /rank                                        (rank,): 1, 2, ...; the starts of every image
    /target, /score, /arrived                    (image, rank): the unit, its score, the weight that
                                                 reached the pixels
    /frame                                       (image, field): how the photo became the input
    /start_node                                  (rank,): the node that a backtrack begins at
    /start_row, /start_col                       (image, rank): the unit's place in its maps
    /nodes/<node>/index                          (point, axis): (channel, row, col), or (channel,)
    /nodes/<node>/weight                         (point,)
    /nodes/<node>/start_edge                     (edge,): start s = image * ranks + rank - 1 has the
                                                 points from start_edge[s] to start_edge[s + 1]
    /nodes/<node>/lost                           (image, rank): the weight that ended at this node

Every image has as many backtracks as there are ranks: of its best class, the second best, and so
on; or of one class. The weight at every node adds up: what came is what went on and what was lost.

A file may hold backtracks that begin at several nodes: of channels of its layers, too, and then a
target may be a channel. Only such a file has the parts that begin with "start_"; rows and columns
are -1 for classes, and for channels that are on nowhere, which have no points. It keeps the points
of the nodes at which walks are shown, and not of all.
"""

import os
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cnnvis import hdf5, image_table
from cnnvis.backtrack_writer import SCHEMA, VERSION, Weighted, Writer, create
from cnnvis.errors import StoreError, did_you_mean
from cnnvis.geometry import Frame
from cnnvis.labels import FIRST, Image
from cnnvis.provenance import Provenance

__all__ = [
    "BacktrackImage",
    "Image",
    "Start",
    "Writer",
    "create",
    "fixations",
    "image",
    "images",
    "lost",
    "nodes",
    "points",
    "provenance",
    "trail",
]

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Start:
    """Where one backtrack of an image begins.

    Args:
        rank: from 1 up; 1 is the best class where the best ones were walked back from.
        target: the unit the backtrack begins at (a class index).
        score: of that unit, before softmax.
        arrived: the weight that reached the pixels, of the 1 that the backtrack begins with.
    """

    rank: int
    target: int
    score: float
    arrived: float


@dataclass(frozen=True, kw_only=True)
class BacktrackImage(Image):
    """One image of a backtrack file.

    Args:
        starts: of its backtracks, by rank; as many for every image of a file.
        frame: how the photo became the input; fixations are in pixels of the input.
    """

    starts: tuple[Start, ...]
    frame: Frame


def _open(path: Path) -> Any:
    return hdf5.open_checked(path, SCHEMA, VERSION)


def _node(file: h5py.File, node: str) -> h5py.Group:
    known = file["nodes"]
    if node not in known:
        raise StoreError(
            f"no node {node!r} in {file.filename}, which has {', '.join(known)}"
            f"{did_you_mean(node, known)}."
        )
    return known[node]


def _place(file: h5py.File, image: str, rank: int) -> int:
    """Return the place of a backtrack among all of the file."""
    row, ranks = image_table.row(file, image), len(file["rank"])
    if not 1 <= rank <= ranks:
        raise StoreError(
            f"no backtrack of rank {rank} in {file.filename}: every image has {ranks}, counted "
            f"from 1. For more, set backtrack.target to top{max(rank, 2)} and start the workflow."
        )
    return row * ranks + rank - 1


def _points(group: h5py.Group, place: int) -> Weighted:
    begin, end = group["start_edge"][place : place + 2]
    weight = hdf5.values(group["weight"], np.s_[begin:end])
    return group["index"][begin:end].astype(np.int64), weight


def points(path: Path, *, node: str, image: str, rank: int = 1) -> Weighted:
    """Return where a backtrack came to at one node: index (point, axis), weight (point,).

    Raises:
        FileError, StoreError: there is no such file, node, image or rank.
    """
    with _open(path) as file:
        return _points(_node(file, node), _place(file, image, rank))


def trail(path: Path, *, image: str, rank: int = 1) -> dict[str, Weighted]:
    """Return a whole backtrack: node -> index (point, axis), weight (point,).

    Raises:
        FileError, StoreError: there is no such file, image or rank.
    """
    with _open(path) as file:
        place = _place(file, image, rank)
        return {node: _points(group, place) for node, group in file["nodes"].items()}


def fixations(path: Path, *, image: str, rank: int = 1) -> Weighted:
    """Return the pixels a backtrack ended at: index (point, [row, col]), weight (point,).

    The colour channel is dropped; points that then coincide are one, with the sum of the weights.

    Raises:
        FileError, StoreError: there is no such file, image or rank.
    """
    with _open(path) as file:
        group = _node(file, str(file.attrs["image_node"]))
        index, weight = _points(group, _place(file, image, rank))
    pixels, place = np.unique(index[:, -2:], axis=0, return_inverse=True)
    return pixels, np.asarray(np.bincount(place, weight, len(pixels)), np.float64)


def lost(path: Path, *, node: str) -> NDArray[np.float64]:
    """Return the weight that ended at a node, (image, rank).

    Raises:
        FileError, StoreError: there is no such file or node.
    """
    with _open(path) as file:
        return np.asarray(_node(file, node)["lost"][:])


def nodes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the nodes of a file, in its order -> the shape of their output for one image."""
    with _open(path) as file:
        return {
            node: tuple(int(size) for size in group.attrs["shape"])
            for node, group in file["nodes"].items()
        }


def images(path: Path) -> tuple[BacktrackImage, ...]:
    """Return the images of a file, in its order."""
    with _open(path) as file:
        columns = (file[name][:] for name in ("target", "score", "arrived", "frame"))
        return tuple(
            BacktrackImage(
                **vars(image),
                starts=_starts(*ranked),
                frame=Frame.from_numbers(frame),
            )
            for image, *ranked, frame in zip(image_table.read(file), *columns, strict=True)
        )


def image(path: Path, wanted: str) -> BacktrackImage:
    """Return one image of a file; :data:`cnnvis.labels.FIRST` stands for the first one.

    Raises:
        FileError, StoreError: there is no such file or image.
    """
    with _open(path) as file:
        row = 0 if wanted == FIRST else image_table.row(file, wanted)
    return images(path)[row]


def _starts(
    targets: NDArray[Any], scores: NDArray[Any], arrived: NDArray[Any]
) -> tuple[Start, ...]:
    """Return the starts of one image from its entries (rank,)."""
    ranked = zip(targets.tolist(), scores.tolist(), arrived.tolist(), strict=True)
    return tuple(Start(rank, *entry) for rank, entry in enumerate(ranked, start=1))


def provenance(path: Path) -> Provenance:
    """Return where the backtracks come from."""
    with _open(path) as file:
        return hdf5.provenance_of(file)

"""The backtrack file: which units, node by node down to the pixels, an answer was walked back to.

    /image, /image_sha256, /class_index, /role   one entry per image
    /target, /score, /arrived                    (image,): the unit, its score, the weight that
                                                 reached the pixels
    /frame                                       (image, field): how the photo became the input
    /nodes/<node>/index                          (point, axis): (channel, row, col), or (channel,)
    /nodes/<node>/weight                         (point,)
    /nodes/<node>/image_start                    (image_edge,): image i has the points from
                                                 image_start[i] to image_start[i + 1]
    /nodes/<node>/lost                           (image,): the weight that ended at this node

There is one backtrack for every image. The weight at every node adds up: what came is what went on
and what was lost.
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
from cnnvis.labels import Image
from cnnvis.provenance import Provenance

__all__ = [
    "BacktrackImage",
    "Image",
    "Writer",
    "create",
    "fixations",
    "images",
    "lost",
    "nodes",
    "points",
    "provenance",
    "trail",
]

Path = str | os.PathLike[str]


@dataclass(frozen=True, kw_only=True)
class BacktrackImage(Image):
    """One image of a backtrack file.

    Args:
        target: the unit the backtrack begins at (a class index).
        score: of that unit, before softmax.
        arrived: the weight that reached the pixels, of the 1 that the backtrack begins with.
        frame: how the photo became the input; fixations are in pixels of the input.
    """

    target: int
    score: float
    arrived: float
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


def _points(group: h5py.Group, row: int) -> Weighted:
    begin, end = group["image_start"][row : row + 2]
    weight = hdf5.values(group["weight"], np.s_[begin:end])
    return group["index"][begin:end].astype(np.int64), weight


def points(path: Path, *, node: str, image: str) -> Weighted:
    """Return where an image's backtrack came to at one node: index (point, axis), weight (point,).

    Raises:
        FileError, StoreError: there is no such file, node or image.
    """
    with _open(path) as file:
        return _points(_node(file, node), image_table.row(file, image))


def trail(path: Path, *, image: str) -> dict[str, Weighted]:
    """Return an image's whole backtrack: node -> index (point, axis), weight (point,).

    Raises:
        FileError, StoreError: there is no such file or image.
    """
    with _open(path) as file:
        row = image_table.row(file, image)
        return {node: _points(group, row) for node, group in file["nodes"].items()}


def fixations(path: Path, *, image: str) -> Weighted:
    """Return the pixels an image's backtrack ended at: index (point, [row, col]), weight (point,).

    The colour channel is dropped; points that then coincide are one, with the sum of the weights.

    Raises:
        FileError, StoreError: there is no such file or image.
    """
    with _open(path) as file:
        group = _node(file, str(file.attrs["image_node"]))
        index, weight = _points(group, image_table.row(file, image))
    pixels, place = np.unique(index[:, -2:], axis=0, return_inverse=True)
    return pixels, np.asarray(np.bincount(place, weight, len(pixels)), np.float64)


def lost(path: Path, *, node: str) -> NDArray[np.float64]:
    """Return the weight that ended at a node, (image,).

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
                target=int(target),
                score=float(score),
                arrived=float(arrived),
                frame=Frame.from_numbers(frame),
            )
            for image, target, score, arrived, frame in zip(
                image_table.read(file), *columns, strict=True
            )
        )


def provenance(path: Path) -> Provenance:
    """Return where the backtracks come from."""
    with _open(path) as file:
        return hdf5.provenance_of(file)

"""Backtrack files that begin at several nodes, read an image at a time.

The format is that of :mod:`cnnvis.backtrack_file`; it reads one backtrack after the other, which is
slow where every channel of every layer has one.
"""

import os
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cnnvis import hdf5, image_table
from cnnvis.backtrack_writer import SCHEMA, START_NODE, START_PLACE, VERSION
from cnnvis.geometry import Frame

Path = str | os.PathLike[str]

PointsOfAll = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]
"""Index (point, axis), weight (point,), and (rank + 1,) where the points of each start begin."""


@dataclass(frozen=True, eq=False)
class ImageStarts:
    """All backtracks of one image, as arrays.

    Args:
        node: (rank,) the names of the nodes that they begin at; "" for the scores of a file that
            knows no other.
        target: (rank,) classes or channels.
        score: (rank,) of the units.
        arrived: (rank,) the weight that reached the pixels.
        place: (rank, [row, col]) of the units in their maps; -1 where there is none.
        points: node -> what came there.
        frame: how the photo became the input.
    """

    node: tuple[str, ...]
    target: NDArray[np.int32]
    score: NDArray[np.float64]
    arrived: NDArray[np.float64]
    place: NDArray[np.int32]
    points: dict[str, PointsOfAll]
    frame: Frame


def starts(path: Path, *, image: str) -> ImageStarts:
    """Return all backtracks of one image at once, which is faster than one after the other.

    Raises:
        FileError, StoreError: there is no such file or image.
    """
    with hdf5.open_checked(path, SCHEMA, VERSION) as file:
        row, ranks = image_table.row(file, image), len(file["rank"])
        known = START_NODE in file
        nowhere = np.full(ranks, -1, np.int32)
        places = [file[name][row] if known else nowhere for name in START_PLACE]
        return ImageStarts(
            node=tuple(file[START_NODE].asstr()[:]) if known else ("",) * ranks,
            **{name: file[name][row] for name in ("target", "score", "arrived")},
            place=np.stack(places, axis=1),
            points={
                node: _points_of_all(group, row * ranks, ranks)
                for node, group in file["nodes"].items()
            },
            frame=Frame.from_numbers(file["frame"][row]),
        )


def _points_of_all(group: h5py.Group, first: int, count: int) -> PointsOfAll:
    """Return the points of neighbouring backtracks, and where those of each begin and end."""
    edges = group["start_edge"][first : first + count + 1]
    run = np.s_[edges[0] : edges[-1]]
    weight = hdf5.values(group["weight"], run)
    return group["index"][run].astype(np.int64), weight, edges - edges[0]


def described(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what a file says of itself, and of each of its nodes, beside what all files say."""
    with hdf5.open_checked(path, SCHEMA, VERSION) as file:
        own = {name: value for name, value in file.attrs.items() if name not in hdf5.RESERVED}
        return own, {node: dict(group.attrs) for node, group in file["nodes"].items()}

"""The maps file: maps of several methods for the same images, and what the network was shown.

    /image                (image,): names
    /photo, /target       (image,): the photo each is of, and the class that is explained
    /method               (method,): names
    /map                  (method, image, row, col) float32, larger where a pixel matters more;
                          values of different methods cannot be compared
    /picture              (image, row, col, colour) uint8
    /marked               (image, edge): a box (row0, col0, row1, col1) of each image, or all 0

``@refused`` says why other methods could not be had, as JSON.
"""

import json
import os
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cnnvis import dimensions, hdf5
from cnnvis.boxes import Box
from cnnvis.map_sets import MapSet
from cnnvis.provenance import Provenance

SCHEMA = "cnnvis/maps"
VERSION = 1

_EDGES = ("row0", "col0", "row1", "col1")
_COLOURS = ("red", "green", "blue")

Path = str | os.PathLike[str]


def write(
    path: Path, maps: MapSet, *, provenance: Provenance, refused: Mapping[str, str] | None = None
) -> None:
    """Write maps, and why others are not among them.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    attrs = {"refused": dict(refused or {})}
    with hdf5.create(
        path, schema=SCHEMA, version=VERSION, provenance=provenance, attrs=attrs
    ) as file:
        image = dimensions.scale(file, "image", _words(maps.ids))
        method = dimensions.scale(file, "method", _words(maps.methods))
        row, col = (
            dimensions.extent(file, name, length)
            for name, length in zip(("row", "col"), maps.maps.shape[2:], strict=True)
        )
        colour = dimensions.scale(file, "colour", _COLOURS)
        edge = dimensions.scale(file, "edge", _EDGES)
        dimensions.table(file, "photo", _words(maps.photos), [image])
        dimensions.table(file, "target", np.array(maps.targets, np.int64), [image])
        dimensions.table(
            file, "marked", np.array(maps.marked, np.int64).reshape(-1, 4), [image, edge]
        )
        dimensions.table(file, "picture", maps.pictures, [image, row, col, colour])
        values = np.asarray(maps.maps, np.float32)
        dimensions.table(file, "map", values, [method, image, row, col])


def read(path: Path) -> MapSet:
    """Return the maps.

    Raises:
        FileError, StoreError: there is no such file, or it is of another kind.
    """
    with hdf5.open_checked(path, SCHEMA, VERSION) as file:
        return MapSet(
            ids=tuple(file["image"].asstr()[:]),
            photos=tuple(file["photo"].asstr()[:]),
            targets=tuple(file["target"][:].tolist()),
            methods=tuple(file["method"].asstr()[:]),
            maps=file["map"][:],
            pictures=file["picture"][:],
            marked=tuple(_box(edges) for edges in file["marked"][:].tolist()),
        )


def refused(path: Path) -> dict[str, str]:
    """Return why methods could not be had, by their names."""
    with hdf5.open_checked(path, SCHEMA, VERSION) as file:
        found = json.loads(file.attrs["refused"])
    return {str(name): str(reason) for name, reason in found.items()}


def provenance(path: Path) -> Provenance:
    """Return where the maps come from."""
    with hdf5.open_checked(path, SCHEMA, VERSION) as file:
        return hdf5.provenance_of(file)


def _words(values: Sequence[str]) -> NDArray[np.str_]:
    """Return words as an array of words, also where there are none."""
    return np.array(values, dtype=np.str_)


def _box(edges: list[int]) -> Box:
    row0, col0, row1, col1 = edges
    return row0, col0, row1, col1

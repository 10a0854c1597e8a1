"""The gradient file: how the scores of units depend on the filters of one layer, image by image.

    /image, /image_sha256, /class_index, /role   one entry per image
    /unit, /unit_name                            one entry per inspected unit: class index and name
    /predicted                                   (image,): the class the network takes it for
    /score                                       (image, unit): the scores of the units
    /gradient                                    (image, unit, filter, in_channel, k_row, k_col)

The gradients of a linear layer are (image, unit, filter, in_channel). Readers take one unit at a
time: the first one where none is named.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import dimensions, files, hdf5, image_table
from cnnvis.errors import StoreError
from cnnvis.labels import Image
from cnnvis.provenance import Provenance

__all__ = [
    "GradientImage",
    "Image",
    "Unit",
    "Writer",
    "blocks",
    "create",
    "images",
    "layer",
    "provenance",
    "read",
    "read_all",
    "unit",
    "units",
]

SCHEMA = "cnnvis/gradients"
VERSION = 2
AXES = ("filter", "in_channel", "k_row", "k_col")

Path = str | os.PathLike[str]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Unit:
    """An output unit whose score was derived.

    Args:
        index: its place among the scores: a class index.
        name: of the class; a number in words where the classes have no names.

    >>> str(Unit(285, "Egyptian cat"))
    'Egyptian cat (285)'
    """

    index: int
    name: str

    def __str__(self) -> str:
        """Return the name with the index."""
        return f"{self.name} ({self.index})"


@dataclass(frozen=True, kw_only=True)
class GradientImage(Image):
    """One image of a gradient file.

    Args:
        predicted: the class with the largest score.
        score: of the inspected unit, before softmax.
    """

    predicted: int
    score: float

    @property
    def correct(self) -> bool | None:
        """Whether the network was right; None where the true class is not known."""
        return None if self.class_index is None else self.predicted == self.class_index


class Writer:
    """Takes the gradients of one batch of images after the other; see :func:`create`."""

    def __init__(self, file: hdf5.NewFile, images: Sequence[Image]) -> None:
        """Begin with nothing written."""
        self._file = file
        self._datasets = {name: file[name] for name in ("gradient", "predicted", "score")}
        self._progress = image_table.Progress(images)

    def append(
        self,
        names: Sequence[str],
        gradients: ArrayLike,
        *,
        predicted: ArrayLike,
        score: ArrayLike,
    ) -> None:
        """Write the next images.

        Args:
            names: their ids, in the order of the file.
            gradients: (image, unit, filter, in_channel, k_row, k_col), or without the last two.
            predicted: (image,) class with the largest score.
            score: (image, unit) scores of the inspected units, before softmax.

        Raises:
            StoreError: the images are not the next ones, a shape is not the one announced, or a
                value is not finite.
        """
        rows = self._progress.take(names)
        batch = {
            "gradient": np.asarray(gradients),
            "predicted": np.asarray(predicted),
            "score": np.asarray(score),
        }
        for name, values in batch.items():
            expected = (len(rows), *self._datasets[name].shape[1:])
            if values.shape != expected:
                raise StoreError(
                    f"{name}: an array of shape {expected} was announced, got {values.shape}."
                )
            if not np.isfinite(values).all():
                raise StoreError(f"{name} of {list(names)}: not all values are finite.")
        for place, row in enumerate(rows):  # one by one: laid out alike for every size of batch
            for name, values in batch.items():
                self._datasets[name][row] = values[place]
        self._file.check()

    def finish(self) -> None:
        """See that every image was written.

        Raises:
            StoreError: images are missing.
        """
        self._progress.finish()


@contextmanager
def create(
    path: Path,
    *,
    layer: str,
    units: Sequence[Unit],
    shape: Sequence[int],
    images: Sequence[Image],
    provenance: Provenance,
    attrs: Mapping[str, Any] | None = None,
    compression: str | None = None,
) -> Iterator[Writer]:
    """Yield a writer; the file appears under ``path`` once all images have been appended.

    Args:
        path: where the file will be.
        layer: whose filters the gradients belong to.
        units: the output units whose scores are derived, each with an index of its own.
        shape: (filter, in_channel, k_row, k_col), or (filter, in_channel), of the weights.
        images: all images, in the order in which they will be appended.
        provenance: where the gradients come from.
        attrs: what else the file says of itself: model, weights_sha256, preprocessing.
        compression: None, gzip or lzf.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
        StoreError: images are missing at the end, occur twice, or do not fit what was announced;
            no unit, or one twice.
    """
    if not 2 <= len(shape) <= len(AXES):
        raise StoreError(f"weights are {AXES} or {AXES[:2]}; got the shape {tuple(shape)}.")
    numbers = [unit.index for unit in units]
    if not numbers or len(set(numbers)) < len(numbers):
        raise StoreError(f"a file needs units, each of them once; got {numbers or 'none'}.")
    if compression is None:
        files.require_space(path, 4 * len(images) * len(units) * int(np.prod(shape)))
    described = {**(attrs or {}), "layer": layer}
    with hdf5.create(
        path, schema=SCHEMA, version=VERSION, provenance=provenance, attrs=described
    ) as file:
        _lay_out(file, units, shape, images, compression)
        writer = Writer(file, images)
        yield writer
        writer.finish()


def _lay_out(
    file: hdf5.NewFile,
    units: Sequence[Unit],
    shape: Sequence[int],
    images: Sequence[Image],
    compression: str | None,
) -> None:
    """Create all datasets: the small ones with their values, the gradients without."""
    image = image_table.write(file, images)
    unit = dimensions.scale(file, "unit", np.array([unit.index for unit in units], np.int32))
    dimensions.table(file, "unit_name", [unit.name for unit in units], [unit])
    dimensions.table(file, "predicted", np.zeros(len(images), np.int32), [image])
    score = np.zeros((len(images), len(units)), np.float64)
    dimensions.table(file, "score", score, [image, unit])
    axes = [
        dimensions.scale(file, name, np.arange(size, dtype=np.int32))
        for name, size in zip(AXES, shape, strict=False)
    ]
    # A chunk holds one unit: that is how the gradients are read.
    several, *rest = dimensions.chunk_shape((len(images), *shape), 4)
    dimensions.streamed(
        file,
        "gradient",
        [image, unit, *axes],
        dtype="float32",
        compression=compression,
        chunks=(several, 1, *rest),
    )


def _open(path: Path) -> Any:
    return hdf5.open_checked(path, SCHEMA, VERSION)


def _place(file: Any, unit: int | None) -> int:
    """Return the place of a unit in the file."""
    known = file["unit"][:].tolist()
    if unit is None:
        return 0
    if unit not in known:
        raise StoreError(
            f"{file.filename} has no gradients of unit {unit}, only of {known}. Add it to "
            "gradients.units and start the workflow."
        )
    return int(known.index(unit))


def read(path: Path, *, image: str, unit: int | None = None) -> Floats:
    """Return the gradient of one image, (filter, in_channel, k_row, k_col) or (filter, in_channel).

    Raises:
        FileError, StoreError: there is no such file, image or unit.
    """
    with _open(path) as file:
        row = image_table.row(file, image)
        return hdf5.values(file["gradient"], (row, _place(file, unit)))


def read_all(path: Path, *, unit: int | None = None) -> Floats:
    """Return all gradients of a unit, (image, filter, in_channel, k_row, k_col)."""
    with _open(path) as file:
        return hdf5.values(file["gradient"], (slice(None), _place(file, unit)))


def blocks(path: Path, *, unit: int | None = None) -> Iterator[Floats]:
    """Yield the gradient of one image after the other, in the order of the file."""
    with _open(path) as file:
        place = _place(file, unit)
        for row in range(len(file["gradient"])):
            yield hdf5.values(file["gradient"], (row, place))


def images(path: Path, *, unit: int | None = None) -> tuple[GradientImage, ...]:
    """Return the images of a file, in its order, with the scores of a unit."""
    with _open(path) as file:
        scores = hdf5.values(file["score"], (slice(None), _place(file, unit))).tolist()
        rows = zip(image_table.read(file), file["predicted"][:], scores, strict=True)
        return tuple(
            GradientImage(**vars(image), predicted=int(predicted), score=score)
            for image, predicted, score in rows
        )


def layer(path: Path) -> str:
    """Return the layer whose filters the gradients belong to."""
    with _open(path) as file:
        return str(file.attrs["layer"])


def units(path: Path) -> tuple[Unit, ...]:
    """Return the output units whose scores were derived, in the order of the file."""
    with _open(path) as file:
        names = file["unit_name"].asstr()[:]
        return tuple(Unit(int(i), name) for i, name in zip(file["unit"][:], names, strict=True))


def unit(path: Path) -> int:
    """Return the class index of the first unit."""
    return units(path)[0].index


def provenance(path: Path) -> Provenance:
    """Return where the gradients come from."""
    with _open(path) as file:
        return hdf5.provenance_of(file)

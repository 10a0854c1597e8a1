"""The gradient file: how the score of one unit depends on the filters of one layer, image by image.

    /image, /image_sha256, /class_index, /role   one entry per image
    /predicted, /score                           (image,): the class the network takes it for, and
                                                 the score of the unit
    /gradient                                    (image, filter, in_channel, k_row, k_col)

The gradients of a linear layer are (image, filter, in_channel).
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
    "Writer",
    "blocks",
    "create",
    "images",
    "layer",
    "provenance",
    "read",
    "read_all",
    "unit",
]

SCHEMA = "cnnvis/gradients"
VERSION = 1
AXES = ("filter", "in_channel", "k_row", "k_col")

Path = str | os.PathLike[str]
Floats = NDArray[np.float32]


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
            gradients: (image, filter, in_channel, k_row, k_col), or (image, filter, in_channel).
            predicted: (image,) class with the largest score.
            score: (image,) score of the inspected unit, before softmax.

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
    unit: int,
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
        unit: the output unit (class index) whose score is derived.
        shape: (filter, in_channel, k_row, k_col), or (filter, in_channel), of the weights.
        images: all images, in the order in which they will be appended.
        provenance: where the gradients come from.
        attrs: what else the file says of itself: model, weights_sha256, preprocessing.
        compression: None, gzip or lzf.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
        StoreError: images are missing at the end, occur twice, or do not fit what was announced.
    """
    if not 2 <= len(shape) <= len(AXES):
        raise StoreError(f"weights are {AXES} or {AXES[:2]}; got the shape {tuple(shape)}.")
    if compression is None:
        files.require_space(path, 4 * len(images) * int(np.prod(shape)))
    described = {**(attrs or {}), "layer": layer, "unit": unit}
    with hdf5.create(
        path, schema=SCHEMA, version=VERSION, provenance=provenance, attrs=described
    ) as file:
        image = image_table.write(file, images)
        dimensions.table(file, "predicted", np.zeros(len(images), np.int32), [image])
        dimensions.table(file, "score", np.zeros(len(images), np.float64), [image])
        axes = [
            dimensions.scale(file, name, np.arange(size, dtype=np.int32))
            for name, size in zip(AXES, shape, strict=False)
        ]
        dimensions.streamed(
            file, "gradient", [image, *axes], dtype="float32", compression=compression
        )
        writer = Writer(file, images)
        yield writer
        writer.finish()


def _open(path: Path) -> Any:
    return hdf5.open_checked(path, SCHEMA, VERSION)


def read(path: Path, *, image: str) -> Floats:
    """Return the gradient of one image, (filter, in_channel, k_row, k_col) or (filter, in_channel).

    Raises:
        FileError, StoreError: there is no such file or image.
    """
    with _open(path) as file:
        return hdf5.values(file["gradient"], image_table.row(file, image))


def read_all(path: Path) -> Floats:
    """Return all gradients, (image, filter, in_channel, k_row, k_col)."""
    with _open(path) as file:
        return hdf5.values(file["gradient"])


def blocks(path: Path) -> Iterator[Floats]:
    """Yield the gradient of one image after the other, in the order of the file."""
    with _open(path) as file:
        for row in range(len(file["gradient"])):
            yield hdf5.values(file["gradient"], row)


def images(path: Path) -> tuple[GradientImage, ...]:
    """Return the images of a file, in its order."""
    with _open(path) as file:
        rows = zip(
            image_table.read(file), file["predicted"][:], file["score"][:].tolist(), strict=True
        )
        return tuple(
            GradientImage(**vars(image), predicted=int(predicted), score=score)
            for image, predicted, score in rows
        )


def layer(path: Path) -> str:
    """Return the layer whose filters the gradients belong to."""
    with _open(path) as file:
        return str(file.attrs["layer"])


def unit(path: Path) -> int:
    """Return the output unit whose score was derived."""
    with _open(path) as file:
        return int(file.attrs["unit"])


def provenance(path: Path) -> Provenance:
    """Return where the gradients come from."""
    with _open(path) as file:
        return hdf5.provenance_of(file)

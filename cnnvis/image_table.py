"""The images that a result file is about: the table every file begins with."""

from collections import Counter
from collections.abc import Iterable, Sequence

import h5py
import numpy as np
from numpy.typing import NDArray

from cnnvis import dimensions
from cnnvis.errors import StoreError, did_you_mean
from cnnvis.labels import Image

_NO_CLASS = -1
"""How a file says that the class of an image is not known."""


def write(file: h5py.File, images: Sequence[Image]) -> h5py.Dataset:
    """Write the table of images and return its dimension, ``image``.

    There may be none: a shard of which no photo can be used is a file like others.

    Raises:
        StoreError: an image occurs twice.
    """
    ids = [image.id for image in images]
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        raise StoreError(f"the images of a file differ in their ids; twice there: {twice[:5]}.")
    dim = dimensions.scale(file, "image", _words(ids))
    dimensions.table(file, "image_sha256", _words([image.sha256 for image in images]), [dim])
    classes = [_NO_CLASS if image.class_index is None else image.class_index for image in images]
    dimensions.table(file, "class_index", np.array(classes, np.int32), [dim])
    dimensions.table(file, "role", _words([image.role for image in images]), [dim])
    return dim


def _words(words: Sequence[str]) -> NDArray[np.str_]:
    """Return words as an array of words, also where there are none."""
    return np.array(words, np.str_)


def read(file: h5py.File) -> tuple[Image, ...]:
    """Return the images of a file, in its order."""
    return tuple(
        Image(id, sha256, None if index == _NO_CLASS else int(index), role)
        for id, sha256, index, role in zip(
            file["image"].asstr()[:],
            file["image_sha256"].asstr()[:],
            file["class_index"][:],
            file["role"].asstr()[:],
            strict=True,
        )
    )


def row(file: h5py.File, image: str) -> int:
    """Return the place of an image in the file.

    Raises:
        StoreError: the file has no such image.
    """
    dataset = file["image"]
    found = np.flatnonzero(dataset[:] == image.encode())
    if not len(found):
        ids = dataset.asstr()[:]
        raise StoreError(
            f"no image {image!r} in {file.filename}, which has {len(ids)}: "
            f"{_few(ids)}{did_you_mean(image, ids)}."
        )
    return int(found[0])


def _few(ids: Sequence[str]) -> str:
    """Return the first names of a list that may be long."""
    return ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")


class Progress:
    """Which image is next in a file that is written batch by batch."""

    def __init__(self, images: Iterable[Image]) -> None:
        """Begin before the first image."""
        self._ids = [image.id for image in images]
        self._done = 0

    def take(self, ids: Sequence[str]) -> range:
        """Return the rows of the next images.

        Raises:
            StoreError: ``ids`` are not the next ones.
        """
        expected = self._ids[self._done : self._done + len(ids)]
        if list(ids) != expected:
            raise StoreError(
                f"images are written in the order of the file: {expected} come next, "
                f"got {list(ids)}."
            )
        first, self._done = self._done, self._done + len(ids)
        return range(first, self._done)

    def finish(self) -> None:
        """See that nothing is missing.

        Raises:
            StoreError: images are missing.
        """
        missing = self._ids[self._done :]
        if missing:
            raise StoreError(
                f"{len(missing)} of {len(self._ids)} images were never written: {_few(missing)}. "
                "The file is not kept."
            )

"""The activation file: what chosen layers of a network answered to a set of images.

    /image, /image_sha256, /class_index, /role   one entry per image
    /scores                                      (image, class)
    /layers/<layer>/activation                   (image, channel, row, col), or (image, channel)
    /layers/<layer>/channel, row, col            coordinates; row and col in pixels of the input

It is written image by image (:func:`create`) and read one image or one channel at a time.
"""

import os
from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cnnvis import hdf5, image_table, layer_group
from cnnvis.activation_writer import SCHEMA, VERSION, Writer, create
from cnnvis.errors import StoreError, did_you_mean
from cnnvis.labels import FIRST, Image
from cnnvis.layer_spec import LayerSpec, describe
from cnnvis.provenance import Provenance

__all__ = [
    "FIRST",
    "MEAN",
    "SET",
    "Image",
    "LayerSpec",
    "Writer",
    "blocks",
    "create",
    "describe",
    "image_id",
    "images",
    "layer",
    "layers",
    "maps_of",
    "provenance",
    "read",
    "read_channel",
    "read_mean",
    "scores",
    "slabs",
]

MEAN, SET = "mean", "set"
"""Sources of maps beside the single images: the mean over all images, and all of them."""
_SLAB_BYTES = 1 << 20
"""How much is read at a time when a layer is streamed."""

Path = str | os.PathLike[str]
Floats = NDArray[np.float32]


def _open(path: Path) -> Any:
    return hdf5.open_checked(path, SCHEMA, VERSION)


def _activation(file: h5py.File, layer: str) -> h5py.Dataset:
    known = file["layers"]
    if layer not in known:
        raise StoreError(
            f"no layer {layer!r} in {file.filename}, which has {', '.join(known)}"
            f"{did_you_mean(layer, known)}."
        )
    return known[layer]["activation"]


def _floats(dataset: h5py.Dataset, selection: Any) -> Floats:
    return hdf5.values(dataset, selection).astype(np.float32, copy=False)


def read(path: Path, *, layer: str, image: str) -> Floats:
    """Return the feature maps of one image, (channel, row, col) or (channel,).

    Raises:
        FileError, StoreError: there is no such file, layer or image.
    """
    with _open(path) as file:
        return _floats(_activation(file, layer), image_table.row(file, image))


def read_channel(path: Path, *, layer: str, channel: int) -> Floats:
    """Return one channel of all images, (image, row, col) or (image,).

    Raises:
        FileError, StoreError: there is no such file, layer or channel.
    """
    with _open(path) as file:
        activation = _activation(file, layer)
        channels = activation.shape[1]
        if not 0 <= channel < channels:
            raise StoreError(
                f"no channel {channel} in layer {layer!r} of {path}, which has {channels}, counted "
                "from 0."
            )
        return _floats(activation, np.s_[:, channel])


def blocks(path: Path, *, layer: str) -> Iterator[Floats]:
    """Yield the feature maps of one image after the other, (channel, row, col) or (channel,).

    Raises:
        FileError, StoreError: there is no such file or layer.
    """
    for slab in slabs(path, layer=layer):
        yield from slab


def slabs(path: Path, *, layer: str) -> Iterator[Floats]:
    """Yield the feature maps of some images after the other, about a megabyte at a time.

    Slabs are (image, channel, row, col) or (image, channel).

    Raises:
        FileError, StoreError: there is no such file or layer.
    """
    with _open(path) as file:
        activation = _activation(file, layer)
        step = max(1, _SLAB_BYTES // (activation.dtype.itemsize * prod(activation.shape[1:])))
        for first in range(0, len(activation), step):
            yield _floats(activation, np.s_[first : first + step])


def read_mean(path: Path, *, layer: str) -> NDArray[np.float64]:
    """Return the mean over all images, (channel, row, col) or (channel,), summed in float64.

    Raises:
        FileError, StoreError: there is no such file or layer.
    """
    total, count = np.zeros((), np.float64), 0
    for maps in blocks(path, layer=layer):
        total, count = total + maps, count + 1
    return total / count


def maps_of(path: Path, *, layer: str, source: str) -> Iterable[NDArray[np.floating[Any]]]:
    """Return the maps that ``source`` stands for, as blocks (channel, row, col).

    Args:
        path: an activation file.
        layer: one of its layers.
        source: :data:`MEAN` (one block), :data:`SET` (a block per image, read while it is used), or
            the id of an image (one block).

    Raises:
        FileError, StoreError: there is no such file, layer or image.
    """
    if source == SET:
        return blocks(path, layer=layer)
    if source == MEAN:
        return [read_mean(path, layer=layer)]
    return [read(path, layer=layer, image=source)]


def image_id(path: Path, image: str) -> str:
    """Return the id of an image; :data:`FIRST` stands for the first one.

    Raises:
        FileError, StoreError: there is no such file or image.
    """
    with _open(path) as file:
        ids = file["image"].asstr()
        return str(ids[0] if image == FIRST else ids[image_table.row(file, image)])


def images(path: Path) -> tuple[Image, ...]:
    """Return the images of a file, in its order."""
    with _open(path) as file:
        return image_table.read(file)


def layers(path: Path) -> tuple[LayerSpec, ...]:
    """Return the layers of a file, in its order."""
    with _open(path) as file:
        return tuple(_spec(file["layers"][name], name) for name in file["layers"])


def layer(path: Path, name: str) -> LayerSpec:
    """Return one layer of a file.

    Raises:
        FileError, StoreError: there is no such file or layer.
    """
    with _open(path) as file:
        return _spec(_activation(file, name).parent, name)


def _spec(group: h5py.Group, name: str) -> LayerSpec:
    activation = group["activation"]
    return layer_group.read(activation, name, activation.shape[1:])


def scores(path: Path) -> Floats:
    """Return the scores before softmax, (image, class).

    Raises:
        StoreError: the file was made without scores.
    """
    with _open(path) as file:
        if "scores" not in file:
            raise StoreError(f"{path} was made without scores.")
        return _floats(file["scores"], ())


def provenance(path: Path) -> Provenance:
    """Return where the activations come from."""
    with _open(path) as file:
        return hdf5.provenance_of(file)

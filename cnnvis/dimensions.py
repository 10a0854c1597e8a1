"""Datasets whose dimensions have names and coordinates, the way netCDF has them.

A dimension is a dataset of its own (an HDF5 dimension scale): its name and its length are those of
the dimension, its values are the coordinates. xarray opens such a file as it is.
"""

from collections.abc import Sequence
from math import ceil, prod
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

CHUNK_BYTES = 256 * 1024
"""A chunk is read and written whole: large enough for a disk, small enough to leave out what is not
wanted (the other channels)."""
COMPRESSIONS = (None, "gzip", "lzf")
"""How a dataset may be compressed. gzip is read everywhere, lzf (faster) by h5py alone."""
_GZIP_LEVEL = 4
_NO_VALUES = "This is a netCDF dimension but not a netCDF variable.%10d"
"""The name by which netCDF knows a dimension that has a length and no coordinates."""


def scale(group: h5py.Group, name: str, values: ArrayLike, **attrs: Any) -> h5py.Dataset:
    """Write a dimension of ``group`` with its coordinates (words or numbers) and return it."""
    dataset = group.create_dataset(name, data=_storable(values))
    dataset.make_scale(name)
    dataset.attrs.update(attrs)
    return dataset


def extent(group: h5py.Group, name: str, length: int) -> h5py.Dataset:
    """Write a dimension of ``group`` that has a length and no coordinates, and return it."""
    dataset = group.create_dataset(name, shape=(length,), dtype=">f4")  # never written: no bytes
    dataset.make_scale(_NO_VALUES % length)
    return dataset


def is_extent(dataset: h5py.Dataset) -> bool:
    """Tell whether a dataset is a dimension without coordinates."""
    return bytes(dataset.attrs.get("NAME", b"")).startswith(_NO_VALUES[:40].encode())


def table(
    group: h5py.Group, name: str, values: ArrayLike, dims: Sequence[h5py.Dataset]
) -> h5py.Dataset:
    """Write values (words or numbers) at once, over the given dimensions."""
    dataset = group.create_dataset(name, data=_storable(values))
    attach(dataset, dims)
    return dataset


def streamed(
    group: h5py.Group,
    name: str,
    dims: Sequence[h5py.Dataset],
    *,
    dtype: str,
    compression: str | None = None,
    chunks: tuple[int, ...] | None = None,
) -> h5py.Dataset:
    """Create a dataset that will be written image by image, whole, over the given dimensions.

    ``chunks`` are those of :func:`chunk_shape` where none are given.

    Without compression all places in the file are laid out now, and the bytes do not depend on the
    order of writing. Places not written yet would read as NaN: the caller sees that none is left.
    """
    if compression not in COMPRESSIONS:
        raise ValueError(f"compression is one of {COMPRESSIONS}, not {compression!r}")
    shape = tuple(len(dim) for dim in dims)
    chunks = chunks or chunk_shape(shape, np.dtype(dtype).itemsize)
    if 0 in shape:  # nothing that could be cut into chunks, or compressed
        chunks = compression = None
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if compression is None:
        creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    dataset = group.create_dataset(
        name,
        shape,
        dtype,
        chunks=chunks,
        compression=compression,
        compression_opts=_GZIP_LEVEL if compression == "gzip" else None,
        fillvalue=np.nan,
        fill_time="never",  # filling first would write all twice
        dcpl=creation,
    )
    attach(dataset, dims)
    return dataset


def write_rows(dataset: h5py.Dataset, begin: int, values: NDArray[Any]) -> None:
    """Write values (image, channel, ...) into a dataset of :func:`streamed`, from row ``begin`` on.

    A chunk that is a run of channels of one image lies in one piece in memory too, and is handed to
    the file as it is; HDF5 would copy it twice.
    """
    rows, step = (dataset.chunks or (0, 0))[:2]
    direct = rows == 1 and not dataset.compression and values.dtype == dataset.dtype
    whole = values.shape[1] // step * step if direct else 0
    if whole:
        others = (0,) * (values.ndim - 2)
        for row, image in enumerate(np.ascontiguousarray(values), start=begin):
            for first in range(0, whole, step):
                dataset.id.write_direct_chunk((row, first, *others), image[first : first + step])
    if whole < values.shape[1]:
        dataset[begin : begin + len(values), whole:] = values[:, whole:]


def chunk_shape(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return chunks of about 256 KiB for reading one image, or one channel of all images.

    Args:
        shape: (image, channel, ...), whatever follows the channel is never divided.
        itemsize: bytes of one value.

    Chunks divide the channels evenly, for HDF5 keeps the last one at full size; where a whole image
    is small, a chunk holds several.

    >>> chunk_shape((100, 64, 55, 55), 4)
    (1, 16, 55, 55)
    >>> chunk_shape((100, 4096), 4)
    (15, 4096)
    """
    images, channels = shape[:2]
    plane = prod(shape[2:]) * itemsize
    return (
        _evenly(images, CHUNK_BYTES // (plane * channels)),
        _evenly(channels, CHUNK_BYTES // plane),
        *shape[2:],
    )


def _evenly(total: int, most: int) -> int:
    """Return the size of equal parts of ``total``, each at most ``most`` and at least 1."""
    return ceil(total / max(1, ceil(total / max(1, most))))


def attach(dataset: h5py.Dataset, dims: Sequence[h5py.Dataset]) -> None:
    """Name the dimensions of a dataset, and give it their coordinates."""
    for axis, dim in enumerate(dims):
        dataset.dims[axis].label = dim.name.rsplit("/", 1)[-1]
        dataset.dims[axis].attach_scale(dim)


def labels(dataset: h5py.Dataset) -> tuple[str, ...]:
    """Return the names of a dataset's dimensions; of a dimension itself, its own name."""
    if dataset.is_scale:
        return (dataset.name.rsplit("/", 1)[-1],)
    return tuple(dim.label for dim in dataset.dims)


def _storable(values: ArrayLike) -> Any:
    """Return numbers as they are, and words in the one way that netCDF shares with HDF5."""
    array = np.asarray(values)
    return array.astype(h5py.string_dtype()) if array.dtype.kind in "UO" else array

"""Writing the activation file (:mod:`cnnvis.store`), batch by batch, in the memory of a batch."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import dimensions, files, hdf5, image_table
from cnnvis.errors import StoreError
from cnnvis.labels import Image
from cnnvis.layer_spec import LayerSpec
from cnnvis.provenance import Provenance

SCHEMA = "cnnvis/activations"
VERSION = 1
DTYPES = ("float32", "float16")
"""How activations may be kept. float16 halves the file and keeps three decimal digits."""


class Writer:
    """Takes the activations of one batch of images after the other; see :func:`create`."""

    def __init__(self, file: hdf5.NewFile, layers: Sequence[LayerSpec], images: Sequence[Image]):
        """Begin with nothing written."""
        self._file = file
        self._layers = {
            spec.name: (spec, file["layers"][spec.name]["activation"]) for spec in layers
        }
        self._scores = file.get("scores")
        self._compressed = any(dataset.compression for _, dataset in self._layers.values())
        self._progress = image_table.Progress(images)

    def append(
        self, names: Sequence[str], maps: Mapping[str, ArrayLike], scores: ArrayLike | None = None
    ) -> None:
        """Write the next images.

        Args:
            names: their ids, in the order of the file.
            maps: layer -> (image, channel, row, col) or (image, channel), for exactly the layers of
                the file.
            scores: (image, class), before softmax, where the file has scores.

        Raises:
            StoreError: the images are not the next ones, a layer is missing or too many, a shape is
                not the one announced, a value is not finite or does not fit float16.
        """
        rows = self._progress.take(names)
        arrays = self._arrays(maps, len(rows))
        for part in self._parts(len(rows)):
            begin = rows.start + part.start
            for layer, (spec, dataset) in self._layers.items():
                values = _finite(arrays[layer][part], spec.dtype, layer, names[part])
                dimensions.write_rows(dataset, begin, values)
        if self._scores is not None:
            answers = self._answers(scores, len(rows))
            self._scores[rows.start : rows.stop] = _finite(answers, "float32", "scores", names)
        elif scores is not None:
            raise StoreError("the file was made without scores (n_classes=0), and scores came.")
        self._file.check()

    def _parts(self, count: int) -> list[slice]:
        """Return the parts of a batch in which it is written.

        Without compression everything has its place in the file. With it, one image follows the
        other, all layers of it, so that the file is laid out alike for every size of batch.
        """
        if not self._compressed:
            return [slice(0, count)]
        return [slice(place, place + 1) for place in range(count)]

    def _arrays(self, maps: Mapping[str, ArrayLike], count: int) -> dict[str, NDArray[Any]]:
        if set(maps) != set(self._layers):
            raise StoreError(
                f"a batch holds the layers of the file, {sorted(self._layers)}; got {sorted(maps)}."
            )
        arrays = {layer: np.asarray(values) for layer, values in maps.items()}
        for layer, (spec, _) in self._layers.items():
            _expect(arrays[layer], (count, *spec.shape), f"layer {layer!r}")
        return arrays

    def _answers(self, scores: ArrayLike | None, count: int) -> NDArray[Any]:
        if scores is None:
            raise StoreError("the file has scores; none came with the batch.")
        answers = np.asarray(scores)
        _expect(answers, (count, self._scores.shape[1]), "scores")
        return answers

    def finish(self) -> None:
        """See that every image was written.

        Raises:
            StoreError: images are missing.
        """
        self._progress.finish()


def _expect(array: NDArray[Any], shape: tuple[int, ...], what: str) -> None:
    if array.shape != shape:
        raise StoreError(f"{what}: an array of shape {shape} was announced, got {array.shape}.")


def _finite(values: NDArray[Any], dtype: str, what: str, names: Sequence[str]) -> NDArray[Any]:
    """Return the values of images as they are stored; a hole must stay different from any value."""
    with np.errstate(over="ignore", invalid="ignore"):
        kept = values.astype(dtype, copy=False)
        if np.isfinite(kept.sum(dtype=np.float32)):  # so are all: what is not spoils a sum
            return kept
    fine = np.isfinite(kept)
    if not fine.all():
        image = int(np.argwhere(~fine)[0, 0])
        raise _not_finite(values[image], dtype, f"{what}, image {names[image]!r}")
    return kept


def _not_finite(values: NDArray[Any], dtype: str, what: str) -> StoreError:
    wrong = np.count_nonzero(~np.isfinite(values))
    if not wrong:
        largest = np.abs(values).max()
        return StoreError(f"{what}: {largest:.6g} is too large for {dtype}. Store float32.")
    return StoreError(
        f"{what}: {wrong} of {values.size} values are not finite (NaN or infinite). Look at the "
        "weights and at the preprocessing."
    )


@contextmanager
def create(
    path: str | os.PathLike[str],
    *,
    layers: Sequence[LayerSpec],
    images: Sequence[Image],
    provenance: Provenance,
    n_classes: int = 1000,
    attrs: Mapping[str, Any] | None = None,
    dtype: str = "float32",
    compression: str | None = None,
) -> Iterator[Writer]:
    """Yield a writer; the file appears under ``path`` once all images have been appended.

    Args:
        path: where the file will be.
        layers: from :func:`describe`; ``dtype`` replaces theirs.
        images: all images, in the order in which they will be appended.
        provenance: where the activations come from.
        n_classes: how many scores an image has; 0 stores none.
        attrs: what else the file says of itself: model, weights_sha256, preprocessing.
        dtype: one of :data:`DTYPES`.
        compression: None, gzip or lzf: a third smaller or more, a hundred times slower to read.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
        StoreError: images are missing at the end, occur twice, or do not fit what was announced.
    """
    if dtype not in DTYPES:
        raise StoreError(f"activations are stored as {' or '.join(DTYPES)}, not {dtype!r}.")
    specs = [replace(spec, dtype=dtype) for spec in layers]
    if compression is None:
        files.require_space(path, _size(specs, len(images), n_classes))
    with hdf5.create(
        path, schema=SCHEMA, version=VERSION, provenance=provenance, attrs=attrs
    ) as file:
        image = image_table.write(file, images)
        if n_classes:
            classes = dimensions.scale(file, "class", np.arange(n_classes, dtype=np.int32))
            dimensions.streamed(file, "scores", [image, classes], dtype="float32")
        for spec in specs:
            _write_layer(file, spec, image, compression)
        writer = Writer(file, specs, images)
        yield writer
        writer.finish()


def _size(layers: Sequence[LayerSpec], images: int, n_classes: int) -> int:
    """Return the bytes that the numbers of an uncompressed file take."""
    values = sum(prod(spec.shape) * np.dtype(spec.dtype).itemsize for spec in layers)
    return images * (values + 4 * n_classes)


def _write_layer(
    file: h5py.File, spec: LayerSpec, image: h5py.Dataset, compression: str | None
) -> None:
    group = file.create_group(f"layers/{spec.name}", track_order=True)
    dims = [image, *_axes(group, spec)]
    activation = dimensions.streamed(
        group, "activation", dims, dtype=spec.dtype, compression=compression
    )
    activation.attrs["op"] = spec.op
    if spec.receptive_field is not None:
        activation.attrs["receptive_field"] = spec.receptive_field
    if spec.stride is not None:
        activation.attrs["stride"] = spec.stride
    if spec.convolution:
        activation.attrs["convolution"] = spec.convolution


def _axes(group: h5py.Group, spec: LayerSpec) -> list[h5py.Dataset]:
    """Write the coordinates of one layer; axes nobody has a name for are numbered."""
    channels, *others = spec.shape
    axes = [dimensions.scale(group, "channel", np.arange(channels, dtype=np.int32))]
    if len(others) == 2:
        for name, centres in (("row", spec.row), ("col", spec.col)):
            axes.append(dimensions.scale(group, name, centres, units="input pixels"))
        return axes
    numbered = [(f"axis_{place}", size) for place, size in enumerate(others, start=2)]
    return axes + [dimensions.scale(group, name, np.arange(size)) for name, size in numbered]

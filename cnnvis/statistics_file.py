"""The statistics file: what is kept of the maps of a set of images, without the maps.

    @images, @top_count                       how many images, and best images of each channel
    /layers/<layer>/channel, other            coordinates; other are the same channels again
    /layers/<layer>/row, col                  coordinates in pixels of the input
    /layers/<layer>/brightness                (channel,): mean over all pixels of all images
    /layers/<layer>/maps                      (channel, row, col): sum over the images
    /layers/<layer>/whole, scatter            (channel, other): products over all pixels
    /layers/<layer>/centred                   (channel_or_centre, ...): products
    /layers/<layer>/standardised_row, _col    (row or col, channel, other): products slice by slice
    /layers/<layer>/slice_row_27, ...         (channel, other): products of one slice
    /layers/<layer>/top/<max or mean>/...     (channel, rank): image, value, row, col

It is written layer by layer, so that memory holds one of them, for one shard of the images; files
of shards are merged (:func:`merge`).
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import h5py
import numpy as np

from cnnvis import dimensions, hdf5, layer_group, map_statistics, store, top_images
from cnnvis.errors import StoreError, did_you_mean
from cnnvis.layer_spec import LayerSpec
from cnnvis.map_statistics import Statistics
from cnnvis.ordering import KeptSums, sum_up
from cnnvis.ordering.sums import ALL_SLICES, CENTRED, MAPS, Part, Slices
from cnnvis.provenance import Provenance, of
from cnnvis.top_images import MEASURES, By, TopImages

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "cnnvis/statistics"
VERSION = 1

Place = str | os.PathLike[str]


class Writer:
    """Takes the statistics of one layer after the other; see :func:`create`."""

    def __init__(self, file: hdf5.NewFile) -> None:
        """Begin with no layer."""
        self._file = file

    def append(self, spec: LayerSpec, found: Statistics) -> None:
        """Write one layer, of the same images as all others.

        Raises:
            StoreError: it is about another number of images, or its shape is not that of the maps.
        """
        kept = found.sums
        images, count = (int(self._file.attrs[name]) for name in ("images", "top_count"))
        if (kept.images, kept.shape, found.count) != (images, spec.shape, count):
            raise StoreError(
                f"layer {spec.name!r} has maps {spec.shape} of {images} images, of which the "
                f"{count} best are kept; got statistics of maps {kept.shape} of {kept.images} "
                f"images and the {found.count} best."
            )
        group = self._file.create_group(f"layers/{spec.name}", track_order=True)
        _write_sums(group, spec, kept)
        for by, best in found.top.items():
            _write_top(group, by, best)
        self._file.check()


@contextmanager
def create(path: Place, *, images: int, count: int, provenance: Provenance) -> Iterator[Writer]:
    """Yield a writer; the file appears under ``path`` when the block ends well.

    Args:
        path: where the file will be.
        images: how many the statistics are about.
        count: how many of the best images are kept, where there are so many.
        provenance: where the statistics come from.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    attrs = {"images": images, "top_count": count}
    with hdf5.create(
        path, schema=SCHEMA, version=VERSION, provenance=provenance, attrs=attrs
    ) as file:
        yield Writer(file)


def summarise(
    activations: Place,
    path: Place,
    *,
    layers: Sequence[str],
    slices: Slices = (),
    count: int = 9,
    provenance: Provenance,
) -> None:
    """Write the statistics of layers of an activation file, whose maps are read once.

    Memory holds about a megabyte of maps and the statistics of one layer.

    Args:
        activations: the activation file.
        path: where the statistics will be.
        layers: those to summarise; their output has rows and columns.
        slices, count: see :func:`cnnvis.map_statistics.summarise`.
        provenance: where the statistics come from.

    Raises:
        FileError, StoreError: there is no such file or layer, or the disk is full.
        OrderingError: maps without rows and columns, or a slice that they do not have.
    """
    names = [image.id for image in store.images(activations)]
    wanted = tuple(slices)
    with create(path, images=len(names), count=count, provenance=provenance) as writer:
        for layer in layers if names else ():  # a shard without images has nothing to sum up
            maps = store.slabs(activations, layer=layer)
            found = map_statistics.summarise(names, maps, slices=wanted, count=count)
            writer.append(store.layer(activations, layer), found)


def merge(shards: Sequence[Place], path: Place, *, source: str = "") -> None:
    """Write the statistics of the images of all shards, which are not needed any more after that.

    Shards are read one after the other, layer by layer: memory holds the statistics of one layer
    twice. The same shards in the same order give the same bytes.

    Args:
        shards: statistics files about different images, in the order of the images; those about
            none are passed over.
        path: where the merged file will be.
        source: digest of the code, for the provenance.

    Raises:
        StoreError: no shard, shards of different layers, or the same images twice.
        CnnvisError: shards that were summarised with other options.
    """
    shards = [shard for shard in shards if _number(shard, "images")]
    if not shards:
        raise StoreError(f"no shards with images to merge into {path}.")
    specs = layers(shards[0])
    for shard in shards[1:]:
        if layers(shard) != specs:
            raise StoreError(
                f"{shards[0]} and {shard} are about different layers or networks. Delete the one "
                "that is out of date and start the workflow."
            )
    with create(
        path,
        images=sum(_number(shard, "images") for shard in shards),
        count=_number(shards[0], "top_count"),
        provenance=_merging(shards, source),
    ) as writer:
        for spec in specs:
            every = (read(shard, layer=spec.name) for shard in shards)
            writer.append(spec, map_statistics.merged(every))


def _merging(shards: Sequence[Place], source: str) -> Provenance:
    """Return the provenance of merged statistics, with shards named by their place in the set."""
    digests = [hdf5.provenance_digest(shard) for shard in shards]
    again = [shard for place, shard in enumerate(shards) if digests[place] in digests[:place]]
    if again:
        raise StoreError(f"{again[0]} is about the same images as a shard before it.")
    return of(
        "merge_statistics",
        params={},
        inputs={f"{place:04d}": digest for place, digest in enumerate(digests)},
        source=source,
        packages=("h5py", "numpy"),
    )


def layers(path: Place) -> tuple[LayerSpec, ...]:
    """Return the layers of a file, in its order."""
    with _open(path) as file:
        return tuple(_spec(file["layers"][name], name) for name in file["layers"])


def read(path: Place, *, layer: str) -> Statistics:
    """Return the statistics of one layer.

    Raises:
        FileError, StoreError: there is no such file or layer.
    """
    with _open(path) as file:
        kept = _read_sums(_layer(file, layer), file)
        count = int(file.attrs["top_count"])
    return Statistics(kept, read_top(path, layer=layer), count)


def read_top(path: Place, *, layer: str) -> dict[By, TopImages]:
    """Return the best images of every channel, by each of :data:`cnnvis.top_images.MEASURES`.

    Raises:
        FileError, StoreError: there is no such file or layer.
    """
    with _open(path) as file:
        group = _layer(file, layer)
        return {by: _read_top(group, by) for by in MEASURES}


def provenance(path: Place) -> Provenance:
    """Return where the statistics come from."""
    return hdf5.provenance(path)


def read_sums(path: Place, *, layer: str, source: str) -> KeptSums:
    """Return the sums over all images; or over one, the mean map of them all.

    Args:
        path: a statistics file.
        layer: one of its layers.
        source: :data:`cnnvis.store.SET` or :data:`cnnvis.store.MEAN`.

    Raises:
        FileError, StoreError: there is no such file or layer.
    """
    with _open(path) as file:
        group = _layer(file, layer)
        if source == store.SET:
            return _read_sums(group, file)
        mean = group[MAPS.name][:] / int(file.attrs["images"])
        slices = [(part.axis, part.index) for part in _parts(group) if part.kind == "slice"]
    return sum_up([mean[None]], slices)


def sums_of(
    *,
    activations: Place | None = None,
    statistics: Place | None = None,
    layer: str,
    source: str,
    slices: Slices = (),
) -> tuple[dict[str, str], KeptSums]:
    """Return sums over the maps that a source stands for, and the file they come from.

    The file is named as a provenance names inputs: by what it is, and its digest.

    Args:
        activations: the file whose maps are summed up, where ``statistics`` is not given.
        statistics: a file in which that was done, for the sources of :func:`read_sums`.
        layer: one of its layers.
        source: see :func:`cnnvis.store.maps_of`.
        slices: single slices that are wanted of the maps, see :func:`cnnvis.ordering.sum_up`.

    Raises:
        FileError, StoreError: there is no such file, layer or image.
        OrderingError: maps that cannot be ordered, or a slice that they do not have.
        ValueError: neither file is given.
    """
    if statistics is not None:
        digest = hdf5.provenance_digest(statistics)
        return {"statistics": digest}, read_sums(statistics, layer=layer, source=source)
    if activations is None:
        raise ValueError("sums come from activations or from statistics; neither was given")
    digest = hdf5.provenance_digest(activations)
    maps = store.maps_of(activations, layer=layer, source=source)
    return {"activations": digest}, sum_up(([block] for block in maps), slices)


def top_table(path: Place) -> "pd.DataFrame":
    """Return the best images of every channel of all layers.

    Columns: layer, and those of :func:`cnnvis.top_images.table`.
    """
    import pandas as pd

    parts = []
    with _open(path) as file:
        for name in file["layers"]:
            group = file["layers"][name]
            rows, cols = group["row"][:], group["col"][:]
            for by in MEASURES:
                best = top_images.table(_read_top(group, by), by, rows=rows, cols=cols)
                best.insert(0, "layer", name)
                parts.append(best)
    return pd.concat(parts, ignore_index=True)


def _open(path: Place) -> AbstractContextManager[h5py.File]:
    return hdf5.open_checked(path, SCHEMA, VERSION)


def _number(path: Place, name: str) -> int:
    with _open(path) as file:
        return int(file.attrs[name])


def _layer(file: h5py.File, layer: str) -> h5py.Group:
    known = file["layers"]
    if layer not in known:
        raise StoreError(
            f"no layer {layer!r} in {file.filename}, which has {', '.join(known)}"
            f"{did_you_mean(layer, known)}."
        )
    return known[layer]


def _spec(group: h5py.Group, name: str) -> LayerSpec:
    return layer_group.read(group[MAPS.name], name, group[MAPS.name].shape)


def _write_sums(group: h5py.Group, spec: LayerSpec, kept: KeptSums) -> None:
    channel, row, col = layer_group.write_axes(group, spec)
    other = dimensions.scale(group, "other", channel[:])
    also = [
        dimensions.extent(group, f"{name}_or_centre", len(channel) + 1)
        for name in ("channel", "other")
    ]
    dimensions.table(group, "brightness", kept.brightness, [channel])
    known = {MAPS: (channel, row, col), CENTRED: also}
    known |= {part: ({"row": row, "col": col}[part.axis], channel, other) for part in ALL_SLICES}
    for part, values in kept.parts.items():
        dataset = dimensions.table(group, part.name, values, known.get(part, (channel, other)))
        dataset.attrs["kind"] = part.kind
        dataset.attrs["axis"] = part.axis
        if part.index is not None:
            dataset.attrs["index"] = part.index
    layer_group.write_attributes(group[MAPS.name], spec)


def _read_sums(group: h5py.Group, file: h5py.File) -> KeptSums:
    parts = {part: group[part.name][:] for part in _parts(group)}
    images = int(file.attrs["images"])
    return KeptSums(images, group[MAPS.name].shape, group["brightness"][:], parts)


def _parts(group: h5py.Group) -> list[Part]:
    """Return the parts that a layer has, in the order in which they were written."""
    attributes = (data.attrs for data in group.values() if "kind" in data.attrs)
    return [
        Part(str(say["kind"]), str(say["axis"]), int(say["index"]) if "index" in say else None)
        for say in attributes
    ]


def _write_top(group: h5py.Group, by: str, best: TopImages) -> None:
    inner = group.create_group(f"top/{by}", track_order=True)
    channels, ranks = best.value.shape
    axes = [
        dimensions.scale(inner, "channel", np.arange(channels, dtype=np.int32)),
        dimensions.scale(inner, "rank", np.arange(1, ranks + 1, dtype=np.int32)),
    ]
    for name in ("image", "value", "row", "col"):
        dimensions.table(inner, name, getattr(best, name), axes)


def _read_top(group: h5py.Group, by: str) -> TopImages:
    inner = group["top"][by]
    return TopImages(
        np.asarray(inner["image"].asstr()[:], np.str_),
        inner["value"][:],
        inner["row"][:],
        inner["col"][:],
    )

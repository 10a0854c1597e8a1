"""Shards: files about different images, read as if they were one.

The gathered file copies what is small (the table of images, coordinates) and reads through to the
shards for the rest, by HDF5's virtual datasets: nothing large is written twice. The paths to the
shards are relative: the folder can be moved as a whole.

* A dataset (image, ...) becomes the shards' datasets one after the other.
* So do the points of backtracks, (point, ...); ``start_edge``, which says where the points of every
  backtrack begin, is computed anew.
* What depends on no image has to be the same in all shards.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cnnvis import dimensions, hdf5
from cnnvis.errors import StoreError
from cnnvis.progress import Watch, unwatched
from cnnvis.provenance import Provenance, of

IMAGE, POINT, EDGE = "image", "point", "edge"
"""Dimensions that grow with the images: themselves, the points of all of them, and where the points
of each backtrack begin and end."""
_GROWING = (IMAGE, POINT, EDGE)
_RANK = "rank"
"""A dimension of a few entries for each image."""


@dataclass(frozen=True)
class _Member:
    """One dataset of a shard: values where they are copied, None where they are read through to."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    labels: tuple[str, ...]
    scales: tuple[str, ...]
    attrs: tuple[tuple[str, Any], ...]
    is_scale: bool
    is_extent: bool
    values: NDArray[Any] | None

    @property
    def grows(self) -> str:
        """The dimension along which shards follow one another; empty where they have to agree."""
        return self.labels[0] if self.labels and self.labels[0] in _GROWING else ""

    def kind(self) -> tuple[object, ...]:
        """Return what has to agree between shards."""
        rest = self.shape[1:] if self.grows else self.shape
        fixed = [] if self.grows or self.values is None else self.values.tolist()
        return (rest, str(self.dtype), self.labels, self.scales, self.attrs, fixed)


@dataclass(frozen=True)
class _Shard:
    path: Path
    schema: str
    version: int
    attrs: dict[str, Any]
    provenance: Provenance
    groups: dict[str, tuple[tuple[str, Any], ...]]
    members: dict[str, _Member]


def gather(
    shards: Sequence[str | os.PathLike[str]],
    path: str | os.PathLike[str],
    *,
    provenance: Provenance | None = None,
) -> None:
    """Write the file ``path`` that reads as all ``shards``, one after the other.

    Args:
        shards: files of one schema, about different images, in the order of reading. They stay
            needed.
        path: where the gathered file will be.
        provenance: where it comes from; by default, from the provenances of the shards.

    Raises:
        StoreError: the shards differ in schema, version, model, layers or anything else but images;
            or an image is in two of them, or none in any.
        FileError: a shard cannot be read, or ``path`` cannot be written.
    """
    if not shards:
        raise StoreError(f"no shards to gather into {path}.")
    read = [_read(Path(shard)) for shard in shards]
    for other in read[1:]:
        _require_alike(read[0], other)
    _require_different_images(read)
    if not any(shard.members["/image"].shape[0] for shard in read):
        raise StoreError(
            f"no image in any of the {len(read)} shards of {path}: none could be used."
        )
    names = [_relative(shard.path, Path(path)) for shard in read]
    first = read[0]
    with hdf5.create(
        path,
        schema=first.schema,
        version=first.version,
        provenance=provenance or _default_provenance(read, names),
        attrs=first.attrs,
    ) as file:
        for group, attrs in first.groups.items():
            file.create_group(group, track_order=True).attrs.update(attrs)
        for name in first.members:
            _write(file, name, [shard.members[name] for shard in read], names)
        for name, member in first.members.items():
            dimensions.attach(file[name], [file[scale] for scale in member.scales])
        _list_shards(file, read, names)


def repack(
    gathered: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    slab_bytes: int = 1 << 24,
    watch: Watch[int] = unwatched,
) -> None:
    """Write a file that holds all that a gathered file reads through to, and needs no shards.

    Values lie in one piece, in the order of the images: any program reads them, and may map them
    into memory. Copied by slabs, in memory that does not depend on the number of images.

    Args:
        gathered: a file of :func:`gather`, or any other of ours.
        path: where the new file will be.
        slab_bytes: how much is copied at a time.
        watch: what passes on the numbers of the slabs, and says how far it is.

    Raises:
        StoreError: a shard is missing or another; ``gathered`` is no file of ours.
        FileError: it cannot be read, or ``path`` cannot be written.
    """
    with hdf5.open_checked(gathered, None) as source:
        whole = _described(source, Path(gathered))
        made = of(
            "repack",
            params={"schema": whole.schema},
            inputs={"gathered": whole.provenance.digest},
            packages=("h5py",),
        )
        with hdf5.create(
            path,
            schema=whole.schema,
            version=whole.version,
            provenance=made,
            attrs=whole.attrs,
        ) as file:
            for group, attrs in whole.groups.items():
                file.create_group(group, track_order=True).attrs.update(attrs)
            for name, member in whole.members.items():
                if member.values is None and not member.is_extent:
                    file.create_dataset(name, member.shape, member.dtype)
                    file[name].attrs.update(member.attrs)
                else:
                    _write(file, name, [member], [])
            for name, member in whole.members.items():
                dimensions.attach(file[name], [file[scale] for scale in member.scales])
            _copy(source, file, whole, slab_bytes, watch)


def _copy(
    source: h5py.File, file: hdf5.NewFile, whole: _Shard, slab_bytes: int, watch: Watch[int]
) -> None:
    """Copy what is large, a slab at a time."""
    slabs = []
    for name, member in whole.members.items():
        if member.values is None and not member.is_extent:
            row = max(1, prod(member.shape[1:]) * member.dtype.itemsize)
            step = max(1, slab_bytes // row)
            slabs += [(name, first, first + step) for first in range(0, member.shape[0], step)]
    for number in watch(range(len(slabs)), "slabs"):
        name, first, end = slabs[number]
        file[name][first:end] = hdf5.values(source[name], slice(first, end))
        file.check()


def _read(path: Path) -> _Shard:
    with hdf5.open_checked(path, None) as file:
        if hdf5.SHARDS in file:
            raise StoreError(f"{path} is gathered itself; name its shards instead.")
        return _described(file, path)


def _described(file: h5py.File, path: Path) -> _Shard:
    """Return what a file holds, but for its large values and the list of its shards."""
    objects = {name: item for name, item in _walk(file) if name.split("/")[1] != hdf5.SHARDS}
    # HDF5 would search the whole file for the name of each dimension, once for every use of it.
    names = {_address(item): name for name, item in objects.items()}
    return _Shard(
        path,
        str(file.attrs["schema"]),
        int(file.attrs["schema_version"]),
        {name: value for name, value in _attrs(file) if name not in hdf5.RESERVED},
        hdf5.provenance_of(file),
        {name: _attrs(item) for name, item in objects.items() if isinstance(item, h5py.Group)},
        {
            name: _member(item, names)
            for name, item in objects.items()
            if isinstance(item, h5py.Dataset)
        },
    )


def _walk(group: h5py.Group) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Yield all groups and datasets in the order in which they were written."""
    for item in group.values():
        yield item.name, item
        if isinstance(item, h5py.Group):
            yield from _walk(item)


_OF_DIMENSIONS = ("CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS")
"""Attributes by which HDF5 itself keeps track of dimensions."""


def _attrs(item: h5py.HLObject) -> tuple[tuple[str, Any], ...]:
    found = ((name, item.attrs[name]) for name in item.attrs if name not in _OF_DIMENSIONS)
    return tuple((n, tuple(v.tolist()) if isinstance(v, np.ndarray) else v) for n, v in found)


def _address(item: h5py.HLObject) -> int:
    """Return what tells an object of a file from all others."""
    return int(h5py.h5o.get_info(item.id).addr)


def _member(dataset: h5py.Dataset, names: Mapping[int, str]) -> _Member:
    is_extent = dimensions.is_extent(dataset)
    labels = dimensions.labels(dataset)
    large = labels[0] == POINT or (labels[0] == IMAGE and labels[1:] not in ((), (_RANK,)))
    words = h5py.check_string_dtype(dataset.dtype) is not None
    return _Member(
        shape=dataset.shape,
        dtype=dataset.dtype,
        labels=labels,
        scales=tuple(names[_address(dim[0])] for dim in dataset.dims if len(dim)),
        attrs=_attrs(dataset),
        is_scale=dataset.is_scale,
        is_extent=is_extent,
        values=None if large or is_extent else (dataset.asstr() if words else dataset)[:],
    )


def _require_alike(first: _Shard, other: _Shard) -> None:
    """See that two shards differ in their images alone."""
    kinds = [
        {
            "schema": shard.schema,
            "schema_version": shard.version,
            "stage": shard.provenance.stage,
            "source": shard.provenance.source,
        }
        for shard in (first, other)
    ]
    _compare("the file's", first, other, *kinds)
    _compare("attribute", first, other, first.attrs, other.attrs)
    _compare("group", first, other, first.groups, other.groups)
    members = [{n: m.kind() for n, m in shard.members.items()} for shard in (first, other)]
    _compare("dataset", first, other, *members)


def _compare(
    what: str, first: _Shard, other: _Shard, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    different = [
        name for name in {**ours, **theirs} if ours.get(name, what) != theirs.get(name, what)
    ]
    if different:
        name = different[0]
        raise StoreError(
            f"{first.path} and {other.path} do not belong together: {what} {name} is "
            f"{_shown(ours, name)} in the one and {_shown(theirs, name)} in the other. Delete the "
            "shard that is out of date and start the workflow."
        )


def _shown(found: dict[str, Any], name: str) -> str:
    return repr(found[name])[:120] if name in found else "missing"


def _require_different_images(shards: Sequence[_Shard]) -> None:
    seen: dict[str, Path] = {}
    for shard in shards:
        for image in np.asarray(shard.members["/image"].values):
            if image in seen:
                raise StoreError(
                    f"image {image!r} is in {seen[image]} and in {shard.path}. Give every photo of "
                    "a set an id of its own: in a sheet its column id; in tar files its name in "
                    "there, for instance in a folder called as the tar file is."
                )
            seen[image] = shard.path


def _relative(shard: Path, gathered: Path) -> str:
    """Return the path from one file to the other, as the file system will walk it."""
    return os.path.relpath(shard.resolve(), gathered.parent.resolve())


def _default_provenance(shards: Sequence[_Shard], names: Sequence[str]) -> Provenance:
    return of(
        "gather",
        params={"schema": shards[0].schema},
        inputs={name: shard.provenance.digest for name, shard in zip(names, shards, strict=True)},
        packages=("h5py",),
    )


def _write(
    file: h5py.File, name: str, members: Sequence[_Member], shard_names: Sequence[str]
) -> None:
    """Write one dataset: its values, or the way to them."""
    first = members[0]
    group, last = file[name.rsplit("/", 1)[0] or "/"], name.rsplit("/", 1)[1]
    if first.is_extent:
        dimensions.extent(group, last, _joined_length(members))
    elif first.values is None:
        dataset = _virtual(group, last, members, shard_names)
        dataset.attrs.update(first.attrs)
    elif first.is_scale:
        dimensions.scale(group, last, _joined(members), **dict(first.attrs))
    else:
        dimensions.table(group, last, _joined(members), []).attrs.update(first.attrs)


def _joined_length(members: Sequence[_Member]) -> int:
    """Return the length of a growing dimension; edges are one more than what they divide."""
    if members[0].grows == EDGE:
        return sum(member.shape[0] - 1 for member in members) + 1
    return sum(member.shape[0] for member in members)


def _joined(members: Sequence[_Member]) -> NDArray[Any]:
    """Return the copied values of all shards as one array."""
    first = members[0]
    values = [member.values for member in members if member.values is not None]
    if first.grows == EDGE:
        counts = np.concatenate([np.diff(edges) for edges in values])
        return np.concatenate([[0], np.cumsum(counts)]).astype(first.dtype)
    return np.concatenate(values) if first.grows else values[0]


def _virtual(
    group: h5py.Group, last: str, members: Sequence[_Member], shard_names: Sequence[str]
) -> h5py.Dataset:
    """Create a dataset that is the shards' datasets, one after the other."""
    first = members[0]
    layout = h5py.VirtualLayout((_joined_length(members), *first.shape[1:]), first.dtype)
    layout.dcpl.set_obj_track_times(False)
    begin = 0
    for member, shard in zip(members, shard_names, strict=True):
        end = begin + member.shape[0]
        if end > begin:
            source = f"{group.name.rstrip('/')}/{last}"
            # HDF5 reads % as the start of a pattern.
            layout[begin:end] = h5py.VirtualSource(shard.replace("%", "%%"), source, member.shape)
        begin = end
    hole = np.nan if first.dtype.kind == "f" else None
    return group.create_virtual_dataset(last, layout, fillvalue=hole)


def _list_shards(file: h5py.File, shards: Sequence[_Shard], names: Sequence[str]) -> None:
    group = file.create_group(hdf5.SHARDS, track_order=True)
    shard = dimensions.scale(group, "shard", list(names))
    digests = [member.provenance.digest for member in shards]
    dimensions.table(group, "provenance_digest", digests, [shard])
    counts = [member.members["/image"].shape[0] for member in shards]
    dimensions.table(group, "images", np.array(counts, np.int64), [shard])

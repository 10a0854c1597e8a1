"""What an HDF5 file may not do when it is read: lead elsewhere, or claim more than it holds.

HDF5 follows links into other files, reads values out of any file that a dataset names, and makes
room for whatever size a dataset claims. Files of ours need none of it but one: a gathered file
reads through to its shards. So a file that does is somebody else's work, and is refused whole.
"""

from pathlib import Path

import h5py
import numpy as np

from cnnvis import dimensions
from cnnvis.errors import StoreError

SHARDS = "shards"
"""The group of a gathered file that lists the files it reads through to."""

_MOST_PACKED = 1100
"""How many times its own size gzip, the best packer of ours, can stand for; a little more."""
_SLACK = 1 << 20
"""Bytes that nobody counts."""
_REMEMBERED = 10_000
_SOUND: set[tuple[str, int, int]] = set()
"""Files that were found sound, as they were then: many are opened for one image after the other."""


def check(file: h5py.File, path: Path) -> None:
    """Refuse a file with links, with values in other files, or with sizes that cannot be.

    Args:
        file: open for reading.
        path: where it lies; a file is looked at once, and again when it has changed.

    Raises:
        StoreError: naming the file, the place in it, and what is wrong.
    """
    state = path.stat()
    seen = (str(path.resolve()), state.st_mtime_ns, state.st_size)
    if seen in _SOUND:
        return
    fault = _fault(file)
    if fault:
        raise StoreError(f"{path} was not made by cnnvis, or changed since: {fault}. Not read.")
    if len(_SOUND) >= _REMEMBERED:
        _SOUND.clear()
    _SOUND.add(seen)


def _fault(file: h5py.File) -> str:
    """Return what is wrong with a file, in words; nothing where all is well."""
    links: list[str] = []
    names: list[str] = []

    def look(name: str, link: object) -> None:
        (names if isinstance(link, h5py.HardLink) else links).append(name)

    file.visititems_links(look)
    if links:
        return f"'{links[0]}' is a link to somewhere else"
    shards = _shards(file)
    for name in names:
        item = file[name]
        fault = _fault_of(item, shards) if isinstance(item, h5py.Dataset) else ""
        if fault:
            return f"'{name}' {fault}"
    return ""


def _shards(file: h5py.File) -> frozenset[str]:
    """Return the files that a gathered file may read through to, as HDF5 writes them down."""
    if SHARDS not in file:
        return frozenset()
    return frozenset(name.replace("%", "%%") for name in file[SHARDS]["shard"].asstr()[:])


def _fault_of(dataset: h5py.Dataset, shards: frozenset[str]) -> str:
    made = dataset.id.get_create_plist()
    if made.get_external_count():
        return f"has its values in another file, {dataset.external[0][0]}"
    if made.get_layout() == h5py.h5d.VIRTUAL:
        return _fault_of_virtual(dataset, shards)
    claimed, held = dataset.nbytes, dataset.id.get_storage_size()
    if claimed > _MOST_PACKED * held + _SLACK and not dimensions.is_extent(dataset):
        return f"claims {claimed} bytes and holds {held}"
    return ""


def _fault_of_virtual(dataset: h5py.Dataset, shards: frozenset[str]) -> str:
    sources = dataset.virtual_sources()
    strangers = [source.file_name for source in sources if source.file_name not in shards]
    if strangers:
        return f"reads through to {strangers[0]}, which is no shard of it"
    mapped = sum(source.vspace.get_select_npoints() for source in sources)
    if mapped != np.prod(dataset.shape, dtype=object):
        return f"claims {dataset.size} values and has {mapped} in its shards"
    return ""

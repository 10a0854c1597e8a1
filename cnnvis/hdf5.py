"""What our HDF5 files share: whole or not there, named by schema, the same bytes on every run.

Every file says what it is (``schema``, ``schema_version``) and where it comes from
(``provenance``). Its datasets have named dimensions (:mod:`cnnvis.dimensions`).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cnnvis import files, hdf5_bounds
from cnnvis.errors import CnnvisError, FileError, StoreError
from cnnvis.hdf5_sink import Sink
from cnnvis.provenance import Provenance

_FORMAT = ("v110", "v110")
"""The file format of HDF5 1.10 (2016), the first with virtual datasets; fixed, for equal bytes."""
_WRITE_CACHE = 1 << 20
"""Bytes of chunks held per dataset while writing: a few chunks, whatever the number of images."""
_READ_CACHE = 0
"""Without a cache HDF5 reads just the wanted part of an uncompressed chunk; with one, the whole
chunk: one channel of many images then takes three to ten times as long."""
_LOCKED = "unable to lock file"
"""What HDF5 says of a disk that refuses locks."""
_OF_CONTENT = (
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What h5py and NumPy raise where a file does not hold what its kind should, or is damaged."""
RESERVED = ("schema", "schema_version", "provenance")
"""What every file says at its root."""
SHARDS = hdf5_bounds.SHARDS


class NewFile(h5py.File):  # type: ignore[misc]  # h5py says nothing of its types
    """An HDF5 file being written, that appears when it is whole; see :func:`create`."""

    def __init__(self, path: Path) -> None:
        """Begin an empty file."""
        self._sink = Sink(path)
        super().__init__(
            self._sink,
            "w",
            libver=_FORMAT,
            track_order=True,
            track_times=False,
            rdcc_nbytes=_WRITE_CACHE,
        )

    def check(self) -> None:
        """Raise the error that writing has met, if any: to be called now and then.

        Raises:
            OSError: the disk is full, or else.
        """
        if self._sink.error is not None:
            raise self._sink.error

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._sink.close()


@contextmanager
def create(
    path: str | os.PathLike[str],
    *,
    schema: str,
    version: int,
    provenance: Provenance,
    attrs: Mapping[str, Any] | None = None,
) -> Iterator[NewFile]:
    """Yield a new HDF5 file that appears under ``path`` when the block ends well, and not before.

    The same calls write the same bytes: nothing in the file depends on the time, the machine or the
    path. ``attrs`` are written at its root: words, numbers, lists of numbers; a mapping becomes
    JSON.

    Raises:
        FileError: the disk is full, or the folder cannot be written to; nothing is left behind.
    """
    files.remove_leftovers(path)
    with files.replacing(path) as temporary, _opened_for_writing(temporary) as file:
        file.attrs["schema"] = schema
        file.attrs["schema_version"] = version
        for name, value in (attrs or {}).items():
            if name in RESERVED:
                raise ValueError(f"{path}: the attribute {name!r} is written by itself")
            file.attrs[name] = _attribute(value)
        file.attrs["provenance"] = provenance.to_json()
        yield file


@contextmanager
def _opened_for_writing(path: Path) -> Iterator[NewFile]:
    file = NewFile(path)
    try:
        yield file
    except Exception:
        file.check()  # of two errors, the disk's is the cause
        raise
    finally:
        file.close()
    file.check()


def _attribute(value: Any) -> Any:
    return files.canonical_json(value) if isinstance(value, Mapping) else value


@contextmanager
def open_checked(
    path: str | os.PathLike[str], schema: str | None, version: int | None = None
) -> Iterator[h5py.File]:
    """Yield an HDF5 file of ours for reading, once it is known to be of the schema and version.

    A ``schema`` of None takes any file of ours. A gathered file is yielded when all its shards are
    there, and the ones that were gathered: HDF5 itself would fill the gaps without a word. A file
    that leads elsewhere, or claims more than it holds, is not yielded (:mod:`cnnvis.hdf5_bounds`).

    The block is for reading alone: what goes wrong in it with the content is told as a fault of the
    file.

    Raises:
        FileError: there is no such file, or it cannot be read.
        StoreError: it is not HDF5, not of this schema or version, or a shard is missing or another;
            or it is damaged, or not laid out as such a file.
    """
    with _opened_for_reading(Path(path)) as file:
        try:
            _check_schema(file, path, schema, version)
            yield file
        except CnnvisError as error:
            if str(Path(path)) in str(error):
                raise
            raise StoreError(f"{path}: {error}") from error
        except _OF_CONTENT as error:
            raise StoreError(_damaged(path, error)) from error


@contextmanager
def _opened_for_reading(path: Path) -> Iterator[h5py.File]:
    try:
        file = _open_unlocked_if_need_be(path)
    except _OF_CONTENT as error:
        raise StoreError(_damaged(path, error)) from error
    try:
        yield file
    finally:
        file.close()


def _damaged(path: str | os.PathLike[str], error: Exception) -> str:
    return (
        f"{path} is damaged, or not laid out as a file of its kind ({type(error).__name__}: "
        f"{error}). Delete it and rerun the stage that makes it."
    )


def _open_unlocked_if_need_be(path: Path) -> h5py.File:
    """Open a file and look at its shards.

    HDF5 locks what it opens, and some disks of clusters refuse locks. Nobody changes a file of ours
    once it has its name, so it can be read without. The lock is tried first all the same: HDF5
    refuses to open a file twice in one process, by us and by xarray, with different ideas of locks.
    """
    try:
        return _open_with_shards(path, "best-effort")
    except OSError as error:
        if _LOCKED not in str(error):
            raise _unreadable(path, error) from error
    try:
        return _open_with_shards(path, False)
    except OSError as error:
        raise _unreadable(path, error) from error


def _open(path: Path, locking: bool | str) -> h5py.File:
    return h5py.File(path, "r", rdcc_nbytes=_READ_CACHE, locking=locking)


def _open_with_shards(path: Path, locking: bool | str) -> h5py.File:
    file = _open(path, locking)
    try:
        hdf5_bounds.check(file, path)
        _check_shards(file, path, locking)
    except BaseException:
        file.close()
        raise
    return file


def _check_shards(file: h5py.File, path: Path, locking: bool | str) -> None:
    if SHARDS not in file:
        return
    names, digests = (file[SHARDS][name].asstr()[:] for name in ("shard", "provenance_digest"))
    for name, digest in zip(names, digests, strict=True):
        shard = path.resolve().parent / name
        try:
            found = _digest_of_shard(shard, shard.stat().st_mtime_ns, locking)
        except FileNotFoundError as error:
            raise StoreError(_stale(path, name, "is not there")) from error
        except OSError as error:
            if _LOCKED in str(error):
                raise
            raise _unreadable(shard, error) from error
        if found != digest:
            raise StoreError(_stale(path, name, "has been made again, with another provenance"))


@lru_cache(maxsize=10_000)  # a gathered file is often opened for one image after the other
def _digest_of_shard(path: Path, _modified: int, locking: bool | str) -> str:
    with _open(path, locking) as shard:
        hdf5_bounds.check(shard, path)
        return provenance_of(shard).digest


def values(dataset: h5py.Dataset, selection: Any = ()) -> NDArray[Any]:
    """Return the selected values of a dataset.

    Raises:
        StoreError: they cannot be read, because a shard has gone or HDF5 cannot open it. It reads
            what has gone as NaN; no file of ours holds a NaN.
    """
    try:
        found: NDArray[Any] = dataset[selection]
    except OSError as error:
        raise StoreError(_lost(dataset, str(error))) from error
    if dataset.is_virtual and found.dtype.kind == "f" and np.isnan(found).any():
        raise StoreError(_lost(dataset, "a shard has gone"))
    return found


def _lost(dataset: h5py.Dataset, why: str) -> str:
    return (
        f"{dataset.file.filename} cannot be read any more: {why}. Look at the disk; close the file "
        "and its shards where they are open for writing; or delete it and start the workflow."
    )


def _stale(path: Path, shard: str, what: str) -> str:
    return (
        f"{path} reads through to the shard {shard} (as seen from its own folder), which {what}. "
        "Keep the shards where they were; or delete the gathered file and start the workflow."
    )


def _unreadable(path: Path, error: OSError) -> FileError | StoreError:
    if isinstance(error, FileNotFoundError):
        return FileError(f"there is no file {path}. Run the stage that makes it first.")
    if isinstance(error, PermissionError | IsADirectoryError):
        return FileError(f"cannot read {path}: {os.strerror(error.errno or 0)}.")
    return StoreError(
        f"{path} is not an HDF5 file, or not a whole one ({error}). Delete it and rerun the stage "
        "that makes it."
    )


def _check_schema(
    file: h5py.File, path: str | os.PathLike[str], schema: str | None, version: int | None
) -> None:
    found = file.attrs.get("schema")
    if not str(found).startswith("cnnvis/"):
        raise StoreError(f"{path} is HDF5, but not written by cnnvis: it has no attribute schema.")
    if schema is not None and found != schema:
        raise StoreError(f"{path} is a {found} file; a {schema} file was expected.")
    number = int(file.attrs["schema_version"])
    if version is not None and number != version:
        raise StoreError(_other_version(file, path, number, version))


def _other_version(file: h5py.File, path: str | os.PathLike[str], found: int, expected: int) -> str:
    schema = file.attrs["schema"]
    said = f"{path} has version {found} of the schema {schema}, this cnnvis reads {expected}"
    if found > expected:
        return f"{said}. It was written by a newer cnnvis: update this one."
    stage = provenance_of(file).stage
    return f"{said}. Rerun the stage {stage!r} that made it: delete the file, start the workflow."


def provenance_of(file: h5py.File) -> Provenance:
    """Return where an open file of ours comes from.

    Raises:
        StoreError: it does not say so.
    """
    try:
        return Provenance.from_json(str(file.attrs["provenance"]))
    except StoreError as error:
        raise StoreError(f"{file.filename}: {error}") from error


def provenance(path: str | os.PathLike[str]) -> Provenance:
    """Return where a file of ours comes from.

    Raises:
        FileError, StoreError: see :func:`open_checked`.
    """
    with open_checked(path, None) as file:
        return provenance_of(file)


def provenance_digest(path: str | os.PathLike[str]) -> str:
    """Return the digest that stands for a file of ours in the provenance of what is made from it.

    Raises:
        FileError, StoreError: see :func:`open_checked`.
    """
    return provenance(path).digest

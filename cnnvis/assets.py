"""Downloads pinned by their hash, and what is read out of them: one member, one pickle of arrays.

Nothing of a downloaded package is ever installed, imported or run.
"""

import hashlib
import io
import os
import pickle
import pickletools
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from cnnvis.entries import Archive
from cnnvis.errors import AssetError, did_you_mean
from cnnvis.files import replacing, sha256

MEMBER_BYTES = 1 << 28
"""Largest member that is read out of an archive unless told otherwise: 256 MiB."""


_ARCHIVE_BYTES = 1 << 33
"""Largest tar archive, unpacked, that is looked through for a member: 8 GiB."""
_ARCHIVE_MEMBERS = 200_000


def fetch(
    archive: Archive,
    destination: str | os.PathLike[str],
    *,
    retries: int = 3,
    progress: bool = True,
) -> None:
    """Download an archive to ``destination``, unless the right file lies there already.

    The file appears whole and with the pinned hash, or not at all. A failed connection is tried
    again ``retries`` times, after a pause that doubles.

    Raises:
        AssetError: no network, no such project or version, a truncated or another file.
        FileError: the disk is full, or the folder cannot be written to.
    """
    from cnnvis.download import download  # half a second that readers of archives save

    target = Path(destination)
    if target.is_file() and sha256(target).startswith(archive.sha256):
        return
    with replacing(target) as temporary:
        download(archive, temporary, target, retries=retries, progress=progress)
        found = sha256(temporary)
        if not found.startswith(archive.sha256):
            raise AssetError(
                f"{archive.filename}: the download is not the expected file: sha256 should be "
                f"{archive.sha256}, is {found}. It was thrown away. A proxy may have changed it, "
                "or the server holds another file under this name; try another network or index, "
                f"or put the right file at {target} yourself."
            )


def check_sha256(data: bytes, expected: str, what: str) -> None:
    """Compare the sha256 of ``data`` with the expected one; ``what`` names it in the message.

    Raises:
        AssetError: they differ.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise AssetError(
            f"{what} is not the expected file: sha256 should be {expected}, is {found}. Restore "
            "it, or correct the hash where it is written down."
        )


def member(path: str | os.PathLike[str], *members: str, max_bytes: int = MEMBER_BYTES) -> bytes:
    """Read one member of a zip or tar archive into memory; nothing is unpacked to disk.

    Several ``members`` are the way through nested archives: the first one lies in the file
    ``path``, each further one in the archive before it.

    Raises:
        AssetError: not an archive, or a broken one; no such member, two of that name, a link, a
            path that leads out of the archive, or more than ``max_bytes``.
    """
    place = Path(path)
    if not members:
        raise AssetError(f"{place}: say which member of the archive to read.")
    if not place.is_file():
        raise AssetError(f"there is no archive {place}; it must be downloaded first.")
    where, data = str(place), b""
    for depth, name in enumerate(members):
        _refuse_path(name, where)
        with place.open("rb") if depth == 0 else io.BytesIO(data) as file:
            data = _read_member(file, name, where, max_bytes)
        where = f"{where}!{name}"
    return data


def _refuse_path(name: str, where: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if not name or parts.is_absolute() or ".." in parts.parts:
        raise AssetError(f"{where}: '{name}' is no path inside an archive.")


def _read_member(file: IO[bytes], name: str, where: str, max_bytes: int) -> bytes:
    try:
        packed_by_zip = file.read(2) == b"PK"
        file.seek(0)
        read = _zip_member if packed_by_zip else _tar_member
        return read(file, name, where, max_bytes)
    except AssetError:
        raise
    except Exception as error:  # a damaged archive can fail in any way
        why = str(error).partition("\n")[0].rstrip(":")
        raise AssetError(
            f"{where}: cannot be read as a zip or tar archive ({why}). It may be damaged: delete "
            "it and download it again."
        ) from error


def _zip_member(file: IO[bytes], name: str, where: str, max_bytes: int) -> bytes:
    with zipfile.ZipFile(file) as archive:
        _refuse_unclear(name, where, archive.namelist())
        info = archive.getinfo(name)
        regular = not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16)
        _refuse_entry(name, where, regular, info.file_size, max_bytes)
        return archive.read(info)


def _tar_member(file: IO[bytes], name: str, where: str, max_bytes: int) -> bytes:
    with tarfile.open(fileobj=file, mode="r:*") as archive:
        entries = {info.name: info for info in _entries(archive, where)}
        _refuse_unclear(name, where, archive.getnames())
        info = entries[name]
        _refuse_entry(name, where, info.isfile(), info.size, max_bytes)
        content = archive.extractfile(info)
        assert content is not None  # a plain file has content
        return content.read()


def _entries(archive: tarfile.TarFile, where: str) -> Iterator[tarfile.TarInfo]:
    """Yield what an archive lists; stop before it unpacks to more than anybody packs."""
    for count, info in enumerate(archive):
        if info.offset_data + info.size > _ARCHIVE_BYTES or count >= _ARCHIVE_MEMBERS:
            raise AssetError(
                f"{where} unpacks to more than the {_ARCHIVE_BYTES} bytes or the "
                f"{_ARCHIVE_MEMBERS} members that are looked through; it is not read."
            )
        yield info


def _refuse_unclear(name: str, where: str, names: list[str]) -> None:
    """Refuse a member that is not there, or there twice, for programs differ in which they take."""
    count = names.count(name)
    if not count:
        hint = did_you_mean(name, names) or f"; it holds {', '.join(names[:10])}"
        raise AssetError(f"{where}: no member '{name}'{hint}")
    if count > 1:
        raise AssetError(
            f"{where} holds {count} members '{name}', and nobody can say which is meant. Pack it "
            "again with one."
        )


def _refuse_entry(name: str, where: str, regular: bool, size: int, max_bytes: int) -> None:
    if not regular:
        raise AssetError(
            f"{where}: '{name}' is a link or a folder and no plain file; it is not read."
        )
    if size > max_bytes:
        raise AssetError(
            f"{where}: '{name}' unpacks to {size} bytes, more than the {max_bytes} allowed here."
        )


_CODES = (
    *("PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "DUP"),
    *("GET", "BINGET", "LONG_BINGET", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"),
    *("NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2"),
    *("LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"),
    *("BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    *("EMPTY_LIST", "LIST", "APPEND", "APPENDS", "EMPTY_SET", "ADDITEMS", "FROZENSET"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("EMPTY_DICT", "DICT", "SETITEM", "SETITEMS", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"),
)
"""What a pickle of containers and arrays is made of. Left out is what makes objects of classes in
other ways (INST, OBJ, NEWOBJ), or fetches them from elsewhere (EXT, PERSID, NEXT_BUFFER)."""


class _ArraysOnly(pickle.Unpickler):
    """Unpickler that can make plain containers and NumPy arrays, and nothing else."""

    def __init__(self, file: IO[bytes], what: str) -> None:
        """Begin; ``what`` names the pickle in messages."""
        super().__init__(file)
        self._what = what

    def find_class(self, module: str, name: str) -> Any:
        import numpy as np
        from numpy._core.multiarray import _reconstruct

        allowed: dict[tuple[str, str], Any] = {
            ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): _Dtype(),
        }
        if (module, name) not in allowed:
            raise AssetError(
                f"{self._what} asks for '{module}.{name}'; only NumPy arrays are loaded, because "
                "anything else could run code. Save the weights as .npz or .safetensors instead."
            )
        return allowed[module, name]


class _Dtype:
    """Makes a dtype; pickles of old give the flags as integers, which NumPy no longer likes.

    No function, for a pickle may set attributes of what it was given, and this has none.
    """

    __slots__ = ()

    def __call__(self, code: str, align: int = 0, copy: int = 0) -> Any:
        import numpy as np

        return np.dtype(code, bool(align), bool(copy))


def restricted_pickle(data: bytes, what: str = "the pickle") -> Any:
    """Load a pickle of containers and NumPy arrays without letting it run any code.

    Only ``numpy.core.multiarray._reconstruct``, ``numpy.ndarray`` and ``numpy.dtype`` may be named
    in it, as NumPy 1 wrote arrays. It is read through before it is loaded: what does more than such
    a pickle does, or wants more room for its notes than it has bytes, is not loaded at all.

    Raises:
        AssetError: the pickle is damaged or names anything else; ``what`` names it in the message.
    """
    try:
        _read_through(data, what)
        return _ArraysOnly(io.BytesIO(data), what).load()
    except AssetError:
        raise
    except Exception as error:  # a damaged pickle can fail in any way
        raise AssetError(f"{what} is damaged: {type(error).__name__}: {error}") from error


def _read_through(data: bytes, what: str) -> None:
    for code, argument, _ in pickletools.genops(data):
        if code.name not in _CODES:
            raise AssetError(
                f"{what} uses {code.name}, which arrays do not need and which could run code; it "
                "is not loaded. Save the weights as .npz or .safetensors instead."
            )
        if code.name.endswith("PUT") and int(str(argument)) > len(data):
            raise AssetError(f"{what} is damaged: it counts to {argument} in {len(data)} bytes.")

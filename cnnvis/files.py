"""Files that are either whole or not there, and their hashes."""

import errno
import hashlib
import io
import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnvis import processes
from cnnvis.errors import FileError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_HASH_BLOCK = 1 << 20
"""Bytes hashed at a time."""
_NAME_BYTES = 120
"""How much of the target's name goes into the name of its temporary file (the limit is 255)."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""A write that no more room is given to: the disk, the quota, the largest file allowed."""
_HOST = processes.host()
_COUNTER = itertools.count()


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block ends well.

    The temporary file keeps the suffix of ``path``, for libraries that choose a format by it. After
    any exception it is removed and ``path`` is as it was before. A process killed by force may
    leave the temporary file behind, hidden beside ``path`` (see :func:`remove_leftovers`).

    Raises:
        FileError: the disk is full, or ``path`` cannot be written to. Errors of reading other files
            inside the block pass unchanged.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> [file.name for file in folder.iterdir()]
    ['a.txt']
    """
    target = Path(path)
    temporary = target.with_name(
        f".cnnvis-{os.getpid()}.{_HOST}.{next(_COUNTER)}.{_tail(target.name)}"
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(target)
    except OSError as error:
        explained = _explained(error, target, temporary)
        if explained is None:
            raise
        raise explained from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _tail(name: str) -> str:
    """Return the end of a file's name, suffix included, short enough to be a part of another."""
    return name.encode()[-_NAME_BYTES:].decode(errors="ignore")


def _explained(error: OSError, target: Path, temporary: Path) -> FileError | None:
    """Turn the refusal to write ``target`` into a sentence; None where the error is another's."""
    if not _is_about(error, target, temporary):
        return None
    if error.errno in _FULL:
        return FileError(
            f"no space left while writing {target} ({_free(target) / 1e6:.0f} MB free on that "
            "disk; a quota may allow less). Nothing was left half-written. Free some space and run "
            "again; fewer layers, float16 or compression make result files smaller."
        )
    return FileError(
        f"cannot write {target}: {error.strerror or error}. Make the folder {target.parent} "
        "writable, or run in another folder (snakemake --directory FOLDER)."
    )


def _is_about(error: OSError, target: Path, temporary: Path) -> bool:
    """Tell whether an error comes from writing ``target``, and not from reading another file."""
    named = [Path(os.fsdecode(name)) for name in _file_names(error)]
    if named:
        ours = (target, temporary, *target.parents)
        return any(name in ours for name in named)
    # Only a write can fill a disk, and a failed write names no file; HDF5 names it in its text.
    return error.errno in (*_FULL, errno.EROFS) or temporary.name in str(error)


def _file_names(error: OSError) -> list[str | bytes | os.PathLike[str]]:
    """Return the files that an error is about, as far as it says so."""
    names = (error.filename, error.filename2)
    return [name for name in names if isinstance(name, (str, bytes, os.PathLike))]


def _free(path: Path) -> int:
    """Return the free bytes of the disk that ``path`` is, or would be, on."""
    return shutil.disk_usage(_nearest_folder(path)).free


def _nearest_folder(path: Path) -> Path:
    """Return the first folder above ``path`` that exists."""
    return next(folder for folder in path.absolute().parents if folder.is_dir())


def require_space(path: str | os.PathLike[str], size: int) -> None:
    """Refuse to begin a file of ``size`` bytes at ``path`` where it cannot fit.

    Raises:
        FileError: the disk of ``path`` has less room than that.
    """
    usage = shutil.disk_usage(_nearest_folder(Path(path)))
    if usage.total and usage.free < size:  # some network disks tell nothing: a total of 0
        raise FileError(
            f"{path} needs {size / 1e6:.0f} MB, and its disk has {usage.free / 1e6:.0f} MB free. "
            "Free some space, or choose fewer layers, fewer images, float16 or compression."
        )


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove temporary files of ``path`` whose process was killed on this machine, if possible."""
    target = Path(path)
    pattern = re.compile(
        rf"\.cnnvis-(\d+)\.{re.escape(_HOST)}\.\d+\.{re.escape(_tail(target.name))}"
    )
    with suppress(OSError):  # no such folder, or not ours to tidy
        for file in sorted(target.parent.iterdir()):
            left = pattern.fullmatch(file.name)
            if left and not processes.is_running(int(left[1])):
                file.unlink(missing_ok=True)


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the sha256 of a file, in hexadecimal, reading it in blocks."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def canonical_json(value: Any, *, indent: int | None = None) -> str:
    """Return JSON with sorted keys and no room for choice, so that equal values are equal bytes.

    >>> canonical_json({"b": 1, "a": [1, 2]})
    '{"a":[1,2],"b":1}'
    """
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(
        value,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        indent=indent,
        separators=separators,
    )


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` whole, or not at all.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write ``value`` as readable canonical JSON, whole or not at all."""
    write_text(path, canonical_json(value, indent=1) + "\n")


def write_array(path: str | os.PathLike[str], values: "ArrayLike") -> None:
    """Write numbers as a ``.npy`` file, whole or not at all; ``numpy.load`` reads it.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    import numpy as np

    buffer = io.BytesIO()  # numpy, given a file, does not say when the disk is full
    np.save(buffer, np.asarray(values), allow_pickle=False)
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())

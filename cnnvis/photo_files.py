"""The bytes of a photo on this machine: of a plain file, or of a place in a tar file.

A sheet may name anything. What is no plain file would hang for ever (a pipe) or never end (a
device), and what is far too large for a photo would fill the memory: neither is opened.
"""

import os
import stat
from pathlib import Path

from cnnvis import tars
from cnnvis.errors import ImageError

MOST_BYTES = tars.MOST_BYTES
"""Largest file that is read as a photo, in a tar file or not: 256 MiB."""


def read(path: str | os.PathLike[str], *, name: str = "") -> bytes:
    """Return what a photo's file holds, not yet looked at.

    Args:
        path: of the file, or its place in a tar file (:mod:`cnnvis.tars`).
        name: what messages call a file.

    Raises:
        ImageError: the file is missing, cannot be read, is no plain file or is far too large.
    """
    if tars.is_place(os.fspath(path)):
        return tars.read(os.fspath(path))
    name = name or os.fspath(path)
    try:
        found = Path(path).stat()
        if stat.S_ISDIR(found.st_mode):
            raise ImageError(f"cannot read {name}: Is a directory. Name a photo in it.")
        if not stat.S_ISREG(found.st_mode):
            raise ImageError(
                f"cannot read {name}: a photo has to be a plain file, and this is a device, a pipe "
                "or the like. Copy the photo into a file, and name that."
            )
        if found.st_size > MOST_BYTES:
            raise ImageError(
                f"{name} has {found.st_size / 2**20:.0f} MiB; photos of more than "
                f"{MOST_BYTES >> 20} MiB are not read. Save it smaller, or compressed."
            )
        with Path(path).open("rb") as file:
            return file.read(found.st_size)  # and no more, should it grow meanwhile
    except OSError as error:
        raise ImageError(
            f"cannot read {name}: {error.strerror}. Put it back, or leave it out of the set; then "
            "list the photos anew: start the workflow with --forcerun image_part."
        ) from error

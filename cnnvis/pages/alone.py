"""A page of the results as one file: its pictures inside, and no links to files that are not there.

Reports are handed on without the folder they come from. Pictures are made smaller; the report holds
them whole, too.
"""

import base64
import io
import os
import re
from pathlib import Path
from urllib.parse import unquote

from PIL import Image

from cnnvis.errors import FileError
from cnnvis.files import write_text

WIDTH = 1000
"""Pixels across that a picture keeps at most."""

QUALITY = 82
"""Of the JPEG of a picture without transparency."""

_SOURCE = re.compile(r'src="(?!data:)([^"]+)"')
_LINK = re.compile(r'<a href="(?!#)[^"]*">(.*?)</a>', re.DOTALL)


def alone(page: str | os.PathLike[str]) -> str:
    """Return a page of ours with its pictures inside, where links to other files are mere words.

    Args:
        page: an HTML file, its pictures beside it as it says.

    Raises:
        FileError: a picture is missing.
    """
    path = Path(page)
    text = _LINK.sub(r"\1", path.read_text(encoding="utf-8"))
    return _SOURCE.sub(lambda found: f'src="{_inside(path.parent, found[1])}"', text)


def write(path: str | os.PathLike[str], page: str | os.PathLike[str]) -> None:
    """Write a page as one file, whole or not at all.

    Raises:
        FileError: a picture is missing, the disk is full, or the folder is read-only.
    """
    write_text(path, alone(page))


def _inside(folder: Path, address: str) -> str:
    """Return a picture as an address that holds it."""
    file = folder / unquote(address)
    try:
        kind, data = _small(file)
    except OSError as error:
        raise FileError(
            f"the page shows {file}, which cannot be read: {error.strerror or error}. Make the "
            "figures first (snakemake figures)."
        ) from error
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _small(file: Path) -> tuple[str, bytes]:
    """Return the type and the bytes of a picture no wider than :data:`WIDTH`; films as they are."""
    if file.suffix == ".gif":
        return "gif", file.read_bytes()
    with Image.open(file) as image:
        shown = image.convert("RGB")
    if shown.width > WIDTH:
        rows = round(shown.height * WIDTH / shown.width)
        shown = shown.resize((WIDTH, rows), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    shown.save(buffer, format="JPEG", quality=QUALITY, optimize=True)
    return "jpeg", buffer.getvalue()

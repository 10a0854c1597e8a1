"""The site of the explorer: a page, its style, its scripts, and the table of contents of all data.

They lie beside the data as they are: scripts in files of their own name themselves where something
goes wrong, and a browser reads them from the disk as it reads the data.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnnvis import attention
from cnnvis.files import write_text
from cnnvis.pages.explorer.export import VERSION
from cnnvis.pages.explorer.packing import packed, write
from cnnvis.pages.index import environment

DATA_FILES = ("pages/templates/explorer/*", "pages/templates/colours.css")

_TEMPLATES = Path(__file__).parents[1] / "templates"
SCRIPTS = (
    *("data.js", "address.js", "state.js", "parts.js", "colours.js", "atlas.js", "grid.js"),
    *("cell.js", "walk.js", "photo.js", "map.js", "starts.js", "pane.js", "channel.js"),
    *("settle.js", "controls.js", "entries.js", "search.js", "keys.js", "foot.js", "main.js"),
)
"""The scripts, in the order in which they are read: each uses only what those before it define."""


def write_site(folder: str | os.PathLike[str], *, home: str = "") -> None:
    """Write ``index.html`` and the folder ``site`` beside it.

    Args:
        folder: where to.
        home: where the page leads back to; nowhere if empty.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    root = Path(folder)
    page = environment().get_template("explorer/index.html")
    write_text(root / "index.html", page.render(scripts=SCRIPTS, home=home))
    style = (_read("colours.css"), _read("explorer/explorer.css"))
    write_text(root / "site/explorer.css", "".join(style))
    for name in SCRIPTS:
        write_text(root / f"site/{name}", _read(f"explorer/{name}"))


def write_contents(folder: str | os.PathLike[str], studies: Sequence[tuple[str, str]]) -> None:
    """Write the table of contents into the folder of all data.

    Args:
        folder: that folder.
        studies: (network, images) of everything that was exported.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    found = [
        {"network": network, "images": images, "key": f"{network}/{images}"}
        for network, images in studies
    ]
    contents = {
        "version": VERSION,
        "studies": found,
        "colours": colours(),
        "boxes": dict(attention.KINDS),
    }
    write(folder, "index", contents)


def write_alone(
    folder: str | os.PathLike[str],
    data: str | os.PathLike[str],
    studies: Sequence[tuple[str, str]],
) -> None:
    """Write the explorer once more, as a folder that leads nowhere else: for a report.

    Its data are the same files under a second name, where the disk allows that, and copies where
    it does not.

    Args:
        folder: where to.
        data: the folder of all data.
        studies: (network, images) of what is in it.

    Raises:
        FileError: the disk is full, or a folder cannot be read or written to.
    """
    write_site(folder)
    write_contents(Path(folder) / "data", studies)
    for study in studies:
        shutil.copytree(Path(data, *study), Path(folder, "data", *study), copy_function=_linked)


def _linked(source: str, target: str) -> None:
    """Give a file a second name, or copy it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def colours() -> dict[str, Any]:
    """Return the colours of all figures, as tables of 256 (red, green, blue)."""
    from matplotlib import colormaps

    from cnnvis.figures import style

    def table(name: str) -> dict[str, Any]:
        share = colormaps[name](np.arange(256) / 255)
        return packed(np.rint(255 * share[:, :3]).astype(np.uint8), "uint8")

    return {
        "plain": table(style.SEQUENTIAL),
        "signed": table(style.SIGNED),
        "clusters": list(style.CATEGORIES),
    }


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")

"""Known boxes: where the objects of photos truly are, from a table that somebody drew.

A table is a CSV file with the columns ``image``, ``row0``, ``col0``, ``row1``, ``col1``: the id of
a photo, the first row and column of an object in it, and its end just outside, in pixels of the
photo. A photo with several objects has several lines.
"""

import csv
import os
from collections.abc import Mapping
from pathlib import Path

from cnnvis.boxes import Box
from cnnvis.errors import ImageError

COLUMNS = ("image", "row0", "col0", "row1", "col1")

DATA_FILES = ("data/image_sets/*_boxes.csv",)
"""Files whose content the stages that use this module depend on."""

_DATA = Path(__file__).parent / "data/image_sets"

Known = Mapping[str, tuple[Box, ...]]
"""The boxes of each photo by its id."""


def read(path: str | os.PathLike[str]) -> dict[str, tuple[Box, ...]]:
    """Read a table of boxes.

    Raises:
        ImageError: the file is missing, lacks a column, or a box is none.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            columns, rows = table.fieldnames or (), list(table)
    except OSError as error:
        raise ImageError(f"cannot read the table of boxes {path}: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ImageError(
            f"cannot read the table of boxes {path}: {error}. Save it as CSV in UTF-8."
        ) from error
    found: dict[str, tuple[Box, ...]] = {}
    if not set(COLUMNS) <= set(columns):
        raise ImageError(
            f"{path}: a table of boxes has the columns {', '.join(COLUMNS)}; got "
            f"{', '.join(columns[:10]) or 'none'}."
        )
    for number, row in enumerate(rows, start=2):
        found[row["image"]] = (*found.get(row["image"], ()), _box(row, f"{path}, line {number}"))
    return found


def of_set(name: str) -> dict[str, tuple[Box, ...]]:
    """Return the boxes that the package knows of an image set of its catalogue; it may be none.

    >>> of_set("photos")["coffee"]
    ((16, 76, 390, 478),)
    >>> of_set("nobody's photos")
    {}
    """
    path = _DATA / f"{name}_boxes.csv"
    return read(path) if path.is_file() else {}


def _box(row: Mapping[str, str], where: str) -> Box:
    try:
        row0, col0, row1, col1 = (int(row[column]) for column in COLUMNS[1:])
    except (TypeError, ValueError):
        row0 = row1 = col0 = col1 = 0
    if not (0 <= row0 < row1 and 0 <= col0 < col1):
        raise ImageError(
            f"{where}: a box is four whole numbers from 0 up, its ends behind its beginning; got "
            f"{', '.join(str(row[column]) for column in COLUMNS[1:])}."
        )
    return row0, col0, row1, col1

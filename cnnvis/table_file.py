"""Tables as files: a line for each row, columns apart by tabs, names of columns in the first.

A spreadsheet computes cells that begin with ``=``, ``+``, ``-`` or ``@``, and some of what it
computes reaches out of it. So text that begins like that, a class or an image of somebody else's
naming, is written behind an apostrophe, which spreadsheets take for the mark of text. Numbers are
written as they are. The readers of this module take the apostrophe away again.
"""

import csv
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnvis.files import write_text

if TYPE_CHECKING:
    import pandas as pd

_BEGINS = r"[=+\-@\t\r\n＝＋－＠]"  # the last four as they are typed in East Asia
_COMPUTED = re.compile(f"'*{_BEGINS}")
_GUARDED = re.compile(f"'+{_BEGINS}")


def write(path: str | os.PathLike[str], table: "pd.DataFrame") -> None:
    """Write a table whole, or not at all; what has no value is empty, what is text stays text.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    safe = _each_word(table, guarded)
    write_text(path, safe.to_csv(sep="\t", index=False, lineterminator="\n"))


def guarded(cell: Any) -> Any:
    """Return a cell so that no spreadsheet computes it; what is no text, or a number, as it is.

    >>> [guarded(cell) for cell in ("=1+1", "-cat", "'=x", "-1.5", "cat", 3)]
    ["'=1+1", "'-cat", "''=x", '-1.5', 'cat', 3]
    """
    if isinstance(cell, str) and _COMPUTED.match(cell) and not _is_number(cell):
        return f"'{cell}"
    return cell


def plain(cell: Any) -> Any:
    """Return a cell as it was before :func:`guarded`.

    >>> [plain(guarded(cell)) for cell in ("=1+1", "'=x", "'-1", "-1.5", "'quoted'", "cat", 3)]
    ['=1+1', "'=x", "'-1", '-1.5', "'quoted'", 'cat', 3]
    """
    return cell[1:] if isinstance(cell, str) and _GUARDED.match(cell) else cell


def restored(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table that something else than :func:`read` has read, as it was written."""
    return _each_word(table, plain)


def rows(path: str | os.PathLike[str]) -> list[dict[str, str]]:
    """Return the rows of a table as text, column -> cell, without the weight of pandas."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        read = csv.DictReader(file, delimiter="\t")
        return [{name: plain(cell) for name, cell in row.items()} for row in read]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _each_word(table: "pd.DataFrame", change: Callable[[Any], Any]) -> "pd.DataFrame":
    """Return a table with a function applied to every cell of the columns that may hold text."""
    import pandas as pd

    changed = table.copy(deep=False)
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            cells = [change(cell) for cell in table[name]]
            if cells != list(table[name]):
                changed[name] = pd.Series(cells, index=table.index, dtype=object)
    return changed


WORDS = (
    "image",
    "photo",
    "method",
    "metric",
    "protocol",
    "change",
    "check",
    "measure",
    "reason",
    "part",
    "role",
    "name",
    "question",
)
"""Columns that hold words, whatever they look like: a layer may be called 0."""


def read(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Return a table as it was written: what is empty has no value, words such as "NA" stay words.

    >>> import pandas as pd, tempfile
    >>> path = f"{tempfile.mkdtemp()}/a.tsv"
    >>> write(path, pd.DataFrame({"image": ["NA", "7"], "value": [0.5, None]}))
    >>> read(path).to_dict("list")
    {'image': ['NA', '7'], 'value': [0.5, nan]}
    """
    import pandas as pd

    found = pd.read_csv(
        path,
        sep="\t",
        dtype=dict.fromkeys(WORDS, str),
        keep_default_na=False,
        na_values=[""],
    )
    return restored(found)

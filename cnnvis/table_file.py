"""Tables as files: a line for each row, columns apart by tabs, names of columns in the first."""

import os
from typing import TYPE_CHECKING

from cnnvis.files import write_text

if TYPE_CHECKING:
    import pandas as pd


def write(path: str | os.PathLike[str], table: "pd.DataFrame") -> None:
    """Write a table whole, or not at all; what has no value is empty.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    write_text(path, table.to_csv(sep="\t", index=False, lineterminator="\n"))


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

    return pd.read_csv(
        path,
        sep="\t",
        dtype=dict.fromkeys(WORDS, str),
        keep_default_na=False,
        na_values=[""],
    )

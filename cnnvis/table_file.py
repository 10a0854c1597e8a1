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


def read(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Return a table as it was written; words such as "None" and "NA" stay words.

    >>> import pandas as pd, tempfile
    >>> path = f"{tempfile.mkdtemp()}/a.tsv"
    >>> write(path, pd.DataFrame({"image": ["NA"], "value": [0.5]}))
    >>> read(path).to_dict("records")
    [{'image': 'NA', 'value': 0.5}]
    """
    import pandas as pd

    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])

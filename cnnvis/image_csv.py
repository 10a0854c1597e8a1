"""Tables of images in CSV files, read as text: what sheets and manifests have in common."""

import os
from typing import TYPE_CHECKING

from cnnvis.errors import ImageError

if TYPE_CHECKING:
    import pandas as pd


def read(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Read a table whose columns are all text; what has no value is empty text.

    Raises:
        ImageError: no such file, or it cannot be read as CSV in UTF-8.
    """
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except UnicodeDecodeError as error:
        raise ImageError(f"cannot read the table {path}: {error}. Save it as UTF-8.") from error
    except (OSError, ValueError, OverflowError) as error:  # pandas' own errors are ValueErrors
        raise ImageError(f"cannot read the table {path}: {error}") from error


def require(
    path: str | os.PathLike[str],
    table: "pd.DataFrame",
    columns: tuple[str, ...],
    *,
    rows: bool = True,
) -> None:
    """Refuse a table that lacks one of the columns, or has no rows.

    Args:
        path: where the table was read, for the message.
        table: of :func:`read`.
        columns: those that it needs.
        rows: whether it needs rows, too.

    Raises:
        ImageError: naming the file, and the column.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ImageError(f"{path}: lacks the column '{missing[0]}'.")
    if rows and table.empty:
        raise ImageError(f"{path}: lists no images.")

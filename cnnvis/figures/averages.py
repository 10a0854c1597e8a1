"""Means over photos of what was measured on images, as charts show them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnvis.errors import CnnvisError

if TYPE_CHECKING:
    import pandas as pd

BAND = "one standard error to each side"
"""What bands round the curves of means are: for captions."""


def over_photos(table: "pd.DataFrame", by: Sequence[str]) -> "pd.DataFrame":
    """Return the mean of ``value`` over photos for each of ``by``, in the order in which they come.

    Several images of a photo are averaged first; without a column ``photo`` every image counts for
    itself. Columns beside ``by``: ``mean``, ``error`` (the standard error of the mean, NaN for a
    single photo), ``photos``.

    Args:
        table: with the columns ``by``, ``image`` or ``photo``, and ``value``.
        by: columns.
    """
    photo = "photo" if "photo" in table else "image"
    each = table.groupby([*by, photo], sort=False)["value"].mean()
    found = each.groupby(level=list(by), sort=False).agg(["mean", "sem", "size"])
    return found.rename(columns={"sem": "error", "size": "photos"}).reset_index()


def require(table: "pd.DataFrame", columns: Sequence[str], what: str) -> None:
    """Refuse a table that lacks columns or rows.

    Args:
        table: the table.
        columns: that it has to have.
        what: is drawn, for the message.

    Raises:
        CnnvisError: it does.
    """
    absent = [column for column in columns if column not in table]
    if absent:
        raise CnnvisError(
            f"{what} are drawn from a table with the columns {', '.join(columns)}; this one lacks "
            f"{', '.join(absent)}."
        )
    if table.empty:
        raise CnnvisError(
            f"{what} are drawn from a table with at least one row; this one has none. Measure "
            "something first, or leave the figure out."
        )


def counted(photos: Sequence[int], *, what: str = "photo") -> str:
    """Return how many photos there are, in words; a range where numbers differ.

    >>> counted([12, 12]), counted([1]), counted([9, 12])
    ('12 photos', '1 photo', '9 to 12 photos')
    """
    least, most = min(photos), max(photos)
    if least == most:
        return f"{most} {what}{'' if most == 1 else 's'}"
    return f"{least} to {most} {what}s"

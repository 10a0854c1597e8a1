"""What a table of means and differences says of two methods: better, worse, or not to be told.

The table is that of :func:`cnnvis.differences.summary`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

from cnnvis.metrics.measures import HIGH, MEASURES, NEITHER, PERTURBATION, Measure

if TYPE_CHECKING:
    import pandas as pd

BETTER, WORSE, OTHER, ALIKE = "better", "worse", "other", "alike"
"""Verdicts: beyond two standard errors at the good end, or at the bad one; beyond them where no end
is good; not beyond them."""


@dataclass(frozen=True)
class Difference:
    """By how much one method exceeds another, over photos.

    Attributes:
        metric: the metric, of :data:`cnnvis.metrics.measures.MEASURES` or another.
        value: the mean difference.
        low, high: its interval; NaN for a single photo.
        detectable: the difference that so many photos would have shown; NaN for a single one.
        beyond: whether it lies more than two standard errors from 0.
        photos: how many there are.
    """

    metric: str
    value: float
    low: float
    high: float
    detectable: float
    beyond: bool
    photos: int

    @property
    def verdict(self) -> str:
        """What it says of the first method: one of the verdicts of this module.

        >>> Difference("deletion", -0.1, -0.15, -0.05, 0.05, True, 12).verdict
        'better'
        """
        if not self.beyond:
            return ALIKE
        end = better(self.metric)
        if end == NEITHER:
            return OTHER
        return BETTER if (self.value > 0) == (end == HIGH) else WORSE


def difference(row: Mapping[Any, Any], reference: str) -> Difference | None:
    """Return the difference of a row of the table to a reference; None where there is none.

    Args:
        row: of the table, by column; read from a file or not.
        reference: the method whose columns are read.
    """
    name = f"minus_{reference}"
    if name not in row or isnan(_number(row[name])):
        return None
    return Difference(
        metric=str(row["metric"]),
        value=_number(row[name]),
        low=_number(row[f"{name}_low"]),
        high=_number(row[f"{name}_high"]),
        detectable=_number(row[f"{name}_detectable"]),
        # A column with gaps holds words where it was read from a file.
        beyond=str(row[f"{name}_beyond"]) in ("True", "1", "1.0"),
        photos=int(row["photos"]),
    )


def better(metric: str) -> str:
    """Return which values of a metric are good; of one that is not known, neither end.

    >>> better("deletion"), better("mine")
    ('low', '')
    """
    return MEASURES[metric].better if metric in MEASURES else NEITHER


def measure(metric: str) -> Measure:
    """Return what is known of a metric; one that is not known has its name for a title."""
    return MEASURES.get(metric, Measure("", metric, NEITHER, ""))


def written(metric: str, value: float) -> str:
    """Return a value with as many digits as a metric can be told apart by, of a few dozen photos.

    >>> written("deletion", 0.0494), written("energy", -0.004)
    ('0.049', '0.00')
    """
    return rounded(value, 3 if measure(metric).kind == PERTURBATION else 2)


def rounded(value: float, digits: int) -> str:
    """Return a number with so many digits after the point, without a minus before zero.

    >>> rounded(-0.001, 2), rounded(-0.25, 2)
    ('0.00', '−0.25')
    """
    words, zero = f"{value:.{digits}f}", f"{0:.{digits}f}"
    return zero if words == f"-{zero}" else words.replace("-", "−")


def metrics(table: "pd.DataFrame") -> tuple[str, ...]:
    """Return the metrics of a table in the order of :data:`cnnvis.metrics.measures.MEASURES`."""
    found = dict.fromkeys(str(metric) for metric in table["metric"])
    return (*(m for m in MEASURES if m in found), *(m for m in found if m not in MEASURES))


def ranked(rows: "pd.DataFrame", metric: str) -> "pd.DataFrame":
    """Return the rows of one metric, best first; the largest first where no end is good."""
    falling = better(metric) in (HIGH, NEITHER)
    return rows[rows.metric == metric].sort_values("mean", ascending=not falling, kind="stable")


def _number(value: object) -> float:
    """Return a number of a table, NaN where there is none."""
    return float("nan") if value is None or value == "" else float(value)  # type: ignore[arg-type]

"""All methods by all metrics, as the table of a page: what is best, and what differs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cnnvis import comparisons, method_names
from cnnvis.comparisons import ALIKE, BETTER, OTHER, WORSE, written
from cnnvis.method_names import BASELINE, CONTROL, GRAD_CAM, NOTHING, OWN, REFERENCE
from cnnvis.metrics.measures import HIGH, LOW, NEITHER

if TYPE_CHECKING:
    import pandas as pd

SIGNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {BETTER: ("▲", "better than"), WORSE: ("▼", "worse than"), OTHER: ("◆", "differs from")}
)
"""What stands beside a number that differs from that of the reference, and what it says."""

ENDS: Mapping[str, str] = MappingProxyType(
    {LOW: "less is better", HIGH: "more is better", NEITHER: "no end is better"}
)


@dataclass(frozen=True)
class Cell:
    """A number of the table.

    Attributes:
        mean: what a method reaches.
        interval: its interval; "" for a single photo.
        best: whether no method does better.
        verdict: against the reference, of :mod:`cnnvis.comparisons`.
    """

    mean: str
    interval: str
    best: bool
    verdict: str


@dataclass(frozen=True)
class Row:
    """A method of the table; a cell is None where it was not measured."""

    title: str
    part: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Table:
    """All methods by all metrics: heads are (title, which end is good, how many photos)."""

    heads: tuple[tuple[str, str, str], ...]
    rows: tuple[Row, ...]

    @property
    def blocks(self) -> tuple[tuple[Row, ...], ...]:
        """The methods that look at the network, and the rest."""
        seen = [row for row in self.rows if row.part not in _BLIND]
        blind = [row for row in self.rows if row.part in _BLIND]
        return tuple(tuple(rows) for rows in (seen, blind) if rows)


_BLIND = (CONTROL, NOTHING)
_ORDER = (OWN, REFERENCE, BASELINE, *_BLIND)


def table(summary: "pd.DataFrame", reference: str = GRAD_CAM) -> Table:
    """Return all methods by all metrics, in the order in which they come, chance and controls last.

    Args:
        summary: see :func:`cnnvis.differences.summary`.
        reference: the method whose differences are marked.
    """
    metrics = comparisons.metrics(summary)
    found = {(row["metric"], row["method"]): row for row in summary.to_dict("records")}
    methods = sorted(
        dict.fromkeys(map(str, summary["method"])),
        key=lambda name: _ORDER.index(method_names.part(name)),
    )
    heads = []
    for metric in metrics:
        photos = summary.loc[summary["metric"] == metric, "photos"]
        counts = sorted({int(photos.min()), int(photos.max())})
        known = comparisons.measure(metric)
        heads.append((known.title, ENDS[known.better], "–".join(map(str, counts))))
    best = {metric: _best(summary, metric) for metric in metrics}
    return Table(
        tuple(heads),
        tuple(
            Row(
                method_names.title(name),
                method_names.part(name),
                tuple(
                    _cell(found[metric, name], best[metric], reference)
                    if (metric, name) in found
                    else None
                    for metric in metrics
                ),
            )
            for name in methods
        ),
    )


def _best(summary: "pd.DataFrame", metric: str) -> float | None:
    """Return the best mean of a metric, of controls, too; None where no end is good."""
    if comparisons.better(metric) == NEITHER:
        return None
    return float(comparisons.ranked(summary, metric)["mean"].iloc[0])


def _cell(row: Mapping[Any, Any], best: float | None, reference: str) -> Cell:
    """Return a number with its interval and how it compares."""
    metric, mean, low, high = (row[name] for name in ("metric", "mean", "low", "high"))
    ends = f"{written(metric, low)} to {written(metric, high)}" if low == low else ""
    found = comparisons.difference(row, reference)
    verdict = found.verdict if found is not None else ALIKE
    return Cell(written(metric, mean), ends, best is not None and mean == best, verdict)

"""What was measured of one network on one set of images: its tables, and what they hold."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnvis import comparisons, differences, table_file
from cnnvis.comparisons import Difference, written
from cnnvis.errors import FileError
from cnnvis.figures.averages import counted
from cnnvis.metrics.measures import NEITHER

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("measures", "curves", "summary", "sanity", "refused")
"""The tables of an evaluation; only the measures and their summary have to be there."""

SANITY = ("check", "step", "change", "image", "method", "measure", "value")
"""The columns of what sanity checks found."""


@dataclass(frozen=True, eq=False)
class Study:
    """What was measured of one network on one set of images.

    Attributes:
        summary: means and differences, see :func:`cnnvis.differences.summary`.
        measures: the same before averaging: image, photo, method, metric, value.
        sanity: check, step, change, image, method, measure, value; may have no row.
        refused: (method, why) of methods that could not be used.
        unit: what is counted.
    """

    summary: "pd.DataFrame"
    measures: "pd.DataFrame"
    sanity: "pd.DataFrame"
    refused: tuple[tuple[str, str], ...] = ()
    unit: str = "photo"

    @cached_property
    def _rows(self) -> dict[tuple[str, str], dict[Any, Any]]:
        return {(row["metric"], row["method"]): row for row in self.summary.to_dict("records")}

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of which one end is good."""
        found = comparisons.metrics(self.summary)
        return tuple(one for one in found if comparisons.better(one) != NEITHER)

    def methods(self, metric: str) -> list[str]:
        """Return the methods of a metric, best first."""
        return [str(name) for name in comparisons.ranked(self.summary, metric)["method"]]

    def mean(self, metric: str, method: str) -> str:
        """Return what a method reaches, in words."""
        return written(metric, float(self._rows[metric, method]["mean"]))

    def difference(self, metric: str, one: str, other: str) -> Difference | None:
        """Return by how much one method exceeds another on the same images, if both were measured.

        Where the summary does not have it, it is taken from the measures.
        """
        row = self._rows.get((metric, one))
        if row is None or (metric, other) not in self._rows:
            return None
        found = comparisons.difference(row, other)
        return found or self._paired(metric, one, other)

    def _paired(self, metric: str, one: str, other: str) -> Difference | None:
        rows = self.measures[self.measures.metric == metric]
        table = rows[rows.method.isin((one, other))].pivot(
            index=["image", "photo"], columns="method", values="value"
        )
        if table.empty or not {one, other} <= set(table) or table.isna().to_numpy().any():
            return None
        photos = list(table.index.get_level_values("photo"))
        found = differences.paired(table[one], table[other], photos)
        return Difference(
            metric=metric,
            value=found.value,
            low=found.low,
            high=found.high,
            detectable=found.detectable,
            beyond=found.beyond,
            photos=found.photos,
        )

    def counted(self, photos: int) -> str:
        """Return so many photos, in words."""
        return counted([photos], what=self.unit)


def read(folder: Path, unit: str = "photo") -> Study:
    """Read the tables of an evaluation.

    Args:
        folder: where they are, as ``measures.tsv`` and so on.
        unit: what is counted.

    Raises:
        FileError: there are no measures or no summary.
    """
    import pandas as pd

    for name in ("measures", "summary"):
        if not (folder / f"{name}.tsv").exists():
            raise FileError(
                f"an evaluation has a table {name}.tsv; there is none in {folder}. Run "
                "`snakemake evaluation` first, or leave these images out of the page."
            )
    sanity, refused = (folder / f"{name}.tsv" for name in ("sanity", "refused"))
    why = table_file.read(refused)[["method", "reason"]].to_numpy() if refused.exists() else ()
    return Study(
        summary=table_file.read(folder / "summary.tsv"),
        measures=table_file.read(folder / "measures.tsv"),
        sanity=table_file.read(sanity) if sanity.exists() else pd.DataFrame(columns=list(SANITY)),
        refused=tuple((str(method), str(reason)) for method, reason in why),
        unit=unit,
    )

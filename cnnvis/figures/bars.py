"""What every method reaches in every metric: means with intervals, sorted, a panel each."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis import comparisons, method_names
from cnnvis.comparisons import ALIKE, Difference
from cnnvis.figures import averages, legends, lettering, style
from cnnvis.figures.marks import SIGNS, Mark, marks
from cnnvis.method_names import CENTRE, GRAD_CAM
from cnnvis.metrics.measures import CHANCE, HIGH, LOW, NEITHER

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("metric", "method", "photos", "mean", "low", "high")
REFERENCES = (GRAD_CAM, CENTRE)
"""The methods that all others are compared with."""

_ACROSS = 3
_LINE = 0.125  # inches of a method
_HEAD, _BELOW, _BETWEEN = 0.17, 0.42, 0.14
_NAME = 1.02  # inches for the longest name, at most
_SIGN = 0.1  # inches of a column of signs
_FOUND = "would be found"
_ENDS = {LOW: "← less is better", HIGH: "more is better →", NEITHER: "no end is better"}


@dataclass(frozen=True, eq=False)
class _Panel:
    """One metric: its methods, best first, what chance gives, and what they are compared with."""

    metric: str
    rows: "pd.DataFrame"
    chance: float | None
    references: tuple[str, ...]

    @classmethod
    def of(cls, summary: "pd.DataFrame", metric: str, references: Sequence[str]) -> "_Panel":
        rows = comparisons.ranked(summary, metric)
        chance = rows[rows.method == CHANCE]
        rest = rows[rows.method != CHANCE]
        return cls(
            metric,
            rest,
            float(chance["mean"].iloc[0]) if len(chance) else None,
            tuple(name for name in references if name in set(rest["method"])),
        )

    @property
    def names(self) -> list[str]:
        """The methods, from the top."""
        return [str(name) for name in self.rows["method"]]

    def differences(self, reference: str) -> dict[str, Difference]:
        """Return the differences of all other methods to one, where there are any."""
        found = {
            str(row["method"]): comparisons.difference(row, reference)
            for row in self.rows.to_dict("records")
            if row["method"] != reference
        }
        return {name: one for name, one in found.items() if one is not None}

    @property
    def detectable(self) -> float | None:
        """The difference to the first reference that would be found: the median over methods."""
        if not self.references:
            return None
        each = [
            one.detectable
            for name, one in self.differences(self.references[0]).items()
            if method_names.looks_at_the_network(name) and np.isfinite(one.detectable)
        ]
        return median(each) if each else None

    @property
    def foot(self) -> list[str]:
        """What stands below the methods."""
        lines = {method_names.title(CHANCE): self.chance, _FOUND: self.detectable}
        return [words for words, value in lines.items() if value is not None]

    @property
    def lines(self) -> int:
        """Lines of the panel."""
        return len(self.rows) + len(self.foot)


@style.in_look
def bars(
    summary: "pd.DataFrame", *, references: Sequence[str] = REFERENCES, title: str = ""
) -> Figure:
    """Return a figure of the mean of every method in every metric, best first.

    Args:
        summary: one row for each metric and method, from :func:`cnnvis.differences.summary`: the
            columns :data:`COLUMNS`, and those of the differences to references, NaN or absent where
            a reference was not measured. Of the method
            :data:`cnnvis.metrics.measures.CHANCE` there is a line.
        references: whose differences are marked.
        title: of the figure.

    Raises:
        CnnvisError: a column is missing, or there is no row.
    """
    averages.require(summary, COLUMNS, "means")
    known = marks(summary["method"])
    panels = [_Panel.of(summary, name, references) for name in comparisons.metrics(summary)]
    across = min(_ACROSS, len(panels))
    pitch = (style.WIDTH - 2 * style.MARGIN + _BETWEEN) / across
    blocks = [
        max(panel.lines for panel in panels[first : first + across]) * _LINE + _HEAD + _BELOW
        for first in range(0, len(panels), across)
    ]
    sheet = style.sheet(
        sum(blocks) - 0.06,
        title=title or "What every method reaches",
        caption=_caption(panels),
    )
    for number, panel in enumerate(panels):
        left = style.MARGIN + number % across * pitch
        top = sum(blocks[: number // across])
        _place(sheet, (left, top), pitch - _BETWEEN, panel, known)
    return sheet.figure


def _place(
    sheet: style.Sheet,
    corner: tuple[float, float],
    width: float,
    panel: _Panel,
    known: dict[str, Mark],
) -> None:
    """Draw one panel: heading, chart and signs."""
    (left, top), room = corner, legends.room(known, _NAME, [_FOUND])
    signs = len(panel.references) * _SIGN
    chart, tall = width - room - signs - 0.03, panel.lines * _LINE
    words = comparisons.measure(panel.metric).title
    heading = lettering.shortened(words, width - signs - 0.05, style.SMALL, bold=True)
    sheet.text(left, top, heading, weight="bold")
    axes = sheet.axes(left + room, top + _HEAD, chart, tall)
    axes.set_gid(f"panel {panel.metric}")
    _draw(axes, panel, known)
    _label(axes, panel, room)
    beside = sheet.axes(left + room + chart + 0.03, top + _HEAD, max(signs, 0.01), tall)
    beside.set_gid(f"signs {panel.metric}")
    _sign(beside, panel)


def _draw(axes: Axes, panel: _Panel, known: dict[str, Mark]) -> None:
    """Draw means and intervals, the line of chance, and the bar of what would be found."""
    for place, row in enumerate(panel.rows.to_dict("records")):
        mark = known[row["method"]]
        (line,) = axes.plot([row["low"], row["high"]], [place, place], color=mark.colour, lw=1.2)
        line.set_gid(f"interval {row['method']}")
        (point,) = axes.plot([row["mean"]], [place], ls="", ms=4, **mark.point)
        point.set_gid(f"mean {row['method']}")
    axes.set_ylim(panel.lines - 0.5, -0.5)
    axes.margins(x=0.06)
    if panel.chance is not None:
        line = axes.axvline(panel.chance, color=style.MUTED, lw=0.8, ls=(0, (3, 2)), zorder=1)
        line.set_gid("chance")
    if panel.foot:
        axes.axhline(len(panel.rows) - 0.5, color=style.RULE, lw=0.6)
    if panel.detectable is not None:
        _draw_detectable(axes, panel.detectable, panel.lines - 1)


def _draw_detectable(axes: Axes, length: float, place: int) -> None:
    """Draw a bar of the length of a difference, its ends marked, where there is room for it."""
    low, high = axes.get_xlim()
    middle = (low + high) / 2
    ends = [middle - length / 2, middle + length / 2]
    (line,) = axes.plot(ends, [place, place], color=style.INK, lw=0.9, marker="|", ms=4)
    line.set_gid("detectable")
    axes.set_xlim(min(low, ends[0]), max(high, ends[1]))


def _label(axes: Axes, panel: _Panel, room: float) -> None:
    """Write the names of the methods at the left, and which end is good below."""
    legends.name_rows(axes, panel.names, room, panel.foot)
    axes.tick_params(axis="x", labelsize=style.TINY)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=style.RULE, lw=0.3, zorder=0)
    axes.set_axisbelow(True)
    axes.locator_params(axis="x", nbins=4)
    photos = averages.counted([int(count) for count in panel.rows["photos"]] or [0])
    ends = _ENDS[comparisons.better(panel.metric)]
    axes.set_xlabel(f"{ends}   {photos}", size=style.TINY, labelpad=1)


def _sign(axes: Axes, panel: _Panel) -> None:
    """Draw a sign for every method that differs from a reference, a column each."""
    style.bare(axes).set(xlim=(0, max(1, len(panel.references))), ylim=(panel.lines - 0.5, -0.5))
    axes.patch.set_visible(False)
    for column, reference in enumerate(panel.references):
        look: dict[str, Any] = {"size": style.TINY, "color": style.MUTED}
        letter = method_names.title(reference)[0].upper()
        axes.text(column + 0.5, -0.55, letter, ha="center", va="bottom", **look)
        found = panel.differences(reference)
        for place, name in enumerate(panel.names):
            verdict = found[name].verdict if name in found else ALIKE
            if verdict != ALIKE:
                shape, colour = SIGNS[verdict]
                (sign,) = axes.plot(
                    [column + 0.5], [place], shape, color=colour, ms=3.4, mew=0, clip_on=False
                )
                sign.set_gid(f"{verdict} than {reference}: {name}")


def _caption(panels: Sequence[_Panel]) -> str:
    """Say what the reader sees."""
    photos = [int(count) for panel in panels for count in panel.rows["photos"]]
    several = max(photos, default=0) > 1
    lines = "; lines: their 95 % bootstrap intervals." if several else "."
    parts = [f"Points: means over photos, best first{lines}"]
    if not several:
        parts.append("One photo has no interval: this is an illustration, no statistics.")
    if any(panel.chance is not None for panel in panels):
        parts.append("Broken line: what a map of nothing reaches on average.")
    parts.append("Hollow: maps that never look at the network.")
    compared = dict.fromkeys(name for panel in panels for name in panel.references)
    if compared and several:
        against = " and ".join(
            f"{method_names.title(name)} ({method_names.title(name)[0].upper()})"
            for name in compared
        )
        parts.append(
            f"Signs: better (▲) or worse (▼) than {against} by more than two standard errors of "
            "the difference on the same photos (◆: differs, no end is better); no sign: not to be "
            "told apart by so few."
        )
    found = [
        f"{comparisons.measure(panel.metric).title} {panel.detectable:.2g}"
        for panel in panels
        if panel.detectable is not None
    ]
    if found:
        first = method_names.title(next(iter(compared)))
        parts.append(
            f"Bar at the foot: a difference to {first} that would be found in 80 of 100 such "
            f"samples, median over methods: {'; '.join(found)}."
        )
    return " ".join(parts)

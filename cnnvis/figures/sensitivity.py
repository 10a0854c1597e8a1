"""How far maps depend on the class, and how little on small changes of the image: points."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis import method_names
from cnnvis.errors import CnnvisError
from cnnvis.figures import averages, legends, lettering, style
from cnnvis.figures.marks import Mark, marks

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("check", "change", "image", "method", "measure", "value")
CLASSES, STABILITY = "other_classes", "stability"
"""The checks that are drawn, see :mod:`cnnvis.sanity`."""

ERRORS = 2
"""Standard errors to each side of a mean, in lines."""

_HEADS = {
    CLASSES: ("maps of other classes", "← less alike is better"),
    STABILITY: ("maps of the image, changed a little", "more alike is better →"),
}
_LINE = 0.14  # inches of a method
_HEAD, _BELOW, _BETWEEN = 0.2, 0.34, 0.2
_LEGEND = 0.14  # inches for the names of the changes
_TICKS = "x+1|2_3"
_MARK = 0.2  # inches for a mark in the legend, and what parts it from the next
_NAME = 1.2  # inches for the longest name, at most


@style.in_look
def classes_and_stability(
    sanity: "pd.DataFrame", *, measure: str = "spearman", title: str = ""
) -> Figure:
    """Return a figure of how alike maps are for other classes, and for images changed a little.

    The method whose maps depend most on the class comes first.

    Args:
        sanity: one row for each check, change, image, method and measure, with the columns
            :data:`COLUMNS`; ``photo`` where several images come from one photo.
        measure: what maps were compared by.
        title: of the figure.

    Raises:
        CnnvisError: a column is missing, or neither was checked.
    """
    averages.require(sanity, COLUMNS, "points of likeness")
    rows = sanity[(sanity.measure == measure) & sanity.check.isin(_HEADS)]
    if rows.empty:
        raise CnnvisError(
            f"no map was compared by {measure!r} with maps of other classes or of changed images "
            f"(checks {CLASSES!r}, {STABILITY!r}); the table has the checks "
            f"{', '.join(dict.fromkeys(map(str, sanity.check)))}."
        )
    means = averages.over_photos(rows, ("check", "method"))
    checks = [check for check in _HEADS if (means.check == check).any()]
    ranked = _ranked(means, checks[0])
    room = legends.room(ranked, _NAME)
    width = (style.WIDTH - 2 * style.MARGIN - room - (len(checks) - 1) * _BETWEEN) / len(checks)
    tall = _LINE * len(ranked)
    sheet = style.sheet(
        _HEAD + tall + _BELOW + (_LEGEND if STABILITY in checks else 0),
        title=title or "Do maps depend on the class, and on little else?",
        caption=_caption(means, checks, ranked),
    )
    for number, check in enumerate(checks):
        left = style.MARGIN + room + number * (width + _BETWEEN)
        sheet.text(left, 0, _HEADS[check][0], weight="bold")
        axes = sheet.axes(left, _HEAD, width, tall)
        axes.set_gid(f"points {check}")
        if check == STABILITY:
            _draw_changes(axes, rows[rows.check == check], ranked)
            legend = sheet.axes(left, _HEAD + tall + _BELOW - 0.02, width, _LEGEND)
            _write_changes(legend, axes)
        _draw(axes, means[means.check == check], ranked, marks(ranked))
        _finish(axes, ranked, check, room if number == 0 else 0)
    return sheet.figure


def _ranked(means: "pd.DataFrame", check: str) -> list[str]:
    """Return the methods, those that do best in a check first; then those it does not have."""
    rows = means[means.check == check].sort_values(
        "mean", ascending=check == CLASSES, kind="stable"
    )
    return list(dict.fromkeys([*map(str, rows["method"]), *map(str, means["method"])]))


def _draw(
    axes: Axes, means: "pd.DataFrame", ranked: Sequence[str], known: Mapping[str, Mark]
) -> None:
    """Draw the mean of every method, and the reach of its standard errors."""
    for row in means.to_dict("records"):
        method, place = str(row["method"]), ranked.index(row["method"])
        mark, mean, reach = known[method], row["mean"], ERRORS * row["error"]
        (line,) = axes.plot([mean - reach, mean + reach], [place] * 2, color=mark.colour, lw=1.2)
        line.set_gid(f"interval {method}")
        (point,) = axes.plot([mean], [place], ls="", ms=4, **mark.point)
        point.set_gid(f"mean {method}")


def _draw_changes(axes: Axes, rows: "pd.DataFrame", ranked: Sequence[str]) -> None:
    """Draw the mean over photos of each change by itself."""
    means = averages.over_photos(rows, ("change", "method"))
    for number, (change, each) in enumerate(means.groupby("change", sort=False)):
        places = [ranked.index(method) for method in each["method"]]
        shape = _TICKS[number % len(_TICKS)]
        (points,) = axes.plot(
            each["mean"], places, shape, color=style.MUTED, ms=4, mew=0.8, label=str(change)
        )
        points.set_gid(f"change {change}")


def _write_changes(axes: Axes, drawn: Axes) -> None:
    """Name the marks of the changes below the chart, as many as have room."""
    style.bare(axes).set_gid("changes")
    axes.patch.set_visible(False)
    handles, labels = drawn.get_legend_handles_labels()
    figure = drawn.figure
    assert isinstance(figure, Figure)
    room = axes.get_position().width * figure.get_size_inches()[0] - _MARK * len(labels)
    if sum(lettering.text_width(label, style.TINY) for label in labels) > room:
        labels = [lettering.shortened(label, room / len(labels), style.TINY) for label in labels]
    axes.legend(
        handles,
        labels,
        loc="upper left",
        ncols=len(labels),
        fontsize=style.TINY,
        handlelength=0.8,
        handletextpad=0.3,
        columnspacing=0.8,
        borderpad=0,
        borderaxespad=0,
    )


def _finish(axes: Axes, ranked: Sequence[str], check: str, room: float) -> None:
    """Name the methods at the left where there is room, and say below which end is good."""
    if room:
        legends.name_rows(axes, ranked, room)
    else:
        axes.set_yticks(range(len(ranked)), [])
    axes.tick_params(labelsize=style.TINY)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(ranked) - 0.5, -0.5)
    axes.margins(x=0.04)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=style.RULE, lw=0.3)
    axes.grid(axis="y", color=style.RULE, lw=0.3, ls=(0, (1, 3)))
    axes.set_axisbelow(True)
    axes.set_xlabel(_HEADS[check][1], size=style.TINY, labelpad=1)


def _caption(means: "pd.DataFrame", checks: Sequence[str], ranked: Sequence[str]) -> str:
    """Say what the reader sees."""
    photos = [int(count) for count in means["photos"]]
    parts = [f"Correlation of maps, means over {averages.counted(photos)}"]
    parts[0] += f"; lines: {ERRORS} standard errors to each side." if max(photos) > 1 else "."
    if CLASSES in checks:
        parts.append(
            "Left: with the maps of other classes, drawn at random. A map that is alike for every "
            "class says where something is, not why it is that class."
        )
    if STABILITY in checks:
        side = "Right" if len(checks) > 1 else "Here"
        parts.append(
            f"{side}: with the maps of the same image after a small change, carried back to the "
            "same pixels; grey crosses: each change alone."
        )
    controls = [method_names.title(m) for m in ranked if not method_names.looks_at_the_network(m)]
    if controls:
        parts.append(f"Grey names: {', '.join(controls)}, which never look at the network.")
    return " ".join(parts)

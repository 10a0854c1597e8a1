"""What becomes of a class when the pixels of a map go, or come: a curve for each method."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis import comparisons, method_names
from cnnvis.figures import averages, legends, lettering, style
from cnnvis.figures.marks import Mark, banded, marks
from cnnvis.metrics.curves import area
from cnnvis.metrics.measures import HIGH, LOW, NEITHER

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("image", "method", "protocol", "share", "value")

_ACROSS = 2
_LEFT, _BETWEEN = 0.36, 0.12  # inches: numbers of the axis, between panels
_HEAD, _BELOW = 0.32, 0.4
_LEAST = 1.9  # inches of the lowest chart
_GAP = 0.08  # inches between a chart and its list
_EVERY = 4  # steps from one mark of a curve to the next
_ENDS = {LOW: "small is good", HIGH: "large is good", NEITHER: ""}


@style.in_look
def perturbation_curves(table: "pd.DataFrame", *, title: str = "") -> Figure:
    """Return a figure of the mean curve of every method, a chart for each protocol.

    Beside each chart the methods are listed by the area under their curves, best first.

    Args:
        table: one row for each image, method, protocol and share, with the columns
            :data:`COLUMNS`; ``photo`` where several images come from one photo.
        title: of the figure.

    Raises:
        CnnvisError: a column is missing, or there is no row.
        MeasureError: a curve with fewer than two shares.
    """
    averages.require(table, COLUMNS, "curves")
    known = marks(table["method"])
    protocols = list(dict.fromkeys(table["protocol"]))
    means = averages.over_photos(table, ("protocol", "method", "share"))
    highest = 1.08 * float(means["mean"].max()) or 1.0
    tall = max(_LEAST, legends.height(len(known)))
    across = min(_ACROSS, len(protocols))
    pitch = (style.WIDTH - 2 * style.MARGIN + _BETWEEN) / across
    block = _HEAD + tall + _BELOW
    sheet = style.sheet(
        -(-len(protocols) // across) * block - 0.05,
        title=title
        or f"What becomes of the class, by {averages.counted([len(known)], what='method')}",
        caption=_caption(means, known),
    )
    for number, protocol in enumerate(protocols):
        corner = (style.MARGIN + number % across * pitch, number // across * block)
        rows = means[means.protocol == protocol]
        axes = _place(sheet, corner, (pitch - _BETWEEN, tall), protocol, rows, known)
        axes.set_ylim(0, highest)
    return sheet.figure


def _place(
    sheet: style.Sheet,
    corner: tuple[float, float],
    size: tuple[float, float],
    protocol: str,
    rows: "pd.DataFrame",
    known: Mapping[str, Mark],
) -> Axes:
    """Draw one protocol: its name, its chart, and the list beside it. Return the chart."""
    (left, top), (width, tall) = corner, size
    listed = legends.width(known)
    measure, areas = comparisons.measure(protocol), _areas(rows, protocol)
    left += _LEFT
    for down, words, size_of, look in (
        (0, measure.title, style.SMALL, {"weight": "bold"}),
        (0.13, measure.asks, style.TINY, {"color": style.MUTED}),
    ):
        short = lettering.shortened(words, width - _LEFT, size_of, bold="weight" in look)
        sheet.text(left, top + down, short, size=size_of, **look)
    chart = width - _LEFT - _GAP - listed
    axes = sheet.axes(left, top + _HEAD, chart, tall)
    axes.set_gid(f"curves {protocol}")
    _draw(axes, rows, list(areas), known)
    beside = sheet.axes(left + chart + _GAP, top + _HEAD, listed, tall)
    beside.set_gid(f"areas {protocol}")
    beside.set(xlim=(0, listed), ylim=(tall, 0))
    legends.write(beside, areas, known, (_ENDS[measure.better], "area"))
    return axes


def _areas(rows: "pd.DataFrame", protocol: str) -> dict[str, float]:
    """Return the area under the mean curve of each method, the best first."""
    areas = {
        str(method): float(area(curve["share"], curve["mean"]))
        for method, curve in rows.sort_values("share").groupby("method", sort=False)
    }
    falling = comparisons.better(protocol) == HIGH
    return dict(sorted(areas.items(), key=lambda pair: pair[1], reverse=falling))


def _draw(axes: Axes, rows: "pd.DataFrame", ranked: list[str], known: Mapping[str, Mark]) -> None:
    """Draw the curves of a protocol, and the spread of those that are looked at first."""
    spread = banded(known)
    for place, method in enumerate(ranked):
        curve = rows[rows.method == method].sort_values("share")
        share, mean = curve["share"].to_numpy(float), curve["mean"].to_numpy(float)
        if method in spread:
            reach = curve["error"].to_numpy(float)
            band = axes.fill_between(
                share, mean - reach, mean + reach, color=known[method].colour, alpha=0.13, lw=0
            )
            band.set_gid(f"band {method}")
        every = (place % _EVERY, _EVERY) if len(share) > _EVERY else 1
        look = known[method].line | known[method].point
        (line,) = axes.plot(share, mean, **look, ms=2.6, markevery=every)
        line.set_gid(f"curve {method}")
    axes.set_xlim(float(rows["share"].min()), float(rows["share"].max()))
    axes.tick_params(labelsize=style.TINY)
    axes.locator_params(nbins=5)
    axes.set_xlabel("share of pixels changed", size=style.TINY, labelpad=1)
    axes.set_ylabel("probability of the class", size=style.TINY, labelpad=2)


def _caption(means: "pd.DataFrame", known: Mapping[str, Mark]) -> str:
    """Say what the reader sees."""
    photos = [int(count) for count in means["photos"]]
    parts = [
        "Pixels change in the order of each map, and the probability of the class is followed; "
        f"means over {averages.counted(photos)}. Area: under the curve, over its width; the lists "
        "are sorted, best first."
    ]
    names = [method_names.title(method) for method in banded(known)]
    if names and max(photos) > 1:
        parts.append(
            f"Bands: {averages.BAND} ({' and '.join(names)}). They show how "
            "photos differ; whether methods do is told by their differences on each photo, which "
            "overlapping bands may hide."
        )
    if any(method_names.part(name) == method_names.CONTROL for name in known):
        parts.append("Grey, broken lines, hollow marks: maps that never look at the network.")
    if max(photos) == 1:
        parts.append("One photo is an illustration, no statistics.")
    return " ".join(parts)

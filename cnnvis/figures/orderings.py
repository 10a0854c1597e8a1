"""Several orders of the same channels, judged by eye and by number: what each puts side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnvis.compare import agreement
from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, style
from cnnvis.figures.agreement import draw_agreement
from cnnvis.figures.channels import clusters
from cnnvis.figures.scales import Scale, Values, scale
from cnnvis.ordering.result import Ordering
from cnnvis.quality import Judged, Quality
from cnnvis.volume import finite

_SIDES = {1: 2.4, 2: 1.8, 3: 1.2}  # orders side by side: inches of a similarity matrix
_SLICE = 0.48  # width of a slice, in sides of a matrix, about
_STRIP, _GAP = 0.05, 0.06  # inches: strip of clusters, and between two panels
_LEFT = 0.34  # inches for the numbers of the first panel
_HEAD, _WORDS = 0.2, 0.5  # inches above and below the panels of an order
_LINE = 0.16  # inches for one order in the chart
_WITHIN = 1.96  # standard deviations that hold 95 % of random orders


@dataclass(frozen=True, eq=False)
class _Shown:
    """What all orders share: the rows of the slice, their scale, the similarities."""

    rows: Values
    colours: Scale
    similarity: Values
    dpi: float
    across: int

    @property
    def side(self) -> float:
        """Inches of the side of a similarity matrix."""
        return _SIDES[self.across]

    @property
    def pitch(self) -> float:
        """Inches from one order to the next."""
        return (style.WIDTH - 2 * style.MARGIN) / self.across

    @property
    def slice_width(self) -> float:
        """Inches of a slice: whole pixels for every column, where it has room for them."""
        wanted, cols = _SLICE * self.side, self.rows.shape[1]
        room = self.pitch - _LEFT - self.side - 2 * _GAP - _STRIP
        crisp = max(1, round(wanted * self.dpi / cols)) * cols / self.dpi
        return crisp if crisp < room else wanted


@style.in_look
def side_by_side(
    maps: npt.ArrayLike,
    orderings: Mapping[str, Ordering],
    similarity: npt.ArrayLike,
    qualities: Mapping[str, Quality],
    *,
    row: int | None = None,
    title: str = "",
    unit: str = "activation",
) -> Figure:
    """Return a figure that compares orders of the same channels.

    For each: one row of every map, in that order; the similarity of all channels in that order;
    the mean correlation of neighbours against that of random orders. Then all of them in one
    chart, and how far they agree with each other.

    Args:
        maps: (channel, row, col), finite.
        orderings: by their names.
        similarity: (channel, channel), -1 to 1, the channels as numbered.
        qualities: by the names of the orderings.
        row: which row of the maps is shown; None: the middle one.
        title: of the figure.
        unit: what the maps count, for the colour bar.

    Raises:
        CnnvisError: arrays or names that do not fit each other.
        OrderingError: an ordering for another number of channels.
    """
    array = _checked(maps, orderings, similarity, qualities)
    middle = array.shape[1] // 2 if row is None else row
    if not 0 <= middle < array.shape[1]:
        raise CnnvisError(f"no row {middle} in maps of {array.shape[1]} rows.")
    across = len(orderings) if len(orderings) < 3 else 2 if len(orderings) == 4 else 3
    _, dpi = style.crisp(len(array), _SIDES[across])
    rows = array[:, middle, :]
    shown = _Shown(rows, scale(rows), np.asarray(similarity, float), dpi, across)
    lines = -(-len(orderings) // across)
    block = _HEAD + shown.side + _WORDS
    chart = max(0.9, _LINE * len(orderings) + 0.1)
    sheet = style.sheet(
        lines * block + 0.8 + chart + 0.35,
        title=title or f"{len(orderings)} orders of the same {len(array)} channels",
        caption=_caption(array, middle, shown, qualities),
        dpi=dpi,
    )
    for number, (name, ordering) in enumerate(orderings.items()):
        corner = (style.MARGIN + number % across * shown.pitch, number // across * block)
        _draw_order(sheet, corner, name, ordering, qualities[name], shown, first=number == 0)
    _draw_bars(sheet, lines * block + 0.05, shown, unit)
    _draw_summary(sheet, lines * block + 0.8, chart, orderings, qualities)
    return sheet.figure


def in_words(judged: Judged) -> str:
    """Say how well an order does against random ones.

    >>> in_words(Judged(0.408, 0.04, 0.015, 100.0))
    'neighbours correlate 0.41 (random orders: 0.04, 95 % of them from 0.01 to 0.07)'
    """
    low, high = _interval(judged)
    return (
        f"neighbours correlate {_two(judged.value)} (random orders: "
        f"{_two(judged.null_mean)}, 95 % of them from {_two(low)} to {_two(high)})"
    )


def _checked(
    maps: npt.ArrayLike,
    orderings: Mapping[str, Ordering],
    similarity: npt.ArrayLike,
    qualities: Mapping[str, Quality],
) -> Values:
    """Return the maps as an array, or say what does not fit."""
    array, matrix = np.asarray(maps), np.asarray(similarity)
    if array.ndim != 3 or array.size == 0 or matrix.shape != (len(array), len(array)):
        raise CnnvisError(
            "orders are compared on maps (channel, row, col) and similarities (channel, channel); "
            f"got {array.shape} and {matrix.shape}."
        )
    if not orderings or set(orderings) - set(qualities):
        missing = ", ".join(sorted(set(orderings) - set(qualities))) or "none at all"
        raise CnnvisError(f"every order needs its quality; missing: {missing}.")
    finite("a feature map", array)
    finite("a similarity", matrix)
    return array.astype(float)


def _draw_order(
    sheet: style.Sheet,
    corner: tuple[float, float],
    name: str,
    ordering: Ordering,
    quality: Quality,
    shown: _Shown,
    *,
    first: bool,
) -> None:
    """Draw one order: its name, its slice, its similarities, its worth in words."""
    left, top = corner
    room = shown.pitch - 0.15
    heading = lettering.shortened(name, room, style.LABEL, bold=True)
    sheet.text(left, top, heading, size=style.LABEL, weight="bold")
    top += _HEAD
    rows = sheet.axes(left + _LEFT, top, shown.slice_width, shown.side)
    rows.set_gid(f"slice {name}")
    rows.imshow(
        ordering.apply(shown.rows),
        cmap=shown.colours.colours,
        norm=shown.colours.norm,
        aspect="auto",
    )
    right = left + _LEFT + shown.slice_width + _GAP
    matrix = sheet.axes(right, top, shown.side, shown.side)
    strip = style.bare(sheet.axes(right + shown.side + 0.02, top, _STRIP, shown.side))
    matrix.set_gid(f"similarity {name}")
    alike = ordering.apply(ordering.apply(shown.similarity), axis=1)
    matrix.imshow(alike, cmap=style.SIGNED, vmin=-1, vmax=1, aspect="auto")
    style.bare(matrix)
    _number(rows, len(ordering), shown.rows.shape[1], first)
    _draw_strip(strip, (rows, matrix), ordering)
    words = lettering.wrapped(in_words(quality.neighbour_correlation), room, style.TINY)
    sheet.text(left, top + shown.side + (0.16 if first else 0.06), words, size=style.TINY)


def _number(axes: Axes, channels: int, cols: int, first: bool) -> None:
    """Number the places of the order; name both axes where it is the first panel."""
    style.bare(axes)
    axes.tick_params(length=0, labelsize=style.TINY, pad=1.5)
    axes.set_yticks([0, channels - 1])
    labels = axes.get_yticklabels()
    labels[0].set_verticalalignment("top")
    labels[-1].set_verticalalignment("bottom")
    if first:
        axes.set_ylabel("place in the order", size=style.TINY, labelpad=-4)
        axes.set_xlabel(f"column (0 to {cols - 1})", size=style.TINY, labelpad=2)


def _draw_strip(strip: Axes, beside: tuple[Axes, ...], ordering: Ordering) -> None:
    """Draw the clusters between the panels, and their borders across them."""
    strip.set(xlim=(0, 1), ylim=(len(ordering) - 0.5, -0.5))
    for cluster, start, end in clusters(ordering):
        colour = style.CATEGORIES[cluster % len(style.CATEGORIES)]
        place = Rectangle((0, start - 0.5), 1, end - start, color=colour, lw=0)
        place.set_gid(f"cluster {cluster}")
        strip.add_patch(place)
        for axes in beside if start else ():
            axes.axhline(start - 0.5, color=style.PAPER, lw=0.4)


def _draw_bars(sheet: style.Sheet, top: float, shown: _Shown, unit: str) -> None:
    """Draw the two colour bars that all orders share."""
    left = style.MARGIN + _LEFT
    style.colour_bar(
        sheet.axes(left, top, 2.0, 0.08), shown.colours.mappable, unit, ticks=shown.colours.ticks
    )
    alike = ScalarMappable(Normalize(-1, 1), style.SIGNED)
    bar = sheet.axes(left + 2.6, top, 2.0, 0.08)
    style.colour_bar(bar, alike, "correlation of two channels", ticks=(-1, -0.5, 0, 0.5, 1))


def _draw_summary(
    sheet: style.Sheet,
    top: float,
    height: float,
    orderings: Mapping[str, Ordering],
    qualities: Mapping[str, Quality],
) -> None:
    """Draw all orders against chance, and their agreement."""
    names = list(orderings)
    room = min(1.25, 0.1 + max(lettering.text_width(name, style.SMALL) for name in names))
    left = style.MARGIN + room
    side = min(height, 2.0)
    width = style.WIDTH - style.MARGIN - left - side - room - 0.35
    sheet.text(left, top - 0.2, "neighbours against chance", weight="bold")
    _draw_chart(sheet.axes(left, top, width, height), names, qualities, room)
    if len(names) > 1:
        right = style.WIDTH - style.MARGIN - side - 0.02
        sheet.text(right - room, top - 0.2, "agreement, Spearman's |ρ|", weight="bold")
        matrix = sheet.axes(right, top, side, side)
        draw_agreement(matrix, names, agreement(list(orderings.values())), room=room, below=0.0)


def _draw_chart(
    axes: Axes, names: list[str], qualities: Mapping[str, Quality], room: float
) -> None:
    """Draw the mean correlation of neighbours, with what random orders reach behind it."""
    axes.set_gid("chart")
    for place, name in enumerate(names):
        judged = qualities[name].neighbour_correlation
        low, high = _interval(judged)
        axes.barh(place, high - low, left=low, height=0.5, color=style.RULE, lw=0)
        axes.plot([judged.null_mean] * 2, [place - 0.25, place + 0.25], color=style.MUTED, lw=0.8)
        colour = style.CATEGORIES[0] if judged.value > high else style.MUTED
        axes.plot(judged.value, place, "o", ms=3.5, color=colour)
    short = [lettering.shortened(name, room - 0.08, style.SMALL) for name in names]
    axes.set_yticks(range(len(names)), short)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.05)
    axes.set_xlabel("mean correlation of neighbours (grey: 95 % of random orders)", size=style.TINY)


def _interval(judged: Judged) -> tuple[float, float]:
    """Return what holds 95 % of random orders, taking their mean as normally distributed."""
    wide = _WITHIN * judged.null_std
    return judged.null_mean - wide, judged.null_mean + wide


def _two(value: float) -> str:
    """Return a number with two digits after the point, without a minus before zero."""
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−")


def _caption(maps: Values, row: int, shown: _Shown, qualities: Mapping[str, Quality]) -> str:
    """Say what the reader sees."""
    return (
        f"For each order, left: row {row} of all {len(maps)} maps, one line per channel, from the "
        "first place of the order to the last; right: the correlation of every two channels, rows "
        "and columns in that order. Where alike channels lie together, the diagonal is dark red. "
        f"{shown.colours.words} White lines and coloured strips: clusters. Chart: an order tells "
        "something about the channels where its point (blue) lies outside the grey bar of random "
        "orders. Agreement: 1 where two orders are the same or each other's reverse."
    )

"""How good orders are, by every criterion, before what random orders reach."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, style
from cnnvis.quality import CRITERIA, WINDOW, Judged, Quality

_LINE = 0.2  # inches for one order
_NULL = 0.5  # inches for the histogram of random orders
_BINS = 41
_NAMES = {
    "neighbour_correlation": ("correlation of neighbours", "more is better →"),
    "path_length": ("length of the path", "← less is better"),
    "anti_robinson": ("anti-Robinson events", "← less is better"),
}
_BETTER = {"neighbour_correlation": 1, "path_length": -1, "anti_robinson": -1}


@style.in_look
def against_chance(
    qualities: Mapping[str, Quality], null: npt.ArrayLike, *, title: str = ""
) -> Figure:
    """Return a figure of all criteria of all orders, best neighbours first, over the null.

    Args:
        qualities: by the names of the orders.
        null: (draw, criterion), the criteria of random orders, see
            :func:`cnnvis.quality.permutation_null`.
        title: of the figure.

    Raises:
        CnnvisError: no order, or a null of other criteria.
    """
    draws = np.asarray(null, float)
    if not qualities or draws.ndim != 2 or draws.shape[1] != len(CRITERIA) or not len(draws):
        raise CnnvisError(
            f"orders are judged against a null (draw, {len(CRITERIA)}); got {len(qualities)} "
            f"orders and a null of shape {draws.shape}."
        )
    names = sorted(qualities, key=lambda name: -qualities[name].neighbour_correlation.value)
    room = min(1.3, 0.1 + max(lettering.text_width(name, style.SMALL) for name in names))
    left, gap = style.MARGIN + room, 0.25
    width = (style.WIDTH - style.MARGIN - left - 2 * gap) / len(CRITERIA)
    tall = _LINE * len(names)
    sheet = style.sheet(
        0.22 + tall + _NULL + 0.42,
        title=title or f"{len(names)} orders against {len(draws)} random ones",
        caption=_caption(len(draws)),
    )
    for number, criterion in enumerate(CRITERIA):
        at = left + number * (width + gap)
        heading, _ = _NAMES[criterion]
        sheet.text(at, 0, heading, weight="bold")
        axes = sheet.axes(at, 0.2, width, tall + _NULL)
        axes.set_gid(f"chart {criterion}")
        judged = {name: getattr(qualities[name], criterion) for name in names}
        _draw(axes, judged, draws[:, number], criterion)
        short = [lettering.shortened(name, room - 0.08, style.SMALL) for name in names]
        axes.set_yticks(range(len(names)), short if number == 0 else [])
    return sheet.figure


def _draw(
    axes: Axes, judged: Mapping[str, Judged], null: npt.NDArray[np.floating], of: str
) -> None:
    """Draw one criterion: a line per order, and below them the histogram of random orders."""
    low, high = np.quantile(null, [0.025, 0.975])
    floor = len(judged) - 0.5 + _NULL / _LINE
    axes.axvspan(low, high, color=style.RULE, alpha=0.6, lw=0)
    mean = float(null.mean())
    for place, one in enumerate(judged.values()):
        colour = _colour(one.value, float(low), float(high), _BETTER[of])
        axes.plot([mean, one.value], [place, place], color=colour, lw=0.8)
        axes.plot(one.value, place, "o", ms=3.5, color=colour)
        right = one.value >= mean
        axes.annotate(
            _written(one.value),
            (one.value, place),
            xytext=(4 if right else -4, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            size=style.TINY,
        )
    counts, edges = np.histogram(null, _BINS)
    tops = floor - counts / counts.max() * (_NULL / _LINE) * 0.9
    axes.fill_between(edges, np.append(tops, tops[-1]), floor, step="post", color=style.MUTED, lw=0)
    axes.axvline(mean, color=style.MUTED, lw=0.6)
    axes.set_ylim(floor, -0.5)
    axes.margins(x=0.32)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel(_NAMES[of][1], size=style.TINY)


def _written(value: float) -> str:
    """Return a value with as many digits as can be told apart.

    >>> _written(-0.0312), _written(58.66)
    ('−0.031', '58.7')
    """
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}".replace("-", "−")


def _colour(value: float, low: float, high: float, better: int) -> str:
    """Return blue beyond the good end of chance, vermilion beyond the bad one, grey within."""
    if low <= value <= high:
        return style.MUTED
    return style.CATEGORIES[0] if (value > high) == (better > 0) else style.CATEGORIES[5]


def _caption(draws: int) -> str:
    """Say what the reader sees."""
    return (
        f"Dark histogram: {draws} orders drawn at random; grey band: 95 % of them; thin line: "
        "their mean. A point is an order: blue where it does better than the band, vermilion where "
        "it does worse, grey within. Correlation of neighbours: mean over all neighbours in the "
        "order. Length of the path: sum of 1 − correlation between neighbours. Anti-Robinson "
        f"events: of two channels on one side of a third, within {WINDOW} places of it, the "
        "farther one is more alike; their share of all such pairs is about 0.5 at random."
    )

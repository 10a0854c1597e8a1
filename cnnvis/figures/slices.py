"""One slice of all maps, a line per channel: as the network numbers them, and in several orders."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, style
from cnnvis.figures.channels import clusters
from cnnvis.figures.scales import Scale, Values, scale
from cnnvis.ordering.result import Ordering
from cnnvis.volume import finite

_ACROSS = 4  # orders side by side
_TALL = 2.5  # inches of the tallest panel
_STRIP, _LEFT, _BETWEEN = 0.05, 0.24, 0.1  # inches: strip of clusters, numbers, panels
_HEAD, _BELOW = 0.2, 0.16
_LINES_PER_SEPARATOR = 80  # a separator is a line of paper for so many channels


@style.in_look
def before_and_after(
    maps: npt.ArrayLike,
    orderings: Mapping[str, Ordering],
    *,
    axis: str = "row",
    index: int | None = None,
    title: str = "",
    unit: str = "activation",
) -> Figure:
    """Return a figure of one row (or col) of every map, (channel, position), once in every order.

    Between two clusters lies an empty line; every channel is shown.

    Args:
        maps: (channel, row, col), finite.
        orderings: by their names.
        axis: ``row`` or ``col``.
        index: which one; None: the middle.
        title: of the figure.
        unit: what the maps count, for the colour bar.

    Raises:
        CnnvisError: no orders, or no such slice.
        OrderingError: an ordering for another number of channels.
    """
    rows, at = _slice(maps, axis, index)
    if not orderings:
        raise CnnvisError("a slice is shown in at least one order; got none.")
    colours = scale(rows)
    parted = {name: separated(rows, order) for name, order in orderings.items()}
    most = max(len(lines) for lines in parted.values())
    _, dpi = style.crisp(most, _TALL)
    across = min(_ACROSS, len(orderings))
    pitch = (style.WIDTH - 2 * style.MARGIN) / across
    tall = [_TALL * len(lines) / most for lines in parted.values()]
    blocks = [max(tall[i : i + across]) + _HEAD + _BELOW for i in range(0, len(tall), across)]
    panels = sum(blocks)
    sheet = style.sheet(
        panels + 0.42,
        title=title or f"{axis} {at} of all {len(rows)} channels",
        caption=_caption(rows, axis, at, colours, orderings),
        dpi=dpi,
    )
    for number, (name, ordering) in enumerate(orderings.items()):
        lines = parted[name]
        left = style.MARGIN + number % across * pitch + _LEFT
        top = sum(blocks[: number // across])
        size = (min(pitch - _LEFT - _STRIP - _BETWEEN, 2.4), tall[number])
        heading = lettering.shortened(name, pitch - _LEFT - 0.05, style.LABEL, bold=True)
        sheet.text(left, top, heading, size=style.LABEL, weight="bold")
        _draw(sheet, (left, top + _HEAD), size, f"slice {name}", lines, colours, ordering)
    bar = sheet.axes(style.MARGIN + _LEFT, panels + 0.06, 2.0, 0.08)
    style.colour_bar(bar, colours.mappable, unit, ticks=colours.ticks)
    return sheet.figure


def separated(rows: Values, ordering: Ordering) -> Values:
    """Return rows (channel, position) in their order, with empty (NaN) lines between clusters.

    >>> order = Ordering([2, 0, 1], None, [1, 1, 0], "kmeans", {}, "image")
    >>> separated(np.array([[1.0], [2.0], [3.0]]), order)[:, 0].tolist()
    [3.0, nan, 1.0, 2.0]
    """
    ordered = ordering.apply(rows)
    starts = [start for _, start, _ in clusters(ordering)[1:]]
    thick = _thick(len(rows))
    return np.asarray(np.insert(ordered, np.repeat(starts, thick).astype(int), np.nan, axis=0))


def _thick(channels: int) -> int:
    """Return how many empty lines part two clusters."""
    return max(1, round(channels / _LINES_PER_SEPARATOR))


def _slice(maps: npt.ArrayLike, axis: str, index: int | None) -> tuple[Values, int]:
    """Return one slice (channel, position) of every map, and its index."""
    array = np.asarray(maps)
    if axis not in ("row", "col") or array.ndim != 3 or array.size == 0:
        raise CnnvisError(
            "a slice is a 'row' or a 'col' of maps (channel, row, col); "
            f"got {axis!r} of {array.shape}."
        )
    along = 1 if axis == "row" else 2
    size = array.shape[along]
    at = size // 2 if index is None else index
    if not 0 <= at < size:
        raise CnnvisError(f"no {axis} {at} in maps of {size} {axis}s.")
    finite("a feature map", array)
    return np.take(array, at, axis=along).astype(float), at


def _draw(
    sheet: style.Sheet,
    corner: tuple[float, float],
    size: tuple[float, float],
    name: str,
    lines: Values,
    colours: Scale,
    ordering: Ordering,
) -> None:
    """Draw one order: its lines, the strip of its clusters, the first and last place."""
    (left, top), (width, height) = corner, size
    axes = sheet.axes(left, top, width, height)
    axes.set_gid(name)
    axes.imshow(lines, cmap=colours.colours, norm=colours.norm, aspect="auto")
    style.bare(axes)
    axes.tick_params(length=0, labelsize=style.TINY, pad=1.5)
    axes.set_yticks([0, len(lines) - 1], ["0", str(len(ordering) - 1)])
    labels = axes.get_yticklabels()
    labels[0].set_verticalalignment("top")
    labels[-1].set_verticalalignment("bottom")
    strip = style.bare(sheet.axes(left + width + 0.02, top, _STRIP, height))
    strip.set(xlim=(0, 1), ylim=(len(lines) - 0.5, -0.5))
    thick = _thick(len(ordering))
    for number, (cluster, start, end) in enumerate(clusters(ordering)):
        colour = style.CATEGORIES[cluster % len(style.CATEGORIES)]
        first = start + number * thick - 0.5
        place_of = Rectangle((0, first), 1, end - start, color=colour, lw=0)
        place_of.set_gid(f"cluster {cluster}")
        strip.add_patch(place_of)


def _caption(
    rows: Values, axis: str, at: int, colours: Scale, orderings: Mapping[str, Ordering]
) -> str:
    """Say what the reader sees."""
    names = {"set": "all images of the set", "mean": "the mean over all images"}
    made = dict.fromkeys(
        names.get(order.source, order.source)
        for order in orderings.values()
        if order.method != "natural"
    )
    origin = f" The orders were made from {' and '.join(made)}." if made else ""
    other = "columns" if axis == "row" else "rows"
    return (
        f"{axis.capitalize()} {at} of all {len(rows)} maps, one line per channel, its {other} 0 to "
        f"{rows.shape[1] - 1} from left to right; from top to bottom the places of the order. "
        f"{colours.words} White lines part clusters, coloured strips number them from the top; no "
        f"channel is left out.{origin}"
    )

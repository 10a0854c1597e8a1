"""How important every filter of a layer is: as grids, the same class beside another, and sorted."""

from collections.abc import Mapping
from typing import cast

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.scales import Scale, Values, scale
from cnnvis.importance import OTHER, SAME, agreement

NAMES = {
    "l2": "L2 norm of the gradient",
    "taylor": "Taylor, |Σ weight × gradient|",
    "random": "random numbers (control)",
}
UNITS = {"l2": "score per weight", "taylor": "score", "random": ""}
COLOURS = {SAME: style.CATEGORIES[0], OTHER: style.CATEGORIES[1]}

Means = Mapping[str, Mapping[str, npt.ArrayLike]]

_COLUMNS = 16  # cells in a row of a small layer, as in the original's grids
_NUMBERED = 0.17  # inches that a cell needs for its number
_BETWEEN = 0.3  # inches between the two grids
_NUMBERS = 0.22  # inches for the numbers beside the rows
_MOST = 5  # filters whose numbers stand in their cells
_NAMED_ROWS = 8  # rows of a grid that have a number beside them, at most
_CHART = 1.35  # inches


@style.in_look
def importance_grids(
    means: Means, images: Mapping[str, int], *, unit: str, layer: str = "", title: str = ""
) -> Figure:
    """Return a figure of the importance of every filter for one unit, by group and method.

    Above: a grid for each group and method, the groups of a method on one scale. Below: the same
    numbers sorted, for each method and the random control.

    Args:
        means: (filter,) by group and method, what :func:`cnnvis.importance.by_group` gives.
        images: how many images each group is averaged over.
        unit: whose score was differentiated, such as ``Egyptian cat (285)``.
        layer: whose filters these are.
        title: of the figure.

    Raises:
        CnnvisError: a group or a method is missing, or importances of different shapes.
    """
    values = _checked(means, images)
    filters = len(values[SAME]["l2"])
    columns = _columns(filters)
    width = (style.WIDTH - 2 * style.MARGIN - _BETWEEN) / 2 - _NUMBERS
    height = -(-filters // columns) * width / columns
    pitch = height + 0.62
    charts = 2 * pitch + 0.16
    sheet = style.sheet(
        charts + _CHART + 0.42,
        title=title or f"Which filters of {layer} the score of {unit} hangs on",
        caption=_caption(values, images, unit, layer),
    )
    for number, method in enumerate(("l2", "taylor")):
        colours = scale([values[group][method] for group in COLOURS], "global")
        top = number * pitch + 0.16
        for place, group in enumerate(COLOURS):
            left = style.MARGIN + _NUMBERS + place * (width + _NUMBERS + _BETWEEN)
            heading = f"{NAMES[method]}, {group}"
            sheet.text(left, top - 0.14, heading, weight="bold")
            axes = style.bare(sheet.axes(left, top, width, height))
            axes.set_gid(f"{method} {group}")
            _draw_grid(axes, values[group][method], columns, colours, width / columns)
        bar = sheet.axes(style.MARGIN + _NUMBERS, top + height + 0.08, 2.4, 0.07)
        style.colour_bar(bar, colours.mappable, UNITS[method], ticks=colours.ticks)
    across = (style.WIDTH - 2 * style.MARGIN - 0.45) / 3
    for number, method in enumerate(NAMES):
        left = style.MARGIN + 0.4 + number * (across + 0.02)
        sheet.text(left, charts - 0.02, NAMES[method], weight="bold")
        axes = sheet.axes(left, charts + 0.13, across - 0.38, _CHART - 0.13)
        axes.set_gid(f"sorted {method}")
        _draw_sorted(axes, {group: values[group][method] for group in COLOURS}, method)
    return sheet.figure


def _checked(means: Means, images: Mapping[str, int]) -> dict[str, dict[str, Values]]:
    """Return the importances as arrays, or say what is missing."""
    for group in COLOURS:
        lacking = [method for method in NAMES if method not in means.get(group, {})]
        if lacking or group not in images:
            raise CnnvisError(
                f"importance is drawn for {' and '.join(COLOURS)} by {', '.join(NAMES)}, with the "
                f"number of images of each group; {group} lacks {', '.join(lacking) or 'images'}."
            )
    values = {
        group: {method: np.asarray(means[group][method], float) for method in NAMES}
        for group in COLOURS
    }
    shapes = {array.shape for methods in values.values() for array in methods.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1 or not np.prod(next(iter(shapes))):
        raise CnnvisError(f"importances are (filter,) of one layer; got {sorted(shapes)}.")
    return values


def _columns(filters: int) -> int:
    """Return how many cells a row has: 16, doubled until the grid is wider than high.

    >>> _columns(96), _columns(512), _columns(2)
    (16, 32, 2)
    """
    columns = _COLUMNS
    while filters > columns * columns / 2:
        columns *= 2
    return min(columns, filters)


def _draw_grid(axes: Axes, values: Values, columns: int, colours: Scale, cell: float) -> None:
    """Draw a cell for each filter in reading order; the most important ones have their numbers."""
    rows = -(-len(values) // columns)
    cells = np.full(rows * columns, np.nan)
    cells[: len(values)] = values
    image = cells.reshape(rows, columns)
    axes.imshow(image, cmap=colours.colours, norm=colours.norm, aspect="auto")
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=style.PAPER, lw=0.6)
    axes.tick_params(which="both", length=0, labelsize=style.TINY)
    every = -(-rows // _NAMED_ROWS)
    axes.set_yticks(range(0, rows, every), [str(row * columns) for row in range(0, rows, every)])
    if cell < _NUMBERED:
        return
    for number in np.argsort(-values, kind="stable")[:_MOST]:
        row, col = divmod(int(number), columns)
        bright = float(cast(float, colours.norm(values[number]))) > 0.6
        colour = style.INK if bright else style.PAPER
        axes.text(col, row, str(number), ha="center", va="center", size=style.TINY, color=colour)


def _draw_sorted(axes: Axes, groups: Mapping[str, Values], method: str) -> None:
    """Draw the importance of each group from the largest to the smallest."""
    for group, values in groups.items():
        rank = np.arange(1, len(values) + 1)
        axes.plot(rank, np.sort(values)[::-1], color=COLOURS[group], lw=1.3, label=group)
    axes.set_xlim(1, max(2, len(rank)))
    axes.set_ylim(0, None)
    axes.tick_params(labelsize=style.TINY)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlabel("filters, sorted", size=style.TINY, labelpad=1)
    if UNITS[method]:
        axes.set_ylabel(UNITS[method], size=style.TINY, labelpad=1)
    if method == "l2":
        axes.legend(loc="upper right", fontsize=style.TINY, handlelength=1.4)


def _caption(
    values: Mapping[str, Mapping[str, Values]], images: Mapping[str, int], unit: str, layer: str
) -> str:
    """Say what the reader sees."""
    rho = {method: agreement(values[SAME][method], values[OTHER][method]) for method in NAMES}
    of = f" of {layer}" if layer else ""
    parts = [
        f"Importance of the {len(values[SAME]['l2'])} filters{of} for the score of {unit}, before "
        f"the softmax: mean over {_counted(images[SAME])} of the inspected class, and over "
        f"{_counted(images[OTHER])} of other classes. The two grids of a method share one scale; "
        "filters are in reading order, numbered at the left; the five most important have numbers.",
        "Do the groups rank the filters alike? Spearman's ρ between them is "
        f"{rho['l2']:.2f} (L2), {rho['taylor']:.2f} (Taylor), {rho['random']:.2f} (random).",
    ]
    if min(images.values()) < 10:
        parts.append("With so few images this is an illustration, no statistics.")
    return " ".join(parts)


def _counted(images: int) -> str:
    return "1 image" if images == 1 else f"{images} images"

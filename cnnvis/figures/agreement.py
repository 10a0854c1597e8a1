"""How far orders of the same channels agree, every two of them, as a matrix."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, style
from cnnvis.figures.scales import Values

_NAMED = 24  # orders that can be named beside the matrix
_FEW = 8  # orders that can be named beside a small matrix, where their cells have no numbers
_NUMBERED = 12  # orders whose agreement fits into the cells as a number

_PANELS = (
    "Spearman's |ρ| between the places of the channels, for every two orders: 1 where they are the "
    "same or each other's reverse, near 0 where they have nothing to do with each other. By rows, "
    "by columns: the channels sorted by one row, or one column, of their maps alone; along the "
    "diagonal lie slices near each other, in the corners the farthest. Grey: a slice in which all "
    "channels are alike."
)


@style.in_look
def agreement_matrix(
    names: Sequence[str], matrix: npt.ArrayLike, *, title: str = "", what: str = "order"
) -> Figure:
    """Return a figure of how far orders agree: Spearman's |rho| (order, order), 0 to 1.

    Args:
        names: of the orders; where there are too many, only some are written.
        matrix: (order, order).
        title: of the figure.
        what: what the rows and columns are, such as ``order made from slice``.

    Raises:
        CnnvisError: the matrix does not fit the names.
    """
    values = np.asarray(matrix, float)
    if values.shape != (len(names), len(names)) or not names:
        raise CnnvisError(f"{len(names)} names do not fit a matrix of shape {values.shape}.")
    left = min(2.2, 0.1 + max(lettering.text_width(name, style.SMALL) for name in names))
    side = min(5.2, style.WIDTH - 2 * style.MARGIN - left - 0.3, max(1.2, 0.3 * len(names)))
    below = min(left, 1.4)
    sheet = style.sheet(
        side + below + 0.5,
        title=title or "How far orders agree",
        caption=(
            f"Spearman's |ρ| between the places of the channels, for every two of {len(names)} "
            "orders: 1 where they are the same or each other's reverse, near 0 where they have "
            f"nothing to do with each other. Rows and columns: {what}."
        ),
    )
    axes = sheet.axes(style.MARGIN + left, 0, side, side)
    image = draw_agreement(axes, names, values, room=left, below=below)
    bar = sheet.axes(style.MARGIN + left, side + below + 0.06, min(2.4, side), 0.08)
    style.colour_bar(bar, image, "Spearman's |ρ|", ticks=(0, 0.5, 1))
    return sheet.figure


@style.in_look
def agreement_panels(
    panels: Mapping[str, tuple[Sequence[str], npt.ArrayLike]], *, title: str = ""
) -> Figure:
    """Return a figure of several agreements side by side: Spearman's |rho|, 0 to 1.

    Args:
        panels: by their headings: the names of the orders, and (order, order); NaN where one of two
            slices has no order.
        title: of the figure.

    Raises:
        CnnvisError: no panel, or a matrix that does not fit its names.
    """
    squares = {heading: (list(n), np.asarray(m, float)) for heading, (n, m) in panels.items()}
    for heading, (names, values) in squares.items():
        if values.shape != (len(names), len(names)) or not names:
            raise CnnvisError(
                f"{heading}: {len(names)} names do not fit a matrix of shape {values.shape}."
            )
    if not squares:
        raise CnnvisError("agreement is shown of at least one set of orders; got none.")
    rooms = [
        min(0.9, 0.1 + max(lettering.text_width(name, style.TINY) for name in names))
        for names, _ in squares.values()
    ]
    gap = 0.3
    free = style.WIDTH - 2 * style.MARGIN - sum(rooms) - gap * (len(squares) - 1)
    side = min(2.6, free / len(squares))
    below = max(rooms)
    sheet = style.sheet(
        0.2 + side + below + 0.4,
        title=title or "How far orders agree",
        caption=_PANELS,
    )
    left = style.MARGIN
    for (heading, (names, values)), room in zip(squares.items(), rooms, strict=True):
        sheet.text(left + room, 0, lettering.shortened(heading, side + gap, style.SMALL, bold=True))
        axes = sheet.axes(left + room, 0.2, side, side)
        image = draw_agreement(axes, names, values, room=room, below=room, named=_FEW)
        axes.set_gid(f"agreement {heading}")
        left += room + side + gap
    bar = sheet.axes(style.MARGIN + rooms[0], 0.2 + side + below + 0.04, 2.0, 0.08)
    style.colour_bar(bar, image, "Spearman's |ρ|", ticks=(0, 0.5, 1))
    return sheet.figure


def draw_agreement(
    axes: Axes,
    names: Sequence[str],
    values: Values,
    *,
    room: float,
    below: float,
    named: int = _NAMED,
) -> ScalarMappable:
    """Draw |rho| as a matrix, with numbers and at most ``named`` names where there are many."""
    axes.set_facecolor(style.RULE)  # shows where a value is missing
    axes.set_gid("agreement")
    image = axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    style.bare(axes)
    axes.tick_params(length=0, labelsize=style.TINY, pad=2)
    every = 1 if len(names) <= _NUMBERED else -(-len(names) // named)
    places = list(range(0, len(names), every))
    short = [lettering.shortened(names[place], room - 0.05, style.TINY) for place in places]
    axes.set_yticks(places, short)
    if below:
        axes.set_xticks(places, short, rotation=90)
    if len(names) <= _NUMBERED:
        for (down, along), value in np.ndenumerate(values):
            colour = style.PAPER if value > 0.55 else style.INK
            text = f"{value:.2f}".removeprefix("0")
            axes.text(along, down, text, ha="center", va="center", size=4.5, color=colour)
    return image

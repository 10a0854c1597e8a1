"""How far orders of the same channels agree, every two of them, as a matrix."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, style
from cnnvis.figures.scales import Values

_NAMED = 24  # orders that can be named beside the matrix
_NUMBERED = 12  # orders whose agreement fits into the cells as a number


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


def draw_agreement(
    axes: Axes, names: Sequence[str], values: Values, *, room: float, below: float
) -> ScalarMappable:
    """Draw |rho| as a matrix, with numbers and names as far as there is room."""
    axes.set_gid("agreement")
    image = axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    style.bare(axes)
    axes.tick_params(length=0, labelsize=style.TINY, pad=2)
    every = -(-len(names) // _NAMED)
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

"""Outlines of boxes on photos: seen on dark and on light, found and true told apart."""

from collections.abc import Sequence

from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cnnvis.figures import style

TRUE = style.PAPER
"""The colour of a true box, which is drawn in dashes."""


def outline(
    axes: Axes, box: Sequence[float], colour: str, *, true: bool = False, width: float = 1.4
) -> None:
    """Draw the outline of a box (row0, col0, row1, col1) on a dark ground; nothing if it is empty.

    Args:
        axes: whose positions are pixels, the first from 0 to 1.
        box: the ends just outside.
        colour: of the line.
        true: whether it is a true box: in dashes, and finer.
        width: of the line, in points.
    """
    row0, col0, row1, col1 = box
    if row1 <= row0 or col1 <= col0:
        return
    line = 0.8 * width if true else width
    frame = Rectangle(
        (col0, row0),
        col1 - col0,
        row1 - row0,
        fill=False,
        ec=colour,
        lw=line,
        ls=(0, (4, 2)) if true else "-",
        gid="true" if true else "found",
    )
    frame.set_path_effects([patheffects.withStroke(linewidth=line + 1.1, foreground=style.INK)])
    axes.add_patch(frame)

"""Outlines of boxes and objects: seen on dark and on light, found and true told apart."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
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


def outline_mask(axes: Axes, mask: npt.NDArray[np.bool_], *, width: float = 1.0) -> None:
    """Draw the outline of an object on a dark ground; nothing if it is empty.

    Args:
        axes: whose positions are pixels, the first from 0 to 1.
        mask: (row, col), True on the object.
        width: of the line, in points.
    """
    sides = _sides(mask)
    if not len(sides):
        return
    # All of the ground first: drawn side by side, each ground would cover the line before it.
    for colour, wide, name in ((style.INK, width + 1.1, "ground"), (TRUE, width, "object")):
        lines = LineCollection(list(sides), colors=colour, linewidths=wide, capstyle="projecting")
        lines.set_gid(name)
        axes.add_collection(lines, autolim=False)


def _sides(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the sides of pixels (side, [begin, end], [col, row]) where a mask begins or ends."""
    around = np.pad(mask, 1)
    row, col = np.nonzero(around[1:, 1:-1] != around[:-1, 1:-1])
    across = np.stack([np.stack([col, row], 1), np.stack([col + 1, row], 1)], axis=1)
    row, col = np.nonzero(around[1:-1, 1:] != around[1:-1, :-1])
    down = np.stack([np.stack([col, row], 1), np.stack([col, row + 1], 1)], axis=1)
    return np.concatenate([across, down]).astype(np.float64)

"""The kernels of a first layer as colours, each with marks of what it answers to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from cnnvis import kernels as describing
from cnnvis.errors import CnnvisError
from cnnvis.figures import style

if TYPE_CHECKING:
    import pandas as pd

_GROUPS = {
    "oriented": ("orientation", "by the direction of their stripes"),
    "blob": ("cycles_per_pixel", "no single direction, by frequency"),
    "colour": ("orientation", "by the direction of their stripes"),
    "faint": ("filter", "next to no weight"),
}
"""The words of cnnvis.kernels in the order shown, what their kernels are sorted by, and how."""

_TALLEST = 8.4  # inches
_HEADING, _KEY = 0.26, 0.34  # inches
_GAP = 0.07  # inches between two kernels
_NUMBER, _MARKS = 0.1, 0.17  # inches above and below a kernel
_HIGHEST = 0.5**0.5  # cycles per pixel
_CLEAR, _UNCLEAR = style.INK, "#b3b9c4"  # of a line that shows most of a kernel, or some of it
_FREQUENCY, _COLOUR = style.CATEGORIES[0], style.CATEGORIES[5]


@dataclass(frozen=True)
class _Layout:
    """Columns of kernels, and their side in inches."""

    columns: int
    side: float

    @property
    def row(self) -> float:
        """Height of a row of kernels with what is above and below."""
        return _NUMBER + self.side + _MARKS + _GAP


@style.in_look
def overview(kernels: npt.ArrayLike, table: "pd.DataFrame", *, title: str = "") -> Figure:
    """Return a figure of kernels (filter, 3, k_row, k_col) and of their description.

    All are colours on one symmetric scale. Below each are a line along its stripes, a bar for
    their frequency, and a bar for the opponency of its colours.

    Args:
        kernels: of a convolution whose input is the image.
        table: what :func:`cnnvis.kernels.describe` says of them.
        title: of the figure.

    Raises:
        CnnvisError: kernels of another shape, or a table of another number of them.
    """
    tiles = describing.tiles(kernels)
    if len(table) != len(tiles):
        raise CnnvisError(f"{len(tiles)} kernels need as many descriptions; got {len(table)}.")
    groups = [(word, _sorted(table, word)) for word in _GROUPS if (table["label"] == word).any()]
    layout = _layout([len(rows) for _, rows in groups])
    body = sum(_HEADING + -(-len(rows) // layout.columns) * layout.row for _, rows in groups)
    sheet = style.sheet(body + _KEY, title=title, caption=_caption(tiles, table))
    axes = style.bare(sheet.axes(0, 0, style.WIDTH, body + _KEY))
    axes.set_gid("kernels")
    axes.set(xlim=(0, style.WIDTH), ylim=(body + _KEY, 0))
    top = 0.0
    for word, rows in groups:
        words = f"{word}: {len(rows)}, {_GROUPS[word][1]}"
        axes.text(style.MARGIN, top + 0.05, words, va="top", size=style.LABEL, weight="bold")
        top += _HEADING
        for number, row in enumerate(rows.to_dict("records")):
            left = style.MARGIN + number % layout.columns * (layout.side + _GAP)
            place = top + number // layout.columns * layout.row
            _draw_kernel(axes, tiles[int(row["filter"])], row, (left, place), layout.side)
        top += -(-len(rows) // layout.columns) * layout.row
    _draw_key(axes, body + 0.08)
    axes.set(xlim=(0, style.WIDTH), ylim=(body + _KEY, 0))
    return sheet.figure


def _sorted(table: "pd.DataFrame", word: str) -> "pd.DataFrame":
    """Return the kernels of one word, in the order they are shown in."""
    return table[table["label"] == word].sort_values([_GROUPS[word][0], "filter"], kind="stable")


def _layout(sizes: list[int]) -> _Layout:
    """Return the largest kernels that fit the page; at most twelve in a row are pleasant."""
    for columns in range(12, 40):
        side = (style.WIDTH - 2 * style.MARGIN + _GAP) / columns - _GAP
        layout = _Layout(columns, side)
        if sum(_HEADING + -(-size // columns) * layout.row for size in sizes) <= _TALLEST:
            break
    return layout


def _draw_kernel(
    axes: Axes,
    tile: npt.NDArray[np.floating],
    row: Mapping[Any, Any],
    place: tuple[float, float],
    side: float,
) -> None:
    """Draw one kernel with its number above and its marks below."""
    left, top = place
    number = str(int(row["filter"]))
    axes.text(left, top, number, va="top", size=style.TINY, color=style.MUTED)
    top += _NUMBER
    height, width = tile.shape[:2]
    tall, wide = np.array([height, width]) * side / max(height, width)
    axes.imshow(
        tile, extent=(left, left + wide, top + tall, top), aspect="auto", gid=f"kernel {number}"
    )
    top += side + 0.03
    _draw_marks(axes, row, (left, top), side)


def _draw_marks(
    axes: Axes, row: Mapping[Any, Any], place: tuple[float, float], side: float
) -> None:
    """Draw a line along the stripes, and bars for frequency and opponency."""
    left, top = place
    radius = 0.055
    middle = np.array([left + radius, top + radius])
    axes.add_patch(Circle(tuple(middle), radius, fill=False, lw=0.4, ec=style.RULE))
    if np.isfinite(row["orientation"]):
        angle = np.radians(row["orientation"])
        way = radius * np.array([np.cos(angle), -np.sin(angle)])  # rows count downwards
        line = np.array([middle - way, middle + way])
        colour = _CLEAR if describing.directed(row["coherence"], row["strength"]) else _UNCLEAR
        axes.add_collection(LineCollection([line], colors=colour, lw=1.1))
    start = left + 2 * radius + 0.04
    room = left + side - start
    shares = (row["cycles_per_pixel"] / _HIGHEST, row["opponency"])
    for share, colour, down in zip(shares, (_FREQUENCY, _COLOUR), (0.015, 0.065), strict=True):
        bars = [
            Rectangle((start, top + down), room, 0.03),
            Rectangle((start, top + down), room * share, 0.03),
        ]
        axes.add_collection(PatchCollection(bars, facecolors=["#e9ebef", colour], lw=0))


def _draw_key(axes: Axes, top: float) -> None:
    """Explain the marks with one of each, larger."""
    row = {"orientation": 30.0, "cycles_per_pixel": 0.35, "opponency": 0.5} | {
        "coherence": 1.0,
        "strength": 1.0,
    }
    _draw_marks(axes, row, (style.MARGIN, top), 0.5)
    words = (
        ("line: along the stripes", _CLEAR),
        ("upper bar: their frequency, up to √½ cycles per pixel", _FREQUENCY),
        ("lower bar: colour opponency, 0 to 1", _COLOUR),
    )
    for (word, colour), left in zip(words, (0.72, 2.0, 4.75), strict=True):
        axes.text(left, top + 0.055, word, va="center", size=style.SMALL, color=colour)


def _caption(tiles: npt.NDArray[np.floating], table: "pd.DataFrame") -> str:
    """Say what the reader sees."""
    count, rows, cols = tiles.shape[:3]
    flat = int(table["orientation"].isna().sum())
    return (
        f"All {count} kernels of {rows} × {cols} pixels as red, green and blue, on one scale: grey "
        "is a weight of zero. Orientation and frequency are those of the largest peak of the power "
        "spectrum, without the mean of each colour"
        + (f"; {flat} have none, being flat or checkered. " if flat else ". ")
        + "Opponency is the share of the energy outside of grey. "
        f"“colour”: opponency above {describing.COLOUR_FROM:g}. “oriented”, and a black line: one "
        f"direction holds most of the power (coherence above {describing.COHERENT_FROM:g}), or one "
        f"wave explains more than {describing.WAVE_FROM:.0%} of the kernel"
        + (", which one in four 3 × 3 kernels of noise reaches too." if rows * cols < 10 else ".")
    )

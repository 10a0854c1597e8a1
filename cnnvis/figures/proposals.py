"""Proposals on their photos, ranked, and how many objects the first of them find."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cnnvis.boxes import Box
from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, photos, style
from cnnvis.figures.outlines import TRUE, outline
from cnnvis.proposals import Proposal

if TYPE_CHECKING:
    import pandas as pd

_ACROSS = 4
_GAP = 0.08  # inches
_ASPECT = 0.8  # height over width of the place of a photo
_WORDS = 0.24  # inches below a photo
_CHART = 1.35  # inches
_SHOWN = 5  # proposals of a photo
_DPI = 220
_PIXELS = 420  # of a photo: as many as its place has
_WAYS = {
    "proposals": (style.CATEGORIES[0], "-", "o"),
    "centred": (style.CATEGORIES[5], "--", "s"),
    "random": (style.CATEGORIES[7], ":", "^"),
}


@dataclass(frozen=True, eq=False)
class Offered:
    """A photo with the boxes proposed on it.

    Attributes:
        name: of the photo.
        photo: (row, col, 3) uint8.
        proposed: boxes, the best first.
        known: its true boxes.
    """

    name: str
    photo: npt.NDArray[np.uint8]
    proposed: Sequence[Proposal]
    known: Sequence[Box] = ()


@style.in_look
def ranked(rows: Sequence[Offered], recalls: "pd.DataFrame", *, title: str = "") -> Figure:
    """Return a figure of all photos with their best proposals, and a chart of what those find.

    Args:
        rows: the photos and their proposals.
        recalls: columns boxes, proposals, centred, random, see
            :func:`cnnvis.proposals.recalls`; without rows no chart is drawn.
        title: of the figure.

    Raises:
        CnnvisError: no photo.
    """
    if not rows:
        raise CnnvisError("a figure of proposals needs at least one photo; got none.")
    width = (style.WIDTH - 2 * style.MARGIN - (_ACROSS - 1) * _GAP) / _ACROSS
    height = width * _ASPECT
    pitch = height + _WORDS + _GAP
    below = -(-len(rows) // _ACROSS) * pitch
    sheet = style.sheet(
        below + (_CHART + 0.4 if len(recalls) else 0.0),
        title=title or f"Boxes that may hold objects on {len(rows)} photos",
        caption=_caption(rows, recalls),
        dpi=_DPI,
    )
    for number, row in enumerate(rows):
        left = style.MARGIN + number % _ACROSS * (width + _GAP)
        top = number // _ACROSS * pitch
        photo = photos.checked(row.photo, row.name)
        wide, high = photos.fitted(photo.shape, width, height)
        axes = sheet.axes(left, top + height - high, wide, high)
        axes.set_gid(f"photo {row.name}")
        photos.show(axes, photos.small(photo, _PIXELS), photo.shape)
        for box in row.known:
            outline(axes, box, TRUE, true=True, width=1.0)
        for place, one in reversed(list(enumerate(row.proposed[:_SHOWN]))):
            outline(axes, one.box, _colour(place), width=1.8 - 0.25 * place)
        name = lettering.shortened(row.name, width, style.TINY, bold=True)
        sheet.text(left, top + height + 0.03, name, size=style.TINY, weight="bold")
        words = f"{len(row.proposed)} boxes" if row.proposed else "no box"
        if row.proposed:
            words += f", the best {row.proposed[0].score:.2f}"
        sheet.text(left, top + height + 0.12, words, size=style.TINY, color=style.MUTED)
    if len(recalls):
        _draw_recalls(sheet, below + 0.08, recalls)
    return sheet.figure


def _colour(place: int) -> str:
    """Return the colour of a place in the ranking: from bright to dark."""
    return to_hex(colormaps[style.SEQUENTIAL](0.85 - 0.6 * place / max(1, _SHOWN - 1)))


def _draw_recalls(sheet: style.Sheet, top: float, recalls: "pd.DataFrame") -> None:
    """Draw the share of the objects found against the number of boxes."""
    axes = sheet.axes(style.MARGIN + 0.45, top, 3.6, _CHART)
    axes.set_gid("recalls")
    for way, (colour, line, mark) in _WAYS.items():
        axes.plot(
            recalls["boxes"], recalls[way], line, color=colour, marker=mark, ms=2.5, lw=1, label=way
        )
    axes.set(
        ylim=(0, 1), xlabel="boxes of a photo, the best first", ylabel="objects found\n(share)"
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))


def _caption(rows: Sequence[Offered], recalls: "pd.DataFrame") -> str:
    """Say what the reader sees, plainly where chance does as well."""
    parts = [
        f"The {_SHOWN} best boxes of each photo, the better the brighter and bolder. A box is "
        "scored by the share of the weight it holds beyond its share of the photo."
    ]
    if any(row.known for row in rows):
        parts.append("Dashed: the objects as drawn by eye.")
    if len(recalls):
        last = recalls.iloc[-1]
        better = last["proposals"] > max(last["centred"], last["random"])
        parts.append(
            "Chart: the share of the objects of a photo that some box overlaps by half or more, "
            "mean over the photos, beside as many boxes in the middle and as many random ones; "
            f"with {int(last['boxes'])} boxes {last['proposals']:.2f}, {last['centred']:.2f} and "
            f"{last['random']:.2f}"
            + ("." if better else ": on these photos, boxes in the middle do as well or better.")
        )
    return " ".join(parts)

"""Detections on their photos: boxes with the names and the probabilities of their classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from cnnvis.boxes import Box
from cnnvis.detections import Detection, distinct
from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, photos, style
from cnnvis.figures.outlines import TRUE, outline

LEAST = 0.02
"""The probability from which on a class is shown."""

_ACROSS = 4
_GAP = 0.08  # inches
_ASPECT = 0.8  # height over width of the place of a photo
_LINE = 0.1  # inches from one line of words to the next
_SHOWN = 3  # detections of a photo
_DPI = 220
_PIXELS = 420  # of a photo: as many as its place has
_COLOURS = (style.CATEGORIES[1], style.CATEGORIES[4], style.CATEGORIES[3])


@dataclass(frozen=True, eq=False)
class Seen:
    """A photo with what was detected on it.

    Attributes:
        name: of the photo.
        photo: (row, col, 3) uint8.
        found: the detections, in pixels of the photo.
        truth: the name of its class; "" where it is not known.
        known: its true boxes.
    """

    name: str
    photo: npt.NDArray[np.uint8]
    found: Sequence[Detection]
    truth: str = ""
    known: Sequence[Box] = ()


@style.in_look
def detected(
    rows: Sequence[Seen], *, least: float = LEAST, title: str = "", verdict: str = ""
) -> Figure:
    """Return a figure of all photos with the boxes that name a place of their own.

    Args:
        rows: the photos and what was detected.
        least: the probability from which on a class is shown; the most probable one always is.
        title: of the figure.
        verdict: how good the boxes are, a sentence for the caption.

    Raises:
        CnnvisError: no photo.
    """
    if not rows:
        raise CnnvisError("a figure of detections needs at least one photo; got none.")
    width = (style.WIDTH - 2 * style.MARGIN - (_ACROSS - 1) * _GAP) / _ACROSS
    height = width * _ASPECT
    pitch = height + (_SHOWN + 2) * _LINE + _GAP
    sheet = style.sheet(
        -(-len(rows) // _ACROSS) * pitch,
        title=title or f"What is seen where on {len(rows)} photos",
        caption=_caption(rows, verdict),
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
            outline(axes, box, TRUE, true=True)
        shown = _shown(row, least)
        for one, colour in reversed(list(zip(shown, _COLOURS, strict=False))):
            outline(axes, one.box, colour)
        _write(sheet, left, top + height + 0.03, width, row, shown)
    return sheet.figure


def _shown(row: Seen, least: float) -> list[Detection]:
    """Return the detections of a photo that are drawn, the most probable first."""
    apart = distinct(row.found)
    return [one for one in apart[:_SHOWN] if one.probability >= least or one == apart[0]]


def _write(
    sheet: style.Sheet, left: float, top: float, width: float, row: Seen, shown: Sequence[Detection]
) -> None:
    """Write the name of a photo, what was detected, and its class where that was not."""
    name = lettering.shortened(row.name, width, style.TINY, bold=True)
    sheet.text(left, top, name, size=style.TINY, weight="bold")
    for place, one in enumerate(shown, start=1):
        words = lettering.shortened(_words(one), width - 0.12, style.TINY)
        down = top + place * _LINE
        sheet.text(left, down, "■", size=style.TINY, color=_COLOURS[place - 1])
        sheet.text(left + 0.1, down, words, size=style.TINY)
    if not shown:
        sheet.text(left, top + _LINE, "nothing found", size=style.TINY, color=style.MUTED)
    if row.truth and row.truth not in [one.name for one in shown]:
        words = lettering.shortened(f"true: {row.truth}", width, style.TINY)
        down = top + (1 + max(1, len(shown))) * _LINE
        sheet.text(left, down, words, size=style.TINY, color=style.MUTED)


def _words(one: Detection) -> str:
    """Return the name and the probability of a detection."""
    return f"{one.name} {_percent(one.probability)}"


def _percent(share: float) -> str:
    """Return a probability in percent.

    >>> _percent(0.0004), _percent(0.123)
    ('< 1 %', '12 %')
    """
    return "< 1 %" if share < 0.01 else f"{100 * share:.0f} %"


def _caption(rows: Sequence[Seen], verdict: str) -> str:
    """Say what the reader sees."""
    parts = [
        "Each photo with the boxes of the classes that were walked back from, of boxes that "
        "overlap by more than half only the most probable one; below, their names and "
        "probabilities."
    ]
    if any(row.known for row in rows):
        parts.append("Dashed: the objects as drawn by eye.")
    return " ".join([*parts, verdict]).strip()

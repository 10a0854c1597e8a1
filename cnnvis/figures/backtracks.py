"""Backtracks on their photos: where the paths end, where they lie dense, the box around that."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnvis.attention import KINDS, OnObject
from cnnvis.contrasts import STATES
from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, photos, points, style

Box = tuple[int, int, int, int]

_COLUMNS = ("photo", "fixations", "density", "box")
_GAP = 0.08  # inches
_TALLEST = 1.9  # inches of a photo in a row
_HEADING, _NUMBERS = 0.32, 0.12  # inches above the photos of a row; of a line of numbers there
_LINE = points.COLOUR
_ACROSS = 5  # photos side by side on a contact sheet
_CELL_ASPECT, _CELL_WORDS = 0.78, 0.34  # height over width; inches below
_DPI = 220


@dataclass(frozen=True, eq=False)
class Explained:
    """A photo and what a backtrack found on it, everything in pixels of the photo.

    Attributes:
        name: of the photo.
        photo: (row, col, 3) uint8.
        fixations: (point, [row, col]), pixel middles at whole numbers.
        weights: (point,) not negative.
        density: (row, col) over the whole photo, coarser if need be.
        box: (first row, first col, end row, end col), the ends just outside; all 0 for none.
        target: the class that was walked back from.
        truth: the true class; "" where it is not known.
        correct: whether the network was right; None where the true class is not known.
        lost: the share of the weight that did not reach a pixel, 0 to 1.
        seen: the part of the photo that the network saw, like ``box``; None: all of it.
        on_object: how much of the density lies on the object; None where that is not known.
    """

    name: str
    photo: npt.NDArray[np.uint8]
    fixations: npt.NDArray[np.floating]
    weights: npt.NDArray[np.floating]
    density: npt.NDArray[np.floating]
    box: Box
    target: str
    truth: str = ""
    correct: bool | None = None
    lost: float = 0.0
    seen: Box | None = None
    on_object: OnObject | None = None

    def __post_init__(self) -> None:
        """Check that the parts fit each other.

        Raises:
            CnnvisError: they do not.
        """
        photos.checked(self.photo, self.name)
        places, weights, density = map(np.shape, (self.fixations, self.weights, self.density))
        if places != (*weights, 2) or len(density) != 2:
            raise CnnvisError(
                f"{self.name!r}: fixations (point, 2), weights (point,) and a density (row, col) "
                f"have to fit; got {places}, {weights} and {density}."
            )
        if not 0 <= self.lost <= 1 or np.min(self.weights, initial=0) < 0:
            raise CnnvisError(
                f"{self.name!r}: weights are not negative, and the lost share is 0 to 1; got "
                f"{np.min(self.weights, initial=0)} and {self.lost}."
            )

    @property
    def state(self) -> str:
        """Say whether the network was right."""
        return STATES[self.correct]

    @property
    def found(self) -> bool:
        """Whether the backtrack reached any pixel."""
        return bool(np.sum(self.weights) > 0)


@style.in_look
def explanation(
    rows: Sequence[Explained], *, title: str = "", method: str = "", box: str = "region"
) -> Figure:
    """Return a figure with a row for each photo: photo, fixations, density, box.

    Args:
        rows: the photos and what was found on them.
        title: of the figure.
        method: how the backtrack was made, a sentence for the caption.
        box: what the boxes are, of :data:`cnnvis.attention.KINDS`.

    Raises:
        CnnvisError: no photo.
    """
    if not rows:
        raise CnnvisError("an explanation needs at least one photo; got none.")
    width = (style.WIDTH - 2 * style.MARGIN - (len(_COLUMNS) - 1) * _GAP) / len(_COLUMNS)
    sizes = [photos.fitted(row.photo.shape, width, _TALLEST) for row in rows]
    heads = [_HEADING + (_NUMBERS if row.on_object else 0) for row in rows]
    tops = np.cumsum(
        [0.18, *(head + height + 0.1 for head, (_, height) in zip(heads, sizes, strict=True))]
    )
    sheet = style.sheet(
        float(tops[-1]) + 0.36,
        title=title or "Which pixels a prediction goes back to",
        caption=_explanation_caption(rows, method, box),
        dpi=_DPI,
    )
    for column, name in enumerate(_COLUMNS):
        left = style.MARGIN + column * (width + _GAP)
        sheet.text(left, 0, name, size=style.LABEL, weight="bold")
    for row, top, head, size in zip(rows, tops, heads, sizes, strict=False):
        _heading(sheet, float(top), row)
        for column, draw in enumerate((_draw_photo, _draw_fixations, _draw_density, _draw_box)):
            left = style.MARGIN + column * (width + _GAP)
            axes = sheet.axes(left, float(top) + head, *size)
            axes.set_gid(f"{_COLUMNS[column]} {row.name}")
            draw(axes, row)
    _density_bar(sheet, style.MARGIN + 2 * (width + _GAP), float(tops[-1]), width)
    return sheet.figure


@style.in_look
def contact_sheet(
    rows: Sequence[Explained], *, title: str = "", method: str = "", box: str = "region"
) -> Figure:
    """Return a figure of all photos of a set, each under its density, with its box.

    Args:
        rows: the photos and what was found on them.
        title: of the figure.
        method: how the backtracks were made, a sentence for the caption.
        box: what the boxes are, of :data:`cnnvis.attention.KINDS`.

    Raises:
        CnnvisError: no photo.
    """
    if not rows:
        raise CnnvisError("a contact sheet needs at least one photo; got none.")
    width = (style.WIDTH - 2 * style.MARGIN - (_ACROSS - 1) * _GAP) / _ACROSS
    height = width * _CELL_ASPECT
    numbers = 0.09 if any(row.on_object for row in rows) else 0
    pitch = height + _CELL_WORDS + numbers + _GAP
    below = -(-len(rows) // _ACROSS) * pitch
    sheet = style.sheet(
        below + 0.36,
        title=title or f"{len(rows)} photos and where their predictions go back to",
        caption=_sheet_caption(rows, method, box),
        dpi=_DPI,
    )
    for number, row in enumerate(rows):
        left = style.MARGIN + number % _ACROSS * (width + _GAP)
        top = number // _ACROSS * pitch
        wide, high = photos.fitted(row.photo.shape, width, height)
        axes = sheet.axes(left, top + height - high, wide, high)
        axes.set_gid(f"sheet {row.name}")
        _draw_density(axes, row)
        _outline(axes, row.box, solid=True)
        name = lettering.shortened(row.name, width, style.TINY, bold=True)
        target = lettering.shortened(row.target, width, style.TINY)
        sheet.text(left, top + height + 0.03, name, size=style.TINY, weight="bold")
        sheet.text(left, top + height + 0.12, target, size=style.TINY)
        state = row.state if row.found else f"{row.state}; no pixel reached"
        sheet.text(left, top + height + 0.21, state, size=style.TINY, color=style.MUTED)
        if row.on_object:
            share = f"on object {_against_centre(row.on_object)}"
            sheet.text(left, top + height + 0.30, share, size=style.TINY, color=style.MUTED)
    _density_bar(sheet, style.MARGIN, below, 2.0)
    return sheet.figure


def _heading(sheet: style.Sheet, top: float, row: Explained) -> None:
    """Write what a row shows above it."""
    room = style.WIDTH - 2 * style.MARGIN
    truth = f"; true class {row.truth}" if row.truth and not row.correct else ""
    verdict = "" if row.correct is None else f", {row.state}"
    fate = f"{_percent(row.lost).capitalize()} of the weight is lost on the way."
    words = (
        f"walked back from {row.target}{verdict}{truth}. "
        f"{fate if row.found else 'No path reaches a pixel.'}"
    )
    sheet.text(
        style.MARGIN,
        top + 0.03,
        lettering.shortened(row.name, room, style.LABEL, bold=True),
        size=style.LABEL,
        weight="bold",
    )
    sheet.text(
        style.MARGIN,
        top + 0.17,
        lettering.shortened(words, room, style.SMALL),
        color=style.MUTED,
    )
    if row.on_object:
        sheet.text(
            style.MARGIN, top + 0.29, _on_object(row.on_object), color=style.MUTED, gid="on object"
        )


def _draw_photo(axes: Axes, row: Explained) -> None:
    """Show the photo, and what the network saw of it."""
    photos.show(axes, photos.small(row.photo), row.photo.shape)
    if row.seen is not None:
        _outline(axes, row.seen, solid=False)


def _draw_fixations(axes: Axes, row: Explained) -> None:
    """Show the fixations, larger and more opaque with their weight, the heaviest on top."""
    photos.show(axes, photos.pale(photos.small(row.photo)), row.photo.shape)
    points.draw(axes, row.fixations, row.weights)


def _draw_density(axes: Axes, row: Explained) -> None:
    """Show the density over the photo."""
    ground = photos.under_map(photos.small(row.photo), row.density)
    photos.show(axes, ground, row.photo.shape)


def _draw_box(axes: Axes, row: Explained) -> None:
    """Show the box, the photo darker around it."""
    photos.show(axes, photos.small(row.photo), row.photo.shape)
    _dim(axes, row)
    _outline(axes, row.box, solid=True)


def _dim(axes: Axes, row: Explained) -> None:
    """Darken the photo outside of its box."""
    rows, cols = row.photo.shape[:2]
    top, left, bottom, right = row.box
    around = (
        (0, 0, cols, top),
        (0, bottom, cols, rows - bottom),
        (0, top, left, bottom - top),
        (right, top, cols - right, bottom - top),
    )
    for x, y, width, height in around if any(row.box) else ():
        axes.add_patch(Rectangle((x, y), width, height, color=style.INK, alpha=0.6, lw=0))


def _outline(axes: Axes, box: Box, *, solid: bool) -> None:
    """Draw the outline of a box, dark and light, so that it is seen on any photo; none if empty."""
    if not any(box):
        return
    frame = Rectangle(
        (box[1], box[0]),
        box[3] - box[1],
        box[2] - box[0],
        fill=False,
        ec=_LINE if solid else style.PAPER,
        lw=1.4 if solid else 0.8,
        ls="-" if solid else (0, (4, 3)),
        gid="box" if solid else "seen",
    )
    frame.set_path_effects(
        [patheffects.withStroke(linewidth=2.6 if solid else 1.6, foreground=style.INK)]
    )
    axes.add_patch(frame)


def _density_bar(sheet: style.Sheet, left: float, top: float, width: float) -> None:
    """Draw the colour bar of the density."""
    mappable = ScalarMappable(Normalize(0, 1), style.SEQUENTIAL)
    bar = sheet.axes(left, top + 0.02, width, 0.08)
    style.colour_bar(bar, mappable, "density, share of its largest value", ticks=(0, 0.5, 1))


def _on_object(one: OnObject) -> str:
    """Say how much of the density lies on the object, and beside what that has to be read."""
    return (
        f"{_percent(one.share).capitalize()} of the density lies on the object, which covers "
        f"{_percent(one.area)} of the photo; of a blob in the middle it would be "
        f"{_percent(one.centre)}."
    )


def _against_centre(one: OnObject) -> str:
    """Say the same in few words.

    >>> _against_centre(OnObject(0.714, 0.5, 0.6))
    '71 % (blob 60 %)'
    """
    return f"{_percent(one.share)} (blob {_percent(one.centre)})"


def _percent(share: float) -> str:
    """Return a share in percent, in as many digits as tell something.

    >>> _percent(1e-16), _percent(0.004), _percent(0.123)
    ('0 %', 'less than 1 %', '12 %')
    """
    if 1e-9 < share < 0.01:  # below is rounding
        return "less than 1 %"
    return f"{100 * share:.0f} %"


def _explanation_caption(rows: Sequence[Explained], method: str, box: str) -> str:
    """Say what the reader sees."""
    parts = [
        "From left: the photo; the fixations, the pixels at which the paths from the class end, "
        "larger and more opaque the more weight they carry; their density over the photo; "
        f"{KINDS[box]}.",
    ]
    if any(row.seen is not None for row in rows):
        parts.append("Dashed: the part of the photo that the network saw.")
    empty = sum(not row.found for row in rows)
    if empty:
        parts.append(f"In {empty} of {len(rows)} photos no path reaches a pixel.")
    return " ".join([*parts, method]).strip()


def _sheet_caption(rows: Sequence[Explained], method: str, box: str) -> str:
    """Say what the reader sees."""
    wrong = sum(row.correct is False for row in rows)
    return " ".join(
        [
            f"Each photo under the density of its fixations, with {KINDS[box]}. Below it: its "
            "name, the class that was walked back from, and whether the network was right "
            f"({wrong} of {len(rows)} misclassified).",
            *_numbers(rows),
            method,
        ]
    ).strip()


def _numbers(rows: Sequence[Explained]) -> list[str]:
    """Say what the numbers on objects come to; nothing where no object is known."""
    known = [row.on_object for row in rows if row.on_object]
    if not known:
        return []
    better = sum(one.share > one.centre for one in known)
    return [
        "On object: the share of the density in the box that people drew around the object, and "
        f"that of a blob in the middle of the photo, which knows nothing. In {better} of "
        f"{len(known)} photos the density has more of it there."
    ]

"""Several backtracks of one photo beside each other: their fixations, and their densities below."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from cnnvis import overlap
from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, photos, points, style

DPI = 180

_GAP = 0.08  # inches
_FEWEST, _MOST = 4, 6  # side by side: no fewer, so that pictures have one size, and no more
_LINE, _NAME = 0.105, 0.13  # inches of a line of words, of a name
_CELLS = 112  # rows and columns of a density: more are not seen
_LARGEST = 6.5  # points of letters: the heaviest fixation


@dataclass(frozen=True, eq=False)
class Panel:
    """One backtrack.

    Attributes:
        name: what it is called.
        words: what is said of it, a line each.
        index: (point, [row, col]), fixations in pixels of the picture.
        weight: (point,) not negative.
    """

    name: str
    words: tuple[str, ...]
    index: npt.NDArray[np.integer]
    weight: npt.NDArray[np.floating]


@dataclass(frozen=True)
class Layout:
    """Where panels go: as many rows as they need.

    Attributes:
        count: of panels.
        names: lines of the longest name.
        lines: of words of each.
        aspect: height over width of the picture.
    """

    count: int
    names: int
    lines: int
    aspect: float

    @classmethod
    def of(cls, picture: npt.ArrayLike, panels: Sequence[Panel]) -> "Layout":
        """Return the layout for panels of one picture.

        Raises:
            CnnvisError: no panel, or no photo.
        """
        if not panels:
            raise CnnvisError("backtracks are put beside each other; got none.")
        rows, cols = photos.checked(picture, "what the network saw").shape[:2]
        found = cls(len(panels), 1, max(len(panel.words) for panel in panels), rows / cols)
        names = max(len(_name(panel.name, found.width)) for panel in panels)
        return replace(found, names=names)

    @property
    def across(self) -> int:
        """Panels side by side."""
        return min(max(self.count, _FEWEST), _MOST)

    @property
    def width(self) -> float:
        """Inches of a picture."""
        room = style.WIDTH - 2 * style.MARGIN - (self.across - 1) * _GAP
        return room / self.across

    @property
    def words(self) -> float:
        """Inches of name and words."""
        return self.names * _NAME + self.lines * _LINE + 0.05

    @property
    def block(self) -> float:
        """Inches of a row of panels."""
        return self.words + 2 * self.width * self.aspect + 2 * _GAP

    @property
    def height(self) -> float:
        """Inches of all panels, with the bar below them."""
        return -(-self.count // self.across) * self.block + 0.36


def draw(sheet: style.Sheet, top: float, picture: npt.ArrayLike, panels: Sequence[Panel]) -> None:
    """Draw panels of one picture, and the colour bar of the densities below them.

    Args:
        sheet: the figure.
        top: where they begin in its body, in inches.
        picture: (row, col, 3) of uint8, what the network saw.
        panels: one or more.

    Raises:
        CnnvisError: no panel, or no photo.
    """
    photo = photos.checked(picture, "what the network saw")
    layout = Layout.of(photo, panels)
    ground = photos.pale(photo)
    size = (layout.width, layout.width * layout.aspect)
    for number, panel in enumerate(panels):
        left = style.MARGIN + number % layout.across * (layout.width + _GAP)
        down = top + number // layout.across * layout.block
        _write(sheet, left, down, layout, panel)
        axes = sheet.axes(left, down + layout.words, *size)
        axes.set_gid(f"fixations {panel.name}")
        photos.show(axes, ground, photo.shape)
        points.draw(axes, panel.index, panel.weight, largest=_LARGEST)
        axes = sheet.axes(left, down + layout.words + size[1] + _GAP, *size)
        axes.set_gid(f"density {panel.name}")
        density = overlap.density(panel.index, panel.weight, photo.shape[:2], cells=_CELLS)
        photos.show(axes, photos.under_map(photo, density), photo.shape)
    bar = sheet.axes(style.MARGIN, top + layout.height - 0.34, 2.0, 0.08)
    mappable = ScalarMappable(Normalize(0, 1), style.SEQUENTIAL)
    style.colour_bar(bar, mappable, "density, share of its largest value", ticks=(0, 0.5, 1))


def drawn(panels: Sequence[Panel]) -> str:
    """Say for the caption what of the panels is drawn."""
    cut = any(len(panel.weight) > points.MOST for panel in panels)
    most = " Very many are drawn as a picture of their weights." if cut else ""
    return (
        "Above: the fixations on what the network saw of the photo, larger and more opaque the "
        f"more weight they carry.{most} Below: their density."
    )


def number(value: float) -> str:
    """Return a share or a correlation for a line of words.

    >>> number(0.7513), number(-0.04), number(1.0), number(float("nan"))
    ('0.75', '−0.04', '1.00', 'none')
    """
    return "none" if np.isnan(value) else f"{value:.2f}".replace("-", "−")


def _name(name: str, width: float) -> list[str]:
    """Return a name on one line or two."""
    lines = lettering.wrapped(name, width, style.LABEL, bold=True).split("\n")
    if len(lines) <= 2:
        return lines
    return [lettering.shortened(name, width, style.LABEL, bold=True)]


def _write(sheet: style.Sheet, left: float, top: float, layout: Layout, panel: Panel) -> None:
    """Write name and words, the last line of the name above the words."""
    lines = _name(panel.name, layout.width)
    for line, words in enumerate(lines, start=layout.names - len(lines) + 1):
        look = {"size": style.LABEL, "weight": "bold", "va": "baseline"}
        sheet.text(left, top + line * _NAME - 0.03, words, **look)
    for line, words in enumerate(panel.words, start=1):
        short = lettering.shortened(words, layout.width, style.TINY)
        at = top + layout.names * _NAME + line * _LINE - 0.02
        sheet.text(left, at, short, size=style.TINY, color=style.MUTED, va="baseline")

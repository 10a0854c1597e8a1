"""One look for every figure, and one way to save it: equal figures are equal bytes.

Lengths are inches, counted from the left and from the top; sizes of letters are points.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.text import Text

from cnnvis.errors import CnnvisError
from cnnvis.figures.lettering import FONT, wrapped
from cnnvis.files import replacing

WIDTH = 7.2
"""Width of a figure: the text of a printed page."""

DPI = 300
"""Pixels per inch where nothing asks for more."""

MARGIN = 0.12
TITLE, LABEL, SMALL, TINY = 10.0, 7.5, 6.5, 5.5
"""Sizes of letters; nothing is smaller than TINY."""

INK, MUTED, RULE, PAPER = "#16181d", "#5b6270", "#c5cad3", "#ffffff"
SEQUENTIAL, SIGNED = "inferno", "RdBu_r"
"""Colour maps for data that are never negative, and for data with a sign."""

CATEGORIES = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#7f6bb3",
    "#8a8f98",
)
"""Colours of groups: Okabe and Ito's, told apart by the colour-blind."""

FORMATS = ("png", "pdf", "svg")

_FOREIGN = ("backend", "interactive", "toolbar", "webagg", "tk.", "docstring", "date.epoch")
_RC: dict[str, Any] = {
    "font.family": [FONT],
    "font.size": SMALL,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": INK,
    "axes.labelsize": SMALL,
    "axes.linewidth": 0.6,
    "axes.titlesize": LABEL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 2.0,
    "ytick.major.size": 2.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "image.interpolation": "nearest",
    "image.composite_image": False,
    "pdf.fonttype": 42,
    "text.parse_math": False,
    "text.hinting": "none",  # letters are as wide as measured, at any resolution
    "svg.fonttype": "path",
    "svg.hashsalt": "cnnvis",
}

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def look() -> Iterator[None]:
    """Draw in this look whatever the user's own matplotlib settings say."""
    plain: dict[Any, Any] = {
        name: value
        for name, value in matplotlib.rcParamsDefault.items()
        if not name.startswith(_FOREIGN)
    }
    with matplotlib.rc_context(plain | _RC):
        yield


def in_look(draw: Callable[P, R]) -> Callable[P, R]:
    """Make a drawing function draw in the look of :func:`look`."""

    @wraps(draw)
    def drawn(*args: P.args, **options: P.kwargs) -> R:
        with look():
            return draw(*args, **options)

    return drawn


@dataclass(frozen=True, eq=False)
class Sheet:
    """A figure with a title above its body and a caption below; made by :func:`sheet`."""

    figure: Figure
    dpi: float
    top: float

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes at a place of the body, in inches, moved to whole pixels."""
        pixels = np.rint(np.array([left, top + self.top, width, height]) * self.dpi)
        cols, rows = np.rint(self.figure.get_size_inches() * self.dpi)
        x, y, w, h = pixels
        return self.figure.add_axes((x / cols, 1 - (y + h) / rows, w / cols, h / rows))

    def text(self, left: float, top: float, words: str, **options: Any) -> Text:
        """Write words whose top left corner is at a place of the body, in inches."""
        width, height = self.figure.get_size_inches()
        x, y = left / width, 1 - (top + self.top) / height
        look: dict[str, Any] = {"va": "top", "size": SMALL} | options
        return self.figure.text(x, y, words, **look)


def sheet(
    body: float, *, title: str, caption: str, width: float = WIDTH, dpi: float = DPI
) -> Sheet:
    """Return an empty figure for a body of this height (inches), with its title and caption.

    Both are broken into lines that fit the width: nothing is cut, nothing overlaps.
    """
    heading = wrapped(title, width - 2 * MARGIN, TITLE, bold=True)
    below = wrapped(caption, width - 2 * MARGIN, SMALL)
    top = MARGIN + (_height(heading, TITLE) + 0.08 if heading else 0)
    height = top + body + (0.08 + _height(below, SMALL) if below else 0) + MARGIN
    # A hair more than whole pixels: the canvas cuts fractions off.
    cols, rows = round(width * dpi), round(height * dpi)
    figure = Figure(figsize=((cols + 1e-3) / dpi, (rows + 1e-3) / dpi), dpi=dpi, facecolor=PAPER)
    made = Sheet(figure, dpi, top)
    if heading:
        made.text(MARGIN, MARGIN - top, heading, size=TITLE, weight="bold", gid="title")
    if below:
        made.text(MARGIN, body + 0.08, below, color=MUTED, gid="caption")
    return made


def words(figure: Figure, part: str) -> str:
    """Return the ``title`` or the ``caption`` of a figure, on one line."""
    found = [text.get_text() for text in figure.texts if text.get_gid() == part]
    return " ".join(" ".join(found).split())


def crisp(pixels: int, inches: float, *, least: float = 200) -> tuple[int, float]:
    """Return (scale, dpi) that show ``pixels`` of data on ``inches``, each ``scale`` pixels wide.

    >>> crisp(900, 6.0)
    (2, 300.0)
    """
    scale = max(1, int(np.ceil(least * inches / pixels)))
    return scale, scale * pixels / inches


def colour_bar(
    axes: Axes, mappable: ScalarMappable, label: str, *, ticks: Sequence[float] | None = None
) -> None:
    """Draw a horizontal colour bar into ``axes``, what it counts and in which unit below it."""
    figure = axes.figure
    assert isinstance(figure, Figure)
    bar = figure.colorbar(
        mappable, cax=axes, orientation="horizontal", ticks=ticks, format="{x:.4g}"
    )
    bar.outline.set_linewidth(0.4)
    if bar.solids is not None:
        bar.solids.set_rasterized(True)
    axes.tick_params(labelsize=TINY, width=0.4, length=2)
    axes.minorticks_off()
    axes.set_xlabel(label, size=TINY, labelpad=2)


def bare(axes: Axes) -> Axes:
    """Take ticks and frame off."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes


_PNG: dict[str, Any] = {"pil_kwargs": {"compress_level": 3}}
"""Half the time of Pillow's own level for files as large, give or take a tenth."""


def save(
    figure: Figure,
    stem: str | os.PathLike[str],
    *,
    formats: Sequence[str] = ("png", "pdf"),
    provenance: str = "",
) -> tuple[Path, ...]:
    """Write a figure as ``stem.png``, ``stem.pdf`` ...; equal figures give equal bytes.

    Title, caption and ``provenance`` (canonical JSON) go into the file's own fields; no date, no
    host and no version of a library do.

    Raises:
        CnnvisError: an unknown format.
        FileError: the disk is full, or the folder cannot be written to.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise CnnvisError(f"no format {unknown[0]!r} for figures; there are {', '.join(FORMATS)}.")
    written = []
    for suffix in formats:
        path = Path(f"{os.fspath(stem)}.{suffix}")
        with look(), replacing(path) as temporary:
            figure.savefig(
                temporary,
                format=suffix,
                dpi=figure.dpi,
                metadata=_metadata(figure, suffix, provenance),
                **(_PNG if suffix == "png" else {}),
            )
        written.append(path)
    return tuple(written)


def _metadata(figure: Figure, suffix: str, provenance: str) -> dict[str, Any]:
    """Return the fields of a file format; None leaves a field out that would be filled in."""
    title, caption = words(figure, "title"), words(figure, "caption")
    if suffix == "png":
        fields = {"Title": title, "Description": caption, "Provenance": provenance}
        return {"Software": None} | {name: text for name, text in fields.items() if text}
    if suffix == "pdf":
        return {
            "CreationDate": None,
            "Producer": None,
            "Creator": "cnnvis",
            "Title": title or None,
            "Subject": caption or None,
            "Keywords": provenance or None,
        }
    return {
        "Date": None,
        "Creator": "cnnvis",
        "Title": title or None,
        "Description": caption or None,
        "Source": provenance or None,
    }


def _height(lines: str, size: float) -> float:
    """Return the height in inches of lines of text."""
    return (lines.count("\n") + 1) * size * 1.22 / 72

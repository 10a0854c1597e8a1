"""How wide words are, and how to make them fit: nothing is cut off, nothing overlaps.

Widths are inches, sizes of letters are points.
"""

from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

FONT = "DejaVu Sans"
"""The font of all figures; matplotlib brings it along."""


@lru_cache(maxsize=4096)
def text_width(words: str, size: float, *, bold: bool = False) -> float:
    """Return the width in inches of a line of text in letters of ``size`` points."""
    letters = FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(words, letters, ismath=False)
    return float(width) / 72


def wrapped(words: str, width: float, size: float, *, bold: bool = False) -> str:
    """Break text into lines of at most ``width`` inches; a word that is too long is broken, too.

    >>> wrapped("one two three", 0.4, 6.5)
    'one two\\nthree'
    """

    space = text_width("n n", size, bold=bold) - text_width("nn", size, bold=bold)
    lines: list[str] = []
    used = width
    for word in words.split():
        own = text_width(word, size, bold=bold)
        if used + space + own <= width:
            lines[-1] = f"{lines[-1]} {word}"
            used += space + own
        else:
            lines += _broken(word, lambda piece: text_width(piece, size, bold=bold) <= width)
            used = text_width(lines[-1], size, bold=bold)
    return "\n".join(lines)


def shortened(words: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return the text, its middle left out where it is wider than ``width`` inches.

    >>> shortened("features.12.expand3x3", 0.6, 6.5)
    'featu…d3x3'
    """
    if text_width(words, size, bold=bold) <= width:
        return words
    fitting = bisect_left(
        range(1, len(words)),
        True,
        key=lambda kept: text_width(_middle_out(words, kept), size, bold=bold) > width,
    )
    return _middle_out(words, max(1, fitting))


def _broken(word: str, fits: Callable[[str], bool]) -> list[str]:
    """Cut a word into pieces that fit."""
    pieces = []
    while len(word) > 1 and not fits(word):
        lengths = range(1, len(word))
        cut = max(1, bisect_left(lengths, True, key=lambda length: not fits(word[:length])))
        pieces.append(word[:cut])
        word = word[cut:]
    return [*pieces, word]


def _middle_out(words: str, kept: int) -> str:
    """Return ``kept`` letters of a text, from its beginning and its end."""
    return words[: (kept + 1) // 2] + "…" + words[len(words) - kept // 2 :]

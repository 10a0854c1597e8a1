"""How methods are told apart in charts: one colour and one mark each, the same in all figures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import Any

from matplotlib.colors import to_rgb

from cnnvis import method_names
from cnnvis.comparisons import BETTER, OTHER, WORSE
from cnnvis.figures import style
from cnnvis.method_names import BASELINE, NOTHING, OWN, REFERENCE

Dashes = str | tuple[float, tuple[float, ...]]

SIGNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        BETTER: ("^", style.CATEGORIES[0]),
        WORSE: ("v", style.CATEGORIES[5]),
        OTHER: ("D", style.MUTED),
    }
)
"""The shape and the colour of a difference that is shown, by what it says."""

_STRONG = tuple(style.CATEGORIES[place] for place in (5, 0, 2, 3, 1, 6, 4))
_SHAPES = "o^Dv<>Pp*h"
_CONTROLS: Mapping[str, tuple[Dashes, str]] = MappingProxyType(
    {
        method_names.CENTRE: ((0, (4, 1.5)), "s"),
        "random": ((0, (1, 1.2)), "^"),
        method_names.EDGES: ((0, (4, 1.2, 1, 1.2)), "D"),
    }
)
_PALE = 0.45  # how much paper is in the colour of a method that is not looked at first


@dataclass(frozen=True)
class Mark:
    """How one method is drawn.

    Attributes:
        colour: of its line and its mark.
        shape: of the mark, a matplotlib marker.
        dashes: of the line, a matplotlib line style.
        width: of the line, in points.
        hollow: whether the mark is open: it never looked at the network.
        front: what lies over what.
    """

    colour: str
    shape: str
    dashes: Dashes
    width: float
    hollow: bool
    front: int

    @property
    def line(self) -> dict[str, Any]:
        """Options of a line."""
        return {"color": self.colour, "ls": self.dashes, "lw": self.width, "zorder": self.front}

    @property
    def point(self) -> dict[str, Any]:
        """Options of a point."""
        return {
            "marker": self.shape,
            "color": self.colour,
            "mfc": style.PAPER if self.hollow else self.colour,
            "mec": self.colour,
            "mew": 0.8,
            "zorder": self.front + 0.5,
        }


def marks(methods: Iterable[str]) -> dict[str, Mark]:
    """Return the marks of methods, each method's own, whichever others there are.

    Methods of backtracking are strong, Grad-CAM is black, a variant of it dotted, controls are
    grey, dashed and hollow, and others pale. Only variants, and methods that are not known, take
    what is left in their order.
    """
    own, others = count(2), count(len(_KNOWN))
    found = {}
    for method in dict.fromkeys(methods):
        part = method_names.part(method)
        if part == OWN:
            found[method] = _own(_FIRST[method] if method in _FIRST else next(own))
        elif part == BASELINE:
            found[method] = _other(_KNOWN[method] if method in _KNOWN else next(others))
        elif part == REFERENCE:
            itself = method == method_names.base(method)
            found[method] = (
                Mark(style.INK, "o", "-", 1.6, False, 5)
                if itself
                else Mark(style.INK, "s", ":", 1.3, False, 5)
            )
        else:
            found[method] = _control(method)
    return found


def banded(methods: Iterable[str]) -> list[str]:
    """Return the methods whose spread is drawn: the first own one and what it is compared with.

    More bands would hide each other.

    >>> banded(["edges", "soft", "grad_cam", "backtrack, k = 1", "gradient", "backtrack"])
    ['soft', 'grad_cam']
    """
    names = list(methods)
    own = sorted(
        method_names.of_part(names, OWN), key=lambda method: method_names.base(method) != method
    )
    return [*own[:1], *method_names.of_part(names, REFERENCE)[:1]]


def is_strong(method: str) -> bool:
    """Tell whether a method's name stands out: the own ones, and what they are compared with."""
    return method_names.part(method) in (OWN, REFERENCE)


_FIRST = {"backtrack": 0, "soft": 1}
_KNOWN = {
    name: place
    for place, name in enumerate(
        name for name in method_names.TITLES if method_names.part(name) == BASELINE
    )
}


def _own(place: int) -> Mark:
    """Return a strong mark; the colours begin again in dashes where there are too many."""
    colour = _STRONG[place % len(_STRONG)]
    dashes: Dashes = "-" if place < len(_STRONG) else (0, (5, 1))
    return Mark(colour, _SHAPES[place % len(_SHAPES)], dashes, 1.4, False, 4)


def _other(place: int) -> Mark:
    """Return a pale mark, its shape another one where colours repeat."""
    colour = _paler(style.CATEGORIES[(place + 1) % len(style.CATEGORIES)])
    return Mark(colour, _SHAPES[(place + 1) % len(_SHAPES)], "-", 0.8, False, 2)


def _control(method: str) -> Mark:
    """Return the grey mark of what never looked at the network."""
    known = (":", "|" if method_names.part(method) == NOTHING else "o")
    dashes, shape = _CONTROLS.get(method_names.base(method), known)
    return Mark(style.MUTED, shape, dashes, 1.1, True, 3)


def _paler(colour: str) -> str:
    """Return a colour with paper in it.

    >>> _paler("#000000")
    '#737373'
    """
    mixed = (1 - (1 - part) * (1 - _PALE) for part in to_rgb(colour))
    return "#" + "".join(f"{round(255 * part):02x}" for part in mixed)

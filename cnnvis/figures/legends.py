"""Methods named beside a chart: in a list with their marks and a number, or on its rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from cnnvis import method_names
from cnnvis.comparisons import rounded
from cnnvis.figures import lettering, style
from cnnvis.figures.marks import Mark, is_strong

LINE = 0.125
"""Inches of a line of the list."""

_SAMPLE, _NUMBER = 0.28, 0.34  # inches: a piece of line, a number
_NAME = 1.15  # inches for the longest name, at most


def width(methods: Iterable[str]) -> float:
    """Return how wide a list of methods is, in inches."""
    names = (
        lettering.text_width(method_names.title(method), style.TINY, bold=is_strong(method))
        for method in methods
    )
    return _SAMPLE + _NUMBER + min(_NAME, max(names) + 0.02)


def height(count: int) -> float:
    """Return how high a list of so many methods is, in inches."""
    return LINE * (count + 1)


def write(
    axes: Axes,
    numbers: Mapping[str, float],
    marks: Mapping[str, Mark],
    heads: Sequence[str],
    *,
    digits: int = 3,
) -> None:
    """Write the methods in their order, with their numbers.

    Args:
        axes: whose positions are inches from the upper left corner.
        numbers: by method, from the top.
        marks: of the methods.
        heads: above the names, and above the numbers.
        digits: of the numbers after the point.
    """
    style.bare(axes)
    axes.patch.set_visible(False)
    right = axes.get_xlim()[1]
    look: dict[str, Any] = {"size": style.TINY, "va": "center"}
    middle = LINE / 2
    axes.text(0, middle, heads[0], **look, color=style.MUTED)
    axes.text(right, middle, heads[1], ha="right", **look, color=style.MUTED)
    for place, (method, value) in enumerate(numbers.items(), start=1):
        at = middle + place * LINE
        _sample(axes, marks[method], at)
        strong, words = is_strong(method), method_names.title(method)
        name = lettering.shortened(words, right - _SAMPLE - _NUMBER, style.TINY, bold=strong)
        ink = style.INK if method_names.looks_at_the_network(method) else style.MUTED
        weight = "bold" if strong else "normal"
        axes.text(_SAMPLE, at, name, weight=weight, color=ink, **look)
        number = rounded(value, digits)
        axes.text(right, at, number, ha="right", color=ink, **look)


def room(methods: Iterable[str], most: float, others: Iterable[str] = ()) -> float:
    """Return how many inches the names of rows take, at most ``most``, and other words there."""
    names = [
        lettering.text_width(method_names.title(method), style.TINY, bold=is_strong(method))
        for method in methods
    ]
    words = [lettering.text_width(other, style.TINY) for other in others]
    return min(most, max([*names, *words])) + 0.08


def name_rows(
    axes: Axes, methods: Sequence[str], inches: float, others: Sequence[str] = ()
) -> None:
    """Name the rows of a chart at its left, the first at 0, in so many inches.

    Args:
        axes: of the chart.
        methods: from the top.
        inches: the room for names.
        others: words of the rows below the methods.
    """
    strong = [is_strong(method) for method in methods] + [False] * len(others)
    seen = [method_names.looks_at_the_network(method) for method in methods] + [False] * len(others)
    words = [
        lettering.shortened(name, inches - 0.06, style.TINY, bold=bold)
        for name, bold in zip([*map(method_names.title, methods), *others], strong, strict=True)
    ]
    axes.set_yticks(range(len(words)), words)
    axes.tick_params(axis="y", length=0, labelsize=style.TINY)
    for label, bold, ink in zip(axes.get_yticklabels(), strong, seen, strict=True):
        label.set(weight="bold" if bold else "normal", color=style.INK if ink else style.MUTED)


def _sample(axes: Axes, mark: Mark, at: float) -> None:
    """Draw a piece of line with its mark."""
    length = _SAMPLE - 0.06
    axes.plot([0, length], [at, at], **mark.line, clip_on=False)
    axes.plot([length / 2], [at], ls="", ms=3, **mark.point, clip_on=False)

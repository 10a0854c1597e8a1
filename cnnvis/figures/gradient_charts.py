"""Norms of gradients by group with their intervals, and the cosines between images."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from cnnvis.contrasts import STATES, interval
from cnnvis.figures import lettering, style
from cnnvis.figures.scales import Values
from cnnvis.figures.subjects import Subject, begins_role, colour_of, groups

_MATRIX = 2.1  # inches
HEIGHT = _MATRIX + 0.5
"""Inches that the charts take."""

_NAMED = 14  # images whose names fit beside the matrix
_BESIDE = 0.38  # of a group's width: where its interval stands


def draw(
    sheet: style.Sheet, top: float, norms: Values, cosines: Values, people: Sequence[Subject]
) -> None:
    """Draw the norms (image,) by group, and the cosines (image, image) between all images.

    They take :data:`HEIGHT` inches from ``top`` on, and a line of headings above.
    """
    named = len(people) <= _NAMED
    room = 0.1 + max(lettering.text_width(subject.name, style.TINY) for subject in people)
    room = min(1.1, room) if named else 0.75
    side = _MATRIX
    right = style.WIDTH - style.MARGIN - side
    width = right - room - 0.35 - style.MARGIN - 0.5
    sheet.text(style.MARGIN, top - 0.22, "length of the gradient", weight="bold")
    _draw_norms(sheet.axes(style.MARGIN + 0.5, top, width, side), norms, people)
    sheet.text(right - room, top - 0.22, "cosine between gradients", weight="bold")
    matrix = sheet.axes(right, top, side, side)
    _draw_cosines(matrix, cosines, people, named, room)
    bar = sheet.axes(right, top + side + 0.1, side, 0.08)
    mappable = ScalarMappable(Normalize(-1, 1), style.SIGNED)
    style.colour_bar(bar, mappable, "cosine", ticks=(-1, -0.5, 0, 0.5, 1))


def _draw_norms(axes: Axes, lengths: Values, people: Sequence[Subject]) -> None:
    """Draw a point per image, filled where the network was right, and each group's mean."""
    axes.set_gid("norms")
    columns = groups(people)
    for place, (role, correct) in enumerate(columns):
        chosen = [subject.role == role and subject.correct is correct for subject in people]
        values = lengths[np.array(chosen)]
        colour = colour_of(people, role)
        if not values.size:
            axes.text(
                place, 0, "none", ha="center", va="bottom", size=style.TINY, color=style.MUTED
            )
            continue
        spread = (np.arange(values.size) - (values.size - 1) / 2) * min(0.12, 0.6 / values.size)
        face = colour if correct else style.PAPER
        axes.plot(place + spread, values, "o", ms=4, mfc=face, mec=colour, mew=0.9)
        axes.plot([place - 0.32, place + 0.32], [values.mean()] * 2, color=colour, lw=1.2)
        if values.size > 1:
            low, high = interval(values)
            axes.vlines(place + _BESIDE, low, high, color=colour, lw=0.9)
            axes.hlines([low, high], *(place + _BESIDE + np.array([-0.05, 0.05])), color=colour)
    axes.set_xlim(-0.6, len(columns) - 0.4)
    axes.set_ylim(0, float(lengths.max()) * 1.1 or 1.0)
    short = {"correct": "correct", "misclassified": "missed", "no label": "no label"}
    counts = [sum(1 for one in people if (one.role, one.correct) == column) for column in columns]
    names = [f"{short[STATES[c]]}\nn = {n}" for (_, c), n in zip(columns, counts, strict=True)]
    axes.set_xticks(range(len(columns)), names)
    axes.tick_params(axis="x", length=0, labelsize=style.TINY)
    axes.set_ylabel("L2 norm, all filters (score per weight)", size=style.TINY)
    for role in dict.fromkeys(role for role, _ in columns):
        places = [place for place, (other, _) in enumerate(columns) if other == role]
        axes.annotate(
            role or "no role",
            (float(np.mean(places)), 0),
            (0, -24),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="top",
            size=style.SMALL,
            weight="bold",
            color=colour_of(people, role),
            annotation_clip=False,
        )


def _draw_cosines(
    axes: Axes, values: Values, people: Sequence[Subject], named: bool, room: float
) -> None:
    """Draw the cosines, lines between the roles."""
    axes.set_gid("cosines")
    axes.imshow(values, cmap=style.SIGNED, vmin=-1, vmax=1, aspect="auto")
    style.bare(axes)
    axes.tick_params(length=0, labelsize=style.TINY, pad=2)
    if not named:
        _name_roles(axes, people)
    else:
        short = [lettering.shortened(subject.name, room - 0.05, style.TINY) for subject in people]
        axes.set_yticks(range(len(people)), short)
        for label, subject in zip(axes.get_yticklabels(), people, strict=True):
            label.set_color(colour_of(people, subject.role))
    for place in range(1, len(people)):
        if begins_role(people, place):
            axes.axhline(place - 0.5, color=style.INK, lw=0.7)
            axes.axvline(place - 0.5, color=style.INK, lw=0.7)


def _name_roles(axes: Axes, people: Sequence[Subject]) -> None:
    """Write the roles beside a matrix of too many images to name."""
    roles = list(dict.fromkeys(subject.role for subject in people))
    middles = [
        float(np.mean([place for place, one in enumerate(people) if one.role == role]))
        for role in roles
    ]
    axes.set_yticks(middles, [role or "no role" for role in roles])
    for label, role in zip(axes.get_yticklabels(), roles, strict=True):
        label.set_color(colour_of(people, role))

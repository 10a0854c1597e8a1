"""Gradients of one output unit by the filters of a layer, image beside image, grouped by role."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from cnnvis.compare import cosine_matrix, norms
from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, mosaic, style
from cnnvis.figures.scales import Scale, Values, scale
from cnnvis.figures.subjects import (
    STATES,
    Subject,
    all_roles,
    begins_role,
    by_role,
    colour_of,
    groups,
)
from cnnvis.ordering.result import Ordering
from cnnvis.volume import REDUCTIONS, finite, from_filters

FEW = 10
"""Fewer images than this in a role are an illustration, no statistics."""

_NAMES = 1.5  # inches for the name of an image
_ROW_GAP, _ROLE_GAP = 0.07, 0.1  # inches
_STRIP_ASPECT = 0.09  # height over width of the strip of one image
_MATRIX = 2.1  # inches
_NAMED = 14  # images whose names fit beside the matrix


@style.in_look
def comparison(
    gradients: npt.ArrayLike,
    subjects: Sequence[Subject],
    ordering: Ordering,
    *,
    unit: str,
    layer: str = "",
    reduction: str = "mean",
    most: int = 3,
    title: str = "",
) -> Figure:
    """Return a figure of d(logit of one unit)/d(filter weights) for images grouped by their role.

    Above: the filters of every image as tiles, one scale for all. Below: the norm of every image's
    gradient with the mean of its group, and the cosine between the gradients of every two images.

    Args:
        gradients: (image, filter, in_channel, k_row, k_col).
        subjects: one per image, in the same order.
        ordering: the order of the filters.
        unit: whose score was differentiated, such as ``Egyptian cat (285)``.
        layer: whose filters these are.
        reduction: what becomes of the input channels, see :func:`cnnvis.volume.from_filters`.
        most: images shown as tiles for each role, correct and misclassified apart.
        title: of the figure.

    Raises:
        CnnvisError: gradients of another shape, NaN or infinity in them, an unknown reduction.
        OrderingError: the ordering is for another number of filters.
    """
    array = _checked(gradients, subjects, reduction)
    order = by_role(subjects)
    array, people = array[order], [subjects[place] for place in order]
    tiles = np.stack([from_filters(image, ordering, reduction=reduction).data for image in array])
    colours = scale(tiles)
    shown = _first(people, most)
    layout = mosaic.grid([len(ordering)], tiles.shape[2:4], aspect=_STRIP_ASPECT)
    rows, cols = layout.size(tiles.shape[2:4])
    width = style.WIDTH - 2 * style.MARGIN - _NAMES
    size, dpi = style.crisp(cols, width)
    height = rows * size / dpi
    tops = _tops(people, shown, height)
    above = tops[-1] + height + 0.1
    sheet = style.sheet(
        above + 0.75 + _MATRIX + 0.5,
        title=title or f"What changes the score of {unit}: {len(people)} images",
        caption=_caption(array, people, shown, colours, unit, layer, reduction),
        dpi=dpi,
    )
    for place, top in zip(shown, tops, strict=True):
        _name(sheet, top, people, place, place == shown[0] or begins_role(people, place), height)
        axes = style.bare(sheet.axes(style.MARGIN + _NAMES, top, width, height))
        axes.set_gid(f"gradient {people[place].name}")
        image = mosaic.compose(tiles[place], layout)
        axes.imshow(image, cmap=colours.colours, norm=colours.norm, aspect="auto")
    bar = sheet.axes(style.MARGIN + _NAMES, above, 2.4, 0.08)
    style.colour_bar(bar, colours.mappable, "gradient (score per weight)", ticks=colours.ticks)
    _draw_charts(sheet, above + 0.75, array, people)
    return sheet.figure


def _checked(gradients: npt.ArrayLike, subjects: Sequence[Subject], reduction: str) -> Values:
    """Return the gradients as an array, or say what does not fit."""
    array = np.asarray(gradients)
    if array.ndim != 5 or array.size == 0 or len(array) != len(subjects):
        raise CnnvisError(
            "gradients are compared as (image, filter, in_channel, k_row, k_col), one subject per "
            f"image; got {array.shape} and {len(subjects)} subjects."
        )
    if reduction == "tile" or reduction not in REDUCTIONS:
        known = ", ".join(name for name in REDUCTIONS if name != "tile")
        raise CnnvisError(f"no reduction {reduction!r} for tiles; there are {known}.")
    finite("a gradient", array)
    return array.astype(float)


def _first(people: Sequence[Subject], most: int) -> list[int]:
    """Return the first images of every role and state."""
    seen: dict[tuple[str, bool | None], int] = {}
    kept = []
    for place, subject in enumerate(people):
        kind = (subject.role, subject.correct)
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= max(1, most):
            kept.append(place)
    return kept


def _tops(people: Sequence[Subject], shown: Sequence[int], height: float) -> list[float]:
    """Return how far down each row begins, with more room between two roles."""
    tops = [0.06]
    for place in shown[1:]:
        gap = _ROLE_GAP + _ROW_GAP if begins_role(people, place) else _ROW_GAP
        tops.append(tops[-1] + max(height, 0.32) + gap)
    return tops


def _name(
    sheet: style.Sheet,
    top: float,
    people: Sequence[Subject],
    place: int,
    first: bool,
    height: float,
) -> None:
    """Write the name of an image beside its row, and its role where the role begins."""
    subject = people[place]
    colour = colour_of(people, subject.role)
    middle = top + height / 2
    lines = [lettering.shortened(subject.name, _NAMES - 0.15, style.SMALL), subject.state]
    if first:
        sheet.text(
            style.MARGIN,
            middle - 0.17,
            subject.role or "no role",
            size=style.SMALL,
            weight="bold",
            color=colour,
            va="center",
        )
        middle += 0.06
    sheet.text(style.MARGIN, middle - 0.055, lines[0], size=style.SMALL, va="center")
    sheet.text(
        style.MARGIN, middle + 0.055, lines[1], size=style.TINY, va="center", color=style.MUTED
    )


def _draw_charts(sheet: style.Sheet, top: float, array: Values, people: Sequence[Subject]) -> None:
    """Draw the norms by group, and the cosines between all images."""
    named = len(people) <= _NAMED
    room = 0.1 + max(lettering.text_width(subject.name, style.TINY) for subject in people)
    room = min(1.1, room) if named else 0.75
    side = _MATRIX
    right = style.WIDTH - style.MARGIN - side
    width = right - room - 0.35 - style.MARGIN - 0.5
    sheet.text(style.MARGIN, top - 0.22, "length of the gradient", weight="bold")
    _draw_norms(sheet.axes(style.MARGIN + 0.5, top, width, side), norms(array), people)
    sheet.text(right - room, top - 0.22, "cosine between gradients", weight="bold")
    matrix = sheet.axes(right, top, side, side)
    _draw_cosines(matrix, cosine_matrix(array), people, named, room)
    bar = sheet.axes(right, top + side + 0.1, side, 0.08)
    mappable = ScalarMappable(Normalize(-1, 1), style.SIGNED)
    style.colour_bar(bar, mappable, "cosine", ticks=(-1, -0.5, 0, 0.5, 1))


def _draw_norms(axes: Axes, lengths: Values, people: Sequence[Subject]) -> None:
    """Draw one point per image, filled where the network was right, and the mean of each group."""
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
    axes.set_xlim(-0.6, len(columns) - 0.4)
    axes.set_ylim(0, float(lengths.max()) * 1.1 or 1.0)
    short = {"correct": "correct", "misclassified": "missed", "no label": "no label"}
    axes.set_xticks(range(len(columns)), [short[STATES[correct]] for _, correct in columns])
    axes.tick_params(axis="x", length=0, labelsize=style.TINY)
    axes.set_ylabel("L2 norm, all filters (score per weight)", size=style.TINY)
    for role in dict.fromkeys(role for role, _ in columns):
        places = [place for place, (other, _) in enumerate(columns) if other == role]
        axes.annotate(
            role or "no role",
            (float(np.mean(places)), 0),
            (0, -17),
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


def _caption(
    array: Values,
    people: Sequence[Subject],
    shown: Sequence[int],
    colours: Scale,
    unit: str,
    layer: str,
    reduction: str,
) -> str:
    """Say what the reader sees."""
    _, filters, inputs, rows, cols = array.shape
    of = f" of {layer}" if layer else ""
    reduced = {
        "mean": "mean over the input channels",
        "absmean": "mean of the magnitudes over the input channels",
        "l2": "root of the sum of squares over the input channels",
    }
    parts = [
        f"Gradient of the score of {unit}, before the softmax, by the {filters} filters{of} "
        f"({inputs} × {rows} × {cols} weights each). Each tile is one filter: the "
        f"{reduced[reduction]}. All images share the order of the filters and one scale.",
        colours.words,
        "Below: a point per image, filled where the network was right, and a line at the mean of "
        "the group. The cosines compare whole gradients; black lines part the roles.",
    ]
    if len(shown) < len(people):
        parts.append(f"{len(shown)} of {len(people)} images are shown; the charts count them all.")
    sizes = [sum(subject.role == role for subject in people) for role in all_roles(people)]
    if min(sizes) < FEW:
        parts.append(
            f"With {min(sizes)} to {max(sizes)} images in a role this is an illustration, no "
            "statistics."
        )
    return " ".join(parts)

"""Gradients of one output unit by the filters of a layer, image beside image, grouped by role."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from cnnvis.compare import cosine_matrix, norms
from cnnvis.errors import CnnvisError
from cnnvis.figures import gradient_charts, lettering, mosaic, style
from cnnvis.figures.scales import Values, scale
from cnnvis.figures.subjects import Subject, all_roles, begins_role, by_role, colour_of
from cnnvis.gradient_tables import questions
from cnnvis.ordering.result import Ordering
from cnnvis.volume import REDUCTIONS, finite, from_filters

FEW = 10
"""Fewer images than this in a role are an illustration, no statistics."""

_NAMES = 1.5  # inches for the name of an image
_ROW_GAP, _ROLE_GAP = 0.07, 0.1  # inches
_STRIP_ASPECT = 0.09  # height over width of the strip of one image

_REDUCED = {
    "mean": "mean over the input channels",
    "absmean": "mean of the magnitudes over the input channels",
    "l2": "root of the sum of squares over the input channels",
    "channel": "input channel {channel} alone",
    "binary": "mean over the input channels, rounded to 0 or 1 between the least and the greatest",
}


@style.in_look
def comparison(
    gradients: npt.ArrayLike,
    subjects: Sequence[Subject],
    ordering: Ordering,
    *,
    unit: str,
    layer: str = "",
    reduction: str = "mean",
    channel: int = 0,
    most: int = 3,
    title: str = "",
) -> Figure:
    """Return a figure of d(logit of one unit)/d(filter weights) for images grouped by their role.

    Above: the filters of every image as tiles, one scale for all. Below: the norm of every image's
    gradient with the mean of its group and the bootstrap interval of that mean, and the cosine
    between the gradients of every two images. The caption says what permutation tests of the roles
    give, and whether the images are too few for them.

    Args:
        gradients: (image, filter, in_channel, k_row, k_col).
        subjects: one per image, in the same order.
        ordering: the order of the filters.
        unit: whose score was differentiated, such as ``Egyptian cat (285)``.
        layer: whose filters these are.
        reduction, channel: what becomes of the input channels, see
            :func:`cnnvis.volume.from_filters`.
        most: images shown as tiles for each role, correct and misclassified apart.
        title: of the figure.

    Raises:
        CnnvisError: gradients of another shape, NaN or infinity in them, an unknown reduction.
        OrderingError: the ordering is for another number of filters.
    """
    array = _checked(gradients, subjects, reduction)
    order = by_role(subjects)
    array, people = array[order], [subjects[place] for place in order]
    tiles = np.stack(
        [
            from_filters(image, ordering, reduction=reduction, channel=channel).data
            for image in array
        ]
    )
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
        above + 0.75 + gradient_charts.HEIGHT,
        title=title or f"What changes the score of {unit}: {len(people)} images",
        caption=" ".join(
            [
                _said_of_tiles(array, unit, layer, _REDUCED[reduction].format(channel=channel)),
                f"All images share the order of the filters ({ordering.method}) and one scale.",
                colours.words,
                *_said_of_charts(array, people, shown),
            ]
        ),
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
    gradient_charts.draw(sheet, above + 0.75, norms(array), cosine_matrix(array), people)
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


def _said_of_tiles(array: Values, unit: str, layer: str, reduced: str) -> str:
    """Say what the tiles are."""
    _, filters, inputs, rows, cols = array.shape
    of = f" of {layer}" if layer else ""
    return (
        f"Gradient of the score of {unit}, before the softmax, by the {filters} filters{of} "
        f"({inputs} × {rows} × {cols} weights each). Each tile is one filter: the {reduced}."
    )


def _said_of_charts(array: Values, people: Sequence[Subject], shown: Sequence[int]) -> list[str]:
    """Say what the charts are, and how much can be made of them."""
    parts = [
        "Below: a point per image, filled where the network was right, a line at the mean of the "
        "group, and its 95 % bootstrap interval. The cosines compare whole gradients; black lines "
        "part the roles."
    ]
    if len(shown) < len(people):
        parts.append(f"{len(shown)} of {len(people)} images are shown; the charts count them all.")
    roles = [subject.role for subject in people]
    asked = [
        f"{row['question']} {row['value']:.2g}, {row['words']}"
        for row in questions(norms(array), cosine_matrix(array), roles)
    ]
    if asked:
        parts.append(f"Permutation tests of the roles: {'; '.join(asked)}.")
    sizes = [roles.count(role) for role in all_roles(people)]
    if min(sizes) < FEW:
        parts.append(
            f"With {min(sizes)} to {max(sizes)} images in a role this is an illustration, no "
            "statistics."
        )
    return parts

"""Still pictures of volumes side by side, seen by one camera, on one scale."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis import render
from cnnvis.camera import ORDER_EDGE, Camera, Floats, Spacing, camera
from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, style
from cnnvis.figures.scales import PERCENTILE, root_scale
from cnnvis.volume import Volume

_ACROSS = {1: 1, 2: 2, 3: 3, 4: 2}
_WIDEST = 4.4  # inches of a single picture
_HEIGHT = 0.75  # of a picture, in widths
_GAP, _HEAD = 0.1, 0.19  # inches
_DPI = 200  # a picture has exactly as many pixels as the sheet
_ROOMY = 3.0  # inches of a picture whose edges have room for numbers
_WORD = "#b9c3d3"
_OUTSIDE = 7.0  # points from an edge of the box to its word


@style.in_look
def stills(
    volumes: Mapping[str, Volume],
    *,
    limit: float | None = None,
    title: str = "",
    caption: str = "",
    unit: str = "activation",
) -> Figure:
    """Return a figure of volumes by their titles: same camera, same transfer function, same scale.

    Volumes with negative values make all of them signed: blue below zero, orange above. The plane
    axis is drawn 1.3 times as long as a plane, however many planes there are.

    Args:
        volumes: by the title of each picture.
        limit: the value that is most opaque; None: the 99.5th percentile of all magnitudes.
        title: of the figure.
        caption: a sentence to put first, such as what image the volumes come from.
        unit: what the values are, for the colour bar.

    Raises:
        CnnvisError: no volume, or a limit that is not above zero.
    """
    if not volumes or (limit is not None and limit <= 0):
        raise CnnvisError(f"stills need volumes and a limit above 0; got {len(volumes)}, {limit}.")
    signed = any(bool((volume.data < 0).any()) for volume in volumes.values())
    most = limit or _limit(volumes)
    across = _ACROSS.get(len(volumes), 3)
    width = min(_WIDEST, (style.WIDTH - 2 * style.MARGIN - (across - 1) * _GAP) / across)
    size = (round(width * _DPI), round(width * _HEIGHT * _DPI))
    block = _HEAD + size[1] / _DPI + _GAP
    below = -(-len(volumes) // across) * block
    sheet = style.sheet(
        below + 0.4,
        title=title or "Feature maps stacked into volumes",
        caption=_caption(volumes, caption, signed, most),
        dpi=_DPI,
    )
    for number, (name, volume) in enumerate(volumes.items()):
        left = style.MARGIN + number % across * (width + _GAP)
        top = number // across * block
        heading = lettering.shortened(name, width, style.LABEL, bold=True)
        sheet.text(left, top, heading, size=style.LABEL, weight="bold")
        axes = sheet.axes(left, top + _HEAD, width, size[1] / _DPI)
        axes.set_gid(f"still {name}")
        _draw(axes, volume, most, signed, size)
    colours = replace(
        root_scale(most, signed=signed), colours=render.POLAR if signed else render.HEAT
    )
    bar = sheet.axes(style.MARGIN + 0.05, below, 2.4, 0.08)
    style.colour_bar(bar, colours.mappable, unit, ticks=colours.ticks)
    return sheet.figure


def spacing(volume: Volume) -> Spacing:
    """Return the spacing a volume is drawn with: its own in a plane, planes spread to be seen.

    >>> spacing(Volume(np.zeros((26, 10, 20)), (1.0, 2.0, 2.0)))
    (2.0, 2.0, 2.0)
    """
    planes, rows, cols = volume.data.shape
    _, row, col = volume.spacing
    return ORDER_EDGE * max(rows * row, cols * col) / planes, row, col


def _limit(volumes: Mapping[str, Volume]) -> float:
    """Return the scale all volumes share: a high percentile, so that no spike darkens the rest."""
    magnitudes = np.concatenate([np.abs(volume.data).ravel() for volume in volumes.values()])
    return float(np.percentile(magnitudes, PERCENTILE)) or float(magnitudes.max()) or 1.0


def _draw(axes: Axes, volume: Volume, most: float, signed: bool, size: tuple[int, int]) -> None:
    """Draw one picture, its axes named along the edges of the box."""
    steps = spacing(volume)
    limits = (-most if signed else 0.0, most)
    picture = render.still(volume.data, limits=limits, spacing=steps, size=size, signed=signed)
    style.bare(axes).imshow(picture, aspect="auto", extent=(0, size[0], size[1], 0))
    planes, rows, cols = volume.data.shape
    view = camera((planes, rows, cols), spacing=steps, size=size)
    front = np.array([-0.5, rows - 0.5, cols - 0.5])
    left = np.array([-0.5, rows - 0.5, -0.5])
    _name_edge(axes, view, front, np.array([planes - 0.5, rows - 0.5, cols - 0.5]), volume.axes[0])
    _name_edge(axes, view, left, front, volume.axes[2])
    _name_edge(axes, view, np.array([-0.5, -0.5, -0.5]), left, volume.axes[1])


def _name_edge(axes: Axes, view: Camera, start: Floats, end: Floats, words: str) -> None:
    """Write what is counted along an edge of the box; what is right of the way is outside."""
    seen = view.project([start, end])
    way = (seen[1] - seen[0])[::-1] * (1, -1)
    outwards = np.array([way[1], -way[0]]) / np.hypot(*way) * _OUTSIDE
    turn = float(np.degrees(np.arctan2(way[1], way[0])))
    count = round(float(np.abs(end - start).max()))
    numbers = f", 0 to {count - 1}" if view.size[0] > _ROOMY * _DPI else ""
    axes.annotate(
        f"{words}{numbers} →",
        seen.mean(axis=0)[::-1],
        tuple(outwards),
        textcoords="offset points",
        ha="center",
        va="center",
        rotation=turn,
        rotation_mode="anchor",
        size=style.TINY,
        color=_WORD,
    )


def _caption(volumes: Mapping[str, Volume], first: str, signed: bool, most: float) -> str:
    """Say what the reader sees."""
    shapes = sorted({volume.data.shape for volume in volumes.values()})
    sizes = " or ".join(" × ".join(map(str, shape)) for shape in shapes)
    plane, row, col = next(iter(volumes.values())).axes
    parts = [
        f"Each picture is one volume of {sizes} values. Its {plane} runs from left to right, its "
        f"{row} downwards, its {col} towards the front.",
        "One camera, one transfer function: values near zero are transparent, those of "
        f"{most:.3g} and more are the most opaque; colours go with the square root of the value"
        + (", blue below zero and orange above." if signed else "."),
        "A lamp at the eye lights steep slopes.",
    ]
    return " ".join([first, *parts]).strip()

"""Still pictures of volumes side by side, seen by one camera, on one scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis import render
from cnnvis.camera import ORDER_EDGE, Camera, Floats, Spacing, camera
from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, photos, style
from cnnvis.figures.scales import PERCENTILE, root_scale
from cnnvis.raycast import SLICES
from cnnvis.volume import Volume

_ACROSS = {1: 1, 2: 2, 3: 3, 4: 2}
_WIDEST = 4.4  # inches of a single picture
_HEIGHT = 0.75  # of a picture, in widths
_GAP, _HEAD, _NOTE = 0.1, 0.19, 0.1  # inches
_DPI = 200  # a picture has exactly as many pixels as the sheet
_COARSE = 100  # slices that a ray crosses in pictures of which there are many
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
    across: int | None = None,
    slices: int = SLICES,
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
        across: pictures in a row; None: as suits their number.
        slices: how many a ray crosses, see :func:`cnnvis.render.still`.

    Raises:
        CnnvisError: no volume, or a limit that is not above zero.
    """
    if not volumes or (limit is not None and limit <= 0):
        raise CnnvisError(f"stills need volumes and a limit above 0; got {len(volumes)}, {limit}.")
    signed = any(bool((volume.data < 0).any()) for volume in volumes.values())
    most = limit or _limit(volumes)
    pictures = [_Picture(name, "", volume, most) for name, volume in volumes.items()]
    return _figure(
        pictures,
        None,
        signed=signed,
        title=title or "Feature maps stacked into volumes",
        caption=_caption(volumes, caption, signed, f"those of {most:.3g} and more"),
        unit=unit,
        across=across,
        slices=slices,
    )


@style.in_look
def through(
    volumes: Mapping[str, Volume],
    photo: npt.NDArray[np.uint8] | None = None,
    *,
    title: str = "",
    caption: str = "",
    unit: str = "activation",
) -> Figure:
    """Return a figure of the layers of a network beside each other, behind what they look at.

    Same camera and same colours, but a scale for each volume, given above it: layers count in
    units of their own.

    Args:
        volumes: by layer, in the order of the network.
        photo: (row, col, 3) to show first.
        title: of the figure.
        caption: a sentence to put first, such as what order the channels are in.
        unit: what the values are, for the colour bar.

    Raises:
        CnnvisError: no volume, or a photo of another kind.
    """
    if not volumes:
        raise CnnvisError("a way through a network needs the volume of at least one layer; got 0.")
    signed = any(bool((volume.data < 0).any()) for volume in volumes.values())
    pictures = []
    for name, volume in volumes.items():
        limit = _limit({name: volume})
        size = " × ".join(map(str, volume.data.shape))
        pictures.append(_Picture(name, f"{size}, up to {limit:.3g}", volume, limit))
    return _figure(
        pictures,
        None if photo is None else photos.checked(photo, "of the network"),
        signed=signed,
        title=title or "One image through a network",
        caption=_caption(volumes, caption, signed, "those that reach the limit of their picture"),
        unit=f"{unit}, share of the limit above each picture",
        slices=_COARSE,
    )


@dataclass(frozen=True)
class _Picture:
    """One volume with its heading, a line below that, and the value that is most opaque."""

    name: str
    note: str
    volume: Volume
    limit: float


def _figure(
    pictures: Sequence[_Picture],
    photo: npt.NDArray[np.uint8] | None,
    *,
    signed: bool,
    title: str,
    caption: str,
    unit: str,
    across: int | None = None,
    slices: int = SLICES,
) -> Figure:
    """Draw pictures side by side, a photo before them, and the scale they share below."""
    first = 0 if photo is None else 1
    count = len(pictures) + first
    across = across or _ACROSS.get(count, 3)
    width = min(_WIDEST, (style.WIDTH - 2 * style.MARGIN - (across - 1) * _GAP) / across)
    size = (round(width * _DPI), round(width * _HEIGHT * _DPI))
    head = _HEAD + (_NOTE if any(picture.note for picture in pictures) else 0)
    block = head + size[1] / _DPI + _GAP
    below = -(-count // across) * block
    sheet = style.sheet(below + 0.4, title=title, caption=caption, dpi=_DPI)
    if photo is not None:
        _draw_photo(sheet, photo, (width, size[1] / _DPI), head)
    for number, picture in enumerate(pictures, start=first):
        left = style.MARGIN + number % across * (width + _GAP)
        top = number // across * block
        heading = lettering.shortened(picture.name, width, style.LABEL, bold=True)
        sheet.text(left, top, heading, size=style.LABEL, weight="bold")
        if picture.note:
            sheet.text(left, top + _HEAD - 0.03, picture.note, size=style.TINY, color=style.MUTED)
        axes = sheet.axes(left, top + head, width, size[1] / _DPI)
        axes.set_gid(f"still {picture.name}")
        _draw(axes, picture.volume, picture.limit, signed, size, slices)
    limits = {picture.limit for picture in pictures}
    scale = root_scale(limits.pop() if not pictures[0].note else 1.0, signed=signed)
    colours = replace(scale, colours=render.POLAR if signed else render.HEAT)
    bar = sheet.axes(style.MARGIN + 0.05, below, 2.4, 0.08)
    style.colour_bar(bar, colours.mappable, unit, ticks=colours.ticks)
    return sheet.figure


def _draw_photo(
    sheet: style.Sheet, photo: npt.NDArray[np.uint8], room: tuple[float, float], top: float
) -> None:
    """Draw what the network looks at, as large as fits into a picture."""
    sheet.text(style.MARGIN, 0, "input", size=style.LABEL, weight="bold")
    rows, cols = photo.shape[:2]
    note = f"{rows} × {cols} pixels"
    sheet.text(style.MARGIN, _HEAD - 0.03, note, size=style.TINY, color=style.MUTED)
    width, height = photos.fitted(photo.shape, *room)
    left = style.MARGIN + (room[0] - width) / 2
    axes = sheet.axes(left, top + (room[1] - height) / 2, width, height)
    axes.set_gid("photo")
    photos.show(axes, photo, photo.shape)


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


def _draw(
    axes: Axes, volume: Volume, most: float, signed: bool, size: tuple[int, int], slices: int
) -> None:
    """Draw one picture, its axes named along the edges of the box."""
    steps = spacing(volume)
    limits = (-most if signed else 0.0, most)
    picture = render.still(
        volume.data, limits=limits, spacing=steps, size=size, signed=signed, slices=slices
    )
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


def _caption(volumes: Mapping[str, Volume], first: str, signed: bool, most: str) -> str:
    """Say what the reader sees; ``most`` are the values that are the most opaque."""
    shapes = sorted({volume.data.shape for volume in volumes.values()})
    sizes = " or ".join(" × ".join(map(str, shape)) for shape in shapes)
    plane, row, col = next(iter(volumes.values())).axes
    parts = [
        f"Each picture is one volume of {sizes} values. Its {plane} runs from left to right, its "
        f"{row} downwards, its {col} towards the front.",
        f"One camera, one transfer function: values near zero are transparent, {most} are the most "
        "opaque; colours go with the square root of the value"
        + (", blue below zero and orange above." if signed else "."),
        "A lamp at the eye lights steep slopes.",
    ]
    return " ".join([first, *parts]).strip()

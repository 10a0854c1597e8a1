"""Volumes one after the other: a film by one camera, on one scale, with a caption in each frame."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from matplotlib.font_manager import FontProperties, findfont
from PIL import Image, ImageDraw, ImageFont

from cnnvis import render
from cnnvis.errors import CnnvisError
from cnnvis.figures.lettering import FONT
from cnnvis.figures.scales import PERCENTILE
from cnnvis.figures.volumes import spacing
from cnnvis.files import replacing
from cnnvis.render import Pixels
from cnnvis.volume import Volume

SIZE = (240, 180)
"""(cols, rows) of the picture of a volume in pixels; its caption is below."""

MILLISECONDS = 500
"""How long a frame stays."""

_SLICES = 96  # that a ray crosses: enough for a small picture
_LETTERS = 12  # pixels
_LINE = 16  # pixels from one line to the next
_INK, _MUTED = (240, 243, 248), (165, 176, 194)
_COLOURS = 255  # of all frames together; one more is kept for what is transparent


@dataclass(frozen=True, eq=False)
class Scene:
    """A volume and what is said of it: a name, and a line below."""

    volume: Volume
    name: str
    below: str = ""


def frames(
    scenes: Sequence[Scene],
    *,
    limits: tuple[float, float] | None = None,
    size: tuple[int, int] = SIZE,
) -> list[Pixels]:
    """Return a picture (row, col, 3) of every scene: same camera, transfer function and scale.

    Args:
        scenes: with volumes of one shape, so that one camera sees all of them alike.
        limits: of the scale; None: up to the 99.5th percentile of all magnitudes, and as far below
            zero where a volume has negative values.
        size: (cols, rows) of the volume's picture; three lines of words follow below.

    Raises:
        CnnvisError: no scene, volumes of different shapes, or limits that do not suit them.
    """
    shapes = sorted({scene.volume.data.shape for scene in scenes})
    if len(shapes) != 1:
        raise CnnvisError(
            f"an animation shows volumes of one shape with one camera; got {shapes or 'none'}."
        )
    shown = limits or _limits(scenes)
    return [_frame(scene, shown, size) for scene in scenes]


def _limits(scenes: Sequence[Scene]) -> tuple[float, float]:
    """Return the scale that all scenes share: spikes are clipped, as in the still pictures."""
    data = np.stack([scene.volume.data for scene in scenes])
    magnitudes = np.abs(data.astype(float))
    limit = float(np.percentile(magnitudes, PERCENTILE)) or float(magnitudes.max()) or 1.0
    return (-limit if (data < 0).any() else 0.0), limit


def _frame(scene: Scene, limits: tuple[float, float], size: tuple[int, int]) -> Pixels:
    """Draw one scene and the words below."""
    steps = spacing(scene.volume)
    picture = render.still(
        scene.volume.data,
        limits=limits,
        spacing=steps,
        size=size,
        signed=limits[0] < 0,
        slices=_SLICES,
    )
    cols, rows = size
    scale = (
        f"{limits[0]:.2g} blue … orange {limits[1]:.2g}" if limits[0] else f"0 … {limits[1]:.2g}"
    )
    lines = ((scene.name, _INK), (scene.below, _MUTED), (scale, _MUTED))
    whole = Image.new("RGB", (cols, rows + len(lines) * _LINE + 4), render.BACKGROUND)
    whole.paste(Image.fromarray(picture))
    pen = ImageDraw.Draw(whole)
    for number, (words, ink) in enumerate(lines):
        place = (6, rows + number * _LINE)
        pen.text(place, _fitting(words, cols - 12), fill=ink, font=_font())
    return np.asarray(whole)


def write_words(
    pen: ImageDraw.ImageDraw, place: tuple[int, int], words: str, width: int, ink: str
) -> None:
    """Write a line of words at (col, row) of a picture, cut to ``width`` pixels."""
    pen.text(place, _fitting(words, width), fill=ink, font=_font())


def _fitting(words: str, width: int) -> str:
    """Cut words that are wider than ``width`` pixels, and say so with an ellipsis."""
    if _font().getlength(words) <= width:
        return words
    kept = words
    while kept and _font().getlength(f"{kept}…") > width:
        kept = kept[:-1]
    return f"{kept}…"


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    """Return the letters of all figures; matplotlib brings them along."""
    return ImageFont.truetype(findfont(FontProperties(family=FONT)), _LETTERS)


def write(
    pictures: Sequence[Pixels],
    path: str | os.PathLike[str],
    *,
    milliseconds: int = MILLISECONDS,
    provenance: str = "",
) -> None:
    """Write frames (row, col, 3) as a GIF that starts again at its end.

    All frames have the same 255 colours, those that suit all of them together. Equal frames give
    equal bytes; ``provenance`` goes into the comment of the file.

    Raises:
        CnnvisError: no frame.
        FileError: the disk is full, or the folder cannot be written to.
    """
    if not pictures:
        raise CnnvisError("an animation needs at least one frame; got none.")
    together = Image.fromarray(np.concatenate(pictures))
    palette = together.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT)
    first, *others = (
        Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE)
        for picture in pictures
    )
    with replacing(path) as temporary:
        first.save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=others,
            duration=milliseconds,
            loop=0,
            optimize=False,
            comment=provenance.encode("ascii", "backslashreplace"),
        )


def write_frames(pictures: Sequence[Pixels], folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Write frames (row, col, 3) as ``000.png``, ``001.png`` ... into a folder.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    paths = tuple(Path(folder) / f"{number:03}.png" for number in range(len(pictures)))
    for picture, path in zip(pictures, paths, strict=True):
        with replacing(path) as temporary:
            Image.fromarray(picture).save(temporary, format="PNG")
    return paths

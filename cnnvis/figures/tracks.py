"""Tracks: frames of a sequence with true and found boxes, the overlap over time, and a film."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image, ImageDraw

from cnnvis import tracking_scores
from cnnvis.figures import animation, lettering, photos, style
from cnnvis.figures.outlines import TRUE, outline
from cnnvis.images import Photo
from cnnvis.sequences import Film
from cnnvis.tracking import Placed

if TYPE_CHECKING:
    import pandas as pd

_ACROSS = 6
_SHOWN = 12  # frames of a strip
_GAP = 0.06  # inches
_CHART = 1.3  # inches
_DPI = 220
_SIDE = 320  # pixels: the long side of a frame of the film
MILLISECONDS = 250
"""How long a frame of a film stays."""

_COLOURS = (style.CATEGORIES[1], style.CATEGORIES[4], style.CATEGORIES[3], style.CATEGORIES[2])
_LINES = (style.CATEGORIES[0], style.CATEGORIES[2], style.CATEGORIES[3], style.CATEGORIES[6])
_OTHERS = {"centred": (style.CATEGORIES[5], "--"), "constant": (style.CATEGORIES[7], ":")}


@dataclass(frozen=True, eq=False)
class Followed:
    """A sequence, and what was followed through it.

    Attributes:
        film: the frames, and the truth where it is known.
        tracks: the boxes of the tracks, by frame.
        others: name -> boxes of ways that need no tracking.
        scores: of all ways, see :func:`cnnvis.tracking_scores.table`.
    """

    film: Film
    tracks: Sequence[Placed]
    others: Mapping[str, Sequence[Placed]]
    scores: "pd.DataFrame"

    @property
    def verdict(self) -> str:
        """Say how good the tracks are, plainly where a box in the middle does as well."""
        ids = len({one.id for one in self.tracks})
        if not self.film.truth:
            return f"{ids} tracks. Nobody knows where the objects truly are."
        rows = self.scores.set_index("way")
        said = "; ".join(
            f"{way}: MOTA {row['mota']:.2f}, IDF1 {row['idf1']:.2f}, mean overlap "
            f"{row['overlap']:.2f}"
            for way, row in rows.iterrows()
        )
        own, rest = rows.loc["tracks"], rows.drop(index="tracks")
        keys = ["mota", "idf1", "overlap"]
        better = sum(bool(own[key] > rest[key].max()) for key in keys)
        end = {
            3: "better than both by every measure.",
            0: "here tracking is no better than a box that knows nothing.",
        }.get(better, "not better than both by every measure.")
        return f"{said}: {end}"


@style.in_look
def strip(followed: Followed, *, title: str = "") -> Figure:
    """Return a figure of the frames with true and found boxes, and of the overlap over time.

    Args:
        followed: the sequence and its tracks.
        title: of the figure.
    """
    film = followed.film
    count = len(film.frames)
    chosen = np.unique(np.linspace(0, count - 1, min(_SHOWN, count)).round().astype(int))
    width = (style.WIDTH - 2 * style.MARGIN - (_ACROSS - 1) * _GAP) / _ACROSS
    shape = film.frames[0].shape
    height = width * shape[0] / shape[1]
    pitch = height + 0.14
    below = -(-len(chosen) // _ACROSS) * pitch
    sheet = style.sheet(
        below + (_CHART + 0.5 if film.truth else 0.0),
        title=title or f"Objects followed through {count} frames",
        caption=_caption(followed),
        dpi=_DPI,
    )
    for place, number in enumerate(chosen.tolist()):
        left = style.MARGIN + place % _ACROSS * (width + _GAP)
        top = place // _ACROSS * pitch
        sheet.text(left, top, f"frame {number + 1}", size=style.TINY, color=style.MUTED)
        axes = sheet.axes(left, top + 0.1, width, height)
        axes.set_gid(f"frame {number + 1}")
        photos.show(axes, photos.small(film.frames[number]), shape)
        for one in (one for one in film.truth if one.frame == number):
            outline(axes, one.box, TRUE, true=True, width=1.1)
        for one in (one for one in followed.tracks if one.frame == number):
            outline(axes, one.box, _colour(one.id), width=1.2 if one.score > 0 else 0.6)
    if film.truth:
        _draw_overlaps(sheet, below + 0.1, followed)
    return sheet.figure


def film(followed: Followed) -> list[Photo]:
    """Return the frames as pictures (row, col, 3) with their boxes and a line of words below.

    Write them with :func:`cnnvis.figures.animation.write`.
    """
    return [_frame(followed, number) for number in range(len(followed.film.frames))]


def _frame(followed: Followed, number: int) -> Photo:
    """Draw one frame of the film."""
    frame = followed.film.frames[number]
    scale = _SIDE / max(frame.shape[:2])
    size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
    whole = Image.new("RGB", (size[0], size[1] + 20), style.PAPER)
    whole.paste(Image.fromarray(frame).resize(size, Image.Resampling.BILINEAR))
    pen = ImageDraw.Draw(whole)
    for one in (one for one in followed.film.truth if one.frame == number):
        _rectangle(pen, one, scale, TRUE, 1)
    here = [one for one in followed.tracks if one.frame == number]
    for one in here:
        _rectangle(pen, one, scale, _colour(one.id), 3 if one.score > 0 else 1)
    words = f"frame {number + 1}: " + (", ".join(map(_name, here)) or "nothing found")
    animation.write_words(pen, (6, size[1] + 2), words, size[0] - 12, style.INK)
    return np.asarray(whole)


def _rectangle(
    pen: ImageDraw.ImageDraw, one: Placed, scale: float, colour: str, width: int
) -> None:
    """Draw a box with a dark line round it."""
    row0, col0, row1, col1 = (round(edge * scale) for edge in one.box)
    if row1 - row0 < 2 or col1 - col0 < 2:
        return
    pen.rectangle((col0 - 1, row0 - 1, col1, row1), outline=style.INK, width=width + 2)
    pen.rectangle((col0, row0, col1 - 1, row1 - 1), outline=colour, width=width)


def _name(one: Placed) -> str:
    """Return what a box of a track is called."""
    return f"{one.id} {one.label}".strip() + ("" if one.score > 0 else " (expected)")


def _colour(number: int) -> str:
    return _COLOURS[(number - 1) % len(_COLOURS)]


def _draw_overlaps(sheet: style.Sheet, top: float, followed: Followed) -> None:
    """Draw how far the tracks overlap the true boxes, frame by frame, beside the other ways."""
    film = followed.film
    axes = sheet.axes(style.MARGIN + 0.45, top, 4.6, _CHART)
    axes.set_gid("overlaps")
    frames = np.arange(1, len(film.frames) + 1)
    lines = tracking_scores.overlaps(film.truth, followed.tracks, len(frames))
    labels = {one.id: one.label for one in film.truth}
    for place, (number, line) in enumerate(lines.items()):
        name = labels[number] or f"object {number}"
        words = lettering.shortened(f"tracks on {name}", 1.35, style.SMALL)
        mark = "os^D"[place % 4]
        axes.plot(
            frames, line, "-", marker=mark, ms=3, lw=1.2, color=_LINES[place % 4], label=words
        )
    for way, (colour, dashes) in _OTHERS.items():
        if way in followed.others:
            other = tracking_scores.overlaps(film.truth, followed.others[way], len(frames))
            means = np.nanmean(np.ma.masked_invalid(list(other.values())), axis=0)
            axes.plot(frames, means, dashes, lw=1, color=colour, label=f"{way} box")
    axes.axhline(tracking_scores.HIT, lw=0.6, color=style.RULE, zorder=0)
    axes.set(ylim=(0, 1), xlabel="frame", ylabel="overlap with the\ntrue box")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))


def _caption(followed: Followed) -> str:
    """Say what the reader sees."""
    parts = []
    if followed.film.truth:
        parts.append("Dashed: where the objects truly are, known from how the frames were made.")
    parts.append(
        "In colour: the boxes of the tracks; fine lines are boxes that were not found but expected."
    )
    if followed.film.truth:
        parts.append("Chart: overlap with the true boxes; a box counts from 0.5 on.")
    return " ".join([*parts, followed.verdict])

"""Sequences of frames: read from files, or made from photos by known moves, with the true boxes.

A made sequence tells how good a tracker is: nobody has to draw boxes into its frames, because where
everything is follows from how it was moved.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFilter

from cnnvis import frames
from cnnvis.boxes import Box
from cnnvis.errors import ConfigError, ImageError
from cnnvis.images import Photo
from cnnvis.tracking import Corners, Placed

KINDS = ("pan", "crossing", "hiding")
"""Sequences that are made from photos: see :func:`pan`, :func:`crossing` and :func:`hiding`."""

SIDE = 256
"""Pixels of a side of the frames that are made."""

_PART = 0.45  # of the frame's side: how large a pasted object is
_POST = (0.42, 0.58)  # columns of the post, as shares of the side
_SOFT = 3  # pixels over which the rim of a pasted object fades

Window = tuple[float, float, float]
"""(row, col, side): middle and size of a square view, as shares of the photo's sides and of the
largest square in it."""

TOUR: tuple[Window, ...] = ((0.5, 0.2, 0.75), (0.4, 0.8, 0.7), (0.6, 0.5, 0.55), (0.5, 0.3, 0.85))
"""The views between which :func:`pan` goes, unless given others: across, in, out, and in again."""


@dataclass(frozen=True, eq=False)
class Film:
    """Frames in the order of time.

    Args:
        name: for files and figures.
        frames: (row, col, 3) in uint8, all of one shape.
        truth: where the objects truly are, by frame; empty where nobody knows.
    """

    name: str
    frames: tuple[Photo, ...]
    truth: tuple[Placed, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be followed.

        Raises:
            ImageError: fewer than two frames, or frames of several sizes.
        """
        shapes = sorted({frame.shape for frame in self.frames})
        if len(self.frames) < 2 or len(shapes) > 1:
            raise ImageError(
                f"the sequence '{self.name}' has to have two frames or more of one size; got "
                f"{len(self.frames)} of {', '.join(map(str, shapes)) or 'no size'}."
            )


def pan(
    photo: Photo,
    known: Sequence[Box],
    *,
    name: str,
    count: int = 12,
    stops: Sequence[Window] = TOUR,
    label: str = "",
) -> Film:
    """Return a film of a photo seen through a square window that wanders and zooms.

    Args:
        photo: (row, col, 3).
        known: the boxes of the objects on it.
        name: of the film.
        count: frames.
        stops: views between which the window goes in equal steps; what would leave the photo is
            moved back.
        label: what the objects are.
    """
    shape = photo.shape[:2]
    windows = [_square(shape, view) for view in _between(stops, count)]
    picture = Image.fromarray(photo)
    seen = tuple(
        np.asarray(
            picture.resize(
                (SIDE, SIDE), Image.Resampling.BILINEAR, (col0, row0, col0 + side, row0 + side)
            )
        )
        for row0, col0, side in windows
    )
    truth = []
    for number, (row0, col0, side) in enumerate(windows):
        corner = np.array([row0, col0, row0, col0])
        for place, box in enumerate(known, start=1):
            moved = np.clip((np.array(box) - corner) * SIDE / side, 0, SIDE)
            if (moved[2:] - moved[:2]).min() >= 1:
                truth.append(Placed(number, place, _corners(moved), label=label))
    return Film(name, seen, tuple(truth))


def crossing(
    parts: Sequence[Photo], *, name: str, count: int = 12, seed: int = 0, labels: Sequence[str] = ()
) -> Film:
    """Return a film of two objects that cross on clutter, the second in front of the first.

    Args:
        parts: two pictures (row, col, 3), cut out close to their objects.
        name: of the film.
        count: frames.
        seed: of the clutter.
        labels: what the objects are.

    Raises:
        ImageError: not two pictures.
    """
    if len(parts) != 2:
        raise ImageError(f"two objects cross; got {len(parts)} pictures for '{name}'.")
    there = np.linspace((0.4, 0.22), (0.4, 0.78), count)
    back = np.linspace((0.6, 0.78), (0.6, 0.22), count)
    return pasted(parts, [there, back], name=name, seed=seed, labels=labels)


def hiding(part: Photo, *, name: str, count: int = 12, seed: int = 0, label: str = "") -> Film:
    """Return a film of an object that passes behind a post: hidden, it is still true.

    Args:
        part: a picture (row, col, 3), cut out close to its object.
        name: of the film.
        count: frames.
        seed: of the clutter.
        label: what the object is.
    """
    path = np.linspace((0.5, 0.16), (0.5, 0.84), count)
    return pasted([part], [path], name=name, seed=seed, post=_POST, labels=[label])


def pasted(
    parts: Sequence[Photo],
    paths: Sequence[ArrayLike],
    *,
    name: str,
    seed: int = 0,
    post: tuple[float, float] | None = None,
    labels: Sequence[str] = (),
) -> Film:
    """Return a film of pictures that move over clutter, the later ones in front.

    Args:
        parts: pictures (row, col, 3); an oval is cut out of the middle of each.
        paths: for each its middles (frame, [row, col]), as shares of the frame's side; NaN in
            frames in which it is not there.
        name: of the film.
        seed: of the clutter.
        post: the columns of an upright post in front of everything, as shares of the side.
        labels: what the objects are.
    """
    ground = clutter(SIDE, seed=seed)
    ovals = [_oval(part) for part in parts]
    middles = [np.asarray(path, np.float64) * SIDE for path in paths]
    pages, truth = [], []
    for number in range(min(map(len, middles))):
        page = Image.fromarray(ground)
        for place, ((picture, mask), path) in enumerate(zip(ovals, middles, strict=True), start=1):
            if np.isfinite(path[number]).all():
                box = _centred_at(path[number], (picture.height, picture.width))
                page.paste(picture, (box[1], box[0]), mask)
                label = labels[place - 1] if labels else ""
                truth.append(Placed(number, place, _corners(np.clip(box, 0, SIDE)), label=label))
        if post is not None:
            left, right = (round(share * SIDE) for share in post)
            ImageDraw.Draw(page).rectangle((left, 0, right - 1, SIDE), fill=(86, 88, 92))
        pages.append(np.asarray(page))
    return Film(name, tuple(pages), tuple(truth))


def clutter(side: int, *, seed: int = 0) -> Photo:
    """Return a picture (side, side, 3) of nothing in particular: coloured noise at several scales.

    >>> clutter(32).shape
    (32, 32, 3)
    """
    draw = np.random.default_rng(seed)
    total = np.zeros((side, side, 3))
    for cells in (4, 8, 16, 32, 64):
        noise = draw.integers(0, 256, (cells, cells, 3)).astype(np.uint8)
        layer = Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)
        total += np.asarray(layer, np.float64) / cells**0.5
    low, high = total.min(), total.max()
    return np.asarray(40 + 160 * (total - low) / (high - low)).astype(np.uint8)


def read(path: str | os.PathLike[str], *, name: str) -> Film:
    """Return the sequence of a folder of pictures, of an animated GIF, or of a video.

    Raises:
        ImageError: as :func:`cnnvis.frames.read`, or there are fewer than two frames.
    """
    return Film(name, frames.read(path))


def films(
    wanted: Sequence[Mapping[str, Any]],
    photos: Mapping[str, Photo],
    known: Mapping[str, Sequence[Box]],
) -> tuple[Film, ...]:
    """Return the sequences that settings describe, see :func:`make`.

    Args:
        wanted: the settings of each.
        photos: by id, such as :class:`cnnvis.images.Photos`; those that are wanted are taken.
        known: the boxes of photos.

    Raises:
        ConfigError, ImageError: as :func:`make`.
    """
    ids = {photo for one in wanted for photo in one.get("photos", ()) if photo in photos}
    chosen = {photo: photos[photo] for photo in sorted(ids)}
    return tuple(make(one, chosen, known) for one in wanted)


def make(
    wanted: Mapping[str, Any], photos: Mapping[str, Photo], known: Mapping[str, Sequence[Box]]
) -> Film:
    """Return the sequence that a setting describes.

    Args:
        wanted: ``name``; ``path``, or ``kind`` with ``photos`` and ``frames``.
        photos: by id.
        known: the boxes of photos; where there are none, the whole photo is the object.

    Raises:
        ConfigError: no such kind, or a photo is not known.
        ImageError: the sequence cannot be read.
    """
    name = str(wanted["name"])
    if wanted.get("path"):
        return read(wanted["path"], name=name)
    missing = [photo for photo in wanted["photos"] if photo not in photos]
    if missing or wanted.get("kind") not in KINDS:
        raise ConfigError(
            f"tracking.sequences, '{name}': give a path, or one of the kinds {', '.join(KINDS)} "
            f"with photos of the image set; got {wanted.get('kind')!r} with {wanted['photos']}."
        )
    ids = list(wanted["photos"])
    count = int(wanted["frames"])
    if wanted["kind"] == "pan":
        photo = photos[ids[0]]
        return pan(photo, known.get(ids[0], ()), name=name, count=count, label=ids[0])
    parts = [_cut(photos[photo], known.get(photo, ())) for photo in ids]
    if wanted["kind"] == "crossing":
        return crossing(parts, name=name, count=count, labels=ids)
    return hiding(parts[0], name=name, count=count, label=ids[0])


def _cut(photo: Photo, known: Sequence[Box]) -> Photo:
    """Return the first known box of a photo as a picture, the whole photo where there is none."""
    row0, col0, row1, col1 = known[0] if known else (0, 0, *photo.shape[:2])
    return photo[row0:row1, col0:col1]


def _between(stops: Sequence[Window], count: int) -> NDArray[np.float64]:
    """Return ``count`` views (view, [row, col, side]) along the way from stop to stop."""
    places = np.asarray(stops, np.float64)
    way = np.linspace(0, len(places) - 1, count)
    columns = [np.interp(way, np.arange(len(places)), column) for column in places.T]
    return np.column_stack(columns)


def _square(shape: Sequence[int], view: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return (row0, col0, side) of a view in pixels, moved back where it would leave the photo."""
    side = float(view[2]) * min(shape)
    row0, col0 = (
        float(np.clip(share * length - side / 2, 0, length - side))
        for share, length in zip(view[:2], shape, strict=True)
    )
    return row0, col0, side


def _oval(part: Photo) -> tuple[Image.Image, Image.Image]:
    """Return a picture in the size it is pasted in, and its mask: an oval with a soft rim."""
    rows, cols = part.shape[:2]
    scale = _PART * SIDE / max(rows, cols)
    size = (max(8, round(cols * scale)), max(8, round(rows * scale)))
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).ellipse((1, 1, size[0] - 2, size[1] - 2), fill=255)
    small = Image.fromarray(part).resize(size, Image.Resampling.BILINEAR)
    return small, mask.filter(ImageFilter.GaussianBlur(_SOFT / 2))


def _centred_at(middle: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.int64]:
    """Return the box (4,) of a picture of that size round a place, in whole pixels."""
    corner = np.rint(middle - np.array(size) / 2).astype(np.int64)
    return np.concatenate([corner, corner + size])


def _corners(box: NDArray[Any]) -> Corners:
    row0, col0, row1, col1 = map(float, box)
    return row0, col0, row1, col1

"""Mosaics: photos of different classes side by side, so that it is known where a class is not.

Whoever explains the score of one class should mark the cell that holds its photo; no boxes are
needed to know which that is. The idea is that of the grid pointing game: Böhle et al.,
"Convolutional Dynamic Alignment Networks for Interpretable Classifications", arXiv 2104.00032.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import ImageError

Ints = NDArray[np.int64]

_TRIES = 1000
"""Arrangements tried before it is said that there are no more."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Which photos make each mosaic.

    Args:
        side: cells in a row and in a column.
        photos: (mosaic, cell) places of photos in their set; cells are counted row by row.
        target: (mosaic,) the cell whose class is to be found.
    """

    side: int
    photos: Ints
    target: Ints

    def __len__(self) -> int:
        """Count the mosaics."""
        return len(self.photos)

    @property
    def sought(self) -> Ints:
        """(mosaic,) the photo in the cell that is to be found."""
        return self.photos[np.arange(len(self)), self.target]


def plan(classes: ArrayLike, *, count: int, side: int = 2, seed: int = 0) -> Plan:
    """Choose the photos of so many mosaics, no two of them the same.

    The photos of a mosaic are of different classes. Every photo takes part equally often, once more
    or less, and so is it sought; where a class has too many photos for that, its photos take part
    less often than others. The same seed gives the same mosaics.

    Args:
        classes: (photo,) the class of each photo.
        count: mosaics.
        side: cells in a row and in a column.
        seed: of all choices.

    Raises:
        ImageError: there are too few classes, or not so many different mosaics.

    >>> plan([0, 1, 2, 3], count=2).photos.shape
    (2, 4)
    """
    kinds = np.unique(np.asarray(classes), return_inverse=True)[1].astype(np.int64)
    cells = side * side
    if side < 1 or count < 1 or len(set(kinds.tolist())) < cells:
        raise ImageError(
            f"{count} mosaics of {side} x {side} cells need photos of {cells} different classes at "
            f"least; got {len(kinds)} photos of {len(set(kinds.tolist()))} classes. Take smaller "
            "mosaics, or more photos."
        )
    draw = np.random.default_rng(seed)
    chosen = _chosen(kinds, count, cells, draw)
    sought = _sought(chosen, len(kinds), draw)
    return _arranged(side, chosen, sought, draw)


def compose(photos: ArrayLike, chosen: Sequence[int] | Ints, side: int) -> NDArray[np.float32]:
    """Return a mosaic (channel, row, col) as large as one photo, each shrunk to its cell.

    Args:
        photos: (photo, channel, row, col), as the network is shown them.
        chosen: (cell,) places of photos, a row of :attr:`Plan.photos`.
        side: cells in a row and in a column.

    Raises:
        ImageError: there are not as many photos as cells.
    """
    from PIL import Image

    pixels = np.asarray(photos, np.float32)
    places = cells(pixels.shape[2:], side)
    if len(chosen) != len(places):
        raise ImageError(f"{side} x {side} cells need as many photos; got {len(chosen)}.")
    made = np.empty(pixels.shape[1:], np.float32)
    for photo, (row0, col0, row1, col1) in zip(chosen, places.tolist(), strict=True):
        for channel, plane in enumerate(pixels[photo]):
            size = (col1 - col0, row1 - row0)
            shrunk = Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR)
            made[channel, row0:row1, col0:col1] = np.asarray(shrunk)
    return made


def cells(shape: Sequence[int], side: int) -> Ints:
    """Return the box (cell, [row0, col0, row1, col1]) of each cell, row by row.

    >>> cells((5, 4), 2).tolist()
    [[0, 0, 2, 2], [0, 2, 2, 4], [2, 0, 5, 2], [2, 2, 5, 4]]
    """
    rows, cols = (np.rint(np.arange(side + 1) * length / side).astype(int) for length in shape[:2])
    return np.array(
        [
            (row0, col0, row1, col1)
            for row0, row1 in pairwise(rows.tolist())
            for col0, col1 in pairwise(cols.tolist())
        ],
        np.int64,
    )


def _shares(kinds: Ints, count: int, cells: int, draw: np.random.Generator) -> Ints:
    """Return how often (photo,) each photo takes part; a class at most once in each mosaic."""
    often = np.zeros(len(kinds), np.int64)
    most = np.bincount(kinds)
    open_photos, left = np.ones(len(kinds), bool), count * cells
    for kind in np.argsort(
        -most, kind="stable"
    ):  # a class with more photos reaches its limit first
        if most[kind] * left > count * open_photos.sum():
            own = kinds == kind
            often[own] = _even(count, int(own.sum()), draw)
            open_photos &= ~own
            left -= count
    often[open_photos] = _even(left, int(open_photos.sum()), draw)
    for kind in np.flatnonzero(np.bincount(kinds, often) > count).tolist():
        _pass_on(often, kinds, kind, count)  # rounding was unlucky
    return often


def _pass_on(often: Ints, kinds: Ints, kind: int, count: int) -> None:
    """Give what a class has beyond its limit to the photos of others that have least."""
    while often[kinds == kind].sum() > count:
        totals = np.bincount(kinds, often)
        free = np.flatnonzero((totals < count)[kinds])
        giver = np.flatnonzero(kinds == kind)[often[kinds == kind].argmax()]
        often[giver] -= 1
        often[free[often[free].argmin()]] += 1


def _even(total: int, parts: int, draw: np.random.Generator) -> Ints:
    """Return whole numbers that add up to ``total`` and differ by 1 at most, in a random order."""
    base = np.full(parts, total // max(parts, 1), np.int64)
    base[: total - int(base.sum())] += 1
    return draw.permutation(base)


def _chosen(kinds: Ints, count: int, cells: int, draw: np.random.Generator) -> Ints:
    """Return the photos (mosaic, cell) of each mosaic, their classes all different.

    A mosaic takes the classes that have most left to give; so none is left over at the end (Gale,
    "A theorem on flows in networks", Pacific Journal of Mathematics 7, 1957).
    """
    left = _shares(kinds, count, cells, draw)
    made = np.empty((count, cells), np.int64)
    for mosaic in range(count):
        totals = np.bincount(kinds, left)
        best = np.lexsort((draw.random(len(totals)), -totals))[:cells]
        for cell, kind in enumerate(best.tolist()):
            own = np.flatnonzero(kinds == kind)
            photo = own[np.lexsort((draw.random(len(own)), -left[own]))[0]]
            made[mosaic, cell] = photo
            left[photo] -= 1
    return draw.permutation(made)


def _sought(chosen: Ints, photos: int, draw: np.random.Generator) -> Ints:
    """Return the photo (mosaic,) that is sought in each mosaic, all photos as evenly as can be."""
    sought = chosen[np.arange(len(chosen)), draw.integers(0, chosen.shape[1], len(chosen))]
    while True:
        often = np.bincount(sought, minlength=photos)
        for start in np.argsort(-often, kind="stable").tolist():
            path = _path(chosen, sought, start, often)
            if path:
                break
        else:
            return sought
        for mosaic, photo in path:
            sought[mosaic] = photo


def _path(chosen: Ints, sought: Ints, start: int, often: Ints) -> list[tuple[int, int]]:
    """Return changes (mosaic, photo to seek) that take one from ``start`` and give it to a rarer.

    A photo can pass on to another of a mosaic in which it is sought. Empty where nobody who can be
    reached is sought less often by two.
    """
    came: dict[int, tuple[int, int]] = {start: (-1, -1)}
    waiting = deque([start])
    while waiting:
        photo = waiting.popleft()
        if often[photo] <= often[start] - 2:
            path = []
            while photo != start:
                mosaic, before = came[photo]
                path.append((mosaic, photo))
                photo = before
            return path[::-1]
        for one in np.flatnonzero(sought == photo).tolist():
            for other in chosen[one].tolist():
                if other not in came:
                    came[other] = (one, photo)
                    waiting.append(other)
    return []


def _arranged(side: int, chosen: Ints, sought: Ints, draw: np.random.Generator) -> Plan:
    """Give the photos of each mosaic their cells, so that no two mosaics are the same."""
    seen: set[tuple[int, ...]] = set()
    photos, target = np.empty_like(chosen), np.empty(len(chosen), np.int64)
    for mosaic, (row, photo) in enumerate(zip(chosen, sought, strict=True)):
        for _ in range(_TRIES):
            order = draw.permutation(row)
            key = (*order.tolist(), int(photo))
            if key not in seen:
                break
        else:
            raise ImageError(
                f"no more than {len(seen)} different mosaics were found where {len(chosen)} were "
                "asked for; take fewer, or more photos."
            )
        seen.add(key)
        photos[mosaic], target[mosaic] = order, int(np.flatnonzero(order == photo)[0])
    return Plan(side, photos, target)

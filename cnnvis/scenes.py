"""Scenes made so that the truth is known: one digit to be named, among others, on clutter.

The digits are those of :mod:`cnnvis.digits`. Some of them are classes, and exactly one of these is
in a scene; the others are never a class, and stand there to distract. Clutter is made of pieces of
strokes of all digits, paler than digits, and of noise. Which pixels are the target's is known
exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnvis.digits import Part
from cnnvis.errors import ImageError

CLASSES = (0, 1, 2, 3, 4)
"""The digits that are classes; the others distract."""

SIDE = 40
"""Rows and columns of a scene."""

SCALE = 2
"""Pixels of a scene along each side of a pixel of a digit."""

_INK = 0.25  # a pixel of a digit that is darker than this does not count as its own
_PALE = 0.6  # how bright a piece of a stroke is beside a digit
_PIECE = 4  # rows and columns of a piece, in pixels of a digit
_NOISE = 0.1
_APART = 1  # pixels between two digits, at least


@dataclass(frozen=True, eq=False)
class Scenes:
    """Scenes with what is true of them.

    Args:
        images: (scene, 1, row, col) float32 from 0 to 1.
        labels: (scene,) int64, the place of the target's digit among the classes.
        masks: (scene, row, col) bool, the pixels of the target.
        boxes: (scene, [row0, col0, row1, col1]) int64 round the target, the ends just outside.
        distractors: (scene, row, col) bool, the pixels of the other digits.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    masks: NDArray[np.bool_]
    boxes: NDArray[np.int64]
    distractors: NDArray[np.bool_]

    def __len__(self) -> int:
        """Count the scenes."""
        return len(self.images)


def make(
    part: Part,
    count: int,
    *,
    seed: int = 0,
    distractors: int = 2,
    pieces: int = 8,
    classes: tuple[int, ...] = CLASSES,
    side: int = SIDE,
    scale: int = SCALE,
) -> Scenes:
    """Return so many scenes; the same seed gives the same ones, and the first of more.

    Classes are equally frequent, once more or less. Digits do not overlap with each other.

    Args:
        part: the digits that scenes are made of; those to test with are made of others than those
            to train with.
        count: scenes.
        seed: of everything.
        distractors: digits beside the target that are no class.
        pieces: of strokes on the background.
        classes: the digits that are.
        side: rows and columns of a scene.
        scale: how much digits are enlarged.

    Raises:
        ImageError: the digits do not fit into a scene, or all of them are classes.

    >>> from cnnvis import digits
    >>> made = make(digits.load()[0], 3, seed=1)
    >>> made.images.shape, made.labels.shape, made.boxes.shape
    ((3, 1, 40, 40), (3,), (3, 4))
    """
    others = [digit for digit in np.unique(part.labels).tolist() if digit not in classes]
    _check(side, scale, distractors, others)
    pools = {digit: part.of(digit)[:, 0] for digit in np.unique(part.labels).tolist()}
    made = Scenes(
        np.zeros((count, 1, side, side), np.float32),
        _labels(count, len(classes), seed),
        np.zeros((count, side, side), bool),
        np.zeros((count, 4), np.int64),
        np.zeros((count, side, side), bool),
    )
    for scene in range(count):
        draw = np.random.default_rng((seed, scene))
        shown = [classes[made.labels[scene]], *draw.choice(others or [0], distractors).tolist()]
        canvas = _clutter(part, pieces, side, scale, draw)
        places = _places(len(shown), side, part.images.shape[-1] * scale, draw)
        for number, (digit, (row, col)) in enumerate(zip(shown, places, strict=True)):
            drawn = _enlarged(pools[digit][draw.integers(len(pools[digit]))], scale)
            at = (slice(row, row + len(drawn)), slice(col, col + len(drawn)))
            canvas[at] = np.maximum(canvas[at] * (drawn < _INK), drawn)
            (made.distractors if number else made.masks)[(scene, *at)] = drawn >= _INK
        made.images[scene, 0] = canvas
        made.boxes[scene] = _box(made.masks[scene])
    return made


def shown(part: Part, count: int, seed: int) -> Scenes:
    """Return the scenes that explanations are measured on.

    Neither the training nor the examination of :mod:`cnnvis.scene_training` has them: their seeds
    are 3 * seed and the two that follow.

    Args:
        part: digits that the network was not trained on.
        count: scenes.
        seed: of the study.
    """
    return make(part, count, seed=1_000_003 + seed)


def name(place: int) -> str:
    """Return what a scene is called in tables.

    >>> name(7), place(name(7))
    ('scene_0007', 7)
    """
    return f"scene_{place:04d}"


def place(name: str) -> int:
    """Return the place of a scene among all from its name."""
    return int(name.removeprefix("scene_"))


def _check(side: int, scale: int, distractors: int, others: list[int]) -> None:
    digit = 8 * scale + _APART
    if (side // digit) ** 2 < distractors + 1 or (distractors and not others):
        raise ImageError(
            f"a scene of {side} x {side} pixels holds at most {(side // digit) ** 2} digits of "
            f"{8 * scale} pixels, and distractors are digits that are no class; got "
            f"{distractors + 1} digits, {len(others)} of ten being no class."
        )


def _labels(count: int, classes: int, seed: int) -> NDArray[np.int64]:
    """Return a class for each scene: every run of as many scenes as classes has all of them."""
    runs = -(-count // classes)
    drawn = [np.random.default_rng((seed, run, 1)).permutation(classes) for run in range(runs)]
    return np.concatenate([np.zeros(0, np.int64), *drawn])[:count].astype(np.int64)


def _clutter(
    part: Part, pieces: int, side: int, scale: int, draw: np.random.Generator
) -> NDArray[np.float64]:
    """Return a background (row, col) of noise with pieces of strokes anywhere on it."""
    canvas = draw.uniform(0, 2 * _NOISE, (side, side))
    size = _PIECE * scale
    for image in draw.integers(len(part.images), size=pieces):
        row, col = draw.integers(0, part.images.shape[-1] - _PIECE + 1, 2)
        piece = part.images[image, 0, row : row + _PIECE, col : col + _PIECE]
        top, left = draw.integers(0, side - size + 1, 2)
        at = (slice(top, top + size), slice(left, left + size))
        canvas[at] = np.maximum(canvas[at], _PALE * _enlarged(piece, scale))
    return canvas


def _places(count: int, side: int, size: int, draw: np.random.Generator) -> list[tuple[int, int]]:
    """Return corners (row, col) of squares that do not overlap."""
    while True:  # a few times at most: _check has made sure that there is room
        found = [tuple(corner) for corner in _tried(count, side, size, draw)]
        if len(found) == count:
            return [(int(row), int(col)) for row, col in found]


def _tried(
    count: int, side: int, size: int, draw: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield corners one after another; fewer than asked for where the first ones block the rest."""
    taken = np.zeros((0, 2), np.int64)
    for corner in draw.integers(0, side - size + 1, (50 * count, 2)):
        if (np.abs(taken - corner).max(axis=1) >= size + _APART).all():
            taken = np.vstack([taken, corner])
            yield corner
            if len(taken) == count:
                return


def _enlarged(image: NDArray[np.floating], scale: int) -> NDArray[np.float64]:
    """Return an image with every pixel as a square of so many."""
    return np.asarray(image, np.float64).repeat(scale, axis=0).repeat(scale, axis=1)


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1

"""Boxes: how far two of them overlap, which of many to keep, and boxes that know nothing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import CnnvisError

Box = tuple[int, int, int, int]
"""(first row, first column, end row, end column), the ends just outside; all 0 for no box."""

NO_BOX: Box = (0, 0, 0, 0)

CENTRED = 0.5
"""The share of the area that a centred box covers, where none is given."""


def overlap(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return (first, second) how far boxes overlap: shared area over joint area, 0 to 1.

    Args:
        first: (box, [row0, col0, row1, col1]), the ends just outside; whole numbers or not.
        second: likewise. A box without area overlaps with nothing.

    Raises:
        CnnvisError: what is given are no boxes.

    Source: Jaccard's index, the "intersection over union" of Everingham et al., "The PASCAL Visual
    Object Classes Challenge", International Journal of Computer Vision 88, 2010.

    >>> overlap([[0, 0, 2, 2]], [[0, 0, 2, 2], [0, 1, 2, 3], [5, 5, 6, 6]]).round(3).tolist()
    [[1.0, 0.333, 0.0]]
    """
    one, two = checked(first)[:, None], checked(second)[None]
    sides = np.minimum(one[..., 2:], two[..., 2:]) - np.maximum(one[..., :2], two[..., :2])
    shared = np.prod(np.maximum(sides, 0), axis=-1)
    joint = _area(one) + _area(two) - shared
    return np.asarray(np.divide(shared, joint, out=np.zeros_like(shared), where=shared > 0))


def area(boxes: ArrayLike) -> NDArray[np.float64]:
    """Return the area (box,) of boxes, in pixels."""
    return _area(checked(boxes))


def suppress(boxes: ArrayLike, score: ArrayLike, *, most: float = 0.5) -> NDArray[np.intp]:
    """Return which boxes stay, the best first: those that no better box overlaps too far with.

    Args:
        boxes: (box, 4).
        score: (box,); of equal ones the first counts as better.
        most: an overlap above which the worse of two boxes goes.

    Raises:
        CnnvisError: there is not one score for each box, or an overlap that is none.

    >>> suppress([[0, 0, 4, 4], [0, 0, 4, 5], [6, 6, 9, 9]], [0.5, 0.9, 0.1]).tolist()
    [1, 2]
    """
    places, scores = checked(boxes), np.asarray(score, np.float64)
    if scores.shape != (len(places),) or not 0 <= most <= 1:
        raise CnnvisError(
            f"{len(places)} boxes need a score each and an overlap from 0 to 1; got scores of "
            f"shape {scores.shape} and {most}."
        )
    shared = overlap(places, places)
    kept: list[int] = []
    for place in np.argsort(-scores, kind="stable").tolist():
        if not kept or shared[place, kept].max() <= most:
            kept.append(place)
    return np.array(kept, np.intp)


def contrast(
    boxes: ArrayLike, index: ArrayLike, weight: ArrayLike, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Return for each box its share of the weight of points minus its share of the area.

    It is near 1 for a small box that holds all points, 0 for the whole image and for a box that
    holds what a box of its size holds by chance, and negative where points lie elsewhere.

    Args:
        boxes: (box, 4).
        index: (point, [row, col]), the middle of the first pixel being 0.
        weight: (point,).
        shape: (rows, cols) of the image.

    >>> contrast([[0, 0, 5, 10], [0, 0, 10, 10]], [[1, 1], [2, 2]], [1, 1], (10, 10)).tolist()
    [0.5, 0.0]
    """
    places, points = checked(boxes), np.asarray(index, np.float64).reshape(-1, 2) + 0.5
    weights = np.asarray(weight, np.float64)
    inside = (points >= places[:, None, :2]) & (points < places[:, None, 2:])
    held = inside.all(axis=-1) @ weights
    total = weights.sum()
    share = held / total if total > 0 else np.zeros(len(places))
    return np.asarray(share - _area(places) / (shape[0] * shape[1]))


def centred(shape: Sequence[int], share: float = CENTRED) -> Box:
    """Return the box in the middle that covers ``share`` of the area: what to be better than.

    >>> centred((100, 200), 0.25)
    (25, 50, 75, 150)
    """
    rows, cols = shape[:2]
    side = float(np.sqrt(share))
    row, col = round(rows * (1 - side) / 2), round(cols * (1 - side) / 2)
    return row, col, rows - row, cols - col


def scattered(shape: Sequence[int], count: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Return boxes (box, 4) whose corners are drawn at random, of 1 pixel at least.

    >>> scattered((9, 9), 2, seed=1).shape
    (2, 4)
    """
    draw = np.random.default_rng(seed)
    sides = [np.sort(draw.integers(0, length, (count, 2)), axis=1) for length in shape[:2]]
    first, last = (np.column_stack([side[:, end] for side in sides]) for end in (0, 1))
    return np.hstack([first, last + 1])


def checked(boxes: ArrayLike) -> NDArray[np.float64]:
    """Return boxes as an array (box, 4), or say what is wrong with them.

    Raises:
        CnnvisError: another shape, an end before its beginning, or NaN.
    """
    array = np.asarray(boxes, np.float64)
    array = array.reshape(0, 4) if array.size == 0 else array
    if array.ndim != 2 or array.shape[1] != 4 or not (array[:, 2:] >= array[:, :2]).all():
        raise CnnvisError(
            "boxes are (box, [row0, col0, row1, col1]), no end before its beginning; got "
            f"{array.tolist() if array.size < 20 else array.shape}."
        )
    return array


def _area(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1))

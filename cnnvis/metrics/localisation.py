"""How well the box round a map's high values fits the object's, at a level chosen elsewhere.

A level (share of the largest value) at which a map is cut decides much of the result, so it is
chosen on other images than those reported. Beside it stands a box in the middle of every image,
whose share of the area is chosen in the same way: much of what is published is hardly better.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import boxes, saliency
from cnnvis.errors import MeasureError
from cnnvis.metrics.maps import Truth, checked

BARS = (0.3, 0.5, 0.7)
"""Overlaps from which a box counts as right."""

SHARES = tuple(round(0.05 * step, 2) for step in range(1, 21))
"""Shares of the area that a centred box is tried with."""

Floats = NDArray[np.float64]


def overlaps(
    maps: ArrayLike,
    truth: Truth,
    *,
    levels: Iterable[float] = saliency.LEVELS,
    parts: int | None = 1,
) -> Floats:
    """Return (..., image, level) how far the box of a map at each level overlaps with an object.

    It is the best overlap with any object of the image; 0 where a map has no positive value.

    Args:
        maps: (..., image, row, col); values below 0 count as 0.
        truth: the boxes of the objects of each image, in pixels of the map.
        levels: shares of the largest value, see :func:`cnnvis.saliency.region`.
        parts: the box is that of the largest connected part; with more parts or None for all of
            them, the best of their boxes, as MaxBoxAccV2 has it, which can only be larger.

    Raises:
        MeasureError: they do not fit, or an image has no object.
    """
    values, cuts = np.maximum(checked(maps), 0.0), sorted(levels)
    known(truth, values.shape[-3])
    found = np.zeros((*values.shape[:-2], len(cuts)))
    for place in np.ndindex(*values.shape[:-2]):
        for step, level in enumerate(cuts):
            drawn = saliency.boxes(values[place], level)[:parts]
            if drawn:
                found[(*place, step)] = boxes.overlap(drawn, truth[place[-1]]).max()
    return found


def centred_overlaps(
    truth: Truth, shape: tuple[int, int], *, shares: Sequence[float] = SHARES
) -> Floats:
    """Return (image, share) how far a box in the middle overlaps with an object, knowing nothing.

    Args:
        truth: the boxes of the objects of each image.
        shape: (rows, cols) of the images.
        shares: parts of the area that the box covers.

    >>> centred_overlaps([[(25, 25, 75, 75)]], (100, 100), shares=[0.25, 1.0]).tolist()
    [[1.0, 0.25]]
    """
    known(truth, len(truth))
    tried = [boxes.centred(shape, share) for share in shares]
    return np.stack([boxes.overlap(tried, objects).max(axis=1) for objects in truth])


def accuracy(found: ArrayLike, *, bar: float = 0.5) -> Floats:
    """Return the share (..., level) of images whose overlap (..., image, level) reaches ``bar``.

    >>> accuracy([[0.6, 0.1], [0.5, 0.9]], bar=0.5).tolist()
    [1.0, 0.5]
    """
    return np.asarray((_overlaps(found) >= bar).mean(axis=-2))


def best_level(found: ArrayLike, *, bar: float = 0.5) -> NDArray[np.intp]:
    """Return the place (...) of the level with the highest accuracy, the lowest of equal ones.

    Args:
        found: overlaps (..., image, level), of images set apart for choosing.
        bar: overlap from which a box counts as right.
    """
    return np.asarray(accuracy(found, bar=bar).argmax(axis=-1))


def max_box_accuracy(
    chosen_on: ArrayLike, found: ArrayLike, *, bars: Sequence[float] = BARS
) -> Floats:
    """Return the accuracy (..., bar) on one set of images at the levels chosen on another.

    The mean over the bars .3, .5 and .7 is MaxBoxAccV2; 1 minus that at .5 is the localisation
    error. There the level is chosen on the images that are reported, here on others.

    Args:
        chosen_on: overlaps (..., image, level) of images set apart for choosing.
        found: overlaps (..., image, level) of the images reported, at the same levels.
        bars: overlaps from which a box counts as right; each has a level of its own.

    Raises:
        MeasureError: they do not fit.

    Source: Choe et al., "Evaluating Weakly Supervised Object Localization Methods Right", arXiv
    2001.07437, and its extension, arXiv 2007.04178.

    >>> max_box_accuracy([[0.4, 0.8]], [[0.9, 0.6], [0.9, 0.4]], bars=[0.5]).tolist()
    [0.5]
    """
    apart, reported = _overlaps(chosen_on), _overlaps(found)
    if apart.shape[:-2] != reported.shape[:-2] or apart.shape[-1] != reported.shape[-1]:
        raise MeasureError(
            "levels are chosen for the same methods and from the same levels as they are used; "
            f"got overlaps (..., image, level) of shapes {apart.shape} and {reported.shape}."
        )
    each = [
        np.take_along_axis(
            accuracy(reported, bar=bar), best_level(apart, bar=bar)[..., None], axis=-1
        )
        for bar in bars
    ]
    return np.concatenate(each, axis=-1)


def left_out_accuracy(found: ArrayLike, *, bars: Sequence[float] = BARS) -> Floats:
    """Return (..., image, bar) 1 where an image's box is right at the level chosen on all others.

    For sets too small to be parted: each image is reported at the level with the highest accuracy
    on the other images, the lowest of equal ones, so that no image takes part in its own choice.

    Args:
        found: overlaps (..., image, level), of two images at least.
        bars: overlaps from which a box counts as right; each has a level of its own.

    Raises:
        MeasureError: there are no other images.

    Source: leave-one-out, Stone, "Cross-validatory choice and assessment of statistical
    predictions", Journal of the Royal Statistical Society B 36, 1974.

    >>> left_out_accuracy([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9]], bars=[0.5])[:, 0].tolist()
    [1.0, 1.0, 0.0]
    """
    values = _overlaps(found)
    if values.shape[-2] < 2:
        raise MeasureError(
            "a level is chosen on other images than the one reported; got a single image. Give "
            "more, or choose the level on another set (max_box_accuracy)."
        )
    each = []
    for bar in bars:
        right = values >= bar
        others = right.sum(axis=-2, keepdims=True) - right
        best = others.argmax(axis=-1)
        each.append(np.take_along_axis(right, best[..., None], axis=-1)[..., 0])
    return np.asarray(np.stack(each, axis=-1), np.float64)


def known(truth: Truth, images: int) -> None:
    """Refuse boxes that are not of so many images, or of an image without any.

    Raises:
        MeasureError: so it is.
    """
    without = [place for place, objects in enumerate(truth) if not len(objects)]
    if len(truth) != images or without:
        raise MeasureError(
            f"{images} images need the boxes of their objects, one each at least; got boxes of "
            f"{len(truth)} images, none for images {without}."
        )


def _overlaps(found: ArrayLike) -> Floats:
    values = np.asarray(found, np.float64)
    if values.ndim < 2 or not values.size:
        raise MeasureError(f"overlaps are (..., image, level); got shape {values.shape}.")
    return values

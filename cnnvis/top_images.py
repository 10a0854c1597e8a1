"""The images that excite each channel most, and where in them; kept best while images pass by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import CnnvisError

if TYPE_CHECKING:
    import pandas as pd

By = Literal["max", "mean"]
MEASURES: tuple[By, ...] = ("max", "mean")
"""What an image is ranked by: the largest activation of a channel in it, or the mean one."""


@dataclass(frozen=True, eq=False)
class TopImages:
    """For every channel the images with the largest values, the largest first.

    Of equal values the image that came first counts first; of equal pixels, the first in its rows.

    Attributes:
        image: (channel, rank) ids of the images.
        value: (channel, rank) the values they are ranked by, in units of activation.
        row, col: (channel, rank) the unit with the largest activation of the channel in the image.
    """

    image: NDArray[np.str_]
    value: NDArray[np.float64]
    row: NDArray[np.int64]
    col: NDArray[np.int64]

    def first(self, count: int) -> "TopImages":
        """Return the ``count`` best of every channel, or all where there are fewer."""
        order = np.argsort(-self.value, axis=1, kind="stable")[:, :count]
        return TopImages(
            *(np.take_along_axis(getattr(self, one.name), order, axis=1) for one in fields(self))
        )


def of_slab(names: Sequence[str], maps: ArrayLike, by: By = "max", *, count: int = 9) -> TopImages:
    """Return the best of some images.

    Args:
        names: the ids of the images.
        maps: (image, channel, row, col) of one layer.
        by: what the images are ranked by, one of :data:`MEASURES`.
        count: how many are kept for each channel, where there are so many.

    Raises:
        CnnvisError: maps of another shape or without pixels, NaN among them, another number of
            names, or a count below 1.

    >>> best = of_slab(["cat", "dog"], [[[[0.0, 2.0]]], [[[1.0, 5.0]]]], count=1)
    >>> best.image.tolist(), best.value.tolist(), best.col.tolist()
    ([['dog']], [[5.0]], [[1]])
    """
    values = np.asarray(maps, np.float64)
    _check(names, values, count)
    images, channels, _, cols = values.shape
    pixels = values.reshape(images, channels, -1)
    place = pixels.argmax(axis=2).T
    value = (pixels.max(axis=2) if by == "max" else pixels.mean(axis=2)).T
    image = np.broadcast_to(np.asarray(names, np.str_), (channels, images))
    return TopImages(image, value, place // cols, place % cols).first(count)


def merged(several: Iterable[TopImages], *, count: int = 9) -> TopImages:
    """Return the best among the best of several sets of images, in the order of the sets.

    It is the same as the best of all their images, as long as each set kept ``count``.

    Raises:
        CnnvisError: nothing to merge, or other channels.
    """
    best: TopImages | None = None
    for one in several:
        best = one.first(count) if best is None else added(best, one, count=count)
    if best is None:
        raise CnnvisError("no images to choose the best from: the set is empty.")
    return best


def added(best: TopImages, one: TopImages, *, count: int) -> TopImages:
    """Return the best of both; see :func:`merged`.

    Raises:
        CnnvisError: other channels.
    """
    if len(best.value) != len(one.value):
        raise CnnvisError(
            f"the best images for {len(best.value)} channels cannot be compared with those for "
            f"{len(one.value)}. Take them from one layer."
        )
    both = (
        np.concatenate([getattr(best, part.name), getattr(one, part.name)], axis=1)
        for part in fields(best)
    )
    return TopImages(*both).first(count)


def table(
    best: TopImages, by: By, *, rows: Sequence[float], cols: Sequence[float]
) -> "pd.DataFrame":
    """Return a row for every channel and rank.

    Columns: channel, by (see :data:`MEASURES`), rank (from 1), image, value, row and col (of the
    unit), input_row and input_col (the centre of its receptive field).

    Args:
        best: the images.
        by: what they are ranked by.
        rows, cols: the centres of all rows and cols of units, in pixels of the network's input.
    """
    import pandas as pd

    channels, ranks = best.value.shape
    row, col = best.row.ravel(), best.col.ravel()
    return pd.DataFrame(
        {
            "channel": np.repeat(np.arange(channels), ranks),
            "by": by,
            "rank": np.tile(np.arange(1, ranks + 1), channels),
            "image": best.image.ravel(),
            "value": best.value.ravel(),
            "row": row,
            "col": col,
            "input_row": np.asarray(rows, np.float64)[row],
            "input_col": np.asarray(cols, np.float64)[col],
        }
    )


def _check(names: Sequence[str], maps: NDArray[np.float64], count: int) -> None:
    if maps.ndim != 4 or maps.size == 0 or len(names) != len(maps) or count < 1:
        raise CnnvisError(
            "the best images are chosen, one or more, from maps (image, channel, row, col) with a "
            f"name for each image; got {len(names)} names, maps of shape {maps.shape} and "
            f"count={count}. Choose a layer with feature maps."
        )
    wrong = np.isnan(maps).any(axis=(1, 2, 3))
    if wrong.any():
        raise CnnvisError(
            f"image {names[int(np.argmax(wrong))]!r} has NaN in its maps. Check the photo and the "
            "weights."
        )

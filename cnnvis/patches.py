"""What single units of a layer see of a picture, as small pictures of one size."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnvis.errors import CnnvisError
from cnnvis.images import Photo
from cnnvis.top_images import TopImages

SIDE = 36
"""Pixels of the side of a patch, once it is resized."""
OUTSIDE = 214
"""The grey of what lies outside of the picture."""


def cut(
    picture: Photo, centre: tuple[float, float], field: tuple[int, int], *, side: int = SIDE
) -> Photo:
    """Return the square that a unit sees, (side, side, 3) in uint8.

    It is as wide as the longer side of the field, but not wider than the picture; what lies outside
    of the picture is :data:`OUTSIDE`.

    Args:
        picture: (row, col, 3) in uint8, what the network was shown.
        centre: (row, col) of the receptive field, in pixels of the picture; 0 is the middle of the
            first one.
        field: (rows, columns) that the unit sees.
        side: pixels of the patch.

    >>> picture = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    >>> cut(picture, (1, 2), (1, 1), side=1).tolist()
    [[[15, 16, 17]]]
    """
    size = min(max(field), *picture.shape[:2])
    top, left = (round(middle - (size - 1) / 2) for middle in centre)
    window = np.full((size, size, 3), OUTSIDE, np.uint8)
    rows, cols = (
        slice(max(0, first), max(0, min(first + size, length)))
        for first, length in zip((top, left), picture.shape[:2], strict=True)
    )
    inside = picture[rows, cols]
    into = (rows.start - top, cols.start - left)
    window[into[0] : into[0] + len(inside), into[1] : into[1] + inside.shape[1]] = inside
    return resized(window, side)


def resized(picture: Photo, side: int = SIDE) -> Photo:
    """Return a picture as a square; where it grows, its pixels stay to be seen."""
    grows = side >= max(picture.shape[:2])
    way = Image.Resampling.NEAREST if grows else Image.Resampling.BILINEAR
    return np.array(Image.fromarray(picture).resize((side, side), way))


def of_best(
    best: TopImages,
    picture: Callable[[str], Photo],
    *,
    rows: Sequence[float],
    cols: Sequence[float],
    field: tuple[int, int] | None,
    side: int = SIDE,
) -> NDArray[np.uint8]:
    """Return the patches (channel, rank, side, side, 3) behind the best activations.

    Every picture is asked for once, and let go.

    Args:
        best: the best images of every channel, and the unit in each.
        picture: gives what the network saw of an image, by its id.
        rows, cols: the centres of the layer's units, in pixels of the input.
        field: (rows, columns) that a unit sees; None for whole pictures.
        side: pixels of a patch.

    Raises:
        CnnvisError: the layer has fewer units than the best images name.
    """
    if best.row.max() >= len(rows) or best.col.max() >= len(cols):
        raise CnnvisError(
            f"a layer of {len(rows)} x {len(cols)} units has no unit ({best.row.max()}, "
            f"{best.col.max()}). Use the coordinates of the layer that the best images are of."
        )
    made = np.empty((*best.value.shape, side, side, 3), np.uint8)
    for image in np.unique(best.image):
        seen = picture(str(image))
        whole = resized(seen, side) if field is None else None
        for place in zip(*np.nonzero(best.image == image), strict=True):
            if whole is not None or field is None:
                made[place] = whole
            else:
                centre = rows[best.row[place]], cols[best.col[place]]
                made[place] = cut(seen, centre, field, side=side)
    return made

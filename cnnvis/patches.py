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
_SHARE = 0.4
"""Of the picture's side: how wide a patch may be. Fields of late layers are as wide as the picture
and wider, but what moves a unit lies mostly in their middle."""


def width(field: tuple[int, int], picture: int) -> int:
    """Return how wide a patch is: as the field's longer side, or less where that is much.

    Args:
        field: (rows, columns) that a unit sees.
        picture: pixels of the picture's side.

    >>> width((23, 23), 224), width((207, 207), 224)
    (23, 89)
    """
    return min(max(field), int(_SHARE * picture))


def cut(picture: Photo, centre: tuple[float, float], size: int, *, side: int = SIDE) -> Photo:
    """Return a square round the middle of what a unit sees, (side, side, 3) in uint8.

    What lies outside of the picture is :data:`OUTSIDE`.

    Args:
        picture: (row, col, 3) in uint8, what the network was shown.
        centre: (row, col) of the receptive field, in pixels of the picture; 0 is the middle of the
            first one.
        size: pixels of the square, see :func:`width`.
        side: pixels of the patch, once it is resized.

    >>> picture = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    >>> cut(picture, (1, 2), 1, side=1).tolist()
    [[[15, 16, 17]]]
    """
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
    size: int | None,
    side: int = SIDE,
) -> NDArray[np.uint8]:
    """Return the patches (channel, rank, side, side, 3) behind the best activations.

    Every picture is asked for once, and let go.

    Args:
        best: the best images of every channel, and the unit in each.
        picture: gives what the network saw of an image, by its id.
        rows, cols: the centres of the layer's units, in pixels of the input.
        size: pixels of the square round the unit's centre, see :func:`width`; None for whole
            pictures.
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
        places = np.nonzero(best.image == image)
        if size is None:
            made[places] = resized(seen, side)
            continue
        for place in zip(*places, strict=True):
            centre = rows[best.row[place]], cols[best.col[place]]
            made[place] = cut(seen, centre, size, side=side)
    return made

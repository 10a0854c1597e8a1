"""What is measured: stacks of attribution maps, and masks of where the truth lies."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import boxes
from cnnvis.boxes import Box
from cnnvis.errors import MeasureError

Maps = NDArray[np.float64]
Masks = NDArray[np.bool_]
Truth = Sequence[Sequence[Box]]
"""The boxes of the objects of each image."""


def checked(maps: ArrayLike) -> Maps:
    """Return maps as (..., image, row, col) in float64, or say what is wrong with them.

    Raises:
        MeasureError: fewer than three axes, an empty one, or NaN or infinity.
    """
    values = np.asarray(maps, np.float64)
    if values.ndim < 3 or not values.size:
        raise MeasureError(
            f"maps are (image, row, col), with any axes before; got shape {values.shape}. Add the "
            "image axis to a single map."
        )
    if not np.isfinite(values).all():
        raise MeasureError("maps hold finite numbers; got NaN or infinity in them.")
    return values


def fitting(maps: ArrayLike, truth: ArrayLike) -> tuple[Maps, Masks]:
    """Return maps (..., image, row, col) and the masks (image, row, col) of their images.

    Raises:
        MeasureError: they do not fit, or a mask is empty.
    """
    values, masks_ = checked(maps), np.asarray(truth)
    if masks_.dtype != np.bool_ or masks_.shape != values.shape[-3:]:
        raise MeasureError(
            f"maps of shape {values.shape} need masks (image, row, col) = {values.shape[-3:]} of "
            f"True and False; got {masks_.dtype} of shape {masks_.shape}."
        )
    return values, nonempty(masks_)


def nonempty(truth: Masks) -> Masks:
    """Return masks (image, row, col), each with a pixel at least.

    Raises:
        MeasureError: a mask without a pixel.
    """
    empty = np.flatnonzero(~truth.any(axis=(-2, -1)))
    if empty.size:
        raise MeasureError(
            f"the masks of images {empty.tolist()} have no pixel: there is nothing to point at. "
            "Leave these images out."
        )
    return truth


def masks(truth: Truth, shape: tuple[int, int]) -> Masks:
    """Return where (image, row, col) the boxes of each image lie.

    Args:
        truth: the boxes of each image, in pixels of the map, ends just outside; what lies outside
            of the map is cut off.
        shape: (rows, cols) of the map.

    >>> masks([[(0, 0, 1, 2)], [(1, 1, 2, 3), (0, 0, 1, 1)]], (2, 3)).astype(int).tolist()
    [[[1, 1, 0], [0, 0, 0]], [[1, 0, 0], [0, 1, 1]]]
    """
    found = np.zeros((len(truth), *shape), dtype=bool)
    for mask, of_image in zip(found, truth, strict=True):
        for row0, col0, row1, col1 in np.maximum(boxes.checked(of_image), 0).round().astype(int):
            mask[row0:row1, col0:col1] = True
    return found

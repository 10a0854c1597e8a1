"""Does a map point at the object: with its largest value, or with most of what it holds?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import MeasureError
from cnnvis.metrics.maps import Maps, Masks, checked, fitting, nonempty

TOLERANCE = 15.0
"""How far beside the object, in pixels, a largest value still counts as on it."""

Scores = NDArray[np.float64]


def energy(maps: ArrayLike, truth: ArrayLike) -> Scores:
    """Return the share (..., image) of the positive part of maps that lies on the object.

    1 for a map on the object alone. A map without a positive value says nothing, and gets what a
    constant map does: :func:`energy_chance`.

    Args:
        maps: (..., image, row, col).
        truth: masks (image, row, col), see :func:`cnnvis.metrics.masks`.

    Raises:
        MeasureError: they do not fit, or a mask is empty.

    Source: the energy-based pointing game of Wang et al., "Score-CAM", arXiv 1910.01279.

    >>> energy([[[3.0, -9.0], [0.0, 1.0]]], [[[True, True], [False, False]]]).tolist()
    [0.75]
    """
    values, masks = fitting(maps, truth)
    return _share(np.maximum(values, 0.0), masks)


def energy_chance(truth: ArrayLike) -> Scores:
    """Return the share (image,) of the area that the object has: the energy of a constant map."""
    return np.asarray(nonempty(np.asarray(truth, bool)).mean(axis=(-2, -1)))


def pointing(maps: ArrayLike, truth: ArrayLike, *, tolerance: float = TOLERANCE) -> Scores:
    """Return (..., image) 1 where the largest value of a map lies on the object, else 0.

    Where several pixels hold the largest value it is the share of them that do: a constant map
    gets :func:`pointing_chance`.

    Args:
        maps: (..., image, row, col).
        truth: masks (image, row, col).
        tolerance: a pixel counts as on the object within this distance of it, in pixels.

    Raises:
        MeasureError: they do not fit, a mask is empty, or a tolerance below 0.

    Source: Zhang et al., "Top-down Neural Attention by Excitation Backprop", arXiv 1608.00507,
    whose 15 pixels are kept.

    >>> maps = [[[0.0, 0.0, 1.0, 2.0]]]
    >>> truth = [[[True, False, False, False]]]
    >>> pointing(maps, truth, tolerance=2).tolist(), pointing(maps, truth, tolerance=3).tolist()
    ([0.0], [1.0])
    """
    values, masks = fitting(maps, truth)
    top = values == values.max(axis=(-2, -1), keepdims=True)
    return _share(top.astype(np.float64), _grown(masks, tolerance))


def pointing_chance(truth: ArrayLike, *, tolerance: float = TOLERANCE) -> Scores:
    """Return the share (image,) of pixels that are hits: what a random pixel gets on average."""
    grown = _grown(nonempty(np.asarray(truth, bool)), tolerance)
    return np.asarray(grown.mean(axis=(-2, -1)))


def grid_pointing(maps: ArrayLike, cells: Sequence[int], *, grid: tuple[int, int]) -> Scores:
    """Return the share (..., mosaic) of the positive part of maps in the cell of the target.

    By chance it is 1 / number of cells, which a map without a positive value gets, too.

    Args:
        maps: (..., mosaic, row, col), made for the class of one cell.
        cells: (mosaic,) the number of that cell, counted row by row from 0.
        grid: (rows, cols) of cells; a map is cut into them at the nearest pixels.

    Raises:
        MeasureError: they do not fit, or there is no such cell.

    Source: Böhle, Fritz and Schiele, "Convolutional Dynamic Alignment Networks for Interpretable
    Classifications", arXiv 2104.00032; the Focus of Arias-Duart et al., arXiv 2109.15035.

    >>> maps = [[[1.0, 0.0, 2.0, 1.0]]]
    >>> grid_pointing(maps, [1], grid=(1, 2)).tolist()
    [0.75]
    """
    values = checked(maps)
    wanted = np.asarray(cells)
    rows, cols = grid
    there = (wanted >= 0) & (wanted < rows * cols)
    if wanted.shape != values.shape[-3:-2] or not there.all():
        raise MeasureError(
            f"{values.shape[-3]} mosaics of {rows} x {cols} cells need the number of a cell each, "
            f"from 0 to {rows * cols - 1}; got {wanted.tolist()}."
        )
    inside = _cells(values.shape[-2:], grid) == wanted[:, None, None]
    return _share(np.maximum(values, 0.0), inside)


def _cells(shape: tuple[int, ...], grid: tuple[int, int]) -> NDArray[np.intp]:
    """Return the number of the cell (row, col) of every pixel."""
    row, col = (
        np.searchsorted(np.rint(np.arange(1, count) * length / count), np.arange(length), "right")
        for length, count in zip(shape, grid, strict=True)
    )
    return np.asarray(row[:, None] * grid[1] + col)


def _share(values: Maps, inside: Masks) -> Scores:
    """Return the share (..., image) of maps >= 0 inside of masks; of an empty map, of the area."""
    # Of values scaled to 1 no sum overflows.
    top = values.max(axis=(-2, -1), keepdims=True)
    scaled = np.divide(values, top, out=np.ones_like(values), where=top > 0)
    return np.asarray(np.where(inside, scaled, 0.0).sum(axis=(-2, -1)) / scaled.sum(axis=(-2, -1)))


def _grown(masks: Masks, tolerance: float) -> Masks:
    """Return masks with all pixels whose centre lies within ``tolerance`` of one of theirs."""
    from scipy.ndimage import distance_transform_edt

    if not tolerance >= 0:
        raise MeasureError(f"a tolerance is a distance in pixels, from 0 up; got {tolerance}.")
    return np.stack([distance_transform_edt(~mask) <= tolerance for mask in masks])

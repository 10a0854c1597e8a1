"""What a backtrack says about the photo: its pixels there, their density, and the box around it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import saliency
from cnnvis.geometry import Frame
from cnnvis.saliency import Box


@dataclass(frozen=True, eq=False)
class Attention:
    """Where on a photo a network looked, everything in pixels of the photo.

    Args:
        points: (point, [row, col]), the middle of the first pixel being 0.
        weight: (point,).
        kept: (point,) whether a point is no outlier; the density and the box leave outliers out.
        density: (row, col) over the whole photo, on a grid as fine as the network's own.
        box: around the largest part of the region of high density; all 0 for none.
        seen: the part of the photo that the network was shown.
    """

    points: NDArray[np.float64]
    weight: NDArray[np.float64]
    kept: NDArray[np.bool_]
    density: NDArray[np.float64]
    box: Box
    seen: Box


def on_photo(
    index: ArrayLike,
    weight: ArrayLike,
    frame: Frame,
    *,
    sigma: float = saliency.SIGMA,
    near: float = 0.1,
    share: float = 0.05,
    level: float = 0.3,
) -> Attention:
    """Carry weighted pixels of the input back to the photo, and say what they mark there.

    Args:
        index: (point, [row, col]), pixels of the network's input.
        weight: (point,).
        frame: how the photo became the input.
        sigma: width of the density, in sides of the input (the root of its area).
        near, share: the outlier rule, see :func:`cnnvis.saliency.inliers`.
        level: share of the highest density at which the region is cut off.

    Raises:
        BacktrackError: a point lies outside of the input, or an option means nothing.
    """
    top, left, rows, cols = frame.crop
    places = np.asarray(index, np.float64).reshape(-1, 2)
    weights = np.asarray(weight, np.float64)
    kept = saliency.inliers(places, (rows, cols), near=near, share=share, weight=weights)
    density = saliency.from_points(
        places[kept] + (top, left),
        weights[kept],
        shape=frame.resized,
        sigma=sigma * float(np.sqrt(rows * cols)),
    )
    found = saliency.box(density, level)
    return Attention(
        points=frame.to_photo(places),
        weight=weights,
        kept=kept,
        density=density,
        box=_scaled(found, frame),
        seen=_scaled((top, left, top + rows, left + cols), frame),
    )


def _scaled(box: Box, frame: Frame) -> Box:
    """Return a box of the resized photo as one of the photo, rounded to whole pixels."""
    rows, cols = np.divide(frame.photo, frame.resized)
    row0, col0, row1, col1 = box
    return round(row0 * rows), round(col0 * cols), round(row1 * rows), round(col1 * cols)

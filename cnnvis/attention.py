"""What a backtrack says about the photo: its pixels there, their density, and the box around it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import boxes, control_maps, metrics, saliency
from cnnvis.boxes import Box
from cnnvis.errors import BacktrackError, did_you_mean
from cnnvis.geometry import Frame

KINDS = {
    "region": "the box around the densest region",
    "swept": "the box that holds most weight beyond its share of the photo",
    "tight": "the box around all fixations but outliers",
}
"""Ways to draw a box, and what they are: see :func:`on_photo`."""


@dataclass(frozen=True, eq=False)
class Attention:
    """Where on a photo a network looked, everything in pixels of the photo.

    Args:
        points: (point, [row, col]), the middle of the first pixel being 0.
        weight: (point,).
        kept: (point,) whether a point is no outlier; the density and the box leave outliers out.
        density: (row, col) over the whole photo, on a grid as fine as the network's own.
        region: (row, col) where the density is high, on the same grid.
        parts: a box round every connected part of the region, the largest first.
        box: around what was found, see :func:`on_photo`; all 0 for none.
        seen: the part of the photo that the network was shown.
    """

    points: NDArray[np.float64]
    weight: NDArray[np.float64]
    kept: NDArray[np.bool_]
    density: NDArray[np.float64]
    region: NDArray[np.bool_]
    parts: tuple[Box, ...]
    box: Box
    seen: Box

    @property
    def hull(self) -> NDArray[np.float64]:
        """(corner, [row, col]): the smallest convex outline round the points that were kept."""
        return saliency.hull(self.points[self.kept])


@dataclass(frozen=True)
class OnObject:
    """How much of a density lies on the object, and what that is worth.

    Args:
        share: of the density.
        area: of the photo, which is what a map of nothing has there.
        centre: of a blob in the middle of the photo, which knows nothing.
    """

    share: float
    area: float
    centre: float


def on_object(
    density: NDArray[np.float64], truth: Sequence[Box], photo: tuple[int, int]
) -> OnObject | None:
    """Return how much of a density lies in the boxes of objects; None without boxes or density.

    Args:
        density: (row, col) over the whole photo, as coarse as may be.
        truth: boxes of the objects, in pixels of the photo.
        photo: (rows, cols).

    >>> on_object(np.array([[3.0, 1.0]]), [(0, 0, 10, 10)], (10, 20))
    OnObject(share=0.75, area=0.5, centre=0.5)
    """
    if not truth or not (density > 0).any():
        return None
    shape = density.shape[0], density.shape[1]
    mask = metrics.masks([[scaled(box, photo, shape) for box in truth]], shape)
    if not mask.any():
        return None
    share, centre = metrics.energy([density[None], control_maps.centre(shape)[None]], mask)[:, 0]
    return OnObject(float(share), float(metrics.energy_chance(mask)[0]), float(centre))


def on_photo(
    index: ArrayLike,
    weight: ArrayLike,
    frame: Frame,
    *,
    sigma: float = saliency.SIGMA,
    near: float = 0.1,
    share: float = 0.05,
    level: float = 0.3,
    box: str = "region",
    shape: tuple[int, int] | None = None,
) -> Attention:
    """Carry weighted pixels of the input back to the photo, and say what they mark there.

    Args:
        index: (point, [row, col]), pixels of the network's input.
        weight: (point,).
        frame: how the photo became the input.
        sigma: width of the density, in sides of the input (the root of its area).
        near, share: the outlier rule, see :func:`cnnvis.saliency.inliers`.
        level: share of the highest density at which the region is cut off.
        box: around what: the largest part of the "region"; that of the level, of
            :data:`cnnvis.saliency.LEVELS`, whose box holds most weight beyond its share of the
            photo ("swept"); or all points that are no outliers ("tight").
        shape: (rows, cols) of the density; as fine as the network saw the photo unless given.

    Raises:
        BacktrackError: a point lies outside of the input, or an option means nothing.
    """
    top, left, rows, cols = frame.crop
    grid = shape or frame.resized
    scale = np.divide(grid, frame.resized)
    places = np.asarray(index, np.float64).reshape(-1, 2)
    weights = np.asarray(weight, np.float64)
    kept = saliency.inliers(places, (rows, cols), near=near, share=share, weight=weights)
    density = saliency.from_points(
        (places[kept] + (top, left) + 0.5) * scale - 0.5,
        weights[kept],
        shape=grid,
        sigma=sigma * float(np.sqrt(rows * cols) * np.sqrt(scale.prod())),
    )
    points = frame.to_photo(places)
    parts = tuple(scaled(one, grid, frame.photo) for one in saliency.boxes(density, level))
    return Attention(
        points=points,
        weight=weights,
        kept=kept,
        density=density,
        region=saliency.region(density, level),
        parts=parts,
        box=next(iter(parts), boxes.NO_BOX)
        if box == "region"
        else _box(box, points[kept], weights[kept], density, frame.photo),
        seen=scaled((top, left, top + rows, left + cols), frame.resized, frame.photo),
    )


def _box(
    kind: str,
    points: NDArray[np.float64],
    weight: NDArray[np.float64],
    density: NDArray[np.float64],
    photo: tuple[int, int],
) -> Box:
    """Return the box of another of the :data:`KINDS` than the region's, in pixels of the photo."""
    if kind not in KINDS:
        raise BacktrackError(
            f"a box is one of {', '.join(KINDS)}, got {kind!r}{did_you_mean(kind, KINDS)}."
        )
    if kind == "tight":
        return saliency.tight_box(points, photo)
    swept = [scaled(one, density.shape, photo) for _, one in saliency.sweep(density)]
    if not swept:
        return boxes.NO_BOX
    return swept[int(boxes.contrast(swept, points, weight, photo).argmax())]


def scaled(box: Box, grid: tuple[int, ...], photo: tuple[int, int]) -> Box:
    """Return a box of a grid over the photo as one of the photo, rounded to whole pixels."""
    rows, cols = np.divide(photo, grid)
    row0, col0, row1, col1 = box
    return round(row0 * rows), round(col0 * cols), round(row1 * rows), round(col1 * cols)

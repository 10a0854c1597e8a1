"""Saliency: from weighted pixels to a density, to the region they mark, and to boxes around it."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.boxes import NO_BOX, Box
from cnnvis.errors import BacktrackError

SIGMA = 0.05
"""Width of the Gaussian in sides of the image, where none is given.

Published is .09; on photos and scenes narrower ones were measured to be better
(docs/decisions/0012-choices-of-backtracking.md)."""

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of the highest density at which a sweep cuts."""

_CUT = 4
"""How many standard deviations of the Gaussian are computed."""

_ROUNDING = 1e-9
"""Of all weight: as much more than a share is no more, but rounding."""

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)


def from_points(
    index: ArrayLike,
    weight: ArrayLike,
    *,
    shape: tuple[int, int],
    sigma: float | None = None,
) -> NDArray[np.float64]:
    """Return the density (row, col) of weighted points, smoothed with a Gaussian.

    Away from the border it adds up to the total weight; what the Gaussian pushes over the border is
    lost, so that points outside of the image are not made up. The Gaussian is taken apart into rows
    and columns, and computed for those alone that hold points: the time grows with the size of the
    map, not with the width of the Gaussian.

    Args:
        index: (point, [row, col]), in pixels; not whole numbers are rounded to the nearest pixel.
        weight: (point,).
        shape: (rows, cols) of the density.
        sigma: standard deviation of the Gaussian in pixels, cut at 4 of them; 0 for none. Unless
            given, :data:`SIGMA` of the side (the root of the area).

    Raises:
        BacktrackError: a point lies outside of ``shape``, or the arrays do not fit.

    >>> from_points([[1, 2]], [0.5], shape=(3, 4), sigma=0)[1].tolist()
    [0.0, 0.0, 0.5, 0.0]
    """
    pixel = _pixels(index, shape)
    weights = np.asarray(weight, dtype=np.float64)
    if weights.shape != (len(pixel),):
        raise BacktrackError(f"{len(pixel)} points, but weights of shape {weights.shape}")
    sigma = SIGMA * float(np.sqrt(shape[0] * shape[1])) if sigma is None else sigma
    if not sigma >= 0:
        raise BacktrackError(f"a density needs a sigma of 0 or more pixels, got {sigma}")
    rows, row_of = np.unique(pixel[:, 0], return_inverse=True)
    cols, col_of = np.unique(pixel[:, 1], return_inverse=True)
    counted = np.bincount(row_of * len(cols) + col_of, weights, len(rows) * len(cols))
    down, across = _bells(rows, shape[0], sigma), _bells(cols, shape[1], sigma)
    return np.asarray(down.T @ counted.reshape(len(rows), len(cols)) @ across)


def _bells(places: NDArray[np.intp], length: int, sigma: float) -> NDArray[np.float64]:
    """Return a Gaussian round every place, (place, pixel); its values add up to 1 in the open."""
    radius = int(_CUT * sigma + 0.5)
    steps = np.arange(-radius, radius + 1)
    bell = np.exp(-0.5 * np.square(steps / sigma)) if sigma > 0 else np.ones(1)
    away = np.arange(length) - places[:, None]
    near = np.abs(away) <= radius
    return np.where(near, bell[np.where(near, away + radius, 0)] / bell.sum(), 0.0)


def inliers(
    index: ArrayLike,
    shape: tuple[int, int],
    *,
    near: float = 0.1,
    share: float = 0.05,
    weight: ArrayLike | None = None,
) -> NDArray[np.bool_]:
    """Return which points (point,) are no outliers.

    A point is kept if more than ``share`` of all the weight, its own among it, lies no farther than
    ``near`` of the image's diagonal. Without weights every point counts the same, as in the source.

    Args:
        index: (point, [row, col]).
        shape: (rows, cols) of the image.
        near: a distance, in diagonals.
        share: a part of the points, or of their weight.
        weight: (point,) what each point counts; points that met and were merged count together.

    Source: Mopuri et al., "CNN Fixations", arXiv 1708.06670, section on localisation.

    >>> inliers([[0, 0]] * 30 + [[90, 90]], (100, 100)).sum()
    np.int64(30)
    >>> inliers([[0, 0], [90, 90]], (100, 100), weight=[0.97, 0.03]).tolist()
    [True, False]
    """
    places = np.asarray(index, dtype=np.float64).reshape(-1, 2)
    if len(places) == 0:
        return np.zeros(0, dtype=bool)
    counts = np.ones(len(places)) if weight is None else np.asarray(weight, dtype=np.float64)
    if counts.shape != (len(places),):
        raise BacktrackError(f"{len(places)} points, but weights of shape {counts.shape}")
    radius, total = near * float(np.hypot(*shape)), float(counts.sum())
    whole = places.astype(np.int64)
    if (whole == places).all():
        around = _weight_around(whole, counts, radius)
    else:
        around = _weight_between(places, counts, radius)
    return np.asarray(around - share * total > _ROUNDING * total)


def _weight_around(
    pixels: NDArray[np.int64], weight: NDArray[np.float64], radius: float
) -> NDArray[np.float64]:
    """Return the weight (point,) within a distance of each point, all of them whole pixels.

    A disc is made of runs along rows, and the weight of a run is the difference of two sums: the
    time grows with the radius and the points, not with their square.
    """
    rows, cols = (pixels - pixels.min(axis=0)).T
    shape = rows.max() + 1, cols.max() + 1
    counted = np.bincount(rows * shape[1] + cols, weight, shape[0] * shape[1]).reshape(shape)
    sums = np.pad(counted.cumsum(axis=1), ((0, 0), (1, 0)))
    reach = int(min(radius, shape[0]))
    found = np.zeros(len(pixels))
    for down in range(-reach, reach + 1):
        half = int(np.sqrt(radius**2 - down**2))
        inside = (rows + down >= 0) & (rows + down < shape[0])
        row, col = rows[inside] + down, cols[inside]
        first = np.maximum(col - half, 0)
        found[inside] += sums[row, np.minimum(col + half + 1, shape[1])] - sums[row, first]
    return found


def _weight_between(
    places: NDArray[np.float64], weight: NDArray[np.float64], radius: float
) -> NDArray[np.float64]:
    """Return the weight (point,) within a distance of each point, wherever they are."""
    from scipy.spatial import cKDTree

    neighbours = cKDTree(places).query_ball_point(places, radius)
    return np.array([weight[one].sum() for one in neighbours])


def region(density: NDArray[np.floating], level: float) -> NDArray[np.bool_]:
    """Return where (row, col) a density exceeds ``level`` of its maximum; nowhere if it is 0.

    Raises:
        BacktrackError: ``level`` is not between 0 and 1 (1 excluded), or the density is no map.
    """
    if not 0 <= level < 1:
        raise BacktrackError(f"a level is a part of the maximum from 0 up to below 1, got {level}")
    if density.ndim != 2 or not np.isfinite(density).all() or (density < 0).any():
        raise BacktrackError(
            f"a density is a map (row, col) of finite values from 0 up, got shape {density.shape}"
        )
    top = density.max(initial=0)
    return np.asarray(density > level * top)


def boxes(density: NDArray[np.floating], level: float) -> tuple[Box, ...]:
    """Return a box around each connected part of the region, the part with most pixels first.

    Pixels that touch at a corner are connected. Of parts of equal size the one with the larger sum
    of the density comes first, then the one met first, row by row.

    Raises:
        BacktrackError: as :func:`region`.
    """
    from scipy import ndimage

    label, count = ndimage.label(region(density, level), structure=_EIGHT_NEIGHBOURS)
    parts = np.arange(1, count + 1)
    size = np.bincount(label.ravel(), minlength=count + 1)[1:]
    mass = np.bincount(label.ravel(), density.ravel(), count + 1)[1:]
    found = ndimage.find_objects(label)
    order = np.lexsort((parts, -mass, -size))
    return tuple(
        (found[i][0].start, found[i][1].start, found[i][0].stop, found[i][1].stop) for i in order
    )


def box(density: NDArray[np.floating], level: float) -> Box:
    """Return the box around the largest connected part of the region, :data:`NO_BOX` if none.

    Raises:
        BacktrackError: as :func:`region`.

    >>> box(from_points([[1, 2]], [1.0], shape=(3, 4), sigma=0), level=0.5)
    (1, 2, 2, 3)
    """
    return next(iter(boxes(density, level)), NO_BOX)


def sweep(
    density: NDArray[np.floating], levels: Iterable[float] = LEVELS, *, parts: int = 1
) -> tuple[tuple[float, Box], ...]:
    """Return boxes at several levels as (level, box), each box once, at its lowest level.

    Args:
        density: (row, col).
        levels: shares of the maximum, see :func:`region`.
        parts: at most so many boxes at each level, the largest parts first.

    Raises:
        BacktrackError: as :func:`region`.

    >>> peak = np.array([[1.0, 1, 1], [1, 3, 1], [1, 1, 1]])
    >>> sweep(peak, [0.2, 0.3, 0.5])
    ((0.2, (0, 0, 3, 3)), (0.5, (1, 1, 2, 2)))
    """
    found: dict[Box, float] = {}
    for level in sorted(levels):
        for one in boxes(density, level)[:parts]:
            found.setdefault(one, level)
    return tuple((level, one) for one, level in found.items())


def hull(index: ArrayLike) -> NDArray[np.float64]:
    """Return the corners (corner, [row, col]) of the smallest convex outline round all points.

    They are in order, from the first point by row and column; fewer than three points, or points
    on one line, give the ends of that line.

    Source: A. M. Andrew, "Another efficient algorithm for convex hulls in two dimensions",
    Information Processing Letters 9, 1979.

    >>> hull([[0, 0], [0, 4], [2, 2], [4, 0], [4, 4], [1, 3]]).astype(int).tolist()
    [[0, 0], [4, 0], [4, 4], [0, 4]]
    """
    points = np.unique(np.asarray(index, dtype=np.float64).reshape(-1, 2), axis=0)
    if len(points) < 3:
        return points
    there, back = _chain(points), _chain(points[::-1])
    return np.array([*there[:-1], *back[:-1]])


def _chain(points: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return one side of the hull of sorted points, turning one way only."""
    chain: list[NDArray[np.float64]] = []
    for point in points:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def _turn(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> float:
    (row, col), (row_on, col_on) = b - a, c - a
    return float(row * col_on - col * row_on)


def tight_box(index: ArrayLike, shape: tuple[int, int]) -> Box:
    """Return the smallest box around all points, :data:`NO_BOX` if there is none.

    Args:
        index: (point, [row, col]), in pixels; not whole numbers are rounded to the nearest pixel.
        shape: (rows, cols) of the image.

    Raises:
        BacktrackError: a point lies outside of ``shape``.
    """
    pixel = _pixels(index, shape)
    if len(pixel) == 0:
        return NO_BOX
    (row0, col0), (row1, col1) = pixel.min(axis=0), pixel.max(axis=0)
    return int(row0), int(col0), int(row1) + 1, int(col1) + 1


def _pixels(index: ArrayLike, shape: tuple[int, int]) -> NDArray[np.intp]:
    """Return the pixels (point, [row, col]) that points lie in."""
    places = np.asarray(index, dtype=np.float64)
    if places.size and (places.ndim != 2 or places.shape[1] != 2):
        raise BacktrackError(f"points are (point, [row, col]), got the shape {places.shape}")
    pixel = np.floor(places.reshape(-1, 2) + 0.5)
    outside = ~((pixel >= 0) & (pixel < shape)).all(axis=1)
    if outside.any():
        row, col = places.reshape(-1, 2)[outside][0]
        raise BacktrackError(
            f"point (row {row:g}, col {col:g}) lies outside of an image of {shape[0]} x {shape[1]} "
            "pixels; give the shape of the image that the points belong to"
        )
    return pixel.astype(np.intp)

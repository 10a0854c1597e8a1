"""Pixels from the pixels that are left: each the weighted mean of its neighbours, plus noise.

What replaces a pixel must not tell where pixels are missing: a network could read the shape of what
was removed instead of what is left. Every missing pixel becomes the mean of its eight neighbours, a
sixth of it for each that shares a side and a twelfth for each that shares a corner, whether these
are missing or not: one system of linear equations, solved exactly.

Source: Rong, Leemann, Borisov, Kasneci and Kasneci, "A Consistent and Efficient Evaluation Strategy
for Attribution Methods" (ROAD), arXiv 2202.00449, section 5.2.
"""

import numpy as np
from numpy.typing import NDArray

from cnnvis.errors import MeasureError

NOISE = 0.01
"""Standard deviation of the noise on what is imputed, in units of the prepared image."""

NEIGHBOURS = tuple(
    (row, col, 1 / 6 if 0 in (row, col) else 1 / 12)
    for row in (-1, 0, 1)
    for col in (-1, 0, 1)
    if (row, col) != (0, 0)
)
"""(rows down, columns right, weight) of the neighbours of a pixel."""


def imputed(
    image: NDArray[np.float64], missing: NDArray[np.bool_], *, noise: float = NOISE, seed: int = 0
) -> NDArray[np.float64]:
    """Return an image (channel, row, col) with the ``missing`` pixels (row, col) made up.

    Neighbours beyond the border do not count. The noise of a pixel depends on the seed alone, not
    on what else is missing.

    Raises:
        MeasureError: shapes that do not fit, or no pixel that is left.

    >>> image = np.array([[[1.0, 99.0, 3.0]]])
    >>> imputed(image, np.array([[False, True, False]]), noise=0).round(6).tolist()
    [[[1.0, 2.0, 3.0]]]
    """
    if missing.shape != image.shape[1:] or missing.all():
        raise MeasureError(
            f"an image {image.shape} is imputed where a mask (row, col) says so, from the pixels "
            f"that are left; got a mask of shape {missing.shape} with {int((~missing).sum())} left."
        )
    found = image.copy()
    if missing.any():
        found[:, missing] = _solved(image, missing)
        drawn = np.random.default_rng(seed).normal(0.0, noise, image.shape)
        found[:, missing] += drawn[:, missing]
    return found


def _solved(image: NDArray[np.float64], missing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (channel, missing pixel) where every one is the mean of its neighbours."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    rows, cols = missing.shape
    row, col = np.nonzero(missing)
    number = np.full(missing.shape, -1)
    number[row, col] = np.arange(len(row))
    total = np.zeros(len(row))
    known = np.zeros((len(row), len(image)))
    entries = []
    for down, right, weight in NEIGHBOURS:
        y, x = row + down, col + right
        inside = np.flatnonzero((y >= 0) & (y < rows) & (x >= 0) & (x < cols))
        total[inside] += weight
        beside = number[y[inside], x[inside]]
        there = inside[beside < 0]
        known[there] += weight * image[:, y[there], x[there]].T
        entries.append((inside[beside >= 0], beside[beside >= 0], -weight))
    i, j = (np.concatenate([entry[axis] for entry in entries]) for axis in (0, 1))
    values = np.concatenate([np.full(len(entry[0]), entry[2]) for entry in entries])
    system = sparse.csc_matrix((values, (i, j)), (len(row), len(row))) + sparse.diags(total)
    # Weights are mutual, so the system is symmetric and the order of elimination can use that.
    solver = splu(
        sparse.csc_matrix(system),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return np.asarray(solver.solve(known).T)

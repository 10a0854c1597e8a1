"""What a curve comes to, in one number."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import MeasureError

Floats = NDArray[np.float64]


def area(shares: ArrayLike, values: ArrayLike) -> Floats:
    """Return the area (...) under curves, over the width: the mean height of the trapezoids.

    Args:
        shares: (step,) where the curves were measured, ascending.
        values: (..., step).

    Raises:
        MeasureError: they do not fit, or there are fewer than two steps.

    >>> area([0.0, 0.5, 1.0], [[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]).tolist()
    [1.0, 0.25]
    """
    places, heights = _curves(shares, values)
    return np.asarray(np.trapezoid(heights, places, axis=-1) / (places[-1] - places[0]))


def mean_drop(values: ArrayLike) -> Floats:
    """Return how far (...) curves lie below their first value (..., step), on average.

    Source: the area over the perturbation curve (AOPC) of Samek et al., "Evaluating the
    Visualization of What a Deep Neural Network Has Learned", arXiv 1509.06321, equation 12; the
    mean over all steps, the first among them, whose drop is 0.

    >>> mean_drop([1.0, 0.5, 0.0]).tolist()
    0.5
    """
    heights = np.asarray(values, np.float64)
    return np.asarray((heights[..., :1] - heights).mean(axis=-1))


def _curves(shares: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    places, heights = np.asarray(shares, np.float64), np.asarray(values, np.float64)
    fits = places.ndim == 1 and heights.shape[-1:] == places.shape
    if not fits or len(places) < 2 or not (np.diff(places) > 0).all():
        raise MeasureError(
            "a curve is measured at two places or more, ascending, (step,), with values (..., "
            f"step); got shapes {places.shape} and {heights.shape}."
        )
    return places, heights

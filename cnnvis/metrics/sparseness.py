"""How few pixels hold what a map says."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.metrics.maps import checked


def gini(maps: ArrayLike) -> NDArray[np.float64]:
    """Return the Gini index (..., image) of the sizes of the values of maps, without their signs.

    0 for a constant map, an empty one among them; 1 - 1/n for a single pixel of n. It says how
    sharp a map is, not whether it is right: a random map of few pixels has a high one.

    Raises:
        MeasureError: no maps, or NaN in them.

    Source: Hurley and Rickard, "Comparing Measures of Sparsity", arXiv 0811.4706; for attributions
    Chalasani et al., arXiv 1810.06583.

    >>> gini([[[0.0, 0.0], [0.0, 5.0]], [[1.0, 1.0], [1.0, 1.0]]]).tolist()
    [0.75, 0.0]
    """
    values = np.abs(checked(maps))
    sizes = np.sort(values.reshape(*values.shape[:-2], -1), axis=-1)
    top = sizes[..., -1:]
    sizes = np.divide(sizes, top, out=np.ones_like(sizes), where=top > 0)
    count = sizes.shape[-1]
    ranks = 2 * np.arange(1, count + 1) - count - 1
    return np.asarray((sizes @ ranks) / (count * sizes.sum(axis=-1)))

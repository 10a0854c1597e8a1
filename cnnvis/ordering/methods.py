"""The methods that order channels. To add one: write a function and name it in ``METHODS``.

A method takes sums over the maps of all images (:mod:`cnnvis.ordering.sums`), of which it asks for
one part, and its options as keywords with defaults; it returns
:class:`cnnvis.ordering.found.Found`.
"""

from collections.abc import Callable

from cnnvis.ordering.clusters import kmeans
from cnnvis.ordering.components import pca_image, pca_slice
from cnnvis.ordering.controls import brightness, natural, random
from cnnvis.ordering.found import Found
from cnnvis.ordering.likeness import optimal_leaf, pca_angle, spectral

METHODS: dict[str, Callable[..., Found]] = {
    "natural": natural,
    "kmeans": kmeans,
    "pca_image": pca_image,
    "pca_slice": pca_slice,
    "pca_angle": pca_angle,
    "spectral": spectral,
    "optimal_leaf": optimal_leaf,
    "brightness": brightness,
    "random": random,
}
"""The methods by name."""

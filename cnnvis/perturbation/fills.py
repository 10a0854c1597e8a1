"""What takes the place of the pixels of a prepared image.

``mean``: the mean of each channel of the image. ``blur``: the image behind a Gaussian. ``noise``:
uniform noise between the smallest and the largest value of each channel. ``impute``: what the
pixels that are left suggest, see :mod:`cnnvis.perturbation.imputing`. A number: that number.
"""

import numpy as np
from numpy.typing import NDArray

from cnnvis.perturbation.protocols import Protocol

Pixels = NDArray[np.float64]


def filled(image: Pixels, protocol: Protocol, *, seed: int) -> Pixels:
    """Return an image (channel, row, col) of nothing but the fill; ``impute`` is not one.

    >>> filled(np.array([[[1.0, 3.0]]]), Protocol(fill="mean"), seed=0).tolist()
    [[[2.0, 2.0]]]
    """
    if isinstance(protocol.fill, str):
        return _FILLS[protocol.fill](image, protocol, seed)
    return np.full_like(image, protocol.fill)


def _mean(image: Pixels, protocol: Protocol, seed: int) -> Pixels:
    return np.broadcast_to(image.mean(axis=(1, 2), keepdims=True), image.shape)


def _blur(image: Pixels, protocol: Protocol, seed: int) -> Pixels:
    from scipy.ndimage import gaussian_filter

    sigma = protocol.sigma
    return np.asarray(gaussian_filter(image, (0, sigma, sigma), mode="nearest"))


def _noise(image: Pixels, protocol: Protocol, seed: int) -> Pixels:
    low, high = (end(axis=(1, 2), keepdims=True) for end in (image.min, image.max))
    return np.random.default_rng(seed).uniform(low, high, image.shape)


_FILLS = {"mean": _mean, "blur": _blur, "noise": _noise}

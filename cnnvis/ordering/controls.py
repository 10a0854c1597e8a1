"""Orders that every other one has to beat: as numbered, by brightness, at random."""

import numpy as np

from cnnvis.errors import OrderingError
from cnnvis.ordering.found import Found, sorted_by
from cnnvis.ordering.sums import Sums


def natural(sums: Sums) -> Found:
    """Leave the channels as the network numbers them."""
    return Found(np.arange(sums.shape[0]))


def brightness(sums: Sums) -> Found:
    """Sort by the mean activation over all pixels of all images, the brightest channel last."""
    mean = sums.brightness
    return sorted_by(mean, mean)


def random(sums: Sums, *, seed: int = 0) -> Found:
    """Shuffle the channels.

    Raises:
        OrderingError: a seed below 0.
    """
    if seed < 0:
        raise OrderingError(f"a random order needs a seed from 0; got {seed}.")
    return Found(np.random.default_rng(seed).permutation(sums.shape[0]))

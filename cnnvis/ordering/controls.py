"""Orders that every other one has to beat: as numbered, by brightness, at random."""

import numpy as np

from cnnvis.errors import OrderingError
from cnnvis.ordering.found import Blocks, Found, sorted_by


def natural(blocks: Blocks) -> Found:
    """Leave the channels as the network numbers them."""
    return Found(np.arange(len(next(iter(blocks)))))


def brightness(blocks: Blocks) -> Found:
    """Sort by the mean activation over all pixels of all images, the brightest channel last."""
    mean, count = np.zeros(()), 0
    for maps in blocks:
        mean, count = mean + maps.mean(axis=(1, 2)), count + 1
    return sorted_by(mean / count, mean / count)


def random(blocks: Blocks, *, seed: int = 0) -> Found:
    """Shuffle the channels.

    Raises:
        OrderingError: a seed below 0.
    """
    if seed < 0:
        raise OrderingError(f"a random order needs a seed from 0; got {seed}.")
    channels = len(next(iter(blocks)))
    return Found(np.random.default_rng(seed).permutation(channels))

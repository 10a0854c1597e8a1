"""Maps that know nothing of the network: what an explanation has to be better than.

Each is a map (row, col) in float64, larger for what it calls more important, and never negative.
"""

import zlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

CENTRE = 0.25
"""Width of the Gaussian in the middle, in sides of the image."""

GRAIN = 0.05
"""Width of the blobs of the random map, in sides of the image."""


def centre(shape: tuple[int, int], *, sigma: float = CENTRE) -> NDArray[np.float64]:
    """Return a Gaussian in the middle of the image: photographers aim at what they photograph.

    Args:
        shape: (rows, cols).
        sigma: standard deviation, in sides of the image along each axis.

    Source: Tatler, "The central fixation bias in scene viewing", Journal of Vision 7 (14), 2007.

    >>> centre((3, 3)).argmax()
    np.int64(4)
    """
    rows, cols = (np.exp(-0.5 * np.square(_steps(length) / sigma)) for length in shape)
    return np.asarray(rows[:, None] * cols)


def _steps(length: int) -> NDArray[np.float64]:
    """Return how far the middle of each pixel lies from that of the axis, in sides."""
    return (np.arange(length) + 0.5) / length - 0.5


def random(shape: tuple[int, int], *, seed: int = 0, sigma: float = GRAIN) -> NDArray[np.float64]:
    """Return smooth noise from 0 to 1.

    Args:
        shape: (rows, cols).
        seed: of the noise.
        sigma: standard deviation of the Gaussian that smooths it, in sides; 0 for none.

    >>> random((4, 4), seed=1).min()
    np.float64(0.0)
    """
    from scipy import ndimage

    noise = np.random.default_rng(seed).standard_normal(shape)
    if sigma > 0:
        noise = ndimage.gaussian_filter(noise, sigma * np.array(shape), mode="reflect")
    spread = float(np.ptp(noise))
    return np.asarray((noise - noise.min()) / (spread or 1.0))


def edges(photo: ArrayLike, *, sigma: float = 0.0) -> NDArray[np.float64]:
    """Return how steep a photo is: the length of its gradient by Sobel's filter.

    A map that looks like the edges of a photo says as little about the network as they do.

    Args:
        photo: (channel, row, col), of which the mean over the channels is taken.
        sigma: standard deviation of a Gaussian over the result, in sides of the image.

    Source: Adebayo et al., "Sanity Checks for Saliency Maps", arXiv 1810.03292.

    >>> step = np.zeros((1, 4, 6)); step[..., 3:] = 1
    >>> edges(step)[1].round(2).tolist()
    [0.0, 0.0, 0.71, 0.71, 0.0, 0.0]
    """
    from scipy import ndimage
    from skimage import filters

    sobel: Any = filters.sobel  # without types

    grey = np.asarray(photo, np.float64).mean(axis=0)
    steep = np.asarray(sobel(grey))
    if sigma > 0:
        steep = ndimage.gaussian_filter(steep, sigma * np.array(grey.shape), mode="reflect")
    return steep


def seed_of(photo: ArrayLike, seed: int = 0) -> int:
    """Return a seed that belongs to one photo, wherever in a batch it stands.

    >>> seed_of(np.zeros((1, 2, 2))) == seed_of(np.zeros((1, 2, 2)), seed=1)
    False
    """
    return zlib.crc32(np.ascontiguousarray(photo, np.float32).tobytes(), seed)

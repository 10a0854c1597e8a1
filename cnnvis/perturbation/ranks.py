"""In which order pixels change."""

import numpy as np
from numpy.typing import NDArray

from cnnvis.perturbation.protocols import MOST


def ranks(
    one: NDArray[np.float64], *, first: str = MOST, patch: int = 1, seed: int = 0
) -> NDArray[np.int32]:
    """Return the place (row, col) of every pixel in the order in which a map changes them, from 0.

    Pixels of the same value change in a random order, the same for every map: by position, the rows
    at the top would go first, and a map of few values would be judged by where the object lies.
    All pixels of a patch change at once; patches at the end of a row may be cut.

    Args:
        one: a map (row, col).
        first: "most" or "least" important pixels.
        patch: pixels a side.
        seed: of the order of equals.
    """
    values = _patches(one, patch)
    flat = -values.ravel() if first == MOST else values.ravel()
    shuffled = np.random.default_rng(seed).permutation(flat.size)
    order = shuffled[np.argsort(flat[shuffled], kind="stable")]
    places = np.empty(flat.size, np.int32)
    places[order] = np.arange(flat.size, dtype=np.int32)
    cells = places.reshape(values.shape)
    rows, cols = one.shape
    return cells.repeat(patch, 0).repeat(patch, 1)[:rows, :cols] if patch > 1 else cells


def counts(shape: tuple[int, int], shares: tuple[float, ...], patch: int) -> list[int]:
    """Return how many patches have changed at each share of them.

    >>> counts((4, 4), (0.0, 0.5, 1.0), 1), counts((4, 5), (0.5,), 2)
    ([0, 8, 16], [3])
    """
    patches = -(-shape[0] // patch) * -(-shape[1] // patch)
    return [round(share * patches) for share in shares]


def _patches(one: NDArray[np.float64], patch: int) -> NDArray[np.float64]:
    """Return the mean (row of patches, column of patches) of a map on every patch."""
    if patch == 1:
        return one
    rows, cols = (np.arange(0, length, patch) for length in one.shape)
    totals = np.add.reduceat(np.add.reduceat(one, rows, axis=0), cols, axis=1)
    sizes = [
        np.diff([*starts, length]) for starts, length in zip((rows, cols), one.shape, strict=True)
    ]
    return np.asarray(totals / np.outer(*sizes))

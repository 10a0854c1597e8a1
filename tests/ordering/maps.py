"""Maps to be ordered, none of them square, and the matrix that the package never builds."""

import numpy as np

from cnnvis.ordering import Ordering

OPTIONS = {"kmeans": {"clusters": 3, "restarts": 5}}


def some_maps(n=12, rows=4, cols=7, seed=0):
    """Positive maps with a structure of a few directions and a little noise; not square."""
    random = np.random.default_rng(seed)
    parts = random.random((3, rows, cols))
    return np.einsum("ck,krw->crw", random.random((n, 3)), parts) + 0.05 * random.random(
        (n, rows, cols)
    )


def some_set(images=4, **shape):
    return [some_maps(seed=seed, **shape) for seed in range(images)]


def whole(blocks):
    """(channel, all pixels of all images), what the package never builds."""
    return np.concatenate([block.reshape(len(block), -1) for block in blocks], axis=1)


def oriented(score, matrix):
    """The sign rule, from its definition."""
    return score if np.corrcoef(score, matrix.mean(axis=1))[0, 1] > 0 else -score


def by_hand(permutation, **parts):
    parts = {
        "score": None,
        "cluster": None,
        "method": "natural",
        "params": {},
        "source": "image",
    } | parts
    return Ordering(permutation, **parts)

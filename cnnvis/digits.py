"""Handwritten digits that come with scikit-learn: enough labelled images for an error to mean much.

1797 images of 8 x 8 pixels, of E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits
(UCI Machine Learning Repository, 1998).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHAPE = (1, 8, 8)
"""(channel, row, col) of an image."""

CLASSES = 10

_TEST_SHARE = 0.4
_WHITE = 16.0  # the largest value of a pixel


@dataclass(frozen=True, eq=False)
class Part:
    """Images (image, 1, row, col) from 0 to 1, float32, and the digit of each (image,)."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]

    def of(self, digit: int, *, most: int | None = None) -> NDArray[np.float32]:
        """Return the images of one digit, the first ``most`` of them."""
        chosen: NDArray[np.float32] = self.images[self.labels == digit][:most]
        return chosen

    def first_of_each(self, most: int) -> "Part":
        """Return the first ``most`` images of every digit, digit after digit."""
        places = [np.flatnonzero(self.labels == digit)[:most] for digit in range(CLASSES)]
        chosen = np.concatenate(places)
        return Part(self.images[chosen], self.labels[chosen])


def load(*, seed: int = 0) -> tuple[Part, Part]:
    """Return the images to train on and, of every digit four in ten, those to test with.

    The parts are drawn at random; the same writers are in both.
    """
    from sklearn.datasets import load_digits

    data: Any = load_digits()
    images = (data.images[:, None] / _WHITE).astype(np.float32)
    labels = data.target.astype(np.int64)
    random = np.random.default_rng(seed)
    test = np.zeros(len(labels), bool)
    for digit in range(CLASSES):
        shuffled = random.permutation(np.flatnonzero(labels == digit))
        test[shuffled[: round(_TEST_SHARE * len(shuffled))]] = True
    return Part(images[~test], labels[~test]), Part(images[test], labels[test])

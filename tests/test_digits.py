"""The digits: what they are, and that no image is in both parts."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from cnnvis import digits


def test_the_parts_are_all_images_once_with_their_labels():
    data = load_digits()
    train, test = digits.load()
    known = {
        (image / 16).astype(np.float32).tobytes(): int(label)
        for image, label in zip(data.images, data.target, strict=True)
    }
    assert len(known) == 1797
    found = [
        (image.tobytes(), int(label))
        for part in (train, test)
        for image, label in zip(part.images, part.labels, strict=True)
    ]
    assert dict(found) == known
    assert len(found) == 1797, "an image is in both parts"
    assert train.images.shape[1:] == digits.SHAPE
    assert (train.images.min(), train.images.max()) == (0, 1)


def test_four_in_ten_of_every_digit_are_kept_for_the_test():
    train, test = digits.load(seed=3)
    for digit in range(10):
        kept, all_of_it = len(test.of(digit)), len(test.of(digit)) + len(train.of(digit))
        assert kept == pytest.approx(0.4 * all_of_it, abs=0.5)
    assert not np.array_equal(test.labels, digits.load(seed=4)[1].labels)
    assert np.array_equal(test.images, digits.load(seed=3)[1].images)


def test_the_first_of_each_digit():
    train, _ = digits.load()
    few = train.first_of_each(3)
    assert few.labels.tolist() == [digit for digit in range(10) for _ in range(3)]
    assert np.array_equal(few.of(4), train.of(4, most=3))
    assert (train.labels[np.flatnonzero((train.images == few.images[5]).all((1, 2, 3)))] == 1).all()

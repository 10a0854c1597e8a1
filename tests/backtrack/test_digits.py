"""Backtracks of a trained classifier: on the ink of digits, and different for different classes."""

import numpy as np
import pytest

from cnnvis import backtrack, digits, network, training
from cnnvis.backtrack import Options

IMAGES = 200


@pytest.fixture(scope="module")
def seen():
    """A trained classifier, what it gives for test images, and these images."""
    train, test = digits.load()
    model = training.train(train.images, train.labels)
    assert training.accuracy(model, test) > 0.97
    net = network.trace(model, input_shape=digits.SHAPE)
    images = test.images[:IMAGES]
    return net, network.record(net, images), images[:, 0]


def weight_on(points, pixels):
    """The weight (image,) of fixations, each times the pixel it lies on."""
    on = pixels[points.start, points.index[:, 0], points.index[:, 1]]
    return np.bincount(points.start, points.weight * on, len(pixels))


@pytest.mark.parametrize(
    ("winner", "position"),
    [("channel_sum", "spatial"), ("argmax", "centre"), ("soft", "centre"), ("sample", "centre")],
)
def test_predictions_go_back_to_ink(seen, winner, position):
    """Pixels are from 0 to 1, so 0 is no ink; by chance weight falls on the mean of an image."""
    net, record, pixels = seen
    targets = record[net.scores].argmax(1).numpy()
    options = Options(winner=winner, position=position, k="all", paths=100)
    found = backtrack.from_scores(net, record, targets=targets, options=options)
    ink = weight_on(found.fixations, pixels) / found.arrived
    chance = pixels.mean((1, 2))
    assert (ink > chance).mean() > 0.98
    assert ink.mean() > 2.5 * chance.mean()


def test_different_classes_go_back_to_different_pixels(seen):
    net, record, pixels = seen
    order = record[net.scores].argsort(1, descending=True).numpy()
    maps = []
    for rank in (0, 1):
        found = backtrack.from_scores(
            net, record, targets=order[:, rank], options=Options(position="spatial")
        ).fixations
        where = np.zeros(pixels.shape)
        where[found.start, found.index[:, 0], found.index[:, 1]] = found.weight
        maps.append(where / where.sum((1, 2), keepdims=True))
    apart = np.abs(maps[0] - maps[1]).sum((1, 2)) / 2  # 0: the same map; 1: no pixel in common
    assert apart.mean() > 0.3
    assert apart.min() > 0

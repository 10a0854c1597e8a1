"""Means, sums and maxima along axes, against their jacobian."""

import numpy as np
import pytest
import torch

from backtrack import nets
from backtrack.layers import Does, one_unit, share_of_input
from cnnvis import backtrack
from cnnvis.backtrack import Options, Points
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import find
from cnnvis.errors import BacktrackError

REDUCED = {
    "mean of channels": (lambda x: x.mean(1), (2, 3)),
    "mean of channels, kept": (lambda x: x.mean(1, keepdim=True), (0, 2, 3)),
    "mean of rows": (lambda x: torch.mean(x, dim=2), (1, 3)),
    "mean of channels and cols": (lambda x: torch.mean(x, (3, 1)), (4,)),
    "mean of all": (lambda x: x.mean((1, 2, 3), keepdim=True), (0, 0, 0)),
    "sum of cols": (lambda x: x.sum(-1), (1, 2)),
    "sum of rows and cols": (lambda x: torch.sum(x, dim=[2, 3]), (1,)),
}


def opened(function):
    """Return (layer, an image, the network and its record)."""
    images = nets.numbers((1, 4, 5, 6), torch.Generator().manual_seed(0), whole=False)
    layer = Does(function)
    return layer, images, nets.opened(layer, images)


@pytest.mark.parametrize(("function", "unit"), REDUCED.values(), ids=REDUCED)
def test_what_is_added_up_is_shared_in_proportion(function, unit):
    layer, images, net = opened(function)
    part, _ = share_of_input(layer, images, unit)
    positive = part.clip(min=0)
    points = one_unit(net, unit)
    found = np.zeros(part.shape)
    found[tuple(points.index.T)] = points.weight
    np.testing.assert_allclose(found, positive / positive.sum(), rtol=1e-12)
    largest = one_unit(net, unit, Options(average_pool="argmax"))
    assert largest.index.tolist() == np.argwhere(part == part.max()).tolist()


MAXIMA = {
    "rows and cols": (lambda x: x.amax((2, 3)), (1,)),
    "channels": (lambda x: torch.amax(x, dim=1, keepdim=True), (0, 2, 4)),
}


@pytest.mark.parametrize("dead_end", ["stop", "follow"])
@pytest.mark.parametrize(("function", "unit"), MAXIMA.values(), ids=MAXIMA)
def test_a_maximum_goes_where_the_gradient_goes(function, unit, dead_end):
    layer, images, net = opened(lambda x: function(x - 100))  # whatever its sign
    _, read = share_of_input(layer, images, unit)
    found = one_unit(net, unit, Options(dead_end=dead_end, average_pool="spread"))
    assert found.index.tolist() == np.argwhere(read).tolist()


def test_images_are_kept_apart():
    images = nets.numbers((3, 4, 5, 6), torch.Generator().manual_seed(2), whole=False)
    net, record = nets.opened(Does(lambda x: x.amax((2, 3))), images)
    starts = nets.every_unit(record, net.scores)
    found = backtrack.from_units(net, record, starts).points["image"]
    read = images[(starts.image[found.start], *found.index.T)]
    assert read.tolist() == record[net.scores].flatten().tolist()


@pytest.mark.parametrize("function", [lambda x: x.mean(0), lambda x: x.sum((0, 2)), torch.sum])
def test_images_are_not_mixed(function):
    net, record = nets.opened(Does(function), torch.rand(2, 2, 3, 3))
    node = net.nodes[net.scores]
    points = Points.of(np.zeros((1, max(record[net.scores].ndim - 1, 0)), int))
    with pytest.raises(BacktrackError, match="works along the axis of the images"):
        find(node).follow(node, Record(net, record, np.array([0])), points, Options())

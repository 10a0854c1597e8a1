"""Pools along one axis or three, against the jacobian of the layer."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backtrack import nets
from backtrack.layers import Does, share_of_input
from cnnvis import backtrack
from cnnvis.backtrack import Options

LINE, BLOCK = (2, 11), (2, 5, 6, 7)
MAXIMA = {
    "MaxPool1d": (nn.MaxPool1d(3, 2, 1), LINE),
    "MaxPool1d, dilated": (nn.MaxPool1d(2, 3, dilation=3, ceil_mode=True), LINE),
    "MaxPool3d": (nn.MaxPool3d((2, 3, 1), (1, 2, 3), (1, 1, 0)), BLOCK),
    "AdaptiveMaxPool1d": (nn.AdaptiveMaxPool1d(4), LINE),
    "AdaptiveMaxPool3d": (nn.AdaptiveMaxPool3d((2, 3, 4)), BLOCK),
    "max_pool1d": (Does(lambda x: F.max_pool1d(x, (4,))), LINE),
}
AVERAGES = {
    "AvgPool1d": (nn.AvgPool1d(3, 2, 1), LINE),
    "AvgPool3d": (nn.AvgPool3d((2, 3, 2), 2, ceil_mode=True), BLOCK),
    "AdaptiveAvgPool1d": (nn.AdaptiveAvgPool1d(4), LINE),
    "AdaptiveAvgPool3d": (nn.AdaptiveAvgPool3d((2, 1, 4)), BLOCK),
    "avg_pool3d": (Does(lambda x: F.avg_pool3d(x, 2, padding=1)), BLOCK),
}


def walked(layer, shape, options=None, *, shift=0.0):
    """Return the start units, the jacobian part of each, and what a walk finds for each."""
    images = nets.numbers((1, *shape), torch.Generator().manual_seed(0), whole=False) - shift
    net, record = nets.opened(nn.Sequential(layer), images)
    starts = nets.every_unit(record, net.scores)
    points = backtrack.from_units(net, record, starts, options).points["image"]
    for start in range(0, len(starts), 3):
        mine = points.select(points.start == start)
        yield mine, *share_of_input(layer, images, tuple(starts.index[start]))


@pytest.mark.parametrize(("layer", "shape"), MAXIMA.values(), ids=MAXIMA)
def test_a_maximum_goes_where_the_gradient_goes(layer, shape):
    for found, _, read in walked(layer, shape, shift=100.0):  # whatever its sign
        assert found.index.tolist() == np.argwhere(read).tolist()
        assert found.weight.tolist() == [1]


@pytest.mark.parametrize(("layer", "shape"), AVERAGES.values(), ids=AVERAGES)
def test_averages_are_shared_in_proportion(layer, shape):
    for found, part, _ in walked(layer, shape):
        positive = part.clip(min=0)
        dense = np.zeros(part.shape)
        dense[tuple(found.index.T)] = found.weight
        np.testing.assert_allclose(dense, positive / (positive.sum() or 1), rtol=1e-12)
    for found, part, _ in walked(layer, shape, Options(average_pool="argmax")):
        best = np.argwhere(part == part.max()) if part.max() > 0 else np.zeros((0, part.ndim))
        assert found.index.tolist() == best.tolist()

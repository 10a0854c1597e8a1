"""The rules of pooling against the jacobian of the layer."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from backtrack import nets
from backtrack.layers import Does, layers, one_unit, share_of_input
from cnnvis.backtrack import Options


@given(layers(lambda shape: nets.pools("max", whole=False)))
@settings(deadline=None, max_examples=40)
def test_max_pool_goes_where_the_gradient_goes(case):
    layer, images, net, unit = case
    _, seen = share_of_input(layer, images, unit)
    assert one_unit(net, unit).index.tolist() == np.argwhere(seen).tolist()


@given(
    layers(
        lambda shape: st.one_of(
            nets.pools("average", whole=False),
            st.builds(nn.AdaptiveAvgPool2d, st.tuples(st.integers(1, 6), st.integers(1, 6))),
            st.builds(nets.Mean),
            st.builds(partial(Does, lambda x: x.mean([-1, -2], keepdim=True))),
            st.builds(partial(Does, lambda x: torch.mean(x, dim=(3, 2)))),
            st.builds(partial(Does, lambda x: F.adaptive_avg_pool2d(x, (2, 3)))),
            st.builds(partial(Does, lambda x: F.avg_pool2d(x, 3, stride=2, padding=1))),
        )
    )
)
@settings(deadline=None, max_examples=60)
def test_averages_are_shared_in_proportion_to_their_jacobian(case):
    layer, images, net, unit = case
    part, _ = share_of_input(layer, images, unit)
    positive = part.clip(min=0)
    found = np.zeros(part.shape)
    points = one_unit(net, unit)
    found[tuple(points.index.T)] = points.weight
    np.testing.assert_allclose(found, positive / (positive.sum() or 1), rtol=1e-9, atol=1e-12)
    largest = one_unit(net, unit, Options(average_pool="argmax"))
    expected = np.argwhere(positive == positive.max()) if positive.any() else []
    assert largest.index.tolist() == np.array(expected).tolist()


@pytest.mark.parametrize("dead_end", ["stop", "follow"])
@pytest.mark.parametrize("whole", [nn.AdaptiveMaxPool2d(2), nn.MaxPool2d(3, 2), nn.MaxPool2d(2)])
def test_a_maximum_is_followed_whatever_its_sign(whole, dead_end):
    images = -1 - torch.arange(25.0).reshape(1, 1, 5, 5)
    net = nets.opened(nn.Sequential(whole), images)
    options = Options(dead_end=dead_end)
    assert one_unit(net, (0, 0, 0), options).index.tolist() == [[0, 0, 0]]

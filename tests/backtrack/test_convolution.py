"""The rule of convolutions against the jacobian of the layer, and small ones by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import nn

from backtrack import nets
from backtrack.layers import layers, one_unit, share_of_input
from cnnvis.backtrack import Options
from cnnvis.backtrack.convolution import contributions, sliding
from cnnvis.backtrack.windows import columns
from cnnvis.errors import BacktrackError

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


@given(layers(lambda shape: nets.convolutions(shape[0])))
@settings(deadline=None, max_examples=80)
def test_convolution_agrees_with_its_jacobian(case):
    layer, images, net, unit = case
    part, seen = share_of_input(layer, images, unit)
    helping = part.max((1, 2)) > 0
    best = int(np.where(helping, part.sum((1, 2)), -np.inf).argmax())
    found = one_unit(net, unit, Options(position="spatial"))
    if not helping.any():
        assert len(found) == 0
        return
    row, col = np.unravel_index(
        np.where(seen[best], part[best], -np.inf).argmax(), images.shape[2:]
    )
    assert found.index.tolist() == [[best, row, col]]
    assert found.weight.tolist() == [1.0]


@given(layers(lambda shape: nets.convolutions(shape[0])))
@settings(deadline=None, max_examples=40)
def test_contributions_of_a_convolution_are_jacobian_times_input(case):
    layer, images, _, unit = case
    index = np.array([unit])
    window = sliding(layer, images.shape[2:]).at(index)
    values = columns(images.numpy(), groups=layer.groups, reads=0)
    found = contributions(layer, values, np.array([0]), index[:, 0], window)[0]
    depth = layer.in_channels // layer.groups
    first = unit[0] // (layer.out_channels // layer.groups) * depth
    spread = np.zeros((images[0, 0].numel(), images.shape[1]))
    np.add.at(spread[:, first : first + depth], window.places[0], found)
    expected, _ = share_of_input(layer, images, unit)
    np.testing.assert_allclose(spread.T.reshape(expected.shape), expected, rtol=1e-12, atol=1e-12)


def test_a_single_channel_is_followed_where_anything_in_it_helps():
    """As in depthwise convolutions, where a positive unit may owe all it has to its bias."""
    layer = nn.Conv2d(1, 1, (1, 3)).double()
    layer.weight.data[:] = torch.tensor([[[[1.0, -5.0, 2.0]]]])
    net = nets.opened(nn.Sequential(layer), torch.tensor([[[[1.0, 1.0, 1.0]]]]).double())
    assert one_unit(net, (0, 0, 0)).index.tolist() == [[0, 0, 1]]
    found = one_unit(net, (0, 0, 0), Options(position="spatial"))
    assert found.index.tolist() == [[0, 0, 2]]
    net = nets.opened(nn.Sequential(layer), torch.tensor([[[[-1.0, 1.0, 0.0]]]]).double())
    assert len(one_unit(net, (0, 0, 0))) == 0
    for position in ("centre", "spatial"):  # nothing speaks for any place of the window
        found = one_unit(net, (0, 0, 0), Options(position=position, dead_end="follow"))
        assert found.index.tolist() == [[0, 0, 1]]


def test_a_silent_channel_does_not_win_over_one_that_helps():
    layer = nn.Conv2d(3, 1, (1, 2)).double()
    layer.weight.data[:] = torch.tensor([[[[1.0, 1.0]], [[1.0, -3.0]], [[-1.0, -1.0]]]])
    images = torch.tensor([[[[0.0, 0.0]], [[1.0, 1.0]], [[1.0, 1.0]]]]).double()
    net = nets.opened(nn.Sequential(layer), images)
    assert one_unit(net, (0, 0, 0)).index.tolist() == [[1, 0, 0]]


def test_a_convolution_that_mirrors_its_border_is_refused():
    layer = nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect")
    net = nets.opened(nn.Sequential(layer), torch.rand(1, 1, 5, 5))
    with pytest.raises(BacktrackError, match=r"node '0'.*pads with 'reflect'"):
        one_unit(net, (0, 0, 0))

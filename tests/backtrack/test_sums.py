"""Linear layers against their jacobian; additions and products by hand."""

import operator

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from backtrack import nets
from backtrack.layers import Does, layers, one_unit, share_of_input
from cnnvis import backtrack
from cnnvis.backtrack import Options
from cnnvis.network.rehearsal import BATCH


@given(
    layers(lambda shape: st.just(nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), 3))))
)
@settings(deadline=None, max_examples=20)
def test_linear_shares_agree_with_its_jacobian(case):
    layer, images, net, unit = case
    part, _ = share_of_input(layer, images, unit)
    for options, positive in (
        (Options(k="all"), part.clip(min=0)),
        (Options(k="all", contribution="absolute"), np.abs(part)),
    ):
        found = np.zeros(part.shape)
        points = one_unit(net, unit, options)
        found[tuple(points.index.T)] = points.weight
        np.testing.assert_allclose(found, positive / positive.sum(), rtol=1e-9, atol=1e-12)


def test_linear_layers_work_on_each_place_of_a_map():
    """As in networks that keep the channels last."""

    class ChannelsLast(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 2)

        def forward(self, x):
            return self.linear(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    model = nets.fill(ChannelsLast(), seed=1, whole=False)
    convolution = nn.Conv2d(3, 2, 1).double()
    convolution.weight.data[:] = model.linear.weight[:, :, None, None]
    images = nets.numbers((1, 3, 4, 5), torch.Generator().manual_seed(0), whole=False)
    one, other = nets.opened(model, images), nets.opened(nn.Sequential(convolution), images)
    found, expected = (
        backtrack.from_units(
            net, record, nets.every_unit(record, net.scores), Options(k=1, dead_end="follow")
        ).points[net.image]
        for net, record in (one, other)
    )
    assert len(found) == 40
    np.testing.assert_array_equal(found.start, expected.start)
    np.testing.assert_array_equal(found.index, expected.index)


# Sums and products of two maps.


def summed(function, values):
    """Return which of (image, its double) explains each unit of a sum, as 0 and 1."""
    images = torch.tensor(values, dtype=torch.float64).reshape(1, 1, 1, -1)
    net, record = nets.opened(Does(function), images)
    starts = nets.every_unit(record, net.scores)
    return backtrack.from_units(net, record, starts)


def test_the_larger_addend_explains_a_sum():
    found = summed(lambda x: F.relu(x) + F.pad(x, (1, -1)), [1, 2, 1, 3])
    assert found.points["relu"].start.tolist() == [0, 1, 3]  # 1 > 0, 2 > 1, 3 > 1
    assert found.points["pad"].start.tolist() == [2]  # 2 > 1


@pytest.mark.parametrize("flipped", [False, True])
def test_of_equal_addends_the_skip_connection_explains_a_sum(flipped):
    def forward(x):
        body = torch.sigmoid(F.relu(x))
        skip = torch.sigmoid(x)
        return skip + body if flipped else body + skip

    found = summed(forward, [0, 1, 2])
    assert list(found.points) == ["add", "sigmoid_1", "image"]


def test_of_equal_addends_equally_deep_the_first_explains_a_sum():
    found = summed(lambda x: F.relu(x) + F.relu6(x), [0, 1])
    assert list(found.points) == ["add", "relu", "image"]
    found = summed(lambda x: F.relu6(x) + F.relu(x), [0, 1])
    assert list(found.points) == ["add", "relu6", "image"]


def test_the_longest_chain_says_how_deep_an_addend_is():
    def forward(x):
        return (x + F.hardtanh(F.hardtanh(x))) + F.relu(F.relu6(x))

    assert list(summed(forward, [0]).points) == ["add_1", "relu", "relu6", "image"]


def test_alpha_counts():
    found = summed(lambda x: torch.add(F.relu(x), torch.tanh(x), alpha=10), [0.5, 50])
    assert found.points["tanh"].start.tolist() == [0]
    assert found.points["relu"].start.tolist() == [1]


def test_a_split_sum_is_shared_in_proportion():
    images = torch.tensor([1.0, -1.0, 2.0]).reshape(1, 1, 1, 3).double()
    net, record = nets.opened(Does(lambda x: F.relu(x) * 3 + F.hardtanh(x)), images)
    starts = nets.every_unit(record, net.scores)
    found = backtrack.from_units(net, record, starts, Options(residual="split"))
    assert found.points["mul"].weight.tolist() == [3 / 4, 6 / 7]
    assert found.points["hardtanh"].weight.tolist() == [1 / 4, 1 / 7]
    assert found.lost["add"].tolist() == [0, 1, 0]
    followed = backtrack.from_units(
        net, record, starts, Options(residual="split", dead_end="follow")
    )
    assert followed.points["mul"].start.tolist() == [0, 1, 2]  # 0 > -1
    assert followed.arrived.tolist() == [1, 1, 1]


def test_a_repeated_addend_is_found_at_its_one_place():
    def forward(x):
        return x + 100 * x.mean((2, 3), keepdim=True)

    images = 1 + torch.arange(6.0).reshape(1, 1, 2, 3)
    net, record = nets.opened(Does(forward), images)
    found = backtrack.from_units(net, record, nets.every_unit(record, net.scores))
    assert found.points["mean"].index.tolist() == [[0, 0, 0]] * 6
    assert found.arrived.tolist() == pytest.approx([1] * 6)


@pytest.mark.parametrize("channels", [2, BATCH])  # as many channels as images look like a batch
def test_a_parameter_explains_nothing(channels):
    class Shifted(nn.Module):
        def __init__(self):
            super().__init__()
            self.shift = nn.Parameter(torch.full((channels, 1, 1), 100.0))
            self.factor = nn.Parameter(torch.full((channels, 1, 1), 3.0))

        def forward(self, x):
            return (self.shift + x * self.factor - self.shift) / self.factor

    net, record = nets.opened(Shifted(), torch.randn(1, channels, 3, 3))
    starts = nets.every_unit(record, net.scores)
    arrived = backtrack.from_units(net, record, starts).points[net.image]
    np.testing.assert_array_equal(arrived.index, starts.index)


@pytest.mark.parametrize("product", [operator.mul, torch.mul])
@pytest.mark.parametrize("flipped", [False, True])
def test_a_gate_explains_nothing(product, flipped):
    def forward(x):
        gate = torch.sigmoid(F.adaptive_avg_pool2d(x, 1))
        return product(gate, x) if flipped else product(x, gate)

    net, record = nets.opened(Does(forward), torch.randn(1, 2, 3, 3))
    starts = nets.every_unit(record, net.scores)
    arrived = backtrack.from_units(net, record, starts).points[net.image]
    np.testing.assert_array_equal(arrived.index, starts.index)


GATES = {
    "by hand": lambda x: x * torch.sigmoid(x),
    "of one place": lambda x: F.hardsigmoid(x.mean((2, 3), keepdim=True)) * x,
    "of one channel": lambda x: x * x.mean(1, keepdim=True).sigmoid(),
    "swish, in place": lambda x: x.clone().mul_(x.sigmoid()),
}


@pytest.mark.parametrize("size", [1, 3])  # of one place, a gate has the shape of what it gates
@pytest.mark.parametrize("function", GATES.values(), ids=GATES)
def test_what_comes_through_a_gate_is_followed(function, size):
    net, record = nets.opened(Does(function), torch.randn(1, 2, size, size))
    starts = nets.every_unit(record, net.scores)
    arrived = backtrack.from_units(net, record, starts).points[net.image]
    np.testing.assert_array_equal(arrived.index, starts.index)


def test_numbers_change_nothing():
    def forward(x):
        return torch.sub(torch.div(x, 2).sub(1).div_(3), 1, alpha=2)

    net, record = nets.opened(Does(forward), torch.randn(1, 2, 3, 3))
    starts = nets.every_unit(record, net.scores)
    arrived = backtrack.from_units(net, record, starts).points[net.image]
    np.testing.assert_array_equal(arrived.index, starts.index)

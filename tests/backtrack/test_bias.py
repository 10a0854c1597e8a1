"""The share of biases, against the pre-activations that the network itself gives."""

import numpy as np
import pytest
from torch import nn

from backtrack import nets
from cnnvis import backtrack
from cnnvis.backtrack import Options, bias_share


@pytest.mark.parametrize("name", nets.FAMILIES)
def test_bias_share_agrees_with_the_recorded_pre_activations(name):
    net, record = nets.family(name)
    found = backtrack.from_scores(net, record, targets=[0, 3], options=Options(dead_end="follow"))
    shares = bias_share(net, record, found)
    passed = [n for n in found.points if isinstance(net.nodes[n].module, nn.Conv2d | nn.Linear)]
    assert list(shares) == passed
    assert len(passed) > 2
    for node in passed:
        assert shares[node] == pytest.approx(slowly(net, record, found, node), rel=1e-9)


def slowly(net, record, found, node):
    """Return the weighted mean of |b| / (|b| + |pre-activation - b|) for each start."""
    bias = net.nodes[node].module.bias
    total, came = np.zeros(2), np.zeros(2)
    points = found.points[node]
    for start, index, weight in zip(points.start, points.index, points.weight, strict=True):
        b = float(bias[index[0]])
        z = float(record[node][(start, *index)])
        total[start] += weight * abs(b) / (abs(b) + abs(z - b))
        came[start] += weight
    return [t / c if c else 0.0 for t, c in zip(total, came, strict=True)]


def test_layers_without_a_bias_have_no_share():
    model = nets.fill(nn.Sequential(nn.Conv2d(3, 2, 3, bias=False)), seed=0, whole=False)
    images = nets.numbers((1, 3, 5, 5), nets.torch.Generator().manual_seed(0), whole=False)
    net, record = nets.opened(model, images)
    starts = nets.every_unit(record, net.scores)
    found = backtrack.from_units(net, record, starts)
    assert not bias_share(net, record, found)["0"].any()


def test_a_bias_alone_has_the_whole_share():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2)).double()
    net, record = nets.opened(model, nets.torch.zeros(1, 1, 2, 2).double())
    found = backtrack.from_scores(net, record, targets=[1])
    assert bias_share(net, record, found)["1"].tolist() == [1.0]

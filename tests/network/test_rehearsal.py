"""Shapes found with numbers and without are the same, and small networks load no compiler."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from cnnvis import network
from cnnvis.errors import TraceError
from cnnvis.network import rehearsal


class Sum(nn.Module):
    """A sum, by the operator or by the function, with itself or with a gate."""

    def __init__(self, how, gate=False):
        super().__init__()
        self.conv, self.how, self.gate = nn.Conv2d(4, 4, 1), how, gate

    def forward(self, x):
        other = x.mean((2, 3), keepdim=True) if self.gate else self.conv(x)
        return self.how(x, other)


class Counting(nn.Module):
    """A network that writes into itself at every run."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.register_buffer("runs", torch.zeros(()))

    def forward(self, x):
        self.runs.add_(x.mean() * 0 + 1)
        return self.conv(x)


class Deciding(Counting):
    """One that also branches on its numbers, so that only hooks can see it."""

    def forward(self, x):
        return super().forward(x) if x.sum() <= 0 else x


@pytest.mark.parametrize("model", [Counting(), Deciding()], ids=["traced", "hooked"])
def test_a_network_that_writes_into_itself_is_left_as_it_was(model):
    net = network.open(model, input_shape=(3, 6, 9))
    assert net.nodes["conv"].shape == (4, 4, 7)
    assert model.runs == 0


@pytest.fixture(params=[True, False], ids=["small", "large"])
def size(request, monkeypatch):
    """Networks rehearsed with numbers, and without."""
    monkeypatch.setattr(rehearsal, "_FEW_WEIGHTS", 6_000_000 if request.param else 0)


LAYERS = [
    nn.Linear(7, 3),
    nn.BatchNorm2d(4),
    nn.ReLU6(),
    nn.ReLU6(inplace=True),
    nn.SiLU(),
    nn.Hardswish(),
    nn.Hardtanh(),
    nn.ELU(),
    nn.AdaptiveAvgPool2d(1),
    nn.AdaptiveAvgPool2d((2, None)),
    nn.Sequential(nn.Flatten(2), nn.BatchNorm1d(4)),
    Sum(torch.add),
    Sum(lambda x, other: x + other),
    Sum(lambda x, other: other + x, gate=True),
    Sum(lambda x, other: torch.add(x, other, alpha=2)),
]


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: str(layer).partition("\n")[0])
def test_shapes_are_those_that_torch_gives(layer):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), layer).eval()
    net = network.trace(model, input_shape=(3, 6, 9))
    images = torch.rand(2, 3, 6, 9)
    record = network.record(net, images)
    for name, node in net.nodes.items():
        assert node.shape == tuple(record[name].shape[1:]), name
    assert record[net.scores].shape == model(images).shape


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("layer", [nn.Linear(8, 3), nn.BatchNorm2d(5)])
def test_layers_of_another_size_are_refused_as_by_torch(layer):
    with pytest.raises(TraceError, match="module '1' cannot work on images of shape"):
        network.trace(nn.Sequential(nn.Conv2d(3, 4, 3), layer), input_shape=(3, 6, 9))


DECIDING = """
class Deciding(torch.nn.Conv2d):
    def forward(self, x):
        return super().forward(x if x.sum() <= 0 else -x)
net = network.open(torch.nn.Sequential(Deciding(3, 2, 3)))
assert net.graph is None
"""


@pytest.mark.parametrize(
    "opened",
    ["net = network.fold(network.trace(models.load('efficientnet_lite0')))", DECIDING],
    ids=["traced", "hooked"],
)
def test_no_compiler_is_loaded_for_a_small_network(opened):
    """It takes torch two seconds, in every job of a run."""
    script = f"""
import sys
import torch
from cnnvis import models, network
{opened}
network.record(net, torch.zeros(1, 3, 224, 224), [net.scores])
sys.exit('torch._dynamo' in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0

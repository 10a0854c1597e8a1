"""A folded network computes the same, and the one it came from stays as it is."""

import pytest
import torch
from torch import fx, nn

from cnnvis import network

from .nets import SHAPE, Overwriting, ResNetLike, images, prepared, state, unchanged


class Depthwise(nn.Sequential):
    """Grouped, depthwise, dilated and biased convolutions, each with its batch norm."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 8, 3, padding="same", bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU6(),
            nn.Conv2d(8, 16, 3, stride=2, groups=4),
            nn.BatchNorm2d(16, affine=False),
            nn.Hardswish(),
            nn.Conv2d(16, 16, 5, groups=16, dilation=2, padding=3, padding_mode="reflect"),
            nn.BatchNorm2d(16, eps=0.1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(16, 5),
        )


class Unfoldable(nn.Module):
    """Batch norms that must stay: in front, behind two readers, called twice, without numbers."""

    def __init__(self):
        super().__init__()
        self.first = nn.BatchNorm2d(3)
        self.read_twice = nn.Conv2d(3, 4, 3)
        self.behind = nn.BatchNorm2d(4)
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.other = nn.Conv2d(4, 4, 3, padding=1)
        self.free = nn.BatchNorm2d(4, track_running_stats=False)

    def forward(self, x):
        x = self.read_twice(self.first(x))
        x = self.behind(x) + x
        x = self.norm(self.conv(self.norm(self.conv(x))))
        return self.free(self.other(x)).mean((2, 3))


@pytest.mark.parametrize("kind", [ResNetLike, Depthwise, Overwriting, Unfoldable])
def test_a_folded_network_computes_the_same(kind):
    net, batch = network.trace(prepared(kind), input_shape=SHAPE), images()
    folded = network.fold(net)
    plain, found = network.record(net, batch), network.record(folded, batch)
    torch.testing.assert_close(found[net.scores], plain[net.scores], rtol=1e-12, atol=1e-12)
    assert list(folded.nodes) == list(net.nodes)
    for name, node in folded.nodes.items():
        if node.op is nn.Identity:
            torch.testing.assert_close(found[name], plain[name], rtol=1e-12, atol=1e-12)
            assert torch.equal(found[name], found[node.inputs[0]])


def test_every_batch_norm_behind_a_convolution_is_folded():
    for kind in (ResNetLike, Depthwise):
        net = network.trace(prepared(kind), input_shape=SHAPE)
        norms = [name for name in net.layers if net.nodes[name].op is nn.BatchNorm2d]
        folded = network.fold(net)
        assert len(norms) >= 3
        assert {folded.nodes[name].op for name in norms} == {nn.Identity}


def test_batch_norms_with_other_readers_or_calls_stay():
    net = network.trace(prepared(Unfoldable), input_shape=SHAPE)
    folded = network.fold(net)
    assert all(folded.nodes[name] is net.nodes[name] for name in net.nodes)


def test_a_convolution_whose_weights_are_computed_by_hooks_stays():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).double()
    model[0].register_forward_pre_hook(lambda module, inputs: None)
    net = network.trace(model, input_shape=SHAPE)
    assert network.fold(net).node("1").op is nn.BatchNorm2d


def test_a_norm_stays_where_the_convolution_is_the_output_too():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x):
            x = self.conv(x)
            return x, self.norm(x)

    net = network.trace(prepared(Both), input_shape=SHAPE)
    assert net.scores == "conv"
    assert network.fold(net).node("norm").op is nn.BatchNorm2d


def test_the_model_and_the_network_stay_as_they_were():
    model = prepared(ResNetLike)
    before = state(model)
    net = network.trace(model, input_shape=SHAPE)
    expected = network.record(net, images())
    network.fold(net)
    after = network.record(net, images())
    assert all(torch.equal(expected[name], after[name]) for name in expected)
    assert unchanged(before, model)
    assert isinstance(net.model.stem[1], nn.BatchNorm2d)


def test_the_graph_of_a_folded_network_runs():
    folded = network.fold(network.trace(prepared(ResNetLike), input_shape=SHAPE))
    scores = network.record(folded, images(), [folded.scores])[folded.scores]
    assert torch.equal(fx.GraphModule(folded.model, folded.graph)(images()), scores)


def test_folded_weights_ask_for_no_gradient():
    folded = network.fold(network.trace(prepared(ResNetLike), input_shape=SHAPE))
    assert not any(parameter.requires_grad for parameter in folded.model.parameters())


def test_a_convolution_that_is_kept_gives_what_it_gave():
    net, batch = network.trace(prepared(ResNetLike), input_shape=SHAPE), images()
    before = [name for name, node in net.nodes.items() if node.kind == "Conv2d"]
    folded = network.fold(net, keep=before[:1])
    plain, found = network.record(net, batch), network.record(folded, batch)
    assert torch.equal(found[before[0]], plain[before[0]])
    assert not torch.allclose(found[before[1]], plain[before[1]])
    torch.testing.assert_close(found[net.scores], plain[net.scores], rtol=1e-12, atol=1e-12)

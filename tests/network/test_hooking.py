"""What hooks see of models that cannot be traced."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnvis import network
from cnnvis.errors import TraceError

from .nets import SHAPE, AlexNetLike, Choosing, PartOverwritten, images, prepared


def test_a_model_that_can_be_traced_is_traced():
    net = network.open(prepared(AlexNetLike), input_shape=SHAPE)
    assert net.untraceable is None
    assert net.graph is not None


def test_the_reason_is_kept():
    assert "lost in" in network.open(prepared(Choosing), input_shape=SHAPE).untraceable
    part = network.open(prepared(PartOverwritten), input_shape=SHAPE)
    assert "overwrites a part of 'conv'" in part.untraceable


def test_modules_appear_in_the_order_of_execution_with_their_shapes():
    net = network.open(prepared(Choosing), input_shape=SHAPE)
    assert list(net.nodes) == ["image", "conv", "doubling", "dark", "scores"]
    assert [node.shape for node in net.nodes.values()] == [
        SHAPE,
        (4, 31, 31),
        (4, 31, 31),
        (5, 15, 15),
        (5,),
    ]
    assert net.layers == ("conv", "doubling", "dark")
    assert net.node("dark").op is nn.Conv2d
    assert net.node("dark").module is net.model.dark
    assert net.receptive_field("dark") is None


def test_a_second_call_is_numbered_and_recorded_apart():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3)

        def forward(self, x):
            return self.conv(x=None, input=x) if x.sum() > 1e9 else self.conv(input=self.conv(x))

    model = prepared(Twice)
    net = network.open(model, input_shape=SHAPE)
    assert net.layers == ("conv", "conv:2")
    maps = network.record(net, images(), net.layers)
    with torch.no_grad():
        assert torch.equal(maps["conv"], model.conv(images()))
        assert torch.equal(maps["conv:2"], model.conv(model.conv(images())))


def test_a_module_of_torch_counts_as_one_layer_with_all_its_parts():
    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(3, 1, batch_first=True)
            self.last = nn.Linear(3, 5)

        def forward(self, x):
            x = x.flatten(2).transpose(1, 2)
            x = self.attention(x, x, x)[0]
            return self.last(x.mean(1)) if x.sum() < 1e9 else x

    net = network.open(prepared(Attending), input_shape=SHAPE)
    assert net.layers == ("attention", "last")
    assert net.node("attention").shape is None
    assert network.record(net, images(), ["scores"])["scores"].shape == (3, 5)


def test_a_model_without_modules_can_be_observed_from_outside():
    class Function(nn.Module):
        def forward(self, x):
            return F.relu(x).mean((1, 2)) if x.sum() < 1e9 else x

    net = network.open(Function(), input_shape=SHAPE)
    assert list(net.nodes) == ["image", "scores"]
    assert network.record(net, images(), ["scores"])["scores"].shape == (3, 33)


def test_a_model_that_cannot_run_on_such_images_is_refused():
    with pytest.raises(TraceError, match=r"Choosing cannot run on images of shape \(4, 9, 9\)"):
        network.open(prepared(Choosing), input_shape=(4, 9, 9))


def test_an_untraceable_model_cannot_be_folded():
    net = network.open(prepared(Choosing), input_shape=SHAPE)
    with pytest.raises(TraceError, match="traced networks only"):
        network.fold(net)

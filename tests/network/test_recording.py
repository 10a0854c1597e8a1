"""What is recorded is what each layer gave, and the model does not notice."""

import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from cnnvis import network
from cnnvis.errors import LayerError, NetworkError
from cnnvis.network.running import needed

from .nets import (
    SHAPE,
    AlexNetLike,
    Branching,
    Choosing,
    Double,
    Overwriting,
    PartOverwritten,
    ResNetLike,
    images,
    prepared,
    state,
    unchanged,
)

EVERY = [AlexNetLike, ResNetLike, Overwriting, Branching, PartOverwritten, Choosing]


def opened(kind):
    return network.open(prepared(kind), input_shape=SHAPE)


def replay(model, batch):
    """The first output of every leaf module, copied the moment it is there."""
    outputs = {}

    def keep(name):
        def hook(module, inputs, output):
            if name not in outputs:
                outputs[name] = output.clone()

        return hook

    for name, module in model.named_modules():
        if not any(module.children()):
            module.register_forward_hook(keep(name))
    with torch.no_grad():
        model.eval()(batch.clone())
    return outputs


@pytest.mark.parametrize("kind", EVERY)
def test_a_layer_is_recorded_as_it_was_before_anything_overwrote_it(kind):
    batch, net = images(), opened(kind)
    expected = replay(prepared(kind), batch)
    found = network.record(net, batch, expected)
    for name, output in expected.items():
        torch.testing.assert_close(found[name], output, rtol=1e-13, atol=1e-13, msg=name)


def test_a_convolution_before_an_in_place_relu_has_negative_values():
    maps = network.record(opened(AlexNetLike), images(), ["0", "1"])
    assert maps["0"].min() < -1
    assert maps["1"].min() == 0


@pytest.mark.parametrize("kind", [PartOverwritten, Choosing])
def test_hooks_see_what_is_there_before_it_is_overwritten(kind):
    net = opened(kind)
    assert net.untraceable
    assert network.record(net, images(), ["conv"])["conv"].min() < -0.1


def test_what_overwrites_its_input_where_no_rehearsal_saw_it_is_found_out():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), Double()).double()
    net = network.trace(model, input_shape=SHAPE)
    expected = model[0](images()).detach()
    sly = replace(net.node("mul_"), args=net.node("mul_").args[:1], module=nn.ReLU(inplace=True))
    sly_net = replace(net, nodes={**net.nodes, "mul_": sly})
    found = network.record(sly_net, images(), ["0", "mul_"])
    assert torch.equal(found["0"], expected)
    assert torch.equal(found["mul_"], expected.relu())


@pytest.mark.parametrize("kind", EVERY)
def test_a_batch_is_its_images_one_by_one(kind):
    net, batch = opened(kind), images(3)
    together = network.record(net, batch, net.layers)
    assert len(together) == len(net.layers)
    for i in range(len(batch)):
        alone = network.record(net, batch[i : i + 1], net.layers)
        for name, output in together.items():
            torch.testing.assert_close(output[i : i + 1], alone[name], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", EVERY)
def test_the_model_and_the_images_are_left_as_they_were(kind):
    model, batch = prepared(kind), images()
    before, pixels = state(model), batch.clone()
    net = network.open(model, input_shape=SHAPE)
    network.record(net, batch)
    with pytest.raises(LayerError):
        network.record(net, batch, ["no such layer"])
    assert unchanged(before, model)
    assert torch.equal(batch, pixels)
    assert not any(m._forward_hooks for m in net.model.modules())


@pytest.mark.parametrize("kind", [AlexNetLike, Choosing])
def test_the_model_is_left_as_it_was_after_an_error_inside_it(kind):
    model = prepared(kind)
    net = network.open(model, input_shape=SHAPE)
    before = state(model)
    convolution = next(m for m in net.model.modules() if isinstance(m, nn.Conv2d))
    convolution.weight = None  # of the copy: it now fails in the middle
    with pytest.raises((TypeError, AttributeError, RuntimeError)):
        network.record(net, images(), net.layers)
    assert unchanged(before, model)
    assert not any(m._forward_hooks for m in net.model.modules())


def test_the_pass_ends_behind_the_last_layer_and_leaves_out_other_branches():
    net, called = opened(Branching), []
    for name in net.layers:
        net.nodes[name].module.register_forward_hook(lambda *_, name=name: called.append(name))
    network.record(net, images(), ["gate.0"])
    assert called == ["conv", "left", "gate.0"]
    called.clear()
    network.record(net, images(), ["getitem"])
    assert called == ["conv"]


def test_hooks_end_the_pass_too():
    net, called = opened(Choosing), []
    net.nodes["dark"].module.register_forward_hook(lambda *_: called.append("dark"))
    network.record(net, images(), ["conv", "doubling"])
    assert called == []


def test_only_what_a_layer_depends_on_is_needed():
    net = opened(Branching)
    assert [node.name for node in needed(net.nodes, ["getitem_1"])] == [
        "image",
        "conv",
        "chunk",
        "getitem_1",
    ]


def test_values_are_let_go_after_their_last_use():
    net = network.trace(nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(5))), input_shape=SHAPE)
    alive, outputs = [], []

    def hook(module, inputs, output):
        alive.append(sum(ref() is not None for ref in outputs))
        outputs.append(weakref.ref(output))

    for name in net.layers:
        net.nodes[name].module.register_forward_hook(hook)
    network.record(net, images(), ["4"])
    assert max(alive) == 1  # the input of the layer that is being computed


def test_every_node_that_gives_a_tensor_is_recorded_in_order():
    net = opened(Branching)
    outputs = network.record(net, images())
    assert list(outputs) == [name for name in net.nodes if name in outputs]
    assert {"image", "conv", "getitem", "getitem_1", "cat", "gate.2", "fc"} <= set(outputs)
    assert "chunk" not in outputs


def test_the_scores_seen_through_hooks_are_what_the_model_returns_first():
    model = prepared(Choosing)
    net = network.open(model, input_shape=SHAPE)
    with torch.no_grad():
        expected = model.eval()(images())["logits"]
    assert torch.equal(network.record(net, images(), [net.scores])[net.scores], expected)


def test_a_layer_the_images_do_not_lead_through_is_named():
    net = opened(Choosing)
    bright = network.Node("bright", nn.Conv2d, module=net.model.bright)
    both = replace(net, nodes={**net.nodes, "bright": bright})
    with pytest.raises(LayerError, match=r"did not lead through \['bright'\]"):
        network.record(both, images(), ["bright"])


def test_images_come_as_arrays_of_any_float_type_and_layout():
    net = opened(AlexNetLike)
    expected = network.record(net, images(), ["0"])["0"]
    arrays = images().numpy()
    flipped = np.ascontiguousarray(arrays[..., ::-1])[..., ::-1]
    flipped.flags.writeable = False
    assert torch.equal(network.record(net, flipped, ["0"])["0"], expected)
    close = network.record(net, arrays.astype(np.float32), ["0"])["0"]
    assert close.dtype == torch.float64
    torch.testing.assert_close(close, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        (torch.zeros(3, 33, 33), r"\(3, 33, 33\) do not fit .* \(image, 3, 33, 33\)"),
        (torch.zeros(1, 3, 32, 33), "open the network with another input_shape"),
        (torch.zeros(1, 3, 33, 33, dtype=torch.uint8), "in floats, not torch.uint8"),
    ],
)
def test_images_that_do_not_fit_are_refused(batch, reason):
    with pytest.raises(NetworkError, match=reason):
        network.record(opened(AlexNetLike), batch)


def test_several_pieces_are_no_layer():
    with pytest.raises(LayerError, match="'chunk' gives a tuple"):
        network.record(opened(Branching), images(), ["chunk"])


def test_one_layer_may_be_given_by_its_name():
    assert list(network.record(opened(AlexNetLike), images(), "0")) == ["0"]


def test_images_go_where_the_network_is():
    net = network.trace(prepared(AlexNetLike).to("meta"), input_shape=SHAPE)
    found = network.record(net, images().numpy(), ["8"])["8"]
    assert (found.device.type, found.shape) == ("meta", (3, 5))


def test_recording_nothing_computes_nothing():
    assert network.record(opened(AlexNetLike), images(), []) == {}
    assert network.record(opened(Choosing), images(), []) == {}


def test_nothing_recorded_asks_for_gradients():
    outputs = network.record(opened(ResNetLike), images().requires_grad_())
    assert not any(output.requires_grad for output in outputs.values())

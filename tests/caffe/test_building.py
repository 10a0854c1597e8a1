"""Descriptions become networks whose layers keep their names; what cannot be built is refused."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnvis import backtrack, caffe, models, network
from cnnvis.errors import NetworkError

from . import nets, wire


def build(tmp_path, layers, shape=(3, 9, 9), **how):
    path = tmp_path / "deploy.prototxt"
    path.write_text(layers if isinstance(layers, str) else wire.text(layers, shape=shape, **how))
    return caffe.build(path)


def conv(**settings):
    """A first convolution without weights, with settings to be changed."""
    given = {"num_output": 4, "kernel_size": 3} | settings
    return wire.Layer("Convolution", "conv", ("data",), ("conv",), given)


def after_conv(kind, **settings):
    return [conv(), nets.single(kind, "last", "conv", **settings)]


def test_layers_keep_their_names_and_the_softmax_is_left_out(tmp_path):
    model = build(tmp_path, nets.alexnet(), nets.SHAPE)
    written = [layer.name for layer in nets.alexnet()]
    assert [name for name, _ in model.named_children()] == written[:-1]
    net = network.trace(model, input_shape=model.input_shape)
    assert net.input_shape == nets.SHAPE
    assert net.scores == "fc7"
    assert net.node("norm1").field is not None
    assert not any(module.training for module in model.modules())


def test_names_that_torch_cannot_have_are_changed(tmp_path):
    model = build(tmp_path, nets.branches())
    names = [name for name, _ in model.named_children()]
    assert names[:2] == ["stem_3x3", "stem_relu"]
    assert "both_output" in names


def test_what_is_done_in_place_in_caffe_spoils_nothing(tmp_path):
    net = network.trace(build(tmp_path, nets.alexnet(), nets.SHAPE), input_shape=nets.SHAPE)
    image = torch.randn((1, *nets.SHAPE), generator=torch.Generator().manual_seed(0))
    found = network.record(net, image, ["conv1", "relu1"])
    assert found["conv1"].min() < 0
    assert torch.equal(found["relu1"], found["conv1"].clamp(min=0))


def test_random_weights_come_from_the_seed(tmp_path):
    build(tmp_path, nets.alexnet(), nets.SHAPE)
    name = f"caffe:{tmp_path}/deploy.prototxt"
    first, again, other = (models.load(name, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.conv1.weight, again.conv1.weight)
    assert not torch.equal(first.conv1.weight, other.conv1.weight)
    assert torch.isfinite(first.fc6.weight).all()


def test_layers_of_training_are_left_out(tmp_path):
    layers = [
        wire.Layer("Data", "data", (), ("data", "label"), phase="TRAIN"),
        *nets.alexnet(),
        wire.Layer("SoftmaxWithLoss", "loss", ("fc7", "label"), ("loss",)),
        wire.Layer("Accuracy", "accuracy", ("fc7", "label"), ("accuracy",)),
    ]
    model = build(tmp_path, layers, nets.SHAPE)
    assert {"data", "loss", "accuracy", "prob"}.isdisjoint(dict(model.named_children()))
    assert network.trace(model, input_shape=nets.SHAPE).scores == "fc7"


def test_local_response_normalisation_by_its_definition(tmp_path):
    size, alpha, beta, k = 5, 0.7, 0.6, 1.5
    layers = after_conv("LRN", local_size=size, alpha=alpha, beta=beta, k=k)
    layers[0].settings["num_output"] = 7
    net = network.trace(build(tmp_path, layers), input_shape=(3, 9, 9))
    image = torch.randn((1, 3, 9, 9), generator=torch.Generator().manual_seed(0))
    found = network.record(net, image, ["conv", "last"])
    maps, result = found["conv"][0].double().numpy(), found["last"][0].numpy()
    for channel in range(7):
        near = maps[max(0, channel - size // 2) : channel + size // 2 + 1]
        scale = (k + alpha / size * (near**2).sum(0)) ** beta
        np.testing.assert_allclose(result[channel], maps[channel] / scale, rtol=1e-5)


def test_pools_that_round_down(tmp_path):
    last = {"pool": "MAX", "kernel_size": 2, "stride": 2}
    up = build(tmp_path, after_conv("Pooling", **last))
    down = build(tmp_path, after_conv("Pooling", **last, round_mode="FLOOR"))
    image = torch.zeros(1, 3, 9, 9)
    assert up(image).shape[2:] == (4, 4)
    assert down(image).shape[2:] == (3, 3)


def test_the_way_back_leads_through_every_layer(tmp_path):
    """Backtracking knows all that is imported: from the scores to the pixels, nothing lost."""
    for layers, shape in ((nets.alexnet(), nets.SHAPE), (nets.branches(), (3, 9, 11))):
        model = build(tmp_path, layers, shape)
        net = network.trace(model, input_shape=shape)
        assert {step.module for step in model.steps} <= set(backtrack.reachable(net, net.scores))
        image = torch.randn((2, *shape), generator=torch.Generator().manual_seed(0))
        record = network.record(net, image, backtrack.needed(net, net.scores))
        options = backtrack.Options(dead_end="follow")
        found = backtrack.from_scores(net, record, targets=[0, 1], options=options)
        np.testing.assert_allclose(found.arrived, 1, atol=1e-9)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([wire.Layer("Sigmoid", "odd", ("data",), ("odd",))], "'odd' .Sigmoid.: this kind"),
        ([conv(num_output=0)], "'conv' .Convolution.*num_output must be 1 or more"),
        ([conv(kernel_size=0)], "'conv'.*kernel_size must be"),
        ([conv(kernel_size=(3, 3, 3))], "'conv'.*kernel_size must be one or two"),
        ([conv(stride=0)], "'conv'.*stride must be"),
        ([conv(group=0)], "'conv'.*group must be 1 or more"),
        ([conv(group=2)], "'conv'.*not in 2 equal groups"),
        ([conv(axis=2)], "'conv'.*axis is 2"),
        ([conv(kernel_size=30)], r"'conv'.*does not fit what it reads, \(3, 9, 9\)"),
        ([conv(num_output=2**31, kernel_size=9)], "weights, more than a file of Caffe can hold"),
        (after_conv("LRN", norm_region="WITHIN_CHANNEL"), "'last' .LRN.*WITHIN_CHANNEL"),
        (after_conv("LRN", local_size=4), "'last'.*local_size is 4"),
        (after_conv("Pooling", pool="STOCHASTIC", kernel_size=2), "'last'.*STOCHASTIC"),
        (after_conv("Pooling", kernel_size=2, pad=2), "'last'.*pad is 2"),
        (after_conv("Pooling", pool="MAX"), "'last'.*kernel_size must be"),
        (after_conv("Pooling", global_pooling=True, pad=1), "'last'.*global_pooling"),
        (after_conv("Pooling", kernel_size=1, stride=4), "'last'.*an empty window on 7 places"),
        (after_conv("InnerProduct", num_output=0), "'last'.*num_output"),
        (after_conv("InnerProduct", num_output=3, axis=2), "'last'.*axis is 1"),
        (after_conv("InnerProduct", num_output=3, transpose=True), "'last'.*transpose"),
        (after_conv("InnerProduct", num_output=2**31), "more than a file of Caffe can hold"),
        (after_conv("Concat", axis=2), "'last'.*along axis 2"),
        (after_conv("Eltwise", operation="MAX"), "'last'.*only the sum"),
        (after_conv("Eltwise", coeff=0.5), "'last'.*only the sum"),
        ([nets.single("ReLU", "relu", "data"), conv()], "has 2 outputs .relu, conv."),
        ([nets.single("ReLU", "relu", "nothing")], "'relu'.*reads 'nothing'"),
        ([nets.single("ReLU", "relu", "data")], "'relu' reads the image, and only a Convolution"),
        ([nets.single("Softmax", "prob", "data")], "no layers that compute"),
        ([conv(), nets.single("ReLU", "conv", "conv")], "'conv' of a layer is empty, not alone"),
        ([conv(), nets.single("ReLU", "forward", "conv")], "'forward'.*one that torch needs"),
        ([conv(), nets.single("ReLU", "", "conv")], "'' of a layer is empty"),
        ([conv(), wire.Layer("ReLU", "r", ("conv", "data"), ("r",))], "'r'.*reads 2 values"),
        ([conv(), wire.Layer("ReLU", "r", ("conv",), ("r", "s"))], "'r'.*writes 2 values"),
        (
            [conv(), nets.convolution("b", "data", 3, 4, 1), nets.single("Softmax", "s", "b")],
            "has 2 outputs",
        ),
        (
            [conv(), nets.single("Softmax", "s", "conv"), nets.single("ReLU", "r", "s")],
            "'s' .Softmax.: this kind",
        ),
        (
            [
                *(conv(), nets.convolution("b", "data", 3, 4, 1)),
                wire.Layer("Eltwise", "sum", ("conv", "b"), ("sum",)),
            ],
            "'sum'.*different shapes",
        ),
    ],
)
def test_what_cannot_be_imported_is_named(tmp_path, layers, version, message):
    with pytest.raises(NetworkError, match=message):
        build(tmp_path, layers, version=version)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (wire.text([conv()], shape=(3, 9, 9), form=""), "0 inputs with 0 shapes.*deploy"),
        ('input: "label"\n' + wire.text([conv()], shape=(3, 9, 9)), "2 inputs with 1 shapes"),
        (wire.text([conv()], shape=(1, 9, 9)), "blue, green and red"),
        (wire.text([conv()], shape=(3, 0, 9)), "blue, green and red"),
        (wire.text([conv()], shape=(3, 9)), "blue, green and red"),
        (wire.text([conv()], shape=(3, 10**9, 10**9)), "blue, green and red"),
    ],
)
def test_an_input_that_is_no_photo_is_refused(tmp_path, text, message):
    with pytest.raises(NetworkError, match=message):
        build(tmp_path, text)


def test_flattening_takes_all_axes(tmp_path):
    assert isinstance(build(tmp_path, after_conv("Flatten")).last, nn.Flatten)
    with pytest.raises(NetworkError, match=r"'last'.*only flattening all axes"):
        build(tmp_path, after_conv("Flatten", axis=2))

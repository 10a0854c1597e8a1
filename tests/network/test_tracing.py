"""The graph of a network: names, arguments, shapes, rewriting, and models that get lost."""

import operator

import pytest
import torch
import torch.nn.functional as F
from torch import fx, nn

from cnnvis import network
from cnnvis.errors import LayerError, TraceError
from cnnvis.network import Ref
from cnnvis.network.running import run

from .nets import (
    SHAPE,
    AlexNetLike,
    Branching,
    Choosing,
    Overwriting,
    PartOverwritten,
    ResNetLike,
    images,
    prepared,
    state,
    truth,
    unchanged,
)

TRACEABLE = [AlexNetLike, ResNetLike, Overwriting, Branching]


def traced(kind, **options):
    return network.trace(prepared(kind), input_shape=SHAPE, **options)


@pytest.mark.parametrize("kind", TRACEABLE)
def test_a_traced_network_computes_what_the_model_computes(kind):
    model, batch = prepared(kind), images()
    net = network.trace(model, input_shape=SHAPE)
    found = network.record(net, batch, [net.scores])[net.scores]
    torch.testing.assert_close(found, truth(model, batch), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("kind", TRACEABLE)
def test_the_fx_graph_and_the_nodes_say_the_same(kind):
    net, batch = traced(kind), images()
    output = fx.GraphModule(net.model, net.graph)(batch)
    output = output[0] if isinstance(output, tuple) else output
    assert torch.equal(output, network.record(net, batch, [net.scores])[net.scores])


def test_modules_keep_their_names_and_a_second_call_is_numbered():
    net = traced(ResNetLike)
    assert net.layers[:3] == ("stem.0", "stem.1", "stem.2")
    assert {"blocks.0.relu", "blocks.0.relu:2", "blocks.1.relu:2"} < set(net.layers)
    assert net.nodes["blocks.0.relu"].module is net.nodes["blocks.0.relu:2"].module
    assert next(iter(net.nodes)) == net.image == "image"
    assert net.scores == "fc"


def test_a_function_gives_way_to_a_module_of_the_same_name():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(F.relu(x) - 1)

    net = network.trace(Both())
    assert net.node("relu").module is not None
    assert net.node("relu:2").op is F.relu


def test_arguments_refer_to_nodes_by_name_and_strings_stay_strings():
    class Grown(nn.Module):
        def forward(self, x):
            return F.interpolate(x + 1, scale_factor=2, mode="nearest")

    node = network.trace(Grown()).node("interpolate")
    assert node.inputs == ("add",)
    assert node.args == ("add",)
    assert isinstance(node.args[0], Ref)
    assert node.kwargs["mode"] == "nearest"
    assert not isinstance(node.kwargs["mode"], Ref)


def test_every_node_has_the_shape_of_its_output():
    net, batch = traced(Branching), images(2)
    outputs = network.record(net, batch)
    assert {"conv", "cat", "view", "view_1", "fc", "getitem_1"} < set(outputs)
    for name, output in outputs.items():
        if net.nodes[name].shape is not None:
            assert net.nodes[name].shape == tuple(output.shape[1:]), name
    assert net.node("chunk").shape is None
    assert net.node("size").shape is None


def test_channels_lead_back_to_the_convolution_of_the_image_that_makes_them():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 1)
    )
    net = network.trace(model, input_shape=SHAPE)
    found = {name: net.convolution_of_image(name) for name in net.nodes}
    assert found == {"image": "", "0": "0", "1": "0", "2": "0", "3": "0", "4": ""}
    deeper = {name: net.convolution_of(name) for name in net.nodes}
    assert deeper == {**found, "4": "4"}
    with pytest.raises(LayerError, match="no layer 'conv'"):
        net.convolution_of_image("conv")


def test_an_image_with_a_frame_is_the_image():
    class Framed(nn.Module):
        def __init__(self):
            super().__init__()
            self.edge, self.conv = nn.ZeroPad2d(1), nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return F.relu(self.conv(F.pad(self.edge(x), (1, 0, 1, 0))))

    net = network.trace(Framed(), input_shape=SHAPE)
    assert net.convolution_of_image("relu") == "conv"


def test_channels_that_mix_lead_back_to_nothing():
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.side, self.relu = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3), nn.ReLU()

        def forward(self, x):
            turned = self.relu(x.flip(1))
            first = F.relu(self.conv(x))
            return first, first + self.side(turned), torch.cat([first, first], 1)

    net = network.trace(Mixed(), input_shape=SHAPE)
    assert net.convolution_of_image("relu_1") == "conv"
    assert not any(net.convolution_of_image(name) for name in ("side", "add", "cat", "relu"))


def test_a_tensor_whose_first_axis_does_not_count_images_has_no_shape():
    class Planes(nn.Module):
        def forward(self, x):
            return x.reshape(-1, *SHAPE[1:]).relu().reshape(-1, *SHAPE)

    net = network.trace(Planes(), input_shape=SHAPE)
    assert [node.shape for node in net.nodes.values()] == [SHAPE, None, None, SHAPE]


def test_the_first_of_several_outputs_is_the_scores():
    assert traced(Branching).scores == "fc"


@pytest.mark.parametrize("kind", TRACEABLE)
def test_nothing_in_the_graph_writes_in_place(kind):
    net = traced(kind)
    assert not any(getattr(node.module, "inplace", False) for node in net.nodes.values())
    versions = {}

    def note(name):
        def tap(inputs, output):
            versions[name] = output._version
            return output

        return tap

    tensors = [name for name in network.record(net, images()) if net.nodes[name].op != torch.clone]
    with torch.no_grad():
        outputs = run(net, images(), tensors, {name: note(name) for name in tensors})
    assert versions == {name: outputs[name]._version for name in tensors}


def test_in_place_operations_are_replaced_by_their_twins():
    ops = {node.op for node in traced(Overwriting).nodes.values()}
    assert {operator.mul, operator.sub, "add", "sub", "mul", torch.relu, torch.sigmoid} <= ops
    assert not {operator.imul, operator.isub, "add_", "sub_", "mul_", torch.relu_} & ops


def test_an_in_place_operation_without_a_twin_writes_into_a_copy():
    net = traced(Overwriting)
    (addition,) = (node for node in net.nodes.values() if node.op is torch.add)
    assert net.node(addition.kwargs["out"]).op is torch.clone


def test_what_is_partly_overwritten_is_refused_with_its_name():
    with pytest.raises(TraceError, match=r"'relu_' .* overwrites a part of 'conv'"):
        traced(PartOverwritten)


@pytest.mark.parametrize("kind", [*TRACEABLE, PartOverwritten, Choosing])
def test_tracing_leaves_the_model_as_it_was(kind):
    model = prepared(kind)
    next(model.children()).eval()  # a mixture of flags
    before = state(model)
    network.open(model, input_shape=SHAPE)
    assert unchanged(before, model)


def test_the_weights_are_shared_and_not_copied():
    model = prepared(AlexNetLike)
    net = network.trace(model, input_shape=SHAPE)
    assert net.node("0").module.weight.data_ptr() == model[0].weight.data_ptr()
    assert not net.node("0").module.weight.requires_grad
    with torch.no_grad():
        model[0].weight.zero_()
    assert network.record(net, images(), ["0"])["0"].std(dim=(2, 3)).max() < 1e-12


def test_a_module_that_gets_lost_is_named():
    class Lost(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(TraceError, match=r"lost in module '1.0': .*network.open"):
        network.trace(nn.Sequential(nn.ReLU(), nn.Sequential(Lost())))


def test_images_that_do_not_fit_are_refused_at_the_node_that_cannot_take_them():
    with pytest.raises(TraceError, match=r"module '2' .* \(3, 3, 3\)"):
        network.trace(AlexNetLike(), input_shape=(3, 3, 3))


def test_a_network_that_ignores_the_image_is_refused():
    class Constant(nn.Module):
        def forward(self, x):
            return 1

    with pytest.raises(TraceError, match="nothing that depends on the image"):
        network.trace(Constant())


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (nn.Sequential(nn.LazyConv2d(4, 3)), "0 is a .*Conv2d whose weights have no shape"),
    ],
)
def test_models_without_weights_are_refused(model, reason):
    with pytest.raises(TraceError, match=reason):
        network.trace(model)


def test_optional_arguments_of_a_model_stay_at_their_defaults():
    class Optional(nn.Module):
        def forward(self, x, mask=None, scale=3.0):
            return x * scale if mask is None else x * mask

    net = network.trace(Optional(), input_shape=SHAPE)
    found = network.record(net, images(1), [net.scores])[net.scores]
    assert torch.equal(found, (images(1) * 3.0).to(found.dtype))


def test_parameters_without_a_module_are_constants():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.full((3, 1, 1), 2.0))

        def forward(self, x):
            return x * self.scale

    net = network.trace(Scaled(), input_shape=SHAPE)
    assert net.node("scale").op == "constant"
    found = network.record(net, images(1).float(), ["mul"])["mul"]
    assert torch.equal(found, images(1).float() * 2)


def test_a_module_derived_from_one_of_torch_is_one_operation_unless_it_computes_otherwise():
    class Named(nn.Conv2d):
        pass

    class Other(nn.Conv2d):
        def forward(self, x):
            return super().forward(x) * 2

    net = network.trace(nn.Sequential(Named(3, 4, 3), Other(4, 4, 3)), input_shape=SHAPE)
    assert net.node("0").op is nn.Conv2d
    assert "1" not in net.nodes
    assert "mul" in net.nodes


def test_wrappers_are_taken_off():
    model = prepared(AlexNetLike)
    assert network.trace(nn.DataParallel(model), input_shape=SHAPE).layers[0] == "0"
    assert network.trace(torch.compile(model, backend="eager"), input_shape=SHAPE).layers[0] == "0"


def test_parametrized_weights_are_followed():
    torch.manual_seed(0)
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3))).double()
    net = network.trace(model, input_shape=SHAPE)
    assert net.node("0").op is nn.Conv2d
    torch.testing.assert_close(network.record(net, images(), ["0"])["0"], truth(model, images()))


def test_modules_held_twice_and_methods_kept_as_attributes_are_followed():
    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1)
            self.again = self.conv
            self.steps = [self.conv, nn.ReLU(inplace=True)]
            self.call = self.twice

        def twice(self, x):
            return self.again(self.conv(x))

        def forward(self, x):
            return self.steps[0](self.call(x))

    model = prepared(Holder)
    net = network.trace(model, input_shape=SHAPE)
    assert net.layers == ("conv", "conv:2", "conv:3")
    found = network.record(net, images(), [net.scores])[net.scores]
    torch.testing.assert_close(found, truth(model, images()))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("blocks.0.conv3", "did you mean 'blocks.0.conv"),
        ("zzz", "begins with 'image', 'stem.0'"),
        ("blocks.0", r"a block of 6 layers; its first is 'blocks.0.conv1', its last is .*relu:2'"),
    ],
)
def test_an_unknown_layer_is_answered_with_what_there_is(name, hint):
    with pytest.raises(LayerError, match=hint):
        traced(ResNetLike).node(name)

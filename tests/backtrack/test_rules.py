"""Each rule against a slow definition: the jacobian of the layer, or addresses that it moves."""

import operator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from torch import nn

from backtrack import nets
from cnnvis import backtrack
from cnnvis.backtrack import Options, Points, Starts
from cnnvis.backtrack.convolution import contributions, sliding
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import RULES, find
from cnnvis.backtrack.windows import columns
from cnnvis.errors import BacktrackError, TraceError
from cnnvis.network.graph import Node, Ref
from cnnvis.network.rehearsal import BATCH

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


class Does(nn.Module):
    """A network that is a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def one_unit(net, unit, options=None):
    """Return the points at the image for one unit of the output, which ``record`` holds."""
    network, record = net
    starts = Starts.of(network.scores, image=[0], index=[unit])
    found = backtrack.from_units(network, record, starts, options)
    return found.points.get(network.image, Points.of(np.zeros((0, 3), np.int64)))


def share_of_input(layer, images, unit):
    """Return what each input adds to a unit, its derivative times its value; and which it reads."""
    jacobian = torch.autograd.functional.jacobian(lambda x: layer(x)[0][unit], images)
    return (jacobian * images)[0].numpy(), jacobian[0].numpy() != 0


def a_unit(draw, shape):
    return tuple(draw(st.integers(0, size - 1)) for size in shape)


@st.composite
def layers(draw, make):
    """Return (layer, its network and record for one image, a unit of it)."""
    shape = (draw(st.sampled_from([4, 1, 6])), draw(st.integers(5, 9)), draw(st.integers(5, 9)))
    layer = nets.fill(draw(make(shape)), seed=draw(nets.seeds), whole=False)
    generator = torch.Generator().manual_seed(draw(nets.seeds))
    images = nets.numbers((1, *shape), generator, whole=False)
    try:
        net = nets.opened(nn.Sequential(layer), images)
    except TraceError:  # the kernel does not fit
        reject()
    return layer, images, net, a_unit(draw, net[1][net[0].scores].shape[1:])


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


# Operations that move values: an image of addresses shows where each value came from.

MOVES = {
    "flatten": lambda x: torch.flatten(x, 1),
    "flatten rows and cols": lambda x: x.flatten(2),
    "flatten twice": lambda x: x.flatten(1).flatten(1),
    "view": lambda x: x.view(x.size(0), -1),
    "reshape": lambda x: torch.reshape(x, (x.shape[0], 2, 2, 5, 6)),
    "squeeze": lambda x: x.unsqueeze(2).squeeze(2),
    "unsqueeze": lambda x: torch.unsqueeze(x[:, 1], 1),
    "permute": lambda x: x.permute(0, 2, 3, 1),
    "permute, a list": lambda x: torch.permute(x, [0, 3, 1, 2]),
    "permute, by name": lambda x: torch.permute(x, dims=(0, -1, -2, 1)),
    "transpose": lambda x: x.transpose(1, 2),
    "transpose, from the end": lambda x: torch.transpose(x, -1, 1),
    "shuffle": lambda x: x.view(x.size(0), 2, 2, 5, 6).transpose(1, 2).reshape(x.size(0), 4, 5, 6),
    "cat": lambda x: torch.cat([x[:, 2:], x[:, :1]], 1),
    "cat, itself": lambda x: torch.cat((x, x), dim=1),
    "cat, cols": lambda x: torch.cat([x[:, :, :, 1:], x], -1),
    "cat, by name": lambda x: torch.concat(tensors=[x[:, :, ::2], x], dim=2),
    "chunk": lambda x: torch.chunk(x, 3, 1)[1],
    "chunk, rows": lambda x: x.chunk(2, dim=2)[1],
    "chunk, by name": lambda x: torch.chunk(input=x, chunks=2, dim=3)[0],
    "split": lambda x: torch.split(x, 3, dim=1)[1],
    "split, sizes": lambda x: x.split([1, 2, 1], 1)[2],
    "split, by name": lambda x: torch.split(x, split_size_or_sections=2, dim=2)[1],
    "slice": lambda x: x[:, 1:3, ::2, -2],
    "pad": lambda x: F.pad(x, (1, 2, 0, 3)),
    "pad and crop": lambda x: F.pad(x, (-1, 0, 2, -1), "constant", 0),
    "pad channels": lambda x: F.pad(x, (0, 0, 0, 0, 1, 2), mode="constant", value=0.0),
}
MODULES = {
    "Flatten": nn.Flatten(),
    "Unflatten": nn.Unflatten(1, (2, 2)),
    "ZeroPad2d": nn.ZeroPad2d((2, 0, 1, 3)),
    "ConstantPad2d": nn.ConstantPad2d(1, 0.0),
}


@pytest.mark.parametrize("layer", [*MOVES.values(), *MODULES.values()], ids=[*MOVES, *MODULES])
def test_values_are_followed_to_where_they_came_from(layer):
    shape = (4, 5, 6)
    address = 1 + torch.arange(240.0).reshape(2, *shape)
    model = layer if isinstance(layer, nn.Module) else Does(layer)
    net, record = nets.opened(nn.Sequential(model), address)
    starts = nets.every_unit(record, net.scores)
    found = backtrack.from_units(net, record, starts)
    moved = record[net.scores].numpy()[tuple(np.column_stack([starts.image, starts.index]).T)]
    arrived = found.points[net.image]
    place = np.column_stack([starts.image[arrived.start], arrived.index])
    came_from = np.zeros(len(starts))  # padding has no address
    came_from[arrived.start] = address.numpy()[tuple(place.T)]
    np.testing.assert_array_equal(came_from, moved)
    np.testing.assert_array_equal(found.lost_total == 1, moved == 0)


SAME_PLACE = [
    *(nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(), nn.PReLU(4), nn.ELU(), nn.GELU(), nn.SiLU()),
    *(nn.Mish(), nn.Hardswish(), nn.Hardsigmoid(), nn.Hardtanh(), nn.Sigmoid(), nn.Tanh()),
    *(nn.Identity(), nn.Dropout(), nn.Dropout2d(), nn.BatchNorm2d(4), nn.LocalResponseNorm(3)),
    *(nn.GroupNorm(2, 4), nn.LayerNorm([5, 6]), nn.ReLU(inplace=True)),
    *(
        Does(F.relu),
        Does(F.gelu),
        Does(F.hardswish),
        Does(torch.sigmoid),
        Does(F.local_response_norm),
    ),
]
FUNCTIONS = {
    "relu method": lambda x: x.relu(),
    "relu in place": lambda x: F.relu(x, inplace=True),
    "relu_": lambda x: x.clone().relu_(),
    "clamp": lambda x: torch.clamp(x, 0, 6).contiguous(),
    "dropout": lambda x: F.dropout(x, 0.5, training=False),
    "a number": lambda x: (2 * x - 1) / 3 + 1,
    "added number": lambda x: torch.add(1 + x, 3, alpha=2),
    "in place": lambda x: x.clone().add_(1).mul_(2),
    "local response": lambda x: F.local_response_norm(x, 3),
}


@pytest.mark.parametrize(
    "layer",
    [*(layer for layer in SAME_PLACE if not isinstance(layer, Does)), *FUNCTIONS.values()],
    ids=lambda layer: type(layer).__name__ if isinstance(layer, nn.Module) else None,
)
def test_what_changes_values_at_their_places_keeps_the_place(layer):
    model = layer if isinstance(layer, nn.Module) else Does(layer)
    net, record = nets.opened(nn.Sequential(model).eval(), torch.randn(2, 4, 5, 6))
    starts = nets.every_unit(record, net.scores)
    arrived = backtrack.from_units(net, record, starts).points[net.image]
    np.testing.assert_array_equal(arrived.start, np.arange(len(starts)))
    np.testing.assert_array_equal(arrived.index, starts.index)
    np.testing.assert_array_equal(arrived.weight, np.ones(len(starts)))


def test_stochastic_depth_keeps_the_place():
    """It is known by its name: torchvision is not imported for it."""
    from cnnvis import models

    models.import_torchvision()
    from torchvision.ops import StochasticDepth

    net = nets.opened(nn.Sequential(StochasticDepth(0.5, "row")).eval(), torch.randn(1, 2, 3, 4))
    assert one_unit(net, (1, 2, 3)).index.tolist() == [[1, 2, 3]]


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


# What rules refuse.

REFUSED = {
    "product": (lambda x: x * F.relu(x), "which of the factors, of shape .* is a gate"),
    "difference": (lambda x: x - F.relu(x), "only a number or a parameter on its right"),
    "reciprocal": (lambda x: 1 / x, "only a number or a parameter on its right"),
    "mean of channels": (lambda x: x.mean(1), "only a mean over rows and columns is known"),
    "mean of rows": (lambda x: x.mean(dim=2), "only a mean over rows and columns is known"),
    "reflection": (lambda x: F.pad(x, (1, 1, 1, 1), "reflect"), "pads with mode 'reflect'"),
    "some": (lambda x: x[:, [0, 1]], "only slices and whole numbers"),
    "some images": (lambda x: torch.cat([x, x])[: x.size(0)], "only slices and whole numbers"),
    "chunk of images": (lambda x: x.chunk(1)[0], "works along the axis of the images"),
    "cat of chunks": (lambda x: torch.cat(torch.chunk(x, 2, 1), 2), "no list of tensors"),
    "maximum": (torch.maximum, "no backtracking rule for torch.maximum at node 'maximum'"),
}


@pytest.mark.parametrize(("function", "message"), REFUSED.values(), ids=REFUSED)
def test_what_a_rule_cannot_do_is_said(function, message):
    forward = (lambda x: torch.maximum(x, F.relu(x))) if function is torch.maximum else function
    net, record = nets.opened(Does(forward), torch.rand(2, 2, 3, 3))
    starts = nets.every_unit(record, net.scores)
    with pytest.raises(BacktrackError, match=message) as error:
        backtrack.from_units(net, record, starts)
    assert "docs/how-to/add-a-backtracking-rule.md" in str(error.value)


@pytest.mark.parametrize(
    ("op", "args"), [("permute", (1, 0, 2, 3)), ("transpose", (0, -1)), (torch.permute, ([3, 0],))]
)
def test_the_axis_of_the_images_stays(op, args):
    node = Node("moved", op, inputs=("image",), args=(Ref("image"), *args))
    with pytest.raises(BacktrackError, match=r"pass node 'moved' .* moves the axis of the images"):
        find(node).follow(node, None, Points.of([[0, 1, 2]]), Options())


def test_mixed_images_cannot_be_told_apart():
    net, record = nets.opened(Does(lambda x: x.view(-1, 3).view(2, -1)), torch.rand(2, 2, 3, 3))
    starts = Starts.of(net.scores, image=[0], index=[[0]])
    with pytest.raises(BacktrackError, match=r"'view'.* is no tensor with one row for each image"):
        backtrack.from_units(net, record, starts)


def test_values_are_read_where_they_are():
    net, record = nets.opened(Does(lambda x: x.flatten(1)), torch.rand(2, 2, 3, 3))
    seen = Record(net, record, np.array([1]))
    assert seen.values("flatten", Points.of([[5]])).tolist() == [record["flatten"][1, 5]]
    with pytest.raises(BacktrackError, match=r"'flatten' has the shape \(18,\), .* 3 dimensions"):
        seen.values("flatten", Points.of([[1, 1, 1]]))


def test_a_convolution_that_mirrors_its_border_is_refused():
    layer = nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect")
    net = nets.opened(nn.Sequential(layer), torch.rand(1, 1, 5, 5))
    with pytest.raises(BacktrackError, match=r"node '0'.*pads with 'reflect'"):
        one_unit(net, (0, 0, 0))


def test_a_subclass_of_a_layer_has_no_rule():
    class Odd(nn.Conv2d):
        def forward(self, x):
            return -super().forward(x)

    net, _ = nets.opened(nn.Sequential(nn.Conv2d(1, 1, 1)), torch.rand(1, 1, 2, 2))
    node = net.nodes["0"]
    assert find(node).follow is RULES[nn.Conv2d].follow
    with pytest.raises(BacktrackError, match=r"no backtracking rule for .*Odd at node '0'"):
        find(replace(node, op=Odd))

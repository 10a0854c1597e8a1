"""Operations that move values, or keep their places: an image of addresses shows from where."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backtrack import nets
from backtrack.layers import Does, one_unit
from cnnvis import backtrack
from cnnvis.backtrack import Options, Points
from cnnvis.backtrack.rules import find
from cnnvis.errors import BacktrackError
from cnnvis.network.graph import Node, Ref

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
    "swapaxes": lambda x: x.swapaxes(3, 1),
    "swapaxes, by name": lambda x: torch.swapaxes(x, axis0=1, axis1=2),
    "transpose, half by name": lambda x: x.transpose(2, dim1=-1),
    "unbind": lambda x: x.unbind(2)[3],
    "unbind, from the end": lambda x: torch.unbind(x, dim=-3)[1],
    "stack": lambda x: torch.stack([x[:, 1], x[:, 0], x[:, 1]], 2),
    "stack, by name": lambda x: torch.stack(tensors=(x, x), dim=-1),
    "roll": lambda x: torch.roll(x, shifts=(2, -1), dims=(2, 3)),
    "roll method": lambda x: x.roll(-3, 1),
    "flip": lambda x: x.flip([1, 3]),
    "movedim": lambda x: torch.movedim(x, 1, 3),
    "repeat": lambda x: x.repeat(1, 2, 1, 3),
    "expand": lambda x: x[:, :1].expand(-1, 3, -1, -1),
    "narrow": lambda x: x.narrow(2, 1, 3),
    "select": lambda x: x.select(1, 2),
    "shuffled channels": lambda x: torch.channel_shuffle(x, 2),
    "nearest": lambda x: F.interpolate(x, scale_factor=1.7),
    "nearest, of a size": lambda x: F.interpolate(x, (3, 13), mode="nearest-exact"),
    "reflection": lambda x: F.pad(x, (1, 2, 3, 0), "reflect"),
    "windows": lambda x: F.unfold(x, (2, 3), padding=1),
    "new axes": lambda x: x[:, None, 1:, 2, None],
    "pad channels": lambda x: F.pad(x, (0, 0, 0, 0, 1, 2), mode="constant", value=0.0),
    "gated": lambda x: F.glu(torch.cat([x, x + 1000], 1), 1),  # the gate is wide open
    "crop": lambda x: F.pad(x, (-1, 0, 0, -2)),
}
MODULES = {
    "Flatten": nn.Flatten(),
    "Unflatten": nn.Unflatten(1, (2, 2)),
    "PixelShuffle": nn.PixelShuffle(2),
    "PixelUnshuffle": nn.Sequential(nn.CircularPad2d((0, 0, 0, 1)), nn.PixelUnshuffle(2)),
    "ReplicationPad2d": nn.ReplicationPad2d((1, 2, 0, 3)),
    "ReflectionPad2d": nn.ReflectionPad2d(2),
    "Upsample": nn.Upsample(scale_factor=2),
    "Unfold": nn.Unfold(2, stride=2),
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
    *(nn.BatchNorm2d(4, affine=False), nn.InstanceNorm2d(4), nn.Softmax(1), nn.AlphaDropout()),
    *(nn.Threshold(0, 1), nn.RMSNorm([6]), nn.FeatureAlphaDropout()),
]
FUNCTIONS = {
    "gelu": F.gelu,
    "hardswish": F.hardswish,
    "sigmoid": torch.sigmoid,
    "normalize": F.normalize,
    "log_softmax": lambda x: F.log_softmax(x, 1),
    "dropout2d": lambda x: F.dropout2d(x, training=False),
    "divided": lambda x: torch.div(x.sub(1), 2),
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
    [*SAME_PLACE, *FUNCTIONS.values()],
    ids=[*(type(layer).__name__ for layer in SAME_PLACE), *FUNCTIONS],
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


@pytest.mark.parametrize(
    ("op", "args"), [("permute", (1, 0, 2, 3)), ("transpose", (0, -1)), (torch.permute, ([3, 0],))]
)
def test_the_axis_of_the_images_stays(op, args):
    node = Node("moved", op, inputs=("image",), args=(Ref("image"), *args))
    with pytest.raises(BacktrackError, match=r"pass node 'moved' .* moves the axis of the images"):
        find(node).follow(node, None, Points.of([[0, 1, 2]]), Options())


def test_nearest_neighbours_are_those_of_the_size_or_of_the_factor():
    """Of three values at 1.7 times the size, place 4 repeats floor(4 / 1.7), not floor(4 * 3/5)."""
    image = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    for function, expected in (
        (lambda x: F.interpolate(x, scale_factor=(1, 1.7)), [0, 0, 1, 1, 2]),
        (lambda x: F.interpolate(x, size=(1, 4)), [0, 0, 1, 2]),
        (lambda x: F.interpolate(x, size=(1, 4), mode="nearest-exact"), [0, 1, 1, 2]),
    ):
        net, record = nets.opened(Does(function), image)
        found = backtrack.from_units(net, record, nets.every_unit(record, net.scores))
        assert found.points["image"].index[:, 2].tolist() == expected


def test_channels_in_an_order_of_the_network():
    class Picked(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("order", torch.tensor([2, 0]))

        def forward(self, x):
            return torch.index_select(x, 1, self.order)

    net = nets.opened(Picked(), torch.rand(1, 3, 2, 2))
    assert one_unit(net, (0, 1, 0)).index.tolist() == [[2, 1, 0]]
    assert one_unit(net, (1, 0, 1)).index.tolist() == [[0, 0, 1]]

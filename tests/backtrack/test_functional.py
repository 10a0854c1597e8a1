"""Layers in the form of functions: the points of the layers themselves."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backtrack import nets
from backtrack.layers import Does
from cnnvis import backtrack
from cnnvis.backtrack import Options
from cnnvis.errors import BacktrackError


class Applied(nn.Module):
    """A function with the weights of a layer."""

    def __init__(self, layer, function):
        super().__init__()
        self.weight, self.bias, self.function = layer.weight, layer.bias, function

    def forward(self, x):
        return self.function(x, self.weight, self.bias)


FORMS = {
    "linear": (nn.Linear(6, 4), F.linear),
    "linear without bias": (nn.Linear(6, 4, bias=False), F.linear),
    "conv1d": (
        nn.Conv1d(4, 6, 2, 2, 1, groups=2),
        lambda x, w, b: F.conv1d(x[:, :, 0], w, b, 2, 1, groups=2),
    ),
    "conv2d": (
        nn.Conv2d(4, 6, 3, (2, 1), dilation=(1, 2), groups=2),
        lambda x, w, b: F.conv2d(x, w, b, (2, 1), dilation=(1, 2), groups=2),
    ),
    "conv2d by name": (
        nn.Conv2d(4, 2, (3, 1), padding="same"),
        lambda x, w, b: F.conv2d(input=x, weight=w, bias=b, padding="same"),
    ),
    "conv3d": (nn.Conv3d(4, 2, (1, 2, 3)), lambda x, w, b: F.conv3d(x[:, :, None], w, b)),
    "conv_transpose2d": (
        nn.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=1, groups=2, dilation=2),
        lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1, 1, 2, dilation=2),
    ),
}


def layered(name, layer):
    """Return a network of the layer itself for what the function of that name is given."""
    if name == "conv1d":
        return nn.Sequential(Does(lambda x: x[:, :, 0]), layer)
    if name == "conv3d":
        return nn.Sequential(Does(lambda x: x[:, :, None]), layer)
    return nn.Sequential(layer)


@pytest.mark.parametrize("winner", ["channel_sum", "soft"])
@pytest.mark.parametrize(("layer", "function"), FORMS.values(), ids=FORMS)
def test_a_function_is_followed_as_its_layer(layer, function, winner, request):
    name = request.node.callspec.id.split("-")[0]
    layer = nets.fill(layer, seed=3, whole=False)
    images = nets.numbers((2, 4, 5, 6), torch.Generator().manual_seed(1), whole=False)
    walks = []
    for model in (layered(name, layer), nn.Sequential(Applied(layer, function))):
        net, record = nets.opened(model.eval(), images)
        assert backtrack.RULES[net.nodes[net.scores].op]
        starts = nets.every_unit(record, net.scores)
        walks.append(backtrack.from_units(net, record, starts, Options(winner=winner)))
    one, other = (walk.points["image"] for walk in walks)
    assert len(one) > 20
    assert one.index.tolist() == other.index.tolist()
    assert one.weight.tolist() == other.weight.tolist()
    assert walks[0].lost_total.tolist() == walks[1].lost_total.tolist()


def test_computed_weights_are_refused():
    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.rand(2, 2, 1, 1))

        def forward(self, x):
            return F.conv2d(x, self.weight - self.weight.mean())

    net, record = nets.opened(Wrapped(), torch.rand(1, 2, 3, 3))
    with pytest.raises(BacktrackError, match=r"'conv2d'.*its weights are computed, by 'sub' \(sub"):
        backtrack.from_units(net, record, nets.every_unit(record, net.scores))

"""The head of a network: its last layer with weights, and the average beside it."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backtrack import nets
from backtrack.layers import Does
from backtrack.test_functional import Applied
from cnnvis import backtrack, network
from cnnvis.backtrack.heads import head_of
from cnnvis.backtrack.options import Options
from cnnvis.errors import BacktrackError

SIZE = (5, 6)
FLAT, LINEAR, ONE = nn.Flatten(), nn.Linear(4, 3), nn.Conv2d(4, 3, 1)


def head(*layers, size=SIZE):
    """Return the head of a network that is a convolution and these layers."""
    model = nn.Sequential(nn.Conv2d(2, 4, 1), *layers)
    return head_of(network.trace(model, input_shape=(2, *size)), "a test reads")


POOLS = {
    "adaptive": nn.AdaptiveAvgPool2d(1),
    "adaptive, a function": Does(lambda x: F.adaptive_avg_pool2d(x, (1, 1))),
    "as large as the map": nn.AvgPool2d(SIZE),
    "larger than the map": nn.AvgPool2d(7, padding=(1, 1)),
    "a function": Does(lambda x: F.avg_pool2d(x, SIZE)),
    "mean": nets.Mean(),
    "mean, axes kept": Does(lambda x: torch.mean(x, (-1, -2), keepdim=True)),
    "sum": Does(lambda x: x.sum((3, 2))),
}
FLATS = {
    "a layer": nn.Flatten(),
    "a view": Does(lambda x: x.view(x.size(0), -1)),
    "axes taken away": Does(lambda x: x.squeeze(3).squeeze(2)),
}
OTHER_POOLS = {
    "to several places": nn.AdaptiveAvgPool2d((1, 2)),
    "of a part of the map": nn.AvgPool2d(5),
    "a maximum": nn.AdaptiveMaxPool2d(1),
    "along rows": Does(lambda x: x.mean(2)),
    "of the channels": Does(lambda x: x.mean(1)),
    "an activation behind it": nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.ReLU()),
    "a norm behind it": nn.Sequential(nets.Mean(), nn.LayerNorm(4)),
}


def out_of(pool):
    with torch.no_grad():
        return pool(torch.zeros(1, 4, *SIZE)).numel()


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_an_average_of_all_places_in_front_of_the_layer(pool):
    found = head(nn.ReLU(), pool, nn.Dropout(), FLAT, nn.Identity(), LINEAR, nn.Softmax(1))
    assert (found.layer.name, found.maps) == ("6", "1")
    assert [node.name for node in found.behind] == ["7"]


@pytest.mark.parametrize("flat", FLATS.values(), ids=FLATS)
def test_whatever_makes_a_vector_of_maps_of_one_place(flat):
    assert head(nn.ReLU(), nn.AdaptiveAvgPool2d(1), flat, LINEAR).maps == "1"
    assert head(nn.ReLU(), ONE, nn.AdaptiveAvgPool2d(1), flat).maps == "1"


@pytest.mark.parametrize("pool", OTHER_POOLS.values(), ids=OTHER_POOLS)
def test_other_averages_in_front_of_the_layer(pool):
    found = head(pool, FLAT, nn.Linear(out_of(pool), 3))
    assert found.layer.name == "3"
    assert found.maps is None


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_an_average_of_all_places_behind_a_convolution(pool):
    found = head(nn.Dropout(), ONE, nn.ReLU(), pool, FLAT)
    assert (found.layer.name, found.maps) == ("2", "1")
    assert found.behind[-1].name == "3"


def test_a_convolution_behind_an_average_is_as_good_as_a_linear_layer():
    assert head(nn.ReLU(), nn.AdaptiveAvgPool2d(1), ONE, FLAT).maps == "1"


NO_MAPS = {
    "no average": [FLAT, nn.Linear(120, 3)],
    "a window": [nn.Conv2d(4, 3, 3), nets.Mean()],
    "a stride": [nn.Conv2d(4, 3, 1, stride=2), nets.Mean()],
    "groups": [nn.Conv2d(4, 2, 1, groups=2), nets.Mean()],
    "a frame": [nn.Conv2d(4, 3, 1, padding=1), nets.Mean()],
    "a pool between": [ONE, nn.MaxPool2d(2), nets.Mean()],
    "two averages": [ONE, nn.AdaptiveAvgPool2d(1), nets.Mean()],
    "a part of the map behind it": [ONE, nn.AvgPool2d(5), FLAT],
    "two layers": [nets.Mean(), LINEAR, nn.ReLU(), nn.Linear(3, 3)],
    "a layer at each place": [Does(lambda x: x.flatten(2).mT), LINEAR, Does(lambda x: x.mean(1))],
}


@pytest.mark.parametrize("layers", NO_MAPS.values(), ids=NO_MAPS)
def test_heads_without_maps(layers):
    assert head(*layers).maps is None


def test_a_layer_that_reads_a_part_of_the_channels_has_no_maps():
    assert head(nets.Mean(), nn.Unflatten(1, (2, 2)), nn.Linear(2, 2)).maps is None


def test_an_average_of_the_channels_at_a_place_is_none_of_the_places():
    of_places, of_channels = nn.AdaptiveAvgPool2d(1), Does(lambda x: x.mean(1))
    assert head(of_places, FLAT, LINEAR, size=(2, 2)).maps == "0"
    assert head(of_channels, FLAT, LINEAR, size=(2, 2)).maps is None


def test_a_layer_that_weighs_places_is_no_average():
    weighs = nn.Linear(6, 1)
    weighs.weight.data = torch.arange(1.0, 7).reshape(1, 6)
    assert head(nn.Flatten(2), weighs, FLAT, LINEAR, size=(2, 3)).maps is None


def test_maps_of_one_place_are_no_maps():
    assert head(nn.ReLU(), nn.AdaptiveAvgPool2d(1), FLAT, LINEAR, size=(1, 1)).maps is None


@pytest.mark.parametrize(
    ("before", "layer", "function", "behind"),
    [
        ([nets.Mean()], LINEAR, F.linear, []),
        ([], ONE, F.conv2d, [nets.Mean()]),
    ],
    ids=["linear", "conv2d"],
)
def test_a_function_with_weights_is_a_layer(before, layer, function, behind):
    found = head(*before, Applied(layer, function), *behind)
    assert found.maps == "0"
    assert torch.equal(found.weight, layer.weight)


def test_the_networks_of_the_families():
    found = {
        name: head_of(nets.family(name, images=1)[0], "a test reads") for name in nets.FAMILIES
    }
    assert {name: (one.layer.kind, one.maps) for name, one in found.items()} == {
        "vgg": ("Linear", None),
        "resnet": ("Linear", "6"),
        "squeezenet": ("Conv2d", "5"),
        "mobilenet": ("Linear", "add"),
    }


class Scaled(nn.Module):
    """A factor for each class."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.rand(3))

    def forward(self, x):
        return x * self.factor


NO_HEAD = {
    "branches": ([nets.Cat(ONE, ONE), nets.Mean()], r"node 'cat' \(cat\) reads 2 others"),
    "a factor": ([nets.Mean(), LINEAR, Scaled()], r"node 'mul' \(mul\) reads 2 others"),
    "another layer": ([FLAT, nn.Linear(120, 3), Does(lambda x: x[:, None]), nn.Conv1d(1, 1, 1)],
                      r"node '4' \(Conv1d\) has weights"),
}  # fmt: skip


@pytest.mark.parametrize(("layers", "words"), NO_HEAD.values(), ids=NO_HEAD)
def test_without_a_single_layer_it_says_what_is_there(layers, words):
    with pytest.raises(BacktrackError, match=f"a test reads the weights of a single.*{words}"):
        head(*layers)


NO_CLASSES = {
    "units that are no classes": (
        [FLAT, nn.Linear(120, 6), nn.Unflatten(1, (2, 3))],
        r"node '2' \(Linear\) as classes, but its 6 units are not the scores, of shape \(2, 3\)",
    ),
    "another order": (
        [nets.Mean(), LINEAR, Does(lambda x: torch.flip(x, [1]))],
        r"node '2' \(Linear\) as classes, but node 'flip' \(flip\) behind it may mix them up",
    ),
    "groups": (
        [nn.Conv2d(4, 2, 1, groups=2), nets.Mean()],
        r"node '1' \(Conv2d\) as classes, but its filters read different channels, in groups",
    ),
    "no single layer": ([nets.Cat(ONE, ONE), nets.Mean()], "single layer.*reads 2 others"),
    "no layer at all": ([], None),
}


@pytest.mark.parametrize(("layers", "words"), NO_CLASSES.values(), ids=NO_CLASSES)
def test_rivals_need_a_unit_for_each_class(layers, words):
    model = nn.Sequential(nn.Conv2d(2, 4, 1), *layers).double()
    net, record = nets.opened(model, torch.rand(1, 2, *SIZE).double())
    starts = backtrack.Starts.of(net.scores, image=[0], index=[[0] * (record[net.scores].ndim - 1)])
    if words is None:  # the convolution makes scores at each place
        backtrack.from_units(net, record, starts, Options(rivals=1))
        return
    with pytest.raises(BacktrackError, match=rf"rivals \(with rivals: 0 there.*compares.*{words}"):
        backtrack.from_units(net, record, starts, Options(rivals=1))
    spread = backtrack.from_units(net, record, starts, Options())
    by_map = backtrack.from_units(net, record, starts, Options(average_pool="map"))
    assert by_map.points.keys() == spread.points.keys()

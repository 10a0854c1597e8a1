"""One walk from everything at once is as many walks, one after the other."""

from functools import partial

import numpy as np
import pytest
import torch
from backtrack import nets

from cnnvis import backtrack, network, predictions, walks
from cnnvis.backtrack import Options, Starts
from cnnvis.errors import BacktrackError

OPTIONS = Options(k=3, dead_end="follow", position="fine", average_pool="map", rivals=2)
SIZE = (13, 17)
LAYERS = {"vgg": ["1", "4"], "resnet": ["0", "2", "4"], "squeezenet": ["1", "3.2.one.1"]}
TINY = 1e-12


def traced(name):
    """A network of one of the families as it is before batch norms are folded."""
    model = nets.fill(nets.FAMILIES[name](), seed=3, whole=False)
    net = network.trace(model, input_shape=(3, *SIZE))
    pixels = torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(4)).double()
    return net, pixels


def layers_of(net):
    """The nodes with maps that begin with a convolution or a ReLU, some of each."""
    kinds = ("Conv2d", "ReLU")
    found = [
        name for name, node in net.nodes.items() if node.kind in kinds and len(node.shape) == 3
    ]
    return found[:4]


def highest(maps, count):
    """The slow twin of the starts: units of a channel, sorted one by one, those above 0."""
    units = [(-value, row, col) for (row, col), value in np.ndenumerate(maps) if value > 0]
    return [(row, col, -value) for value, row, col in sorted(units)[:count]]


def alone(way, pixels, image, index, options):
    """The backtrack of one unit of one image, with a record of its own."""
    record = network.record(way.net, pixels[[image]], backtrack.needed(way.net, way.node))
    starts = Starts.of(way.node, image=[0], index=[index])
    return backtrack.from_units(way.net, record, starts, options)


def points_of(points, start):
    """The points of one start as a dictionary: several at one place are added."""
    found = {}
    for index, weight, of in zip(points.index, points.weight, points.start, strict=True):
        if of == start:
            found[tuple(index)] = found.get(tuple(index), 0) + weight
    return found


def assert_same(found, nodes, start, single):
    """What the batch has of a start is what a walk of its own found."""
    assert found.arrived[start] == pytest.approx(single.arrived[0], abs=TINY)
    for node in nodes:
        mine = points_of(found.points[node], start) if node in found.points else {}
        own = points_of(single.points[node], 0) if node in single.points else {}
        assert mine == pytest.approx(own, abs=TINY), node
        lost = single.lost[node][0] if node in single.lost else 0
        assert found.lost[node][start] == pytest.approx(lost, abs=TINY), node


@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("family", ["vgg", "resnet", "squeezenet"])
def test_it_equals_one_walk_after_the_other(family, units):
    net, pixels = traced(family)
    layers = layers_of(net)
    ways = walks.routes(net, layers, classes=2, units=units, options=OPTIONS)
    assert [way.refused for way in ways] == [""] * len(ways)
    nodes = walks.shown(ways, layers)
    targets = partial(predictions.targets, "top2", classes=None)
    found = walks.walk(ways, nodes, pixels, targets=targets, options=OPTIONS)
    plain = network.record(net, pixels, [*layers, net.scores])
    ranks = sum(way.count for way in ways)
    assert found.target.shape == (2, ranks)
    walked = 0
    for image in range(2):
        best = (-plain[net.scores][image].numpy()).argsort()[:2]
        wanted = [(ways[0], [int(one)], None) for one in best]
        for way in ways[1:]:
            maps = plain[way.node][image].numpy()
            for channel in range(len(maps)):
                units_of = highest(maps[channel], units)
                wanted += [(way, [channel, row, col], value) for row, col, value in units_of]
                wanted += [(way, [channel], None)] * (units - len(units_of))
        assert len(wanted) == ranks
        for rank, (way, index, value) in enumerate(wanted):
            start = image * ranks + rank
            assert found.target[image, rank] == index[0]
            if way.is_scores or value is not None:
                options = OPTIONS if way.is_scores else way.choices(OPTIONS)
                assert_same(found, nodes, start, alone(way, pixels, image, index, options))
                walked += 1
            if value is not None:
                assert found.score[image, rank] == pytest.approx(value, abs=1e-9)
                assert found.place[image, rank].tolist() == index[1:]
            else:
                assert found.place[image, rank].tolist() == [-1, -1]
    assert walked > 30


def test_a_channel_that_is_on_in_one_place_or_nowhere_has_no_more_starts():
    net, pixels = traced("vgg")
    first = net.nodes["0"].module
    first.weight.data[:2], first.bias.data[:2] = 0, -1
    first.weight.data[1, 0, 1, 1] = 1  # on where the red value is above 1
    pixels[:, 0] = 0
    pixels[1, 0, 5, 6] = 3
    ways = walks.routes(net, ["1"], classes=1, units=2, options=OPTIONS)
    targets = partial(predictions.targets, "top1", classes=None)
    nodes = walks.shown(ways, ["1"])
    found = walks.walk(ways, nodes, pixels, targets=targets, options=OPTIONS)
    assert found.place[:, 1:5].tolist() == [[[-1, -1]] * 4, [[-1, -1]] * 2 + [[5, 6], [-1, -1]]]
    assert found.score[1, 1:5].tolist() == [0, 0, 2, 0]
    ranks = sum(way.count for way in ways)
    starts = [ranks + rank for rank in (1, 2, 3, 4)]
    assert found.arrived[starts].tolist() == [0, 0, 1, 0]
    assert points_of(found.points[net.image], ranks + 3) == {(0, 5, 6): 1}


def test_images_of_a_batch_do_not_touch_each_other():
    net, pixels = traced("vgg")
    layers = layers_of(net)
    ways = walks.routes(net, layers, classes=1, units=1, options=OPTIONS)
    nodes = walks.shown(ways, layers)
    targets = partial(predictions.targets, "top1", classes=None)
    walk = partial(walks.walk, ways, nodes, targets=targets, options=OPTIONS)
    both, second = walk(pixels), walk(pixels[1:])
    ranks = sum(way.count for way in ways)
    for node in nodes:
        for rank in range(ranks):
            mine = points_of(both.points[node], ranks + rank) if node in both.points else {}
            own = points_of(second.points[node], rank) if node in second.points else {}
            assert mine == pytest.approx(own, abs=TINY)
    assert both.target[1].tolist() == second.target[0].tolist()


def test_weight_is_neither_made_nor_forgotten():
    net, pixels = traced("resnet")
    layers = layers_of(net)
    options = Options(k=3)  # paths end where nothing is on
    ways = walks.routes(net, layers, classes=1, units=1, options=options)
    every = {name: node.shape for name, node in net.nodes.items() if node.shape is not None}
    targets = partial(predictions.targets, "top1", classes=None)
    found = walks.walk(ways, every, pixels, targets=targets, options=options)
    total = found.arrived + sum(found.lost.values())
    began = (found.place[..., 0] >= 0).ravel()
    began[[0, sum(way.count for way in ways)]] = True  # the classes
    assert total == pytest.approx(began.astype(float), abs=1e-9)


def test_a_route_that_is_refused_has_starts_and_no_points():
    model = torch.nn.Sequential(
        *(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), Sorted(), torch.nn.Flatten()),
        torch.nn.Linear(4 * 11 * 15, 3),
    )
    model = nets.fill(model, seed=0, whole=False)
    net = network.trace(model, input_shape=(3, *SIZE))
    ways = walks.routes(net, ["1"], classes=1, units=1, options=Options(k=2))
    assert "sort" in ways[0].refused
    assert ways[1].refused == "", "the channels in front of it can be walked"
    nodes = walks.shown(ways, ["1"])
    pixels = torch.randn(2, 3, *SIZE).double()
    targets = partial(predictions.targets, "top1", classes=None)
    found = walks.walk(ways, nodes, pixels, targets=targets, options=Options(k=2))
    of_classes = [0, 5]
    assert found.arrived[of_classes].tolist() == [0, 0]
    assert not {*of_classes} & {*found.points[net.image].start.tolist()}
    assert len(found.points[net.image])


class Sorted(torch.nn.Module):
    """What no rule of backtracking knows."""

    def forward(self, x):
        return torch.sort(x, dim=1).values


def test_maps_that_are_no_numbers_are_refused():
    net, pixels = traced("vgg")
    ways = walks.routes(net, ["1"], classes=1, units=1, options=OPTIONS)
    pixels[0, 0, 0, 0] = float("nan")
    targets = partial(predictions.targets, "top1", classes=None)
    with pytest.raises(BacktrackError, match=r"finite|NaN"):
        walks.walk(ways, walks.shown(ways, ["1"]), pixels, targets=targets, options=OPTIONS)

"""The map of a class: places first, by what they contribute in all, and channels there."""

from math import log, sqrt

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backtrack import nets
from backtrack.test_rivals import linear
from backtrack.test_walk import (
    as_dictionary,
    assert_agrees_with_slow_twin,
    assert_nothing_vanishes,
    assert_same_points,
    some_starts,
)
from backtrack.test_winners import dense
from cnnvis import backtrack, network
from cnnvis.backtrack import Options, Starts, needed, reachable
from cnnvis.backtrack import points as points_module
from cnnvis.errors import BacktrackError

MAP = Options(average_pool="map")
POOLED = ("resnet", "squeezenet", "mobilenet")
"""Families with an average of all places at the head."""

# Planted truth. Two channels, four places in a row; the class adds the first and subtracts the
# second: its map is 1, -6, 0, 3.
CHANNELS = [[[1.0, 8.0, 0.0, 4.0]], [[0.0, 14.0, 0.0, 1.0]]]
CLASSES = [[1.0, -1.0], [1.0, 1.0], [0.0, 2.0]]


def pooled(order="pool first", channels=CHANNELS, classes=CLASSES, between=(), dtype=torch.float64):
    """Return (network, record) of one layer on maps, with an average in front of it or behind."""
    weight = torch.tensor(classes, dtype=dtype)
    pool = nn.AdaptiveAvgPool2d(1)
    if order == "pool first":
        layer = nn.Linear(weight.shape[1], len(weight), bias=False)
        layers = [pool, nn.Flatten(), layer]
    else:
        layer = nn.Conv2d(weight.shape[1], len(weight), 1, bias=False)
        layers = [layer, *between, pool, nn.Flatten()]
    layer.weight.data = weight.reshape(layer.weight.shape)
    images = torch.tensor([channels], dtype=dtype)
    return nets.opened(nn.Sequential(*layers), images)


def found_in(case, target=0, **options):
    """Return {(channel, col): weight} of a walk from a class through a case."""
    found = backtrack.from_scores(*case, targets=[target], options=Options(**options))
    at_image = found.points.get("image")
    assert found.arrived + found.lost_total == pytest.approx(1)
    return {} if at_image is None else {
        (channel, col): weight for (_, channel, _, col), weight in as_dictionary(at_image).items()
    }  # fmt: skip


ORDERS = ("pool first", "pool last")


@pytest.mark.parametrize("order", ORDERS)
def test_the_place_wins_that_speaks_for_the_class_in_all(order):
    by_map = found_in(pooled(order), average_pool="map")
    assert by_map == pytest.approx({(0, 0): 1 / 4, (0, 3): 3 / 4})
    if order == "pool first":  # channels first: most weight goes where the network says no
        spread = found_in(pooled(order))
        assert spread == pytest.approx({(0, 0): 1 / 13, (0, 1): 8 / 13, (0, 3): 4 / 13})


def test_rectified_maps_behind_the_layer_change_nothing():
    case = pooled("pool last", between=[nn.ReLU(), nn.Dropout()])
    assert found_in(case, average_pool="map") == pytest.approx({(0, 0): 1 / 4, (0, 3): 3 / 4})


def test_channels_share_a_place_as_the_layer_says():
    """The map of class 1 is the sum of both channels: 1, 22, 0, 5."""
    linear = pooled("pool first")
    each = {(0, 0): 1, (0, 1): 8, (1, 1): 14, (0, 3): 4, (1, 3): 1}
    everything = {unit: value / 28 for unit, value in each.items()}
    largest = {(0, 0): 1 / 28, (1, 1): 22 / 28, (0, 3): 5 / 28}
    assert found_in(linear, 1, average_pool="map") == pytest.approx(everything)  # k is 10
    assert found_in(linear, 1, average_pool="map", k=1) == pytest.approx(largest)
    assert found_in(linear, 1, average_pool="map", winner="argmax") == pytest.approx(largest)
    convolution = pooled("pool last")
    for options in ({"winner": "channel_sum", "k": "all"}, {"winner": "argmax"}):
        assert found_in(convolution, 1, average_pool="map", **options) == pytest.approx(largest)
    soft = found_in(convolution, 1, average_pool="map", winner="soft")
    assert soft == pytest.approx(everything)


@pytest.mark.parametrize("order", ORDERS)
def test_the_map_against_rivals(order):
    """Scores are -6, 28, 30 quarters. Class 1 less class 2, (1, -1): the map of class 0."""
    found = found_in(pooled(order), 1, average_pool="map", rivals=1)
    assert found == pytest.approx({(0, 0): 1 / 4, (0, 3): 3 / 4})
    # less half of both others, (1, 1) - (1/2, 1/2): half of its own map
    both = found_in(pooled(order), 1, average_pool="map", rivals=2, k="all", winner="soft")
    assert both == pytest.approx(found_in(pooled(order), 1, average_pool="map", winner="soft"))


def test_what_speaks_against_a_class_counts_at_its_places_by_size_if_asked():
    """At place 3 the class has 4 and -1; place 1 is not one of its places all the same."""
    found = found_in(pooled(), average_pool="map", contribution="absolute")
    assert found == pytest.approx({(0, 0): 1 / 4, (0, 3): 3 / 4 * 4 / 5, (1, 3): 3 / 4 / 5})
    options = {"average_pool": "map", "winner": "soft", "contribution": "absolute"}
    last = found_in(pooled("pool last"), **options)
    assert last == pytest.approx({(0, 0): 1 / 4, (0, 3): 3 / 4})  # at linear layers alone


@pytest.mark.parametrize("winner", ["channel_sum", "soft", "sample", "argmax"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_class_that_no_place_speaks_for(order, winner):
    against = pooled(order, classes=[[-2.0, -1.0], [0.0, 0.0]])
    options = {"average_pool": "map", "winner": winner}
    assert found_in(against, **options) == {}
    # -2, -30, 0, -9: to the third place, where both channels are 0
    assert found_in(against, **options, dead_end="follow") == {(0, 2): 1.0}


@pytest.mark.parametrize("order", ORDERS)
def test_of_places_that_speak_alike_that_in_the_middle_is_followed(order):
    nothing = pooled(order, channels=[[[0.0] * 5] * 3] * 2)
    assert found_in(nothing, average_pool="map") == {}
    found = backtrack.from_scores(
        *nothing, targets=[0], options=Options(average_pool="map", dead_end="follow")
    )
    assert found.fixations.index.tolist() == [[1, 2]]
    assert found.lost_total.tolist() == [0]


@pytest.mark.parametrize("name", nets.FAMILIES)
@pytest.mark.parametrize("winner", ["channel_sum", "argmax", "soft"])
def test_families_agree_with_the_slow_twin(name, winner):
    net, record = nets.family(name, size=(9, 11))
    starts = some_starts(record, net.scores, count=10)
    for rivals, dead_end in ((0, "stop"), (3, "follow")):
        options = Options(winner=winner, k=3, average_pool="map", rivals=rivals, dead_end=dead_end)
        assert_agrees_with_slow_twin(net, record, starts, options)
        assert_nothing_vanishes(net, backtrack.from_units(net, record, starts, options))


@pytest.mark.parametrize("k", [1, "all", 0.6])
def test_as_many_channels_as_k_says(k):
    net, record = nets.family("resnet")
    starts = some_starts(record, net.scores)
    for contribution in ("positive", "absolute"):
        options = Options(k=k, average_pool="map", rivals=2, contribution=contribution)
        assert_agrees_with_slow_twin(net, record, starts, options)


def test_averages_elsewhere_are_spread():
    net, record = nets.family("vgg")  # an average to several places, and two linear layers
    spread = backtrack.from_scores(net, record, targets=[1, 2])
    by_map = backtrack.from_scores(net, record, targets=[1, 2], options=MAP)
    assert by_map.points.keys() == spread.points.keys()
    for node, points in spread.points.items():
        assert_same_points(points, by_map.points[node])


@pytest.mark.parametrize("name", POOLED)
def test_the_walk_goes_from_the_scores_to_the_maps(name):
    net, record = nets.family(name)
    plain = backtrack.from_scores(net, record, targets=[1, 2])
    found = backtrack.from_scores(net, record, targets=[1, 2], options=MAP)
    scores, maps = list(found.points)[:2]
    assert scores == net.scores
    assert len(net.nodes[maps].shape) == 3
    skipped = plain.points.keys() - found.points.keys()
    names = list(net.nodes)
    between = names[names.index(maps) + 1 : names.index(scores)]
    assert skipped == set(between)
    assert skipped
    assert set(found.points) <= set(reachable(net, net.scores))
    assert_nothing_vanishes(net, found)
    went = found.points[maps].per_start(2)
    np.testing.assert_allclose(went + found.lost[scores], 1, rtol=1e-12)


@pytest.mark.parametrize("name", POOLED)
def test_what_is_needed_suffices(name):
    net, record = nets.family(name)
    options = Options(average_pool="map", rivals=2)
    few = network.record(net, record[net.image], needed(net, net.scores))
    whole = backtrack.from_scores(net, record, targets=[0, 1], options=options)
    found = backtrack.from_scores(net, few, targets=[0, 1], options=options)
    for node, points in whole.points.items():
        assert_same_points(points, found.points[node])


@pytest.mark.parametrize("rivals", [0, 2])
@pytest.mark.parametrize("name", nets.FAMILIES)
def test_small_chunks_change_nothing(name, rivals, monkeypatch):
    net, record = nets.family(name)
    starts = some_starts(record, net.scores)
    options = Options(average_pool="map", rivals=rivals, k="all")
    whole = backtrack.from_units(net, record, starts, options)
    monkeypatch.setattr(points_module, "CHUNK_BYTES", 500)
    chunked = backtrack.from_units(net, record, starts, options)
    for node, points in whole.points.items():
        assert_same_points(points, chunked.points[node])


@pytest.mark.parametrize("rivals", [0, 2])
@pytest.mark.parametrize("name", POOLED)
def test_soft_is_the_class_activation_map(name, rivals):
    """All channels of a place together: the map of the class, rectified, as a share of its sum."""
    net, record = nets.family(name, images=1)
    options = Options(winner="soft", k="all", average_pool="map", rivals=rivals)
    found = backtrack.from_scores(net, record, targets=[2], options=options)
    maps = list(found.points)[1]
    (layer,) = (node.module for node in list(net.nodes.values())[-6:] if node.kind == "Linear"
                or (name == "squeezenet" and node.kind == "Conv2d"))  # fmt: skip
    weight = layer.weight.detach().reshape(len(layer.weight), -1)
    best = [one for one in record[net.scores][0].argsort(descending=True).tolist() if one != 2]
    own = weight[2] - (weight[best[:rivals]].mean(0) if rivals else 0)
    expected = F.relu(torch.einsum("c,cyx->yx", own, record[maps][0]))
    got = dense(found.points[maps], net.nodes[maps].shape).sum(0)
    np.testing.assert_allclose(got, (expected / expected.sum()).numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", nets.FAMILIES)
def test_sampled_paths_converge_to_soft(name):
    paths, error = 20_000, 1e-9
    net, record = nets.family(name, images=1, size=(9, 11))
    both = {"average_pool": "map", "rivals": 2, "residual": "split", "dead_end": "follow"}
    soft = backtrack.from_scores(net, record, targets=[1], options=Options(winner="soft", **both))
    options = Options(winner="sample", paths=paths, seed=5, **both)
    drawn = backtrack.from_scores(net, record, targets=[1], options=options)
    compared = 0
    for node, points in soft.points.items():
        shape = net.nodes[node].shape
        off = np.abs(dense(points, shape) - dense(drawn.points[node], shape))
        assert off.max() < sqrt(log(2 * off.size / error) / (2 * paths)), node
        compared += np.count_nonzero(off)
        parts = drawn.points[node].weight * paths
        assert np.abs(parts - parts.round()).max() < 1e-6, "a path was divided"
    assert compared > 100, "nothing was drawn"
    assert drawn.arrived == pytest.approx([1])


def test_places_and_channels_are_drawn_apart():
    """Were both drawn from the same numbers, some pairs of place and channel would never be met."""
    channels = [[[1.0, 1.0]], [[1.0, 1.0]]]
    case = pooled(channels=channels, classes=[[1.0, 1.0], [0.0, 0.0]])
    found = [
        found_in(case, average_pool="map", winner="sample", paths=1, seed=seed)
        for seed in range(200)
    ]
    met = [sum(unit in one for one in found) for unit in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert min(met) > 20


def test_the_contrast_of_the_map_is_what_the_dual_class_does_not_explain():
    net, record = pooled()
    found = backtrack.contrastive(net, record, targets=[0], options=MAP, node="image")
    assert as_dictionary(found) == pytest.approx({(0, 0, 0, 0): 1 / 4, (0, 0, 0, 3): 3 / 4})


@pytest.mark.parametrize("name", nets.FAMILIES)
def test_network_and_record_are_left_as_found(name):
    model = nets.fill(nets.FAMILIES[name](), seed=5, whole=False)
    net, record = nets.opened(model, torch.randn(2, 3, 13, 17, dtype=torch.float64))
    before = [tensor.clone() for tensor in (*record.values(), *net.model.state_dict().values())]
    nodes = dict(net.nodes)
    for average_pool in ("spread", "map"):
        options = Options(rivals=2, average_pool=average_pool, winner="soft")
        backtrack.from_units(net, record, nets.every_unit(record, net.scores), options)
    after = [*record.values(), *net.model.state_dict().values()]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert dict(net.nodes) == nodes


@pytest.mark.parametrize("order", ORDERS)
def test_precisions_agree(order):
    expected = found_in(pooled(order), 1, average_pool="map", rivals=1)
    net, record = pooled(order, dtype=torch.float32)
    assert found_in((net, record), 1, average_pool="map", rivals=1) == pytest.approx(expected)
    half = {node: values.bfloat16() for node, values in record.items()}
    assert found_in((net, half), 1, average_pool="map", rivals=1) == pytest.approx(expected)


def test_a_walk_that_reads_what_was_not_recorded_says_so():
    net, record = linear()
    few = {name: values for name, values in record.items() if name == net.scores}
    with pytest.raises(BacktrackError, match="which were not recorded"):
        backtrack.from_scores(net, few, targets=[0], options=Options(rivals=1))
    net, record = pooled()
    few = {name: values for name, values in record.items() if name != "image"}
    with pytest.raises(BacktrackError, match="node 'image', which were not recorded"):
        backtrack.from_units(net, few, Starts.of(net.scores, image=[0], index=[[0]]), MAP)

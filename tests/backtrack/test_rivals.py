"""Rivals: who they are, and what a class is explained by against them."""

import numpy as np
import pytest
import torch
from torch import nn

from backtrack import nets
from backtrack.test_walk import (
    as_dictionary,
    assert_agrees_with_slow_twin,
    assert_nothing_vanishes,
    assert_same_points,
    of_start,
    some_starts,
)
from cnnvis import backtrack, network
from cnnvis.backtrack import Options, Starts
from cnnvis.backtrack.rivals import rivals

SCORES = np.array([[5.0, 1.0, 7.0, 5.0], [-1.0, -9.0, -np.inf, -2.0]])


def test_rivals_have_the_highest_scores_but_for_the_target():
    assert rivals(SCORES, np.array([2, 3]), 2).tolist() == [[0, 3], [0, 1]]
    assert rivals(SCORES, np.array([0, 2]), 1).tolist() == [[2], [0]]
    assert rivals(SCORES, np.array([3, 0]), 9).tolist() == [[2, 0, 1], [3, 1, 2]]
    alike = np.arange(1000.0)[None] % 3
    assert rivals(alike, np.array([2]), 4).tolist() == [[5, 8, 11, 14]]
    assert rivals(SCORES[:, :1], np.array([0, 0]), 1).shape == (2, 0)


WEIGHTS = [
    [1.0, 1.0, 0.0, 0.0],  # of class 0
    [3.0, 0.0, 1.0, 0.0],
    [1.0, 0.0, 0.0, 4.0],
    [0.0, 0.0, 0.0, -9.0],
]
PIXELS = [2.0, 3.0, 1.0, 1.0]  # scores: 5, 7, 6, -9


def linear(weights=WEIGHTS, pixels=PIXELS):
    """Return (network, record) of one layer that reads four pixels in a row."""
    layer = nn.Linear(len(weights[0]), len(weights), bias=False)
    layer.weight.data = torch.tensor(weights, dtype=torch.float64)
    images = torch.tensor(pixels, dtype=torch.float64).reshape(1, 1, 1, -1)
    return nets.opened(nn.Sequential(nn.Flatten(), layer), images)


def shares(target, **options):
    """Return {pixel: weight} of a walk from a class."""
    found = backtrack.from_scores(*linear(), targets=[target], options=Options(**options))
    return {place[2]: weight for place, weight in as_dictionary(found.fixations).items()}


def test_what_a_class_shares_with_its_rivals_does_not_explain_it():
    assert shares(0) == pytest.approx({0: 2 / 5, 1: 3 / 5})
    assert shares(0, rivals=1) == {1: 1.0}  # against class 1: weights -2, 1, -1, 0
    assert shares(0, rivals=2) == {1: 1.0}  # and against class 2: -1, 1, -1/2, -2
    assert shares(2, rivals=1) == {3: 1.0}
    # against 1, 0 and 3: 1 - 4/3, -1/3, -1/3, 4 + 9/3; from three on nothing changes
    assert shares(2, rivals=3) == shares(2, rivals=99) == {3: 1.0}
    # of class 1 against 2, 0 and 3: 3 - 2/3, -1/3, 1, 5/3, times the pixels
    thirds = {0: 14 / 22, 2: 3 / 22, 3: 5 / 22}
    assert shares(1, rivals=3) == pytest.approx(thirds)
    assert shares(1, rivals=3, k=1) == {0: 1.0}
    assert shares(1, rivals=3, winner="soft") == pytest.approx(thirds)


def test_against_a_rival_the_size_of_what_speaks_against_a_class_may_count():
    found = shares(0, rivals=1, contribution="absolute")  # -4, 3, -1, 0
    assert found == pytest.approx({0: 4 / 8, 1: 3 / 8, 2: 1 / 8})


@pytest.mark.parametrize(("dead_end", "arrived"), [("stop", 0), ("follow", 1)])
def test_a_class_that_has_nothing_over_its_rivals(dead_end, arrived):
    net, record = linear([[1.0, 1.0], [2.0, 3.0]], [1.0, 1.0])
    options = Options(rivals=1, dead_end=dead_end)
    found = backtrack.from_scores(net, record, targets=[0], options=options)
    assert found.arrived.tolist() == [arrived]
    assert found.lost["1"].tolist() == [1 - arrived]
    if arrived:
        assert found.fixations.index.tolist() == [[0, 0]]  # -1 is more than -2


def test_a_single_class_has_no_rivals():
    net, record = linear([[1.0, 3.0]], [1.0, 1.0])
    found = backtrack.from_scores(net, record, targets=[0], options=Options(rivals=3))
    assert found.fixations.weight.tolist() == [1 / 4, 3 / 4]


def test_rivals_are_those_of_the_image():
    """The second of two classes is the rival here, the third there."""
    net, _ = linear()
    two = torch.tensor([[[[2.0, 3.0, 1.0, 1.0]]], [[[2.0, 3.0, 1.0, 3.0]]]]).double()
    record = network.record(net, two)
    assert record[net.scores].argmax(1).tolist() == [1, 2]
    found = backtrack.from_scores(net, record, targets=[0, 0], options=Options(rivals=1))
    assert as_dictionary(found.fixations) == {(0, 0, 1): 1.0, (1, 0, 1): 1.0}
    against = backtrack.from_scores(net, record, targets=[2, 1], options=Options(rivals=1))
    assert as_dictionary(against.fixations) == pytest.approx(
        {(0, 0, 3): 1.0, (1, 0, 0): 4 / 5, (1, 0, 2): 1 / 5}
    )


def test_rivals_of_a_class_at_one_place_are_scored_there():
    layer = nn.Conv2d(2, 3, 1, bias=False)
    layer.weight.data = torch.tensor([[1.0, 1], [2, 0], [0, 2]]).reshape(3, 2, 1, 1)
    images = torch.tensor([[[[3.0, 1.0]], [[1.0, 3.0]]]])
    net, record = nets.opened(nn.Sequential(layer), images)
    starts = Starts.of(net.scores, image=[0, 0], index=[[0, 0, 0], [0, 0, 1]])
    found = backtrack.from_units(net, record, starts, Options(rivals=1))
    # class 1 is the rival at the first place, class 2 at the second
    assert found.points["image"].index.tolist() == [[1, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize("name", nets.FAMILIES)
@pytest.mark.parametrize("winner", ["channel_sum", "argmax", "soft"])
def test_families_agree_with_the_slow_twin(name, winner):
    net, record = nets.family(name, size=(9, 11))
    starts = some_starts(record, net.scores, count=10)
    for count in (1, 3, 9):
        options = Options(winner=winner, k=3, residual="split", rivals=count)
        assert_agrees_with_slow_twin(net, record, starts, options)
        assert_nothing_vanishes(net, backtrack.from_units(net, record, starts, options))


@pytest.mark.parametrize("average_pool", ["spread", "map"])
@pytest.mark.parametrize("name", nets.FAMILIES)
def test_every_start_has_its_own_rivals(name, average_pool):
    """A batch gives what its images give alone, and several classes what each gives."""
    net, record = nets.family(name, images=3)
    targets = [[0, 3], [4, 2], [2, 1]]
    options = Options(rivals=2, average_pool=average_pool)
    starts = Starts.ranked(net.scores, targets)
    together = backtrack.from_units(net, record, starts, options)
    for start, (image, unit) in enumerate(zip(starts.image, starts.index)):
        one = {node: values[image : image + 1] for node, values in record.items()}
        alone = backtrack.from_scores(net, one, targets=unit, options=options)
        for node, points in alone.points.items():
            assert_same_points(points, of_start(together.points[node], start))
        assert alone.lost_total == pytest.approx(together.lost_total[[start]], abs=1e-12)


@pytest.mark.parametrize("name", nets.FAMILIES)
def test_a_start_elsewhere_is_no_class_and_has_no_rivals(name):
    net, record = nets.family(name)
    node = net.layers[-2]
    starts = some_starts(record, node)
    plain = backtrack.from_units(net, record, starts)
    options = Options(rivals=2, average_pool="map")
    found = backtrack.from_units(net, record, starts, options)
    for name, points in plain.points.items():
        assert_same_points(points, found.points[name])

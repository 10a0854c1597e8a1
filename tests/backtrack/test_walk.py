"""The walk as a whole: against its slow twin, planted truth, conservation, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings

from backtrack import nets, slow
from cnnvis import backtrack
from cnnvis.backtrack import Options, Starts

TINY = 1e-12

# A hint about speed, for even kernels: they are drawn because their padding is asymmetric.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


def some_starts(record, node, count=12):
    """Return starts at up to ``count`` units of a node, spread over all of them."""
    every = nets.every_unit(record, node)
    few = np.linspace(0, len(every) - 1, min(count, len(every))).astype(int)
    return Starts(every.image[few], every.index[few], node)


def as_dictionary(points):
    columns = np.column_stack([points.start, points.index]).tolist()
    return dict(zip(map(tuple, columns), points.weight.tolist(), strict=True))


def assert_same_points(one, other):
    np.testing.assert_array_equal(one.index, other.index)
    np.testing.assert_array_equal(one.start, other.start)
    np.testing.assert_allclose(one.weight, other.weight, rtol=TINY)


def assert_agrees_with_slow_twin(net, record, starts, options):
    found = backtrack.from_units(net, record, starts, options)
    points, lost = slow.walk(
        net, record, starts.image.tolist(), starts.index.tolist(), starts.node, options
    )
    assert found.points.keys() == points.keys()
    for name, here in found.points.items():
        assert as_dictionary(here) == pytest.approx(points[name], rel=TINY, abs=0)
    for name, weight in found.lost.items():
        assert weight.tolist() == pytest.approx(lost[name], rel=TINY, abs=TINY)
    assert found.lost.keys() == lost.keys()


def assert_nothing_vanishes(net, found):
    """At every node the weight that came is the weight that its inputs got from it, or lost."""
    np.testing.assert_allclose(found.arrived + found.lost_total, 1, rtol=TINY)
    assert all((lost >= 0).all() for lost in found.lost.values())


@given(nets.drawn())
@settings(max_examples=150, deadline=None)
def test_walk_agrees_with_its_slow_twin(case):
    net, record, node, options = case
    starts = some_starts(record, node)
    assert_agrees_with_slow_twin(net, record, starts, options)
    assert_nothing_vanishes(net, backtrack.from_units(net, record, starts, options))


@pytest.mark.parametrize("name", nets.FAMILIES)
@pytest.mark.parametrize("position", ["centre", "spatial"])
def test_families_agree_with_the_slow_twin(name, position):
    net, record = nets.family(name)
    starts = some_starts(record, net.scores)
    options = Options(position=position, k=3)
    assert_agrees_with_slow_twin(net, record, starts, options)

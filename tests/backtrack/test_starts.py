"""Starts at the best units and at whole channels: as many walks in one, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from backtrack import nets
from cnnvis import backtrack
from cnnvis.backtrack import Options, Starts
from cnnvis.errors import BacktrackError

TINY = 1e-12


def test_many_starts_are_as_many_walks():
    """The two best classes of each image, and a whole channel, in one walk each."""
    net, record = nets.family("vgg")
    for starts in (
        Starts.best(record, net.scores, count=2),
        Starts.channel(record, "3", channel=4),
    ):
        assert len(starts) > 3
        together = backtrack.from_units(net, record, starts, Options(k=3))
        for place in range(len(starts)):
            one = Starts(starts.image[[place]], starts.index[[place]], starts.node)
            alone = backtrack.from_units(net, record, one, Options(k=3))
            assert alone.arrived[0] == pytest.approx(together.arrived[place], abs=TINY)
    ranked = Starts.ranked(net.scores, record[net.scores].argsort(1, descending=True)[:, :2])
    best = Starts.best(record, net.scores, count=2)
    assert ranked.index.tolist() == best.index.tolist()
    assert ranked.image.tolist() == best.image.tolist() == [0, 0, 1, 1]
    top = Starts.best(record, net.scores)
    assert top.index[:, 0].tolist() == record[net.scores].argmax(1).tolist()
    on = record["3"][:, 4] > 0
    assert len(Starts.channel(record, "3", channel=4)) == int(on.sum())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda record: Starts.best(record, "3"), r"best units.*'3' has the shape \(6,"),
        (lambda record: Starts.best(record, "11", count=6), "and 6 were asked for"),
        (lambda record: Starts.highest(record, "11"), r"in maps; '11' has the shape \(5,\)"),
        (lambda record: Starts.highest(record, "3", count=0), "and 0 were asked for"),
        (lambda record: Starts.channel(record, "11", channel=0), "has no channel 0"),
        (lambda record: Starts.channel(record, "3", channel=6), "has no channel 6"),
        (lambda record: Starts.channel({"3": -record["4"]}, "3", channel=0), "is on nowhere"),
    ],
)
def test_starts_that_there_are_not(make, message):
    _, record = nets.family("vgg")
    with pytest.raises(BacktrackError, match=message):
        make(record)


SHAPES = arrays.array_shapes(min_dims=4, max_dims=4, max_side=4)


@given(arrays.arrays(np.float64, SHAPES, elements=st.integers(-2, 3)), st.integers(1, 20))
def test_the_highest_units_are_found_one_by_one(maps, count):
    """Whole numbers, so that many are equal: the first counts."""
    starts = Starts.highest({"conv": torch.from_numpy(maps)}, "conv", count=count)
    expected = []
    for image, channels in enumerate(maps):
        for channel, values in enumerate(channels):
            on = [(-value, *place) for place, value in np.ndenumerate(values) if value > 0]
            expected += [[image, channel, row, col] for _, row, col in sorted(on)[:count]]
    found = np.column_stack([starts.image, starts.index])
    assert found.tolist() == expected


def test_what_is_no_number_is_left_to_the_walk_to_refuse():
    maps = torch.tensor([[[[1.0, float("nan")]]]])
    assert len(Starts.highest({"conv": maps}, "conv")) == 1

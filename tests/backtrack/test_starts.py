"""Starts at the best units and at whole channels: as many walks in one, and what is refused."""

import pytest

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
        (lambda record: Starts.channel(record, "11", channel=0), "has no channel 0"),
        (lambda record: Starts.channel(record, "3", channel=6), "has no channel 6"),
        (lambda record: Starts.channel({"3": -record["4"]}, "3", channel=0), "is on nowhere"),
    ],
)
def test_starts_that_there_are_not(make, message):
    _, record = nets.family("vgg")
    with pytest.raises(BacktrackError, match=message):
        make(record)

"""Padding by a layer of its own is what padding by the convolution is; other numbers are lost."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backtrack import nets
from backtrack.layers import Does
from cnnvis import backtrack
from cnnvis.backtrack import Options

CHOICES = [
    Options(),
    Options(dead_end="follow"),
    Options(position="spatial", dead_end="follow"),
    Options(winner="argmax"),
    Options(winner="soft"),
    Options(winner="sample", paths=50),
]


@pytest.mark.parametrize("options", CHOICES, ids=lambda o: f"{o.winner}-{o.position}-{o.dead_end}")
@pytest.mark.parametrize("pad", [nn.ZeroPad2d(2), Does(lambda x: F.pad(x, (2, 2, 2, 2)))])
def test_padding_apart_is_padding_inside(pad, options):
    apart = nn.Sequential(pad, nn.Conv2d(3, 4, 5, bias=False))
    inside = nn.Sequential(nn.Identity(), nn.Conv2d(3, 4, 5, padding=2, bias=False))
    images = nets.numbers((2, 3, 4, 6), torch.Generator().manual_seed(1), whole=False)
    found = []
    for model in (apart, inside):
        net, record = nets.opened(nets.fill(model, seed=0, whole=False), images)
        starts = nets.every_unit(record, net.scores)
        found.append(backtrack.from_units(net, record, starts, options))
    one, other = (walk.points["image"] for walk in found)
    assert one.index.tolist() == other.index.tolist()
    assert one.start.tolist() == other.start.tolist()
    if options.winner != "sample":
        assert one.weight == pytest.approx(other.weight, rel=1e-12)
    assert found[0].arrived == pytest.approx(found[1].arrived)
    assert found[0].lost.get("0") is None or not found[0].lost["0"].any()


@pytest.mark.parametrize("winner", ["channel_sum", "argmax", "soft"])
def test_a_path_that_follows_does_not_end_in_padding(winner):
    """Nothing contributes: less than nothing comes from inside, nothing from the frame."""
    model = nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(1, 1, 3, bias=False)).double()
    model[1].weight.data[:] = -1
    net, record = nets.opened(model, torch.ones(1, 1, 3, 4).double())
    starts = nets.every_unit(record, net.scores)
    stopped = backtrack.from_units(net, record, starts, Options(winner=winner))
    assert stopped.empty.all()
    followed = backtrack.from_units(net, record, starts, Options(winner=winner, dead_end="follow"))
    assert followed.arrived.tolist() == [1] * 12
    if winner == "channel_sum":
        assert followed.points["image"].index.tolist() == starts.index.tolist()


PADDED = {
    "zeros": (nn.ZeroPad2d((2, 0, 1, 0)), [0, 1, 1], [[0, 0, 0]]),
    "ones": (nn.ConstantPad2d((2, 0, 1, 0), 1.0), [0, 1, 1], []),
    "ones, inside": (nn.ConstantPad2d((2, 0, 1, 0), 1.0), [0, 1, 2], [[0, 0, 0]]),
    "ones by function": (Does(lambda x: F.pad(x, (1, 1), value=1.0)), [1, 2, 0], []),
    "a channel of zeros": (Does(lambda x: F.pad(x, (0, 0, 0, 0, 1, 0))), [0, 2, 2], []),
}


@pytest.mark.parametrize(("layer", "unit", "expected"), PADDED.values(), ids=PADDED)
def test_where_padding_leads(layer, unit, expected):
    net, record = nets.opened(nn.Sequential(layer), torch.rand(1, 2, 3, 3))
    starts = backtrack.Starts.of(net.scores, image=[0], index=[unit])
    found = backtrack.from_units(net, record, starts)
    points = found.points.get("image")
    assert (points.index.tolist() if points else []) == expected
    assert found.lost_total.tolist() == [0 if expected else 1]

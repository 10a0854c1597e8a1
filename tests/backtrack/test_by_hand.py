"""Every choice that the method leaves open, on networks small enough to do by hand."""

import pytest
import torch
from torch import nn

from backtrack import nets
from cnnvis import backtrack
from cnnvis.backtrack import Options, Starts

SPATIAL = Options(position="spatial")
FOLLOW = Options(dead_end="follow")


def conv(weight, **settings):
    """A convolution without a bias: weight (filter, channel of the group, row, col)."""
    values = torch.tensor(weight, dtype=torch.float64)
    channels = values.shape[1] * settings.get("groups", 1)
    layer = nn.Conv2d(channels, len(values), tuple(values.shape[2:]), bias=False, **settings)
    layer.weight.data = values
    return layer


def linear(*weight):
    layer = nn.Linear(len(weight), 1, bias=False)
    layer.weight.data = torch.tensor([weight], dtype=torch.float64)
    return layer


def normed(*gamma):
    layer = nn.BatchNorm2d(len(gamma), eps=0)
    layer.weight.data = torch.tensor(gamma)
    return layer


def walked(model, image, unit, options=None):
    """Return the walk from one unit of the output for one image (channel, row, col)."""
    pixels = torch.tensor(image, dtype=torch.float64)[None]
    net, record = nets.opened(nn.Sequential(*model).double().eval(), pixels)
    starts = Starts.of(net.scores, image=[0], index=[unit])
    return net, record, backtrack.from_units(net, record, starts, options)


def reached(*case):
    """Return {pixel: weight} that a walk ends with."""
    found = walked(*case)[2]
    points = found.points.get("image")
    if points is None:
        return {}
    return dict(zip(map(tuple, points.index.tolist()), points.weight.tolist(), strict=True))


COUNT = [[[r * 5 + c for c in range(5)] for r in range(5)]]  # 0 to 24 in five rows
ONES = [[[1] * 3] * 3]  # a filter of 3 x 3
SQUARE = [[[1, 9, 2], [3, 4, 8], [7, 5, 6]]]
PEAKS = [[[0, 0, 0, 0, 0]] * 3 + [[0, 0, 0, 7, 0]] + [[0, 0, 0, 0, 0]]]
NOTHING = [[[0] * 5] * 5]
LINE = [[[1, 1]], [[2, 1]]]  # two channels of one row

CASES = {
    "stride 2, padding 1, centre": ([conv([ONES], stride=2, padding=1)], COUNT, (0, 2, 1), None),
    "stride 2, padding 1, corner": ([conv([ONES], stride=2, padding=1)], COUNT, (0, 0, 0), None),
    "stride 2, spatial": ([conv([ONES], stride=2, padding=1)], PEAKS, (0, 2, 1), SPATIAL),
    "padding 0": ([conv([ONES])], COUNT, (0, 0, 2), None),
    "dilation 2": ([conv([ONES], dilation=2)], COUNT, (0, 0, 0), None),
    "even kernel": ([conv([[[[1, 1], [1, 1]]]])], COUNT, (0, 1, 1), None),
    "padding never wins": ([conv([ONES], padding=1)], [[[-1, -2, -9]]], (0, 0, 0), FOLLOW),
    "the largest sum": (
        [conv([[[[3, -2]], [[1, 1]]]])],
        LINE,  # 3 - 2 = 1 of the first channel, 2 + 1 = 3 of the second
        (0, 0, 0),
        None,
    ),
    "argmax": ([conv([[[[9, -8]], [[1, 1]]]])], LINE, (0, 0, 0), Options(winner="argmax")),
    "soft": ([conv([[[[3, -2]], [[1, 5]]]])], LINE, (0, 0, 0), Options(winner="soft")),
    "groups 2": (
        [conv([[[[1]], [[1]]]] * 2 + [[[[5]], [[1]]]] * 2, groups=2)],
        [[[100]], [[100]], [[1]], [[2]]],
        (3, 0, 0),  # the last of the second group: 5 * 1 > 1 * 2
        None,
    ),
    "depthwise": ([conv([[[[1]]]] * 3, groups=3)], [[[9]], [[1]], [[9]]], (1, 0, 0), None),
    "a negative factor of a batch norm": (
        [conv([[[[1]], [[-2]]]]), normed(-1.0)],
        [[[3]], [[1]]],  # 3 - 2, and the other way round once it is folded: -3 + 2
        (0, 0, 0),
        None,
    ),
    "max-pool": ([nn.MaxPool2d(2)], SQUARE, (0, 0, 0), None),
    "max-pool, ceil": ([nn.MaxPool2d(2, ceil_mode=True)], SQUARE, (0, 0, 1), None),
    "max-pool, last of ceil": ([nn.MaxPool2d(2, ceil_mode=True)], SQUARE, (0, 1, 1), None),
    "max-pool, padding": ([nn.MaxPool2d(3, 2, 1)], [[[-5, -6], [-7, -4]]], (0, 0, 0), None),
    "max-pool, dilation": ([nn.MaxPool2d(2, dilation=2)], SQUARE, (0, 0, 0), None),
    "average": ([nn.AvgPool2d((1, 3))], [[[1, -5, 3]]], (0, 0, 0), None),
    "largest of an average": (
        [nn.AvgPool2d((1, 3))],
        [[[1, -5, 3]]],
        (0, 0, 0),
        Options(average_pool="argmax"),
    ),
    "adaptive average": ([nn.AdaptiveAvgPool2d(2)], SQUARE, (0, 1, 0), None),
    "to a flattened map": ([nn.Flatten(), linear(1, 4, 2, 3)], LINE, (0,), Options(k=1)),
    "k 2": ([nn.Flatten(), linear(1, 4, 2, 3)], LINE, (0,), Options(k=2)),
    "k all": ([nn.Flatten(), linear(1, 4, -2, 3)], LINE, (0,), Options(k="all")),
    "half of the positive": ([nn.Flatten(), linear(1, 4, 2, 3)], LINE, (0,), Options(k=0.5)),
    "0.7 of the positive": ([nn.Flatten(), linear(1, 4, 2, 3)], LINE, (0,), Options(k=0.7)),
    "absolute": (
        [nn.Flatten(), linear(1, -4, -2, 3)],
        LINE,
        (0,),
        Options(k=2, contribution="absolute"),
    ),
    "LRN, dropout, ReLU": (
        [nn.LocalResponseNorm(2), nn.Dropout(), nn.ReLU()],
        LINE,
        (1, 0, 1),
        None,
    ),
    "concatenation": (
        [nets.Cat(conv([[[[1]], [[0]]]] * 3), nn.Identity())],
        LINE,
        (4, 0, 1),  # the second channel of the second branch
        None,
    ),
    "dead end": ([nn.Flatten(), linear(-1, -4, -2, -3)], LINE, (0,), None),
    "dead end, followed": ([nn.Flatten(), linear(-2, -4, -3, -3)], LINE, (0,), FOLLOW),
    "dead end of a convolution": ([conv([[[[-1]], [[-2]]]])], LINE, (0, 0, 0), None),
    "the same, followed": ([conv([[[[-1]], [[-2]]]])], LINE, (0, 0, 0), FOLLOW),
    "nothing anywhere, argmax": (
        [conv([ONES])],
        NOTHING,
        (0, 2, 1),
        Options(winner="argmax", dead_end="follow"),
    ),
    "nothing at the corner, soft": (
        [conv([ONES], padding=1, dilation=2)],
        NOTHING,
        (0, 0, 0),
        Options(winner="soft", dead_end="follow"),
    ),
    "nothing along a line": (
        [nn.Flatten(2), nn.Conv1d(1, 1, 5, bias=False)],
        NOTHING,
        (0, 7),
        Options(winner="sample", dead_end="follow"),
    ),
    "duplicates": (
        [nn.MaxPool2d(2, 1), nn.Flatten(), linear(1, 1, 2, 1)],
        [[[1, 1, 1], [1, 9, 1], [1, 1, 1]]],
        (0,),
        None,
    ),
}
EXPECTED = {
    "stride 2, padding 1, centre": {(0, 4, 2): 1},
    "stride 2, padding 1, corner": {(0, 0, 0): 1},
    "stride 2, spatial": {(0, 3, 3): 1},
    "padding 0": {(0, 1, 3): 1},
    "dilation 2": {(0, 2, 2): 1},
    "even kernel": {(0, 1, 1): 1},
    "padding never wins": {(0, 0, 0): 1},
    "the largest sum": {(1, 0, 0): 1},
    "argmax": {(0, 0, 0): 1},
    "soft": {(0, 0, 0): 3 / 10, (1, 0, 0): 2 / 10, (1, 0, 1): 5 / 10},
    "groups 2": {(2, 0, 0): 1},
    "depthwise": {(1, 0, 0): 1},
    "a negative factor of a batch norm": {(1, 0, 0): 1},
    "max-pool": {(0, 0, 1): 1},
    "max-pool, ceil": {(0, 1, 2): 1},
    "max-pool, last of ceil": {(0, 2, 2): 1},
    "max-pool, padding": {(0, 1, 1): 1},
    "max-pool, dilation": {(0, 2, 0): 1},
    "average": {(0, 0, 0): 1 / 4, (0, 0, 2): 3 / 4},
    "largest of an average": {(0, 0, 2): 1},
    "adaptive average": {
        (0, 1, 0): 3 / 19,
        (0, 1, 1): 4 / 19,
        (0, 2, 0): 7 / 19,
        (0, 2, 1): 5 / 19,
    },
    "to a flattened map": {(0, 0, 1): 1},
    "k 2": {(0, 0, 1): 1 / 2, (1, 0, 0): 1 / 2},
    "k all": {(0, 0, 0): 1 / 8, (0, 0, 1): 4 / 8, (1, 0, 1): 3 / 8},
    "half of the positive": {(0, 0, 1): 1 / 2, (1, 0, 0): 1 / 2},
    "0.7 of the positive": {(0, 0, 1): 4 / 11, (1, 0, 0): 4 / 11, (1, 0, 1): 3 / 11},
    "absolute": {(0, 0, 1): 1 / 2, (1, 0, 0): 1 / 2},
    "LRN, dropout, ReLU": {(1, 0, 1): 1},
    "concatenation": {(1, 0, 1): 1},
    "dead end": {},
    "dead end, followed": {(0, 0, 0): 1},
    "dead end of a convolution": {},
    "the same, followed": {(0, 0, 0): 1},
    "nothing anywhere, argmax": {(0, 3, 2): 1},
    "nothing at the corner, soft": {(0, 1, 1): 1},
    "nothing along a line": {(0, 1, 4): 1},
    "duplicates": {(0, 1, 1): 1},
}


@pytest.mark.parametrize("name", CASES)
def test_the_points_are_those_found_by_hand(name):
    assert reached(*CASES[name]) == pytest.approx(EXPECTED[name], rel=1e-15)


def test_there_is_an_expectation_for_each_case():
    assert CASES.keys() == EXPECTED.keys()


def test_a_bias_does_not_count_and_is_reported():
    layer = conv([[[[2]], [[1]]]])
    layer.bias = nn.Parameter(torch.tensor([100.0]))
    net, record, found = walked([layer], [[[1]], [[3]]], (0, 0, 0))
    assert found.points["image"].index.tolist() == [[1, 0, 0]]  # 1 * 3 > 2 * 1
    assert backtrack.bias_share(net, record, found)["0"] == [100 / 105]


def test_a_sum_is_explained_by_its_larger_part_or_by_both():
    doubled = nets.Add(conv([[[[2]]]]))  # 2 x + x
    _, _, larger = walked([doubled], [[[3]]], (0, 0, 0))
    assert "0.body" in larger.points
    split = walked([doubled], [[[3]]], (0, 0, 0), Options(residual="split"))[2]
    assert split.points["0.body"].weight == pytest.approx([2 / 3])
    assert split.arrived == pytest.approx([1])
    body = nn.Sequential(conv([[[[1]]]]), nn.ReLU())
    _, _, tie = walked([nets.Add(body)], [[[3]]], (0, 0, 0))
    assert list(tie.points) == ["add", "0.skip", "image"]  # the skip connection wins


def test_pixels_have_no_colour():
    image = [[[1, 1]], [[2, 1]], [[3, 1]]]
    _, _, found = walked([nn.Flatten(), linear(1, 0, 1, 0, 1, 0)], image, (0,))
    assert found.points["image"].weight == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert found.fixations.index.tolist() == [[0, 0]]
    assert found.fixations.weight == pytest.approx([1])


def test_what_is_lost_is_counted_where_it_was_lost():
    model = [conv([[[[-1]]]]), nn.Flatten(), linear(-1, 3)]
    _, _, found = walked(model, [[[1, -1]]], (0,))
    # the units are -1 and 1: contributions 1 and 3; nothing helps the first, -1 * -1 the second
    assert {name: lost.tolist() for name, lost in found.lost.items()} == {
        "0": [1 / 4],
        "1": [0.0],
        "2": [0.0],
    }
    assert found.arrived.tolist() == [3 / 4]

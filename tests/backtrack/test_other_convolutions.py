"""Convolutions along any axes, and transposed ones, against the jacobian of the layer."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from backtrack import nets
from backtrack.layers import a_unit, one_unit, share_of_input
from cnnvis import backtrack
from cnnvis.backtrack import Options
from cnnvis.errors import BacktrackError, TraceError

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")

KINDS = {
    1: (nn.Conv1d, nn.ConvTranspose1d),
    2: (nn.ConvTranspose2d, nn.ConvTranspose2d),
    3: (nn.Conv3d, nn.ConvTranspose3d),
}


@st.composite
def cases(draw):
    """Return (layer, images, (network, record), a unit) of any convolution but Conv2d."""
    axes = draw(st.sampled_from([1, 2, 3]))
    kind = draw(st.sampled_from(KINDS[axes]))

    def each(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(axes))

    groups, deep, wide = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    layer = kind(
        groups * deep, groups * wide, each(1, 3), each(1, 2), each(0, 2),
        groups=groups, dilation=each(1, 2),
    )  # fmt: skip
    layer = nets.fill(layer, seed=draw(nets.seeds), whole=False)
    generator = torch.Generator().manual_seed(draw(nets.seeds) + 99_999)  # not the weights again
    images = nets.numbers((1, groups * deep, *each(3, 5)), generator, whole=False)
    try:
        net = nets.opened(nn.Sequential(layer), images)
    except TraceError:  # the kernel does not fit
        assume(False)
    return layer, images, net, a_unit(draw, net[1][net[0].scores].shape[1:])


@given(cases())
@settings(deadline=None, max_examples=60)
def test_any_convolution_agrees_with_its_jacobian(case):
    layer, images, net, unit = case
    part, seen = share_of_input(layer, images, unit)
    positive = part.clip(min=0)
    soft = one_unit(net, unit, Options(winner="soft"))
    found = np.zeros(part.shape)
    found[tuple(soft.index.T)] = soft.weight
    np.testing.assert_allclose(found, positive / (positive.sum() or 1), rtol=1e-12)
    hardest = one_unit(net, unit, Options(winner="argmax"))
    assert hardest.index.tolist() == np.argwhere(positive == (positive.max() or 1)).tolist()
    helping = part.reshape(len(part), -1).max(1) > 0
    spatial = one_unit(net, unit, Options(position="spatial"))
    if not helping.any():
        assert len(spatial) == len(soft) == len(one_unit(net, unit)) == 0
        followed = one_unit(net, unit, Options(dead_end="follow"))
        assert len(followed) == seen.any()
        return
    sums = part.reshape(len(part), -1).sum(1)
    best = int(np.where(helping, sums, -np.inf).argmax())
    place = np.unravel_index(part[best].argmax(), part.shape[1:])
    assert spatial.index.tolist() == [[best, *place]]
    centre = one_unit(net, unit)
    assert centre.weight.tolist() == [1]
    assert centre.index[0, 0] == best
    assert centre.index[0, 1:].tolist() == middle(layer, images.shape[2:], unit[1:])


def middle(layer, size, unit):
    """The middle of what a unit would read on endless maps, moved to the map."""
    places = []
    for k, s, p, d, end, at in zip(
        layer.kernel_size, layer.stride, layer.padding, layer.dilation, size, unit
    ):
        if layer.transposed:
            taps = [i for i in range(-9, end + 9) for tap in range(k) if i * s - p + tap * d == at]
        else:
            taps = [at * s - p + tap * d for tap in range(k)]
        places.append(min(max((min(taps) + max(taps)) // 2, 0), end - 1))
    return places


@pytest.mark.parametrize("options", [Options(), Options(dead_end="follow"), Options(winner="soft")])
@pytest.mark.parametrize("position", ["row", "slice"])
def test_one_axis_or_three_are_two_where_a_side_is_one(options, position):
    flat = nets.fill(nn.Conv2d(3, 4, (1, 3), 2, (0, 2), groups=1), seed=0, whole=False)
    if position == "row":
        other = nn.Conv1d(3, 4, 3, 2, 2).double()
        squeeze = nn.Flatten(2)
    else:
        other = nn.Conv3d(3, 4, (1, 1, 3), 2, (0, 0, 2)).double()
        squeeze = nn.Unflatten(2, (1, 1))
    other.weight.data = flat.weight.data.reshape(other.weight.shape)
    other.bias.data = flat.bias.data
    images = nets.numbers((2, 3, 1, 9), torch.Generator().manual_seed(1), whole=False)
    walks = []
    for model in (nn.Sequential(flat), nn.Sequential(squeeze, other)):
        net, record = nets.opened(model, images)
        starts = nets.every_unit(record, net.scores)
        walks.append(backtrack.from_units(net, record, starts, options).points["image"])
    assert walks[0].start.tolist() == walks[1].start.tolist()
    assert walks[0].index.tolist() == walks[1].index.tolist()
    assert walks[0].weight == pytest.approx(walks[1].weight, rel=1e-12)


def test_units_between_the_windows_of_a_transposed_convolution_read_nothing():
    layer = nn.ConvTranspose1d(1, 1, 1, stride=3).double()
    layer.weight.data[:] = 1
    net = nets.opened(nn.Sequential(layer), torch.ones(1, 1, 4).double())
    for options in (Options(), Options(winner="soft"), Options(dead_end="follow")):
        assert one_unit(net, (0, 6), options).index.tolist() == [[0, 2]]
        assert len(one_unit(net, (0, 7), options)) == 0


def test_a_path_along_one_axis_is_drawn_from_what_contributes():
    layer = nn.Conv1d(1, 1, 3).double()
    layer.weight.data[:] = torch.tensor([[[1.0, -1.0, 3.0]]])
    net = nets.opened(nn.Sequential(layer), torch.ones(1, 1, 3).double())
    found = one_unit(net, (0, 0), Options(winner="sample", paths=4000))
    assert found.index.tolist() == [[0, 0], [0, 2]]
    assert found.weight == pytest.approx([1 / 4, 3 / 4], abs=0.05)  # 7 standard deviations


def test_a_mirrored_border_is_refused():
    layer = nn.Conv1d(1, 1, 3, padding=1, padding_mode="reflect")
    net = nets.opened(nn.Sequential(layer), torch.rand(1, 1, 5))
    with pytest.raises(BacktrackError, match=r"node '0'.*pads with 'reflect'"):
        one_unit(net, (0, 0))

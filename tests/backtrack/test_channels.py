"""The choice of channels: what is read and how it is cut must not matter."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from backtrack import nets
from cnnvis import backtrack
from cnnvis.backtrack import Options, Starts, channels, reading
from cnnvis.backtrack import points as points_module
from cnnvis.backtrack.reading import Units, reader
from cnnvis.backtrack.record import Scratch
from cnnvis.backtrack.windows import Sliding

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def windowed(draw):
    """Return (maps, windows, units, depth) of some convolution."""
    depth, groups = draw(st.sampled_from([(2, 1), (3, 2), (1, 3)]))
    kernel, stride, dilation = draw(pairs), draw(pairs), draw(pairs)
    padding = (draw(st.integers(0, 2)), draw(st.integers(0, 2)))
    size = (draw(st.integers(7, 9)), draw(st.integers(7, 9)))
    windows = Sliding(kernel, stride, padding, size, dilation)
    each = zip(size, padding, dilation, kernel, stride, strict=True)
    last = [(n + 2 * p - d * (k - 1) - 1) // s for n, p, d, k, s in each]
    random = np.random.default_rng(draw(st.integers(0, 999)))
    index = np.array([random.integers(0, [4, last[0] + 1, last[1] + 1]) for _ in range(5)])
    units = Units(np.sort(random.integers(0, 2, 5)), index, random.integers(0, groups, 5))
    return random.standard_normal((2, groups * depth, *size)), windows, units, depth


@given(windowed())
@settings(deadline=None, max_examples=60)
def test_both_readers_read_the_same_windows(case):
    maps, windows, units, depth = case
    window = windows.at(units.index)
    expected = np.zeros((5, windows.taps, depth))
    for unit, tap in np.ndindex(5, windows.taps):
        if window.outside is None or not window.outside[unit, tap]:
            row, col = divmod(int(window.places[unit, tap]), windows.size[1])
            first = units.group[unit] * depth
            expected[unit, tap] = maps[units.image[unit], first : first + depth, row, col]
    channel = np.arange(5) % depth
    for kind in (reading._Copied, reading._InPlace):
        read = (
            kind(maps, windows, units, depth, Scratch())
            if kind is reading._Copied
            else kind(maps, windows, units, depth)
        )
        np.testing.assert_array_equal(read.windows(slice(1, 4)), expected[1:4])
        np.testing.assert_array_equal(read.windows(np.array([4, 0])), expected[[4, 0]])
        np.testing.assert_array_equal(read.channel(channel), expected[np.arange(5), :, channel])


def test_many_reads_are_worth_a_copy():
    maps, windows = np.zeros((1, 4, 6, 6)), Sliding((3, 3), (1, 1), (1, 1), (6, 6))
    index = np.argwhere(np.ones((1, 6, 6)))
    zeros = np.zeros(36, np.int64)
    every = Units(zeros, index, zeros)
    assert isinstance(reader(maps, windows, every, 4, Scratch()), reading._Copied)
    few = every.some(slice(0, 1))
    assert isinstance(reader(maps, windows, few, 4, Scratch()), reading._InPlace)


@pytest.mark.parametrize("name", nets.FAMILIES)
@pytest.mark.parametrize("options", [Options(), Options(position="spatial", dead_end="follow")])
def test_runs_and_blocks_change_nothing(name, options, monkeypatch):
    net, record = nets.family(name, images=3)
    starts = Starts.of(net.scores, image=[0, 0, 1, 2], index=[[0], [3], [1], [2]])
    whole = backtrack.from_units(net, record, starts, options)
    monkeypatch.setattr(channels, "_RUN", 40)
    monkeypatch.setattr(points_module, "CHUNK_BYTES", 3000)
    cut = backtrack.from_units(net, record, starts, options)
    for node, points in whole.points.items():
        np.testing.assert_array_equal(points.index, cut.points[node].index)
        np.testing.assert_array_equal(points.start, cut.points[node].start)
        np.testing.assert_allclose(points.weight, cut.points[node].weight, rtol=1e-12)


def test_starts_of_one_image_share_the_work(monkeypatch):
    """The second walk of the same unit asks for no contribution of its own."""
    net, record = nets.family("vgg")
    made = []
    before = channels.channel_sum

    def counting(layer, windows, maps, units, options, *, scratch):
        made.append(len(units))
        return before(layer, windows, maps, units, options, scratch=scratch)

    monkeypatch.setattr("cnnvis.backtrack.convolution.channel_sum", counting)
    backtrack.from_units(net, record, Starts.of(net.scores, image=[0], index=[[1]]))
    alone, made[:] = list(made), []
    twice = Starts.of(net.scores, image=[0, 0], index=[[1], [1]])
    found = backtrack.from_units(net, record, twice)
    assert made == alone
    assert found.arrived[0] == pytest.approx(found.arrived[1], rel=1e-12)
    assert found.arrived[0] > 0


def test_starts_in_any_order_of_images():
    net, record = nets.family("resnet", images=3)
    starts = Starts.of(net.scores, image=[2, 0, 1], index=[[0], [1], [2]])
    turned = replace(starts, image=starts.image[[1, 2, 0]], index=starts.index[[1, 2, 0]])
    one, other = (backtrack.from_units(net, record, each) for each in (starts, turned))
    for start, same in ((0, 2), (1, 0), (2, 1)):
        places = [
            walk.fixations.index[walk.fixations.start == number]
            for walk, number in ((one, start), (other, same))
        ]
        assert len(places[0])
        np.testing.assert_array_equal(*places)


def test_scratch_memory_grows_and_is_used_again():
    scratch = Scratch()
    first = scratch.array("a", (2, 3), np.float32)
    again = scratch.array("a", (3,), np.float64)
    assert np.shares_memory(first, again)
    assert scratch.array("a", (100,), np.float32).shape == (100,)
    assert not np.shares_memory(again, scratch.array("b", (3,), np.float64))


def test_a_network_in_float32_agrees_with_itself_in_float64():
    """At least 99 % of the points and of the weight of four families with random weights."""
    for name in nets.FAMILIES:
        model = nets.fill(nets.FAMILIES[name](), seed=1, whole=False)
        images = nets.numbers((4, 3, 13, 17), torch.Generator().manual_seed(2), whole=False)
        walks = []
        for precision in (torch.float64, torch.float32):
            net, record = nets.opened(model.to(precision), images.to(precision))
            walks.append(backtrack.from_scores(net, record, targets=[0, 1, 2, 3]))
        one, other = (
            {
                (s, *p): w
                for s, p, w in zip(f.start.tolist(), f.index.tolist(), f.weight, strict=True)
            }
            for f in (walk.fixations for walk in walks)
        )
        shared = sum(min(weight, other.get(place, 0)) for place, weight in one.items())
        assert shared >= 0.99 * sum(one.values()) > 0


def test_depthwise_layers_read_single_channels():
    model = nets.fill(nn.Sequential(nn.Conv2d(6, 6, 3, padding=1, groups=6)), seed=0, whole=False)
    images = nets.numbers((1, 6, 5, 5), torch.Generator().manual_seed(1), whole=False)
    net, record = nets.opened(model, images)
    every = nets.every_unit(record, net.scores)
    found = backtrack.from_units(net, record, every, Options(dead_end="follow"))
    at = found.points["image"]
    np.testing.assert_array_equal(at.index[:, 0], every.index[at.start, 0])
    assert len(at) == len(every)

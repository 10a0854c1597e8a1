"""Volumes of maps and of filters, none of them square."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis import volume
from cnnvis.errors import CnnvisError, OrderingError
from cnnvis.ordering import Ordering
from cnnvis.volume import Volume


def by_hand(*permutation):
    return Ordering(list(permutation), None, None, "natural", {}, "image")


def some_filters(n=3, channels=4, rows=2, cols=5):
    random = np.random.default_rng(0)
    return random.normal(size=(n, channels, rows, cols)).astype(np.float32)


def test_planes_are_channels_in_order_and_rows_stay_rows():
    maps = np.arange(3 * 2 * 5, dtype=np.float32).reshape(3, 2, 5)
    stacked = volume.stack(maps, by_hand(2, 0, 1), spacing=(1, 4, 8), name="conv1")
    for place, channel in enumerate((2, 0, 1)):
        for row in range(2):
            for col in range(5):
                assert stacked.data[place, row, col] == maps[channel, row, col]
    assert stacked.axes == ("position in the order", "row", "column")
    assert stacked.spacing == (1.0, 4.0, 8.0)
    assert stacked.name == "conv1"
    assert stacked.data.dtype == np.float32


@pytest.mark.parametrize(
    ("reduction", "slow"),
    [
        ("l2", lambda values: sum(v * v for v in values) ** 0.5),
        ("mean", lambda values: sum(values) / len(values)),
        ("absmean", lambda values: sum(abs(v) for v in values) / len(values)),
    ],
)
def test_reductions_over_the_input_channels(reduction, slow):
    filters, order = some_filters(), (1, 2, 0)
    made = volume.from_filters(filters, by_hand(*order), reduction=reduction)
    assert made.data.shape == (3, 2, 5)
    for place, row, col in np.ndindex(3, 2, 5):
        values = [float(v) for v in filters[order[place], :, row, col]]
        assert made.data[place, row, col] == pytest.approx(slow(values), rel=1e-6)


def test_tiles_lie_side_by_side_with_a_gutter_of_zeros():
    filters, order = some_filters() + 10, (1, 2, 0)
    made = volume.from_filters(filters, by_hand(*order), reduction="tile", spacing=(1, 2, 3))
    assert made.data.shape == (3, 2, 4 * 5 + 3)
    assert made.spacing == (1.0, 2.0, 3.0)
    for place, channel in np.ndindex(3, 4):
        tile = made.data[place, :, channel * 6 : channel * 6 + 5]
        assert np.array_equal(tile, filters[order[place], channel])
    assert not made.data[:, :, 5::6].any()
    assert made.data[:, :, 5::6].shape == (3, 2, 3)


@pytest.mark.parametrize("channel", [0, 3])
def test_one_input_channel_is_shown_alone(channel):
    filters, order = some_filters(), (1, 2, 0)
    made = volume.from_filters(filters, by_hand(*order), reduction="channel", channel=channel)
    assert made.data.shape == (3, 2, 5)
    for place in range(3):
        assert np.array_equal(made.data[place], filters[order[place], channel])
    assert (made.data < 0).any()


@pytest.mark.parametrize("channel", [-1, 4])
def test_an_input_channel_that_is_not_there_is_refused(channel):
    with pytest.raises(CnnvisError, match=rf"no input channel {channel}: a filter .* has 4"):
        volume.from_filters(some_filters(), by_hand(0, 1, 2), reduction="channel", channel=channel)


def test_binary_is_nearer_to_the_greatest_mean():
    filters, order = some_filters(), (1, 2, 0)
    made = volume.from_filters(filters, by_hand(*order), reduction="binary").data
    means = [[[filters[f, :, r, c].mean() for c in range(5)] for r in range(2)] for f in order]
    low, high = np.min(means), np.max(means)
    for place, row, col in np.ndindex(3, 2, 5):
        assert made[place, row, col] == (
            means[place][row][col] - low > high - means[place][row][col]
        )
    assert 0 < made.mean() < 1
    assert not volume.from_filters(filters * 0, by_hand(0, 1, 2), reduction="binary").data.any()


def test_limits_are_shared_and_zero_has_a_fixed_place():
    small, large = Volume(np.full((1, 2, 3), -0.5)), Volume(np.full((1, 2, 3), 4.0))
    assert volume.shared_limits(small, large) == (-4.0, 4.0)
    assert volume.shared_limits(large) == (0.0, 4.0)
    assert volume.shared_limits(Volume(np.zeros((1, 2, 3)))) == (0.0, 1.0)
    with pytest.raises(CnnvisError, match="at least one array"):
        volume.shared_limits()


def test_filters_of_groups_keep_their_own_input_channels():
    """With groups a filter has few input channels, counted within its group: those of its own."""
    filters = np.arange(6 * 2 * 2 * 3.0).reshape(6, 2, 2, 3)  # of 3 groups: 6 input channels in all
    tiles = volume.from_filters(filters, by_hand(*range(6)), reduction="tile").data
    assert tiles.shape == (6, 2, 2 * 3 + 1)
    for place in range(6):
        assert np.array_equal(tiles[place, :, 4:], filters[place, 1])


def test_one_input_channel_needs_no_gutter():
    filters = some_filters(channels=1)
    made = volume.from_filters(filters, by_hand(0, 1, 2), reduction="tile")
    assert np.array_equal(made.data, filters[:, 0])


def test_tiny_gradients_do_not_vanish():
    filters = np.full((1, 4, 2, 3), 1e-25, np.float32)
    made = volume.from_filters(filters, by_hand(0), reduction="l2")
    np.testing.assert_allclose(made.data, 2e-25, rtol=1e-6)


def test_reductions_are_named_in_one_place():
    with pytest.raises(CnnvisError, match=r"no reduction 'maen'; .*did you mean 'mean'"):
        volume.from_filters(some_filters(), by_hand(0, 1, 2), reduction="maen")
    assert set(volume.REDUCTIONS) == {"l2", "mean", "absmean", "channel", "tile", "binary"}


def test_a_fully_connected_layer_is_refused():
    with pytest.raises(CnnvisError, match=r"got \(3, 7\). Choose a convolution"):
        volume.from_filters(np.zeros((3, 7)), by_hand(0, 1, 2))


def test_an_ordering_of_another_layer_is_refused():
    with pytest.raises(OrderingError, match="2 channels"):
        volume.stack(np.zeros((3, 2, 5)), by_hand(1, 0))
    with pytest.raises(OrderingError, match="2 channels"):
        volume.from_filters(some_filters(), by_hand(1, 0))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"data": np.zeros((2, 3))}, r"\(plane, row, col\).*got \(2, 3\)"),
        ({"data": np.zeros((2, 0, 3))}, r"\(2, 0, 3\)"),
        ({"data": np.array([[[0.0, np.nan, np.inf]]])}, r"nan at \(0, 0, 1\) and 1 more"),
        ({"data": np.zeros((1, 2, 3), complex)}, "complex128"),
        ({"spacing": (1.0, 0.0, 1.0)}, "three positive numbers"),
        ({"spacing": (1.0, np.inf, 1.0)}, "three positive numbers"),
        ({"spacing": (1.0, 1.0)}, "three positive numbers"),
        ({"axes": ("row", "column")}, "three axes"),
        ({"name": "two\nlines"}, "one line"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, message):
    with pytest.raises(CnnvisError, match=message):
        Volume(**({"data": np.zeros((4, 2, 3))} | parts))


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9),
    low=st.floats(-1e6, 1e6),
    span=st.floats(1e-3, 1e6),
)
def test_bytes_are_the_nearest_share_of_the_limits(values, low, span):
    high = low + span
    for value, byte in zip(values, volume.to_bytes(values, low, high), strict=True):
        share = (min(max(value, low), high) - low) / (high - low)
        assert abs(share * 255 - int(byte)) <= 0.5 + 1e-9


def test_limits_need_not_fit_the_type_of_the_data():
    steps = np.array([2.0**24, 2.0**24 + 2], np.float32)
    assert volume.to_bytes(steps, 2.0**24, 2.0**24 + 1).tolist() == [0, 255]
    assert volume.to_bytes(np.array([6e4], np.float16), 0.0, 1.2e5).tolist() == [128]
    assert volume.to_bytes(np.array([True, False]), 0.0, 2.0).tolist() == [128, 0]


def test_without_a_span_there_are_two_shades():
    assert volume.to_bytes([1.0, 2.0, 3.0], 2.0, 2.0).tolist() == [0, 0, 255]


@pytest.mark.parametrize("limits", [(1.0, 0.0), (np.nan, 1.0), (0.0, np.inf)])
def test_limits_are_checked(limits):
    with pytest.raises(CnnvisError, match="limits are finite, the low one first"):
        volume.to_bytes([0.0], *limits)


def test_two_steps_are_the_middle_between_the_limits():
    values = [-1.0, 0.0, 0.49, 0.51, 1.0, 9.0]
    assert volume.to_bytes(values, 0.0, 1.0, top=1).tolist() == [0, 0, 0, 1, 1, 1]
    assert volume.to_bytes([1.0, 2.0, 3.0], 2.0, 2.0, top=1).tolist() == [0, 0, 1]


def test_limits_of_a_layer_hold_zero_and_do_not_follow_the_order():
    maps = np.array([[[1.0, 3.0]], [[2.0, 0.5]]])
    assert volume.layer_limits(maps) == volume.layer_limits(maps[::-1]) == (0.0, 3.0)
    assert volume.layer_limits(maps - 2) == (-1.5, 1.0)
    assert volume.layer_limits(maps - 9) == (-8.5, 0.0)
    with pytest.raises(CnnvisError, match="limits need values"):
        volume.layer_limits(np.zeros((0, 2, 2)))
    with pytest.raises(CnnvisError, match="a feature map holds finite"):
        volume.layer_limits([[[np.nan]]])


def test_a_signed_scale_is_shared_and_symmetric():
    arrays = [np.array([[1.0, -3.0]]), np.array([2.5])]
    limit = volume.symmetric_limit(*arrays)
    assert limit == 3.0
    assert volume.to_bytes([-limit, 0.0, limit], -limit, limit).tolist() == [0, 128, 255]
    assert volume.symmetric_limit(np.zeros(4)) == 1.0
    assert volume.symmetric_limit(np.array([-128], np.int8)) == 128.0


@pytest.mark.parametrize("arrays", [(), ([],), ([1.0], [])])
def test_a_scale_of_nothing_is_refused(arrays):
    with pytest.raises(CnnvisError, match="at least one array"):
        volume.symmetric_limit(*arrays)


def test_a_scale_of_nan_is_refused():
    with pytest.raises(CnnvisError, match="nan at"):
        volume.symmetric_limit([0.0, np.nan])
    with pytest.raises(CnnvisError, match="nan at"):
        volume.to_bytes([np.nan], 0.0, 1.0)

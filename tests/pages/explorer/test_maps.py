"""Maps as bytes, and statistics against NumPy over everything at once."""

import numpy as np
import pytest
import readers_of_scripts
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cnnvis.pages.explorer import maps

VALUES = st.floats(-1000, 1000, width=32)
SHAPES = arrays.array_shapes(min_dims=3, max_dims=3, max_side=4)


@given(arrays.arrays(np.float32, SHAPES, elements=VALUES))
@example(np.array([[[0, 1e-45]]], np.float32))
def test_values_come_back_to_half_a_step(values):
    found = readers_of_scripts.unpacked(maps.as_bytes(values))
    low, high = (found[name].astype(np.float64)[:, None, None] for name in ("low", "high"))
    assert found["maps"].shape == values.shape
    step = (high - low) / 255
    back = low + step * found["maps"]
    assert np.all(np.abs(back - values) <= step / 2 + 1e-3)
    assert np.array_equal(found["low"], values.min((1, 2)))
    assert np.array_equal(found["high"], values.max((1, 2)))


def drawn(images=5):
    draw = np.random.default_rng(7)
    return draw.standard_normal((images, 4, 6, 5)).astype(np.float32)


def gathered(blocks):
    found = maps.Statistics.of(blocks.shape[1], int(np.prod(blocks.shape[2:])))
    for block in blocks:
        found.add(block)
    return found


def test_statistics_are_those_of_all_images_at_once():
    blocks = drawn()
    said = gathered(blocks).summary(range(5))
    assert said["mean"] == pytest.approx(blocks.mean((0, 2, 3)), rel=1e-3, abs=1e-5)
    assert said["maximum"] == pytest.approx(blocks.max((0, 2, 3)), rel=1e-4)
    assert said["on"] == pytest.approx((blocks > 0).mean((0, 2, 3)), rel=1e-4)
    limits = [np.percentile(np.abs(block), maps.LIMIT) for block in blocks]
    assert said["limit"] == pytest.approx(max(limits), rel=1e-4)
    assert said["signed"]
    assert not gathered(np.abs(blocks)).summary([0])["signed"]


def test_the_best_images_are_those_that_are_shown():
    blocks = drawn()
    shown = [4, 1, 2]
    said = gathered(blocks).summary(shown)
    for channel in range(4):
        peaks = [float(blocks[place, channel].max()) for place in shown]
        best = sorted(range(3), key=lambda one: -peaks[one])
        assert said["photos"][channel] == best
        assert said["peaks"][channel] == pytest.approx([peaks[one] for one in best], rel=1e-4)


def test_a_layer_that_is_off_everywhere_still_has_a_limit():
    assert gathered(np.zeros((2, 3, 2, 2), np.float32)).summary([0])["limit"] == 1.0
    one = np.zeros((1, 1, 100, 100), np.float32)
    one[0, 0, 0, 0] = 3  # above the percentile: the only value there is
    assert gathered(one).summary([0])["limit"] == 3.0

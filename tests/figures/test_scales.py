"""Scales: from values to colours, and the words that go with them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.scales import NORMS, root_scale, scale

positive = st.floats(1e-6, 1e6)


def test_the_percentile_clips_spikes_and_takes_roots():
    values = np.append(np.linspace(0, 1, 9999), 1000.0)
    made = scale(values)
    limit = np.percentile(values, 99.5)
    assert made.norm(0.0) == 0
    assert made.norm(limit) == pytest.approx(1)
    assert made.norm(limit / 4) == pytest.approx(0.5)
    assert "99.5th percentile (0.995)" in made.words
    assert "clipped" in made.words


@given(positive)
def test_signed_values_have_zero_in_the_middle(limit):
    made = root_scale(limit, signed=True)
    assert [float(made.norm(x)) for x in (-limit, 0, limit)] == pytest.approx([0, 0.5, 1])
    assert made.norm(limit / 4) == pytest.approx(0.75)
    assert made.norm(-limit / 4) == pytest.approx(0.25)
    assert made.norm.inverse(0.25) == pytest.approx(-limit / 4)


def test_the_sign_of_the_data_decides_the_colours():
    assert scale([0.0, 2.0]).colours.name == style.SEQUENTIAL
    assert scale([-1.0, 2.0]).colours.name == style.SIGNED


def test_global_is_linear_up_to_the_largest_magnitude():
    made = scale([-4.0, 2.0], "global")
    assert [float(made.norm(x)) for x in (-4, 0, 2, 4)] == [0, 0.5, 0.75, 1]


def test_per_channel_is_linear_up_to_one():
    assert [float(scale([0, 9], "per_channel").norm(x)) for x in (0, 0.5, 1)] == [0, 0.5, 1]


@pytest.mark.parametrize("norm", NORMS)
def test_data_that_are_all_zero_have_a_scale(norm):
    made = scale(np.zeros(5), norm)
    assert made.norm(0.0) == 0
    assert made.norm.vmax > made.norm.vmin


def test_nearly_empty_data_are_seen():
    """Where fewer than 0.5 % of the values are not zero, the percentile is zero."""
    values = np.zeros(10_000)
    values[0] = 3
    assert scale(values).norm.vmax == 3


@given(positive, st.booleans())
def test_ticks_are_round_inside_and_spread(limit, signed):
    made = root_scale(limit, signed=signed)
    ticks = np.array(made.ticks)
    assert (np.diff(ticks) > 0).all()
    assert limit / 2.0001 <= ticks[-1] <= limit * 1.0001
    assert (ticks[0] == -ticks[-1]) if signed else ticks[0] == 0
    digits = [f"{tick:.6e}".split("e")[0].strip("-").rstrip("0").rstrip(".") for tick in ticks]
    assert max(map(len, digits)) <= 3  # two digits and a point
    gaps = np.diff([float(made.norm(tick)) for tick in ticks])
    assert gaps.min() > 0.15


def test_an_unknown_norm_is_refused_with_a_hint():
    with pytest.raises(CnnvisError, match=r"no norm 'globl'.*did you mean 'global'"):
        scale([1.0], "globl")

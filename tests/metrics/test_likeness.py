"""Likeness of maps, sparseness and areas: slow twins, known maps, and what must not change them."""

import numpy as np
import pytest
from scipy import stats

from cnnvis import metrics
from cnnvis.errors import MeasureError

RANDOM = np.random.default_rng(0)
ONE, OTHER = RANDOM.normal(size=(2, 2, 3, 16, 18))  # (method, image, row, col) each


@pytest.mark.parametrize("name", sorted(metrics.LIKENESS))
def test_a_map_is_like_itself_and_unlike_its_negative(name):
    compare = metrics.LIKENESS[name]
    np.testing.assert_allclose(compare(ONE, ONE), 1.0)
    assert (compare(ONE, -ONE) < -0.75).all()
    assert np.abs(compare(ONE, OTHER)).max() < 0.25
    np.testing.assert_allclose(compare(ONE, OTHER), compare(OTHER, ONE), atol=1e-12)
    np.testing.assert_allclose(compare(3e-200 * ONE + 0, OTHER), compare(ONE, OTHER), atol=1e-9)


def test_correlations_one_by_one():
    rounded = np.round(OTHER)  # ties
    for place in np.ndindex(2, 3):
        a, b = ONE[place].ravel(), rounded[place].ravel()
        assert metrics.pearson(ONE, rounded)[place] == pytest.approx(stats.pearsonr(a, b)[0])
        assert metrics.spearman(ONE, rounded)[place] == pytest.approx(stats.spearmanr(a, b)[0])


def test_ranks_see_the_order_alone():
    np.testing.assert_array_equal(
        metrics.spearman(np.exp(ONE), OTHER), metrics.spearman(ONE, OTHER)
    )
    assert (metrics.pearson(np.exp(ONE), OTHER) != metrics.pearson(ONE, OTHER)).all()


@pytest.mark.parametrize("name", ["spearman", "pearson"])
def test_a_constant_map_correlates_with_nothing(name):
    flat = np.full(ONE.shape, 0.1)
    np.testing.assert_array_equal(metrics.LIKENESS[name](flat, ONE), 0.0)
    np.testing.assert_array_equal(metrics.LIKENESS[name](flat, flat), 0.0)


def slow_ssim(a, b):
    """The mean over all windows that lie on the map, in loops."""
    a, b = ((m - m.min()) / (m.max() - m.min()) for m in (a, b))
    steps = np.arange(-5, 6)
    bell = np.exp(-(steps**2) / (2 * 1.5**2))
    weight = np.outer(bell, bell) / bell.sum() ** 2
    found = []
    for row in range(5, a.shape[0] - 5):
        for col in range(5, a.shape[1] - 5):
            p, q = (m[row - 5 : row + 6, col - 5 : col + 6] for m in (a, b))
            mp, mq = (weight * p).sum(), (weight * q).sum()
            vp, vq = (weight * p * p).sum() - mp**2, (weight * q * q).sum() - mq**2
            both = (weight * p * q).sum() - mp * mq
            c1, c2 = 0.01**2, 0.03**2
            found.append(
                (2 * mp * mq + c1) * (2 * both + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2))
            )
    return np.mean(found)


def test_ssim_in_loops():
    found = metrics.ssim(ONE[0], OTHER[0])
    expected = [slow_ssim(a, b) for a, b in zip(ONE[0], OTHER[0])]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_maps_of_one_method_are_compared_with_those_of_many():
    np.testing.assert_allclose(
        metrics.pearson(ONE[0], OTHER), [metrics.pearson(ONE[0], m) for m in OTHER]
    )


def test_change_of_known_maps():
    np.testing.assert_allclose(metrics.change(ONE, 3 * ONE), 2.0)
    empty = np.zeros((1, 2, 2))
    assert metrics.change(empty, empty) == [0.0]
    assert metrics.change(empty, empty + 1) == [np.inf]


def test_maps_that_cannot_be_compared_are_refused():
    with pytest.raises(MeasureError, match=r"shapes \(2, 3, 16, 18\) and \(2, 3, 16, 17\)"):
        metrics.pearson(ONE, OTHER[..., :17])
    with pytest.raises(MeasureError, match=r"\(2, 3, 16, 18\) and \(5, 3, 16, 18\)"):
        metrics.pearson(ONE, np.ones((5, 3, 16, 18)))
    with pytest.raises(MeasureError, match=r"11 x 11 pixels; got maps of 16 x 10"):
        metrics.ssim(ONE[..., :10], OTHER[..., :10])


# --- sparseness -----------------------------------------------------------------------------------


def test_gini_is_the_mean_difference_of_all_pairs():
    found = metrics.gini(ONE)
    for place in np.ndindex(2, 3):
        sizes = np.abs(ONE[place].ravel())
        apart = np.abs(sizes[:, None] - sizes).mean()
        assert found[place] == pytest.approx(apart / (2 * sizes.mean()))


def test_gini_of_known_maps():
    single = np.zeros((1, 4, 5))
    single[0, 2, 2] = -3.0
    assert metrics.gini(single) == pytest.approx([0.95])
    for flat in (np.zeros((1, 4, 5)), np.full((1, 4, 5), -1e-310)):
        assert metrics.gini(flat) == pytest.approx([0.0])
    np.testing.assert_allclose(metrics.gini(-1e9 * ONE), metrics.gini(ONE))
    assert metrics.gini(RANDOM.random((1, 200, 200)))[0] == pytest.approx(1 / 3, abs=0.01)


# --- curves ---------------------------------------------------------------------------------------


def test_area_of_known_curves():
    shares = np.array([0.0, 0.1, 0.4, 1.0])
    assert metrics.area(shares, shares) == pytest.approx(0.5)
    assert metrics.area(shares + 3, np.full((2, 4), 0.7)) == pytest.approx([0.7, 0.7])
    assert metrics.area([0.1, 0.9], [1.0, 0.0]) == pytest.approx(0.5)
    assert metrics.mean_drop([[0.9, 0.5, 0.1], [0.2, 0.4, 0.0]]) == pytest.approx([0.4, 0.0])


@pytest.mark.parametrize("shares", [[0.0, 0.5], [0.0, 0.5, 0.5], [[0.0, 0.5, 1.0]]])
def test_what_is_no_curve_is_refused(shares):
    with pytest.raises(MeasureError, match="two places or more, ascending"):
        metrics.area(shares, [1.0, 2.0, 3.0])

"""Comparisons against their definitions in loops, and planted truth."""

import weakref
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from cnnvis import compare, ordering
from cnnvis.errors import OrderingError
from cnnvis.ordering import Ordering


def by_hand(permutation):
    return Ordering(list(permutation), None, None, "natural", {}, "image")


def some_maps(n=6, rows=3, cols=5, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(n, rows, cols)) + random.normal(size=(rows, cols))


def a_similarity(n=9, seed=0):
    return compare.similarity(some_maps(n, seed=seed))


def smooth_family(n=20):
    """Bumps that wander along a row: each is most alike the next."""
    at = np.linspace(0, 1, n)[:, None, None]
    col = np.linspace(0, 1, 30)[None, None, :]
    return np.exp(-(((col - at) / 0.2) ** 2)) * np.ones((1, 2, 1))


# --- similarity -----------------------------------------------------------------------------------


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_similarity_is_pearson_over_all_pixels(images, offset):
    blocks = [some_maps(seed=seed) + offset for seed in range(images)]
    found = compare.similarity_set(iter(blocks))
    pixels = np.concatenate([block.reshape(6, -1) for block in blocks], axis=1) - offset
    for i in range(6):
        for j in range(6):
            assert found[i, j] == pytest.approx(pearsonr(pixels[i], pixels[j])[0], abs=1e-8)


def test_one_image_is_a_set_of_one():
    assert np.array_equal(compare.similarity(some_maps()), compare.similarity_set([some_maps()]))


@pytest.mark.parametrize("value", [0.0, 0.1, -7e8])
def test_a_constant_channel_is_like_no_other(value):
    blocks = [some_maps(), some_maps(seed=1)]
    for block in blocks:
        block[[1, 4]] = value
    found = compare.similarity_set(blocks)
    for dead in (1, 4):
        assert found[dead].tolist() == [float(i == dead) for i in range(6)]
        assert found[:, dead].tolist() == found[dead].tolist()


def test_a_channel_that_is_constant_in_each_image_only_is_not_dead():
    blocks = [some_maps(), some_maps(seed=1)]
    for i, block in enumerate(blocks):
        block[0] = block[1] = i
    assert compare.similarity_set(blocks)[0, 1] == pytest.approx(1.0)


def test_blocks_are_let_go():
    live, most = set(), []

    def blocks():
        for seed in range(30):
            maps = some_maps(seed=seed)
            live.add(seed)
            weakref.finalize(maps, live.discard, seed)
            most.append(len(live))
            yield maps
            del maps

    compare.similarity_set(blocks())
    assert len(most) == 30
    assert max(most) <= 2


def test_shuffled_channels_are_shuffled_only():
    maps, shuffle = some_maps(), np.array([3, 0, 5, 1, 4, 2])
    found = compare.similarity(maps[shuffle])
    expected = compare.similarity(maps)[np.ix_(shuffle, shuffle)]
    np.testing.assert_allclose(found, expected, atol=1e-14)


# --- orders with each other-----------------------------------------------------------------------


def test_neighbour_distance_in_loops():
    maps, order = some_maps(), [5, 1, 0, 3, 2, 4]
    steps = [
        np.sqrt(np.mean([(a - b) ** 2 for a, b in zip(maps[i].flat, maps[j].flat, strict=True)]))
        for i, j in pairwise(order)
    ]
    assert compare.neighbour_distance(maps, by_hand(order)) == pytest.approx(np.mean(steps))
    family = smooth_family()[np.random.default_rng(1).permutation(20)]
    by_pca = ordering.order(family, "pca_image")
    natural = ordering.order(family, "natural")
    assert compare.neighbour_distance(family, by_pca) < compare.neighbour_distance(family, natural)
    with pytest.raises(OrderingError, match="at least two channels"):
        compare.neighbour_distance(maps[:1], by_hand([0]))


# --- orders with each other -----------------------------------------------------------------------


def test_agreement_is_spearman_without_its_sign():
    random = np.random.default_rng(0)
    orders = [by_hand(random.permutation(11)) for _ in range(4)]
    orders.append(by_hand(orders[0].permutation[::-1]))
    found = compare.agreement(orders)
    for i, a in enumerate(orders):
        for j, b in enumerate(orders):
            rho = spearmanr(a.inverse, b.inverse)[0]
            assert found[i, j] == pytest.approx(abs(rho), abs=1e-12)
    assert found[0, 4] == 1.0


def test_agreement_of_slices_leaves_out_those_without_an_order():
    orders = [by_hand([0, 1, 2, 3]), None, by_hand([1, 0, 2, 3])]
    found = compare.agreement_of_slices(orders)
    assert np.isnan(found[1]).all()
    assert np.isnan(found[:, 1]).all()
    assert found[0, 2] == found[2, 0] == pytest.approx(0.8)
    assert np.isnan(compare.agreement_of_slices([None])).all()


def test_near_slices_agree_and_far_ones_do_not():
    """Each channel's brightness drifts from one random value to another, down the rows."""
    random = np.random.default_rng(0)
    above, below = random.normal(size=(2, 30, 1, 1))
    down = np.linspace(0, 1, 9)[None, :, None]
    maps = (above * (1 - down) + below * down) * np.ones((1, 1, 4)) + 5
    found = compare.agreement_of_slices(ordering.order_slices([maps]))
    assert np.diag(found, 1).min() > 0.9
    assert found[0, -1] < 0.4
    across = compare.agreement_of_slices(ordering.order_slices([maps], axis="col"))
    np.testing.assert_allclose(across, 1.0)


def test_a_table_of_agreement_names_its_rows_and_columns():
    table = compare.agreement_table(["a", "b"], np.array([[1.0, 0.2], [0.2, 1.0]]))
    assert table.columns.tolist() == ["order", "a", "b"]
    assert table.values.tolist() == [["a", 1.0, 0.2], ["b", 0.2, 1.0]]


def test_scores_are_correlated_with_other_values_of_the_channels():
    random = np.random.default_rng(0)
    score, bright = random.normal(size=(2, 9))
    scored = Ordering(np.argsort(score), score, None, "pca_image", {}, "image")
    found = compare.score_correlation(scored, bright)
    assert found == pytest.approx(pearsonr(score, bright)[0])
    assert np.isnan(compare.score_correlation(by_hand(range(9)), bright))
    assert np.isnan(compare.score_correlation(scored, np.full(9, 0.1)))


def test_agreement_is_between_orders_of_the_same_channels():
    with pytest.raises(OrderingError, match="of 2 and 3 channels"):
        compare.agreement([by_hand([0, 1]), by_hand([0, 1, 2])])
    with pytest.raises(OrderingError, match="of no channels"):
        compare.agreement([])
    with pytest.raises(OrderingError, match="of 1 channels"):
        compare.agreement([by_hand([0])])


# --- gradients with each other --------------------------------------------------------------------


def test_cosines_and_norms_in_loops():
    stack = np.random.default_rng(0).normal(size=(4, 2, 3, 5))
    found, lengths = compare.cosine_matrix(stack), compare.norms(stack)
    for i in range(4):
        assert lengths[i] == pytest.approx(sum(v * v for v in stack[i].flat) ** 0.5)
        for j in range(4):
            product = sum(a * b for a, b in zip(stack[i].flat, stack[j].flat, strict=True))
            assert found[i, j] == pytest.approx(product / (lengths[i] * lengths[j]))
            assert compare.cosine(stack[i], stack[j]) == pytest.approx(found[i, j], abs=1e-14)
    assert compare.cosine(stack[0], -3 * stack[0]) == -1.0


def test_tiny_gradients_have_directions_too():
    stack = np.random.default_rng(0).normal(size=(3, 2, 5))
    tiny = stack * np.array([1e-200, 1.0, 1e200])[:, None, None]
    np.testing.assert_allclose(compare.cosine_matrix(tiny), compare.cosine_matrix(stack))


def test_a_gradient_of_zeros_has_no_direction():
    stack = np.array([[[0.0, 0.0]], [[1.0, 2.0]]])
    assert compare.cosine_matrix(stack).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert compare.cosine(stack[0], stack[0]) == 0.0
    assert compare.norms(stack).tolist() == [0.0, pytest.approx(5**0.5)]


def test_gradients_that_cannot_be_compared_are_refused():
    with pytest.raises(OrderingError, match=r"one shape; got \(2,\) and \(3,\)"):
        compare.cosine(np.ones(2), np.ones(3))
    with pytest.raises(OrderingError, match=r"items \[1\]"):
        compare.cosine_matrix([[1.0, 2.0], [np.nan, 1.0]])
    with pytest.raises(OrderingError, match=r"\(item, ...\)"):
        compare.norms([1.0, 2.0])

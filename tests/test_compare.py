"""Comparisons against their definitions in loops, and planted truth."""

import weakref
from itertools import pairwise, permutations

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


# --- the quality of an order ----------------------------------------------------------------------


def test_neighbours_and_path_in_loops():
    matrix, order = a_similarity(), [3, 0, 8, 5, 1, 4, 2, 7, 6]
    pairs = [matrix[order[p], order[p + 1]] for p in range(8)]
    assert compare.neighbour_correlation(matrix, order) == pytest.approx(sum(pairs) / 8)
    assert compare.path_length(matrix, order) == pytest.approx(sum(1 - s for s in pairs))
    back = order[::-1]
    assert compare.path_length(matrix, back) == pytest.approx(compare.path_length(matrix, order))


def test_the_null_draws_orders_evenly():
    """Of three channels there are six orders, two for each value: each a third of the time."""
    matrix = np.array([[1.0, 0.1, 0.2], [0.1, 1.0, 0.6], [0.2, 0.6, 1.0]])
    values = {round(compare.neighbour_correlation(matrix, p), 9) for p in permutations(range(3))}
    null = compare.permutation_null(matrix, draws=3000, seed=1)
    found, count = np.unique(np.round(null, 9), return_counts=True)
    assert set(found) == values
    assert np.all(np.abs(count - 1000) < 5 * np.sqrt(3000 * 2 / 9))


def test_the_null_of_many_channels_has_the_mean_of_all_pairs():
    matrix = a_similarity(40)
    null = compare.permutation_null(matrix, draws=4000)
    pairs = matrix[~np.eye(40, dtype=bool)]
    assert null.mean() == pytest.approx(pairs.mean(), abs=5 * null.std() / np.sqrt(4000))


def test_the_null_depends_on_the_seed_alone(monkeypatch):
    matrix = a_similarity()
    null = compare.permutation_null(matrix, draws=50, seed=3)
    assert len(set(null.tolist())) > 40
    assert not np.array_equal(null, compare.permutation_null(matrix, draws=50, seed=4))
    # Also where the draws do not fit into one go.
    monkeypatch.setattr(compare, "_DRAWS_AT_ONCE", 9 * 7)
    assert np.array_equal(null, compare.permutation_null(matrix, draws=50, seed=3))


def test_a_smooth_family_in_order_beats_every_random_order():
    maps = smooth_family()
    shuffle = np.random.default_rng(0).permutation(20)
    matrix = compare.similarity(maps[shuffle])
    best = compare.quality(matrix, by_hand(np.argsort(shuffle)))
    assert best.percentile == 100.0
    assert best.neighbour_correlation > best.null_mean + 5 * best.null_std
    null = compare.permutation_null(matrix)
    assert (best.null_mean, best.null_std) == (null.mean(), null.std())
    assert best.path_length == compare.path_length(matrix, np.argsort(shuffle))
    own = by_hand(range(20))
    shuffled = compare.quality(matrix, own, draws=400, seed=2)
    null = compare.permutation_null(matrix, draws=400, seed=2)
    expected = 100 * np.mean(null < shuffled.neighbour_correlation)
    assert 0 < expected < 100
    assert shuffled.percentile == pytest.approx(expected)


def test_where_all_orders_tie_an_order_is_average():
    assert compare.quality(np.eye(5), by_hand(range(5)), draws=10).percentile == 50.0


@pytest.mark.parametrize(
    ("matrix", "order", "message"),
    [
        (np.ones((3, 4)), [0, 1, 2], r"shape \(3, 4\)"),
        (np.ones((1, 1)), [0], "at least two channels"),
        (np.ones((3, 3)), [0, 1], r"3 channels .* shape \(2,\)"),
        (np.ones((3, 3)), [0, 1, 1], "an order of all of them"),
    ],
)
def test_a_similarity_that_does_not_fit_the_order_is_refused(matrix, order, message):
    for judge in (compare.neighbour_correlation, compare.path_length):
        with pytest.raises(OrderingError, match=message):
            judge(matrix, order)


def test_a_null_without_draws_is_refused():
    with pytest.raises(OrderingError, match="at least one draw; got 0"):
        compare.permutation_null(np.eye(3), draws=0)


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


def test_the_table_of_qualities_says_what_the_functions_say():
    maps = np.random.default_rng(0).standard_normal((9, 4, 5))
    likeness = compare.similarity(maps)
    orders = {name: ordering.order(maps, name) for name in ("natural", "pca_image")}
    table = compare.quality_table(likeness, orders, draws=100).set_index("method")
    for name, one in orders.items():
        judged = compare.quality(likeness, one, draws=100)
        row = table.loc[name]
        assert row["neighbour_correlation"] == pytest.approx(judged.neighbour_correlation, abs=1e-6)
        assert row["percentile"] == pytest.approx(judged.percentile, abs=1e-6)
        assert row[f"agreement_with_{name}"] == 1
    rho = compare.agreement(list(orders.values()))[0, 1]
    assert table.loc["natural", "agreement_with_pca_image"] == pytest.approx(rho, abs=1e-6)

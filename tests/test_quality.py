"""The quality of orders against definitions in loops, all orders, and planted truth."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis import compare, ordering, quality
from cnnvis.errors import OrderingError
from cnnvis.ordering import Ordering


def by_hand(permutation):
    return Ordering(list(permutation), None, None, "natural", {}, "image")


def a_similarity(n=9, seed=0):
    random = np.random.default_rng(seed)
    maps = random.normal(size=(n, 3, 5)) + random.normal(size=(3, 5))
    return compare.similarity(maps)


def smooth_family(n=20):
    """Bumps that wander along a row: each is most alike the next."""
    at = np.linspace(0, 1, n)[:, None, None]
    col = np.linspace(0, 1, 30)[None, None, :]
    return np.exp(-(((col - at) / 0.2) ** 2)) * np.ones((1, 2, 1))


def slow_events(matrix, order, window):
    """Every channel, every two others on one side of it within the window."""
    events = triples = 0
    for place in range(len(order)):
        for side in (-1, 1):
            for far in range(2, window + 1):
                for near in range(1, far):
                    if 0 <= place + side * far < len(order):
                        here, a, b = (order[place + side * apart] for apart in (0, near, far))
                        triples += 1
                        events += matrix[here, a] < matrix[here, b]
    return events / triples


def test_neighbours_and_path_in_loops():
    matrix, order = a_similarity(), [3, 0, 8, 5, 1, 4, 2, 7, 6]
    pairs = [matrix[order[p], order[p + 1]] for p in range(8)]
    assert quality.neighbour_correlation(matrix, order) == pytest.approx(sum(pairs) / 8)
    assert quality.path_length(matrix, order) == pytest.approx(sum(1 - s for s in pairs))
    back = order[::-1]
    assert quality.path_length(matrix, back) == pytest.approx(quality.path_length(matrix, order))


@settings(max_examples=30, deadline=None)
@given(n=st.integers(3, 13), window=st.integers(2, 15), seed=st.integers(0, 99))
def test_anti_robinson_events_in_loops(n, window, seed):
    matrix, order = a_similarity(n, seed), np.random.default_rng(seed).permutation(n)
    found = quality.anti_robinson(matrix, order, window=window)
    assert found == pytest.approx(slow_events(matrix, order, window), abs=1e-12)
    assert quality.anti_robinson(matrix, order[::-1], window=window) == pytest.approx(found)


def test_anti_robinson_is_0_in_a_perfect_order_and_1_in_the_worst():
    place = np.arange(12)
    falls = -np.abs(place[:, None] - place[None, :]) / 12.0
    assert quality.anti_robinson(falls, place) == 0.0
    assert quality.anti_robinson(-falls, place, window=None) == 1.0
    assert quality.anti_robinson(np.ones((4, 4)), range(4)) == 0.0, "ties are no events"
    assert quality.anti_robinson(np.ones((2, 2)), [1, 0]) == 0.0


def test_a_tie_up_to_rounding_is_no_event():
    matrix = np.full((3, 3), 0.3) + 1e-15 * np.arange(9).reshape(3, 3)
    assert quality.anti_robinson(matrix, range(3)) == 0.0


def test_the_null_draws_orders_evenly():
    """Of three channels there are six orders, two for each value: each a third of the time."""
    matrix = np.array([[1.0, 0.1, 0.2], [0.1, 1.0, 0.6], [0.2, 0.6, 1.0]])
    values = {round(quality.neighbour_correlation(matrix, p), 9) for p in permutations(range(3))}
    null = quality.permutation_null(matrix, draws=3000, seed=1)[:, 0]
    found, count = np.unique(np.round(null, 9), return_counts=True)
    assert set(found) == values
    assert np.all(np.abs(count - 1000) < 5 * np.sqrt(3000 * 2 / 9))


def test_the_null_of_many_channels_has_the_mean_of_all_pairs():
    matrix = a_similarity(40)
    near, path, events = quality.permutation_null(matrix, draws=4000).T
    pairs = matrix[~np.eye(40, dtype=bool)]
    assert near.mean() == pytest.approx(pairs.mean(), abs=5 * near.std() / np.sqrt(4000))
    np.testing.assert_allclose(path, 39 * (1 - near))
    assert events.mean() == pytest.approx(0.5, abs=5 * events.std() / np.sqrt(4000))


def test_the_null_holds_the_criteria_of_the_drawn_orders():
    matrix = a_similarity()
    random = np.random.default_rng(7)
    order = random.permuted(np.arange(9)[None], axis=1)[0]
    found = quality.permutation_null(matrix, draws=1, seed=7)[0]
    judges = (quality.neighbour_correlation, quality.path_length, quality.anti_robinson)
    assert found.tolist() == pytest.approx([judge(matrix, order) for judge in judges])


def test_the_null_depends_on_the_seed_alone(monkeypatch):
    matrix = a_similarity()
    null = quality.permutation_null(matrix, draws=50, seed=3)
    assert null.shape == (50, len(quality.CRITERIA))
    assert len(set(null[:, 0].tolist())) > 40
    assert not np.array_equal(null, quality.permutation_null(matrix, draws=50, seed=4))
    # Also where the draws do not fit into one go.
    monkeypatch.setattr(quality, "_PLACES_AT_ONCE", 9 * 7)
    assert np.array_equal(null, quality.permutation_null(matrix, draws=50, seed=3))


def test_a_smooth_family_in_order_beats_every_random_order():
    maps = smooth_family()
    shuffle = np.random.default_rng(0).permutation(20)
    matrix = compare.similarity(maps[shuffle])
    best = quality.quality(matrix, by_hand(np.argsort(shuffle)))
    null = quality.permutation_null(matrix)
    for place, name in enumerate(quality.CRITERIA):
        judged = getattr(best, name)
        assert judged.percentile == 100.0
        assert abs(judged.value - judged.null_mean) > 5 * judged.null_std
        assert judged.null_mean == pytest.approx(null[:, place].mean())
        assert judged.null_std == pytest.approx(null[:, place].std())
    assert best.path_length.value == quality.path_length(matrix, np.argsort(shuffle))


def test_the_percentile_is_the_share_of_random_orders_that_do_worse():
    matrix = a_similarity()
    found = quality.quality(matrix, by_hand(range(9)), draws=400, seed=2)
    null = quality.permutation_null(matrix, draws=400, seed=2)
    near, events = null[:, 0], null[:, 2]
    own = found.neighbour_correlation
    expected = 100 * np.mean(near < own.value)
    assert 0 < expected < 100
    assert own.percentile == pytest.approx(expected)
    assert found.path_length.percentile == pytest.approx(expected)
    own = found.anti_robinson
    ties = np.isclose(events, own.value)
    expected = 100 * (np.mean((events > own.value) & ~ties) + 0.5 * np.mean(ties))
    assert own.percentile == pytest.approx(expected)


def test_where_all_orders_tie_an_order_is_average():
    found = quality.quality(np.eye(5), by_hand(range(5)), draws=10)
    assert {getattr(found, name).percentile for name in quality.CRITERIA} == {50.0}


def test_the_table_says_what_the_functions_say_and_reads_back():
    maps = np.random.default_rng(0).standard_normal((9, 4, 5))
    likeness = compare.similarity(maps)
    judged = {
        name: quality.quality(likeness, ordering.order(maps, name), draws=100)
        for name in ("natural", "pca_image")
    }
    table = quality.table(judged)
    assert table["method"].tolist() == ["natural", "pca_image"]
    row = table.set_index("method").loc["pca_image"]
    assert row["path_length"] == judged["pca_image"].path_length.value
    assert row["anti_robinson_null_std"] == judged["pca_image"].anti_robinson.null_std
    assert {one["method"]: quality.from_row(one) for one in table.to_dict("records")} == judged


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
    for judge in (quality.neighbour_correlation, quality.path_length, quality.anti_robinson):
        with pytest.raises(OrderingError, match=message):
            judge(matrix, order)


def test_a_null_without_draws_and_a_window_without_pairs_are_refused():
    with pytest.raises(OrderingError, match="at least one draw; got 0"):
        quality.permutation_null(np.eye(3), draws=0)
    with pytest.raises(OrderingError, match="window of two places; got 1"):
        quality.anti_robinson(np.eye(3), range(3), window=1)

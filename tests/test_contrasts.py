"""Intervals and permutation tests against their definitions, planted truth and known chances."""

from itertools import combinations, permutations
from math import nan

import numpy as np
import pytest

from cnnvis import contrasts
from cnnvis.contrasts import Group
from cnnvis.errors import CnnvisError


def cosines(vectors):
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units @ units.T


def in_roles(sizes, *, apart, seed=0):
    """Vectors that agree within their role, the more the farther ``apart`` the roles are."""
    random = np.random.default_rng(seed)
    middles = random.normal(size=(len(sizes), 20))
    vectors = [apart * m + random.normal(size=(n, 20)) for m, n in zip(middles, sizes, strict=True)]
    roles = [name for name, n in zip("abc", sizes, strict=False) for _ in range(n)]
    return cosines(np.concatenate(vectors)), roles


# --- groups ---------------------------------------------------------------------------------------


def test_every_image_is_in_the_group_of_its_role_and_state():
    roles = ["b", "a", "b", "a", "b"]
    correct = [False, None, True, True, False]
    assert contrasts.groups(roles, correct) == (
        Group("b", True, (2,)),
        Group("b", False, (0, 4)),
        Group("a", True, (3,)),
        Group("a", None, (1,)),
    )
    assert Group("a", None, ()).file_name == "a_no_label"
    assert Group("", False, ()).name == "no role, misclassified"


def test_roles_without_states_are_refused():
    with pytest.raises(CnnvisError, match="2 roles and 1 states"):
        contrasts.groups(["a", "b"], [True])


# --- intervals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values", [[1.0, 2.0, 3.5, 9.0], np.random.default_rng(1).exponential(size=15)]
)
def test_an_interval_of_skewed_values_reaches_farther_up_than_down(values):
    low, high = contrasts.interval(values)
    assert min(values) <= low < np.mean(values) < high <= max(values)
    assert high - np.mean(values) > np.mean(values) - low


def test_an_interval_holds_the_mean_about_as_often_as_it_says():
    random = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        low, high = contrasts.interval(random.exponential(size=40))
        held += low <= 1.0 <= high
    assert 0.88 <= held / 200 <= 0.98


def test_an_interval_of_another_level_and_unit():
    values = np.random.default_rng(0).normal(size=12)
    wide, narrow = contrasts.interval(values), contrasts.interval(values, level=0.5)
    assert wide[0] < narrow[0] < values.mean() < narrow[1] < wide[1]
    scaled = contrasts.interval(1e-20 * values)
    assert scaled == pytest.approx([1e-20 * end for end in wide])
    assert contrasts.interval(values) == wide
    assert contrasts.interval(values, seed=1) != wide


@pytest.mark.parametrize(("values", "found"), [([3.0], (nan, nan)), ([2.0, 2.0], (2.0, 2.0))])
def test_without_spread_there_is_no_interval(values, found):
    assert contrasts.interval(values) == pytest.approx(found, nan_ok=True)


@pytest.mark.parametrize("values", [[[1.0, 2.0]], [1.0, nan]])
def test_what_has_no_interval_is_refused(values):
    with pytest.raises(CnnvisError, match="one row of finite numbers"):
        contrasts.interval(values)


# --- permutation tests ----------------------------------------------------------------------------


def slow_value(matrix, roles):
    pairs = list(combinations(range(len(roles)), 2))
    within = [matrix[i, j] for i, j in pairs if roles[i] == roles[j]]
    between = [matrix[i, j] for i, j in pairs if roles[i] != roles[j]]
    return sum(within) / len(within) - sum(between) / len(between)


@pytest.mark.parametrize("sizes", [(2, 3), (2, 2, 2), (1, 2, 3)])
@pytest.mark.parametrize("apart", [0.0, 0.7])
def test_the_test_of_cosines_tries_every_way(sizes, apart):
    matrix, roles = in_roles(sizes, apart=apart)
    value = slow_value(matrix, roles)
    ways = set(permutations(roles))
    p = np.mean([slow_value(matrix, way) >= value - 1e-9 for way in ways])
    found = contrasts.cosine_test(matrix, roles)
    assert (found.value, found.p) == (pytest.approx(value), pytest.approx(p))
    assert (found.ways, found.every) == (len(ways), True)
    one, other = contrasts.within_and_between(matrix, roles)
    assert one - other == pytest.approx(value)


@pytest.mark.parametrize("sizes", [(2, 3), (3, 3), (1, 4)])
def test_the_test_of_norms_tries_every_way(sizes):
    roles = ["a"] * sizes[0] + ["b"] * sizes[1]
    norms = np.random.default_rng(3).exponential(size=sum(sizes))

    def value(way):
        a, b = ([n for n, role in zip(norms, way, strict=True) if role == name] for name in "ab")
        return abs(np.mean(a) - np.mean(b))

    ways = set(permutations(roles))
    found = contrasts.norm_test(norms, roles)
    assert found.value == pytest.approx(value(roles))
    assert found.p == pytest.approx(np.mean([value(way) >= value(roles) - 1e-9 for way in ways]))


@pytest.mark.parametrize(
    ("sizes", "smallest"), [((4, 4), 2 / 70), ((2, 6), 1 / 28), ((2, 2, 2), 6 / 90)]
)
def test_the_least_p_is_reached_where_roles_are_far_apart(sizes, smallest):
    matrix, roles = in_roles(sizes, apart=50.0)
    found = contrasts.cosine_test(matrix, roles)
    assert found.p == found.smallest == pytest.approx(smallest)
    if len(sizes) == 2:
        norms = [role == "a" for role in roles]
        found = contrasts.norm_test(norms, roles)
        assert found.p == found.smallest == pytest.approx(smallest)


def test_where_there_are_many_ways_they_are_drawn():
    matrix, roles = in_roles((5, 5, 5), apart=0.25)
    every = contrasts.cosine_test(matrix, roles)
    assert not every.every
    assert every.ways == contrasts.DRAWS
    numbers = [ord(role) for role in roles]

    def statistic(ways):
        return np.array([slow_value(matrix, way) for way in ways])

    drawn = contrasts.permutation_test(statistic, numbers, most=10, draws=200, seed=1)
    other = contrasts.permutation_test(statistic, numbers, most=10, draws=200, seed=2)
    assert drawn.p != other.p
    for found in (drawn, other):
        assert found.p == pytest.approx(every.p, abs=5 * np.sqrt(every.p / 200))
        assert (found.p * 201) % 1 == pytest.approx(0, abs=1e-9)


def test_a_drawn_p_is_never_zero(monkeypatch):
    matrix, roles = in_roles((6, 6, 6), apart=50.0)
    monkeypatch.setattr(contrasts, "_AT_ONCE", 7)
    found = contrasts.cosine_test(matrix, roles)
    assert found.p == found.smallest == 1 / (contrasts.DRAWS + 1)


def test_without_a_difference_every_p_is_as_likely():
    """Of 300 tests of nothing, 5 % say p <= 0.05."""
    found = [
        contrasts.norm_test(np.random.default_rng(seed).exponential(size=9), "aaaabbbbb").p
        for seed in range(300)
    ]
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.09
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_equal_norms_differ_in_no_way():
    assert contrasts.norm_test([0.1 + 0.2, 0.3, 0.3, 0.3], "aabb").p == 1.0


def test_few_images_are_said_to_be_too_few():
    few = contrasts.norm_test([1.0, 2.0, 30.0, 40.0, 50.0], "aabbb")
    assert few.words == (
        "p = 0.1 (all 10 ways to deal out the roles): too few images to say anything, for p cannot "
        "come out below 0.1"
    )
    more = contrasts.norm_test(range(8), "aaaabbbb")
    assert "too few" not in more.words
    assert more.words == "p = 0.029 (all 70 ways to deal out the roles, the least p possible 0.029)"


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: contrasts.cosine_test(np.eye(3), "aaa"), "a test needs images of two"),
        (lambda: contrasts.cosine_test(np.eye(3), "abc"), "no role has two images"),
        (lambda: contrasts.cosine_test(np.eye(3), "ab"), r"shape \(3, 3\) for 2 images"),
        (lambda: contrasts.cosine_test(np.eye(3) * nan, "aab"), "finite matrix"),
        (lambda: contrasts.norm_test([1.0, 2.0, 3.0], "abc"), "3 roles of 3 images"),
        (lambda: contrasts.norm_test([1.0, 2.0], "aab"), r"norms of shape \(2,\)"),
    ],
)
def test_what_cannot_be_compared_is_refused(ask, said):
    with pytest.raises(CnnvisError, match=said):
        ask()


def test_without_pairs_there_is_no_mean():
    assert contrasts.within_and_between([[1.0]], "a") == pytest.approx((nan, nan), nan_ok=True)

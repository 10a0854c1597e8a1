"""Shares against sorting by hand."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cnnvis.backtrack.shares import chosen

# Few different values, so that equal ones are common.
strengths = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 7)),
    elements=st.integers(-3, 3).map(float) | st.just(-np.inf),
)
counts = st.one_of(st.integers(1, 8), st.just("all"), st.sampled_from([0.1, 0.5, 0.75, 0.99]))


def kept(row, k):
    """Return the contributions that count, largest first, of equal ones the first."""
    positive = sorted([i for i, value in enumerate(row) if value > 0], key=lambda i: (-row[i], i))
    if isinstance(k, float):
        before = [sum(row[j] for j in positive[:n]) for n in range(len(positive))]
        total = sum(row[i] for i in positive)
        return [i for i, taken in zip(positive, before, strict=True) if taken < k * total]
    return positive if k == "all" else positive[:k]


def expected(strength, k, dead_end):
    shares = {}
    for point, row in enumerate(strength.tolist()):
        best = kept(row, k)
        total = sum(row[i] for i in best)
        for i in best:
            shares[point, i] = row[i] / total
        if not best and dead_end == "follow" and max(row) > -np.inf:
            shares[point, row.index(max(row))] = 1.0
    return shares


@given(strengths, counts, st.sampled_from(["stop", "follow"]))
@settings(deadline=None)
def test_shares(strength, k, dead_end):
    before = strength.copy()
    point, at, share = chosen(strength, k=k, dead_end=dead_end)
    pairs = zip(point.tolist(), at.tolist(), strict=True)
    assert dict(zip(pairs, share.tolist(), strict=True)) == expected(strength, k, dead_end)
    np.testing.assert_array_equal(strength, before)


def test_the_first_of_equal_contributions_is_taken():
    strength = np.array([[1.0, 2.0, 2.0, 2.0, 1.0]])
    assert chosen(strength, k=1, dead_end="stop")[1].tolist() == [1]
    assert chosen(strength, k=2, dead_end="stop")[1].tolist() == [1, 2]
    assert chosen(strength, k=4, dead_end="stop")[1].tolist() == [0, 1, 2, 3]


def test_a_dead_end_stops_or_follows():
    strength = np.array([[-3.0, -1.0, -1.0], [-np.inf, -np.inf, -np.inf]])
    assert len(chosen(strength, k=2, dead_end="stop")[0]) == 0
    point, at, share = chosen(strength, k=2, dead_end="follow")
    assert (point.tolist(), at.tolist(), share.tolist()) == ([0], [1], [1.0])


@given(st.integers(0, 999), st.integers(1, 12), st.integers(512, 1100), st.booleans())
@settings(deadline=None, max_examples=30)
def test_shares_of_long_rows(seed, k, length, equal):
    """Rows so long that the largest are looked for among the maxima of parts."""
    draw = np.random.default_rng(seed)
    strength = draw.standard_normal((3, length))
    if equal:
        strength = strength.round(1)
    strength[2, 5:] = -1.0
    point, at, share = chosen(strength, k=k, dead_end="stop")
    pairs = zip(point.tolist(), at.tolist(), strict=True)
    found = dict(zip(pairs, share.tolist(), strict=True))
    wanted = expected(strength, k, "stop")
    assert found.keys() == wanted.keys()
    np.testing.assert_allclose([found[key] for key in wanted], list(wanted.values()), rtol=1e-12)

"""How alike backtracks are, against sums done by hand and against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from some_variants import made, variant

from cnnvis import overlap, saliency
from cnnvis.errors import BacktrackError
from cnnvis.variants import WINNER

VALUES = st.lists(st.integers(0, 4), min_size=2, max_size=12)


def test_a_density_adds_up_and_does_not_depend_on_the_size_of_the_input():
    small = overlap.density([[10, 20], [50, 40]], [0.2, 0.6], (56, 56))
    plain = saliency.from_points([[10, 20], [50, 40]], [0.2, 0.6], shape=(56, 56))
    assert small == pytest.approx(plain / plain.sum())
    # The middle of a pixel of the small input lies between four pixels of one four times as large.
    large = overlap.density([[41.5, 81.5], [201.5, 161.5]], [1, 3], (224, 224))
    assert large == pytest.approx(small)
    assert overlap.density([[3, 3]], [1.0], (8, 16), cells=4).shape == (4, 4)


def test_nothing_has_a_density_of_nothing():
    empty = overlap.density(np.zeros((0, 2)), [], (9, 9))
    assert empty.shape == (56, 56)
    assert not empty.any()
    other = overlap.density([[1, 1]], [1.0], (9, 9))
    for value in (
        overlap.shared(empty, other),
        overlap.rank_correlation(empty, other),
        overlap.same_pixels((np.zeros((0, 2)), []), ([[1, 1]], [1.0])),
    ):
        assert np.isnan(value)


@settings(max_examples=60, deadline=None)
@given(a=VALUES, b=VALUES)
def test_the_rank_correlation_is_that_of_scipy(a, b):
    a, b = a[: len(b)], b[: len(a)]
    found = overlap.rank_correlation(a, b)
    if len(set(a)) < 2 or len(set(b)) < 2:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(spearmanr(a, b).statistic)


def test_what_is_shared_is_symmetric_and_knows_no_scale():
    a, b = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[0.0, 4.0], [4.0, 0.0]])
    assert overlap.shared(a, b) == pytest.approx(0.5) == overlap.shared(3 * b, a)
    assert overlap.shared(a, 7 * a) == pytest.approx(1)
    assert overlap.shared([1.0, 0.0], [0.0, 1.0]) == 0


def test_weight_at_the_same_pixels():
    """Of a fifth, three fifths and a fifth one has a half where the other has three fifths."""
    a = ([[0, 0], [5, 5], [9, 9]], [0.1, 0.3, 0.1])
    b = ([[5, 5], [5, 6]], [2.0, 2.0])
    assert overlap.same_pixels(a, b) == pytest.approx(0.5) == overlap.same_pixels(b, a)
    assert overlap.same_pixels(a, a) == pytest.approx(1)
    assert overlap.same_pixels(a, ([[0, 1]], [1.0])) == 0


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ([1.0, 2.0], [1.0], r"shapes \(2,\) and \(1,\)"),
        ([1.0, -2.0], [1.0, 1.0], "not negative"),
        ([], [], r"shapes \(0,\)"),
    ],
)
def test_densities_that_do_not_fit_are_refused(a, b, said):
    with pytest.raises(BacktrackError, match=said):
        overlap.shared(a, b)


def test_the_tables_say_how_alike_classes_and_photos_are():
    left, right = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])
    both = left + right
    found = {"cat": [left, both, right], "dog": [both, both, right]}
    names = {"cat": ["a", "b", "c"], "dog": ["b", "a", "c"]}
    pairs = overlap.pairs(found, names)
    cat = pairs[pairs["image"] == "cat"]
    assert cat[["rank", "other_rank", "class", "other_class"]].to_numpy().tolist() == [
        [1, 2, "a", "b"],
        [1, 3, "a", "c"],
        [2, 3, "b", "c"],
    ]
    assert cat["overlap"].tolist() == [0.5, 0.0, 0.5]
    assert cat["rank_correlation"].isna().tolist() == [True, False, True]
    assert cat["rank_correlation"].dropna().tolist() == [-1.0]
    table = overlap.sensitivity(found, pairs).set_index("image")
    assert table.loc["cat", ["classes", "overlap", "lowest", "highest"]].tolist() == [
        3,
        pytest.approx(1 / 3, abs=1e-6),
        0.0,
        0.5,
    ]
    assert table.loc["dog", "overlap"] == pytest.approx(2 / 3, abs=1e-6)
    assert table["other_photos"].tolist() == [0.5, 0.5]


def test_one_class_of_one_photo_leaves_nothing_to_compare():
    found = {"cat": [np.array([1.0, 0.0])]}
    pairs = overlap.pairs(found, {"cat": ["a"]})
    assert len(pairs) == 0
    (row,) = overlap.sensitivity(found, pairs).to_dict("records")
    assert (row["image"], row["classes"]) == ("cat", 1)
    assert all(np.isnan(row[name]) for name in ("overlap", "lowest", "highest", "other_photos"))


def test_the_table_of_variants_says_how_alike_they_are():
    found = made()
    table = overlap.by_variant(found).set_index("variant")
    assert table["same_pixels"].tolist() == [1.0, 1.0, 0.5, 0.75, 1.0]
    assert table["pixels"].tolist() == [1, 1, 2, 1, 2]
    assert table["points"].tolist() == [9, 9, 99, 4, 6]
    assert table["arrived"].tolist() == [0.5, 0.5, 1.0, 1.0, 1.0]
    assert table["reference"].tolist() == ["own"] * 3 + ["k = all"] * 2
    own, soft = (
        overlap.density(one.index, one.weight, (16, 16)) for one in (found.found[0], found.found[2])
    )
    assert table.loc["soft", "overlap"] == pytest.approx(overlap.shared(soft, own), abs=1e-6)
    assert table.loc["soft", ["kind", "winner", "position", "k"]].tolist() == [
        "winner",
        "soft",
        "",
        "10",
    ]
    assert table.loc["own", "rank_correlation"] == 1
    nothing = overlap.by_variant(None)
    assert len(nothing) == 0
    assert list(nothing) == list(overlap.by_variant(found))


def test_a_variant_of_which_nothing_arrived_is_like_no_other():
    lost = variant(WINNER, "argmax", np.zeros((0, 2)), [])
    row = overlap.by_variant(made(found=(made().own, lost))).iloc[1]
    assert row["arrived"] == row["pixels"] == 0
    assert row[["same_pixels", "overlap", "rank_correlation"]].isna().all()

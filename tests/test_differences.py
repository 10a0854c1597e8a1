"""Means over photos, paired differences, and what a sample can show: planted truth and chances."""

from math import isnan

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cnnvis import contrasts, differences
from cnnvis.errors import MeasureError

RANDOM = np.random.default_rng(0)


def test_photos_are_what_counts_not_images():
    values = [1.0, 1.0, 1.0, 1.0, 3.0, 5.0]
    photos = ["cat"] * 4 + ["dog", "cow"]
    found = differences.mean(values, photos)
    each = np.array([1.0, 3.0, 5.0])
    assert found.value == 3.0
    assert found.photos == 3
    assert found.standard_error == pytest.approx(each.std(ddof=1) / np.sqrt(3))
    assert (found.low, found.high) == contrasts.interval(each)
    # A photo shown again and again tells nothing new.
    again = differences.mean(values * 5, photos * 5)
    assert again == found


def test_pairs_take_out_what_is_hard_for_both():
    hard = RANDOM.normal(size=30)
    one, other = hard + 0.1 + 0.01 * RANDOM.normal(size=30), hard
    photos = list(range(30))
    found = differences.paired(one, other, photos)
    assert found.value == pytest.approx(0.1, abs=0.01)
    assert found.beyond
    apart = differences.mean(one, photos).value - differences.mean(other, photos).value
    assert found.value == pytest.approx(apart)
    assert found.standard_error < 0.05 * differences.mean(one, photos).standard_error
    back = differences.paired(other, one, photos)
    assert (back.value, back.beyond) == (pytest.approx(-found.value), True)
    assert not differences.paired(hard, RANDOM.permutation(hard), photos).beyond


def test_a_single_photo_shows_nothing():
    found = differences.mean([1.0, 2.0], ["cat", "cat"])
    assert found.value == 1.5
    assert isnan(found.standard_error)
    assert isnan(found.detectable)
    assert not found.beyond


@pytest.mark.parametrize("count", [6, 12, 40])
def test_a_detectable_difference_is_found_as_often_as_it_says(count):
    spread = 2.0
    sample = RANDOM.normal(size=count)
    sample = spread * (sample - sample.mean()) / sample.std(ddof=1)  # the true spread
    size = differences.detectable(sample)
    draws = spread * np.random.default_rng(1).normal(size=(20_000, count)) + size
    found = stats.ttest_1samp(draws, 0.0, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.035)


def test_more_photos_detect_less():
    sample = RANDOM.normal(size=20)
    many = np.tile(sample, 4)
    assert differences.detectable(many) < 0.52 * differences.detectable(sample)
    assert differences.detectable(sample, power=0.5) < differences.detectable(sample)
    assert differences.detectable(sample, level=0.99) > differences.detectable(sample)


# --- tables ---------------------------------------------------------------------------------------


def results():
    rows = [
        (f"{photo}{part}", photo, method, metric, base + offset + 0.001 * RANDOM.normal())
        for photo, base in (("cat", 0.1), ("dog", 0.5), ("cow", 0.9))
        for part in "ab"
        for method, offset in (("ours", 0.2), ("grad_cam", 0.1), ("centre", 0.0))
        for metric in ("insertion", "deletion")
    ]
    return pd.DataFrame(rows, columns=list(differences.COLUMNS))


def test_the_summary_has_a_row_for_each_metric_and_method():
    table = differences.summary(results(), ["grad_cam", "centre"])
    assert list(table["metric"]) == ["insertion"] * 3 + ["deletion"] * 3
    assert list(table["method"]) == ["ours", "grad_cam", "centre"] * 2
    assert (table["photos"] == 3).all()
    np.testing.assert_allclose(table["mean"], [0.7, 0.6, 0.5] * 2, atol=0.01)
    np.testing.assert_allclose(table["minus_grad_cam"], [0.1, 0.0, -0.1] * 2, atol=0.01)
    np.testing.assert_allclose(table["minus_centre"], [0.2, 0.1, 0.0] * 2, atol=0.01)
    assert list(table["minus_centre_beyond"]) == [True, True, False] * 2
    assert (table["low"] < table["mean"]).all()
    assert (table["minus_centre_detectable"] < 0.05).all()


def test_the_order_of_the_rows_does_not_matter():
    first = results()
    shuffled = first.sample(frac=1, random_state=1)
    keys = ["metric", "method"]
    one, other = (
        differences.summary(each, ["centre"]).sort_values(keys).reset_index(drop=True)
        for each in (first, shuffled)
    )
    pd.testing.assert_frame_equal(one, other)


def test_what_cannot_be_compared_is_refused():
    whole = results()
    with pytest.raises(MeasureError, match="these lack photo"):
        differences.summary(whole.drop(columns="photo"))
    with pytest.raises(MeasureError, match=r"no method 'grad-cam'.*; did you mean 'grad_cam'\?"):
        differences.summary(whole, ["grad-cam"])
    with pytest.raises(MeasureError, match=r"of 'insertion' some methods lack .*\['ours'\]"):
        differences.summary(whole.iloc[1:], ["centre"])
    holes = whole.assign(value=whole["value"].where(whole["method"] != "centre"))
    with pytest.raises(MeasureError, match=r"have no value there: \['centre'\]"):
        differences.summary(holes)
    with pytest.raises(MeasureError, match=r"got shape \(2,\) and 1 photos"):
        differences.mean([1.0, 2.0], ["cat"])
    with pytest.raises(MeasureError, match="cannot be averaged"):
        differences.mean([1.0, np.nan], ["cat", "dog"])
    with pytest.raises(MeasureError, match=r"shapes \(2,\) and \(1,\)"):
        differences.paired([1.0, 2.0], [1.0], ["cat", "dog"])


def test_a_reference_that_a_metric_lacks_leaves_its_columns_empty():
    rows = [
        (image, image, method, metric, value)
        for metric, methods in (("deletion", ("a", "b")), ("grid_pointing", ("a",)))
        for method in methods
        for image, value in (("x", 0.1), ("y", 0.3))
    ]
    table = differences.summary(pd.DataFrame(rows, columns=list(differences.COLUMNS)), ["b"])
    by_metric = table.set_index(["metric", "method"])["minus_b"]
    assert by_metric["deletion", "a"] == 0
    assert np.isnan(by_metric["grid_pointing", "a"])
    with pytest.raises(MeasureError, match="no method 'c' to compare with"):
        differences.summary(pd.DataFrame(rows, columns=list(differences.COLUMNS)), ["c"])

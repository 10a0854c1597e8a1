"""Better, worse, or not to be told: read from the table of means and differences."""

import io

import numpy as np
import pandas as pd
import pytest

from cnnvis import comparisons, differences
from cnnvis.comparisons import ALIKE, BETTER, OTHER, WORSE

PHOTOS = [f"photo {i}" for i in range(12)]


def measured(metric, **methods):
    """Rows of a table: a value for each photo, by method."""
    return pd.DataFrame(
        [
            (photo, photo, method, metric, value)
            for method, values in methods.items()
            for photo, value in zip(PHOTOS, np.broadcast_to(values, len(PHOTOS)).tolist())
        ],
        columns=["image", "photo", "method", "metric", "value"],
    )


NOISE = np.random.default_rng(0).normal(0, 0.01, 12)


def summary(metric, apart):
    table = measured(metric, mine=0.5 + apart + NOISE, grad_cam=0.5)
    return differences.summary(table, ["grad_cam"])


def row(table, method="mine"):
    (found,) = table[table.method == method].to_dict("records")
    return found


@pytest.mark.parametrize(
    ("metric", "apart", "verdict"),
    [
        ("insertion", 0.1, BETTER),
        ("insertion", -0.1, WORSE),
        ("deletion", 0.1, WORSE),
        ("deletion", -0.1, BETTER),
        ("deletion", 0.0, ALIKE),
        ("gini", 0.1, OTHER),
        ("mine", -0.1, OTHER),
    ],
)
def test_which_end_is_good_decides(metric, apart, verdict):
    found = comparisons.difference(row(summary(metric, apart)), "grad_cam")
    assert found.verdict == verdict
    assert found.value == pytest.approx(apart + NOISE.mean(), abs=1e-6)
    assert found.photos == 12
    assert found.low < found.value < found.high
    assert found.detectable > 0


def test_a_table_from_a_file_says_the_same():
    """Gaps of other metrics turn the column of truths into words."""
    both = pd.concat(
        [summary("deletion", -0.1), differences.summary(measured("energy", mine=0.4), [])]
    )
    read = pd.read_csv(io.StringIO(both.to_csv(sep="\t", index=False)), sep="\t")
    first = row(read[read.metric == "deletion"])
    assert comparisons.difference(first, "grad_cam").verdict == BETTER
    assert comparisons.difference(row(read[read.metric == "energy"]), "grad_cam") is None
    assert comparisons.difference(first, "centre") is None


def test_a_single_photo_shows_nothing():
    table = summary("deletion", -0.1)
    one = table.assign(
        photos=1,
        minus_grad_cam_low=np.nan,
        minus_grad_cam_high=np.nan,
        minus_grad_cam_detectable=np.nan,
        minus_grad_cam_beyond=False,
    )
    found = comparisons.difference(row(one), "grad_cam")
    assert found.verdict == ALIKE
    assert np.isnan(found.detectable)


@pytest.mark.parametrize(
    ("metric", "order"),
    [("deletion", ["low", "middle", "high"]), ("energy", ["high", "middle", "low"])],
)
def test_the_best_comes_first(metric, order):
    table = differences.summary(measured(metric, middle=0.5, high=0.9, low=0.1))
    other = differences.summary(measured("gini", high=0.0))
    ranked = comparisons.ranked(pd.concat([other, table]), metric)
    assert list(ranked["method"]) == order


def test_metrics_come_in_the_order_in_which_they_are_described():
    table = pd.DataFrame({"metric": ["mine", "energy", "deletion", "energy"]})
    assert comparisons.metrics(table) == ("deletion", "energy", "mine")


def test_numbers_have_the_digits_that_tell_something_apart():
    assert comparisons.written("insertion", 0.50049) == "0.500"
    assert comparisons.written("pointing", 0.5) == "0.50"
    assert comparisons.written("deletion", -0.0004) == "0.000"
    assert comparisons.written("deletion", -0.02) == "−0.020"

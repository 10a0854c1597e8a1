"""Curves of filters removed: every point is a row of the table, the band that of random orders."""

import numpy as np
import pandas as pd
import pytest

from cnnvis import removal
from cnnvis.errors import CnnvisError
from cnnvis.figures import ablation, style

from .looks import assert_readable, part, parts, written

WEIGHED = {"l2": np.arange(20.0), "taylor": np.arange(20.0)[::-1] ** 2}
PLAN = removal.plan(WEIGHED, steps=4, seeds=10)


def some(images=60, unit=0, seed=0):
    found = np.random.default_rng(seed).normal(size=(len(PLAN), images))
    return removal.table(PLAN, found, unit=unit, filters=20)


def drawn(table=None, **options):
    table = some() if table is None else table
    return ablation.removal_curves(table, images="test images", **options)


def line(axes, label):
    (found,) = [one for one in axes.lines if one.get_label() == label]
    return found


def test_every_point_is_a_row_of_the_table():
    table = some()
    figure = drawn(table)
    for measure in ("error", "margin"):
        axes = part(figure, f"{measure} by share")
        rows = table[table.measure == measure]
        for method, name in (("l2", "L2"), ("taylor", "Taylor")):
            for order in ("least first", "most first", "single least", "single most"):
                expected = rows[(rows.method == method) & (rows.order == order)]
                points = line(axes, f"{name}, {order}")
                assert points.get_xdata() == pytest.approx(expected.share.to_numpy())
                assert points.get_ydata() == pytest.approx(expected.value.to_numpy())


def test_the_band_goes_from_the_lowest_to_the_highest_random_order():
    table = some()
    axes = part(drawn(table), "margin by share")
    rows = table[(table.order == "random") & (table.measure == "margin")]
    values = rows.value.to_numpy().reshape(10, 5)
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices
    for step in range(5):
        at = corners[np.isclose(corners[:, 0], step / 4), 1]
        assert at.min() == pytest.approx(values[:, step].min())
        assert at.max() == pytest.approx(values[:, step].max())
    (mean,) = [one for one in axes.lines if one.get_label().startswith("_")]
    assert mean.get_ydata() == pytest.approx(values.mean(axis=0))


@pytest.mark.parametrize("method", ["l2", "taylor"])
def test_thresholds_are_shares_of_the_largest_importance(method):
    table = some()
    axes = part(drawn(table), f"error by threshold of {method}")
    rows = table[(table.method == method) & (table.order == "least first")]
    expected = rows[rows.measure == "error"]
    curve = axes.lines[-1]
    largest = max(WEIGHED[method])
    assert curve.get_xdata() == pytest.approx((expected.threshold / largest).to_numpy()[1:], 1e-4)
    assert curve.get_ydata() == pytest.approx(expected.value.to_numpy()[1:])


def test_several_units_are_taken_together_and_the_caption_warns():
    tables = [some(60, unit=0), some(80, unit=1, seed=1)]
    figure = drawn(pd.concat(tables), layer="conv1")
    curve = line(part(figure, "error by share"), "L2, least first")
    rows = [t[(t.method == "l2") & (t.order == "least first")] for t in tables]
    errors = [r[r.measure == "error"].value.to_numpy() for r in rows]
    assert curve.get_ydata() == pytest.approx((60 * errors[0] + 80 * errors[1]) / 140)
    words = style.words(figure, "caption")
    assert "140 test images" in words
    assert "Each of the 2 classes is inspected in turn" in words
    assert "no better classifier" in words


def test_few_images_have_no_error_and_the_caption_says_why():
    figure = drawn(some(2), layer="conv1")
    assert not parts(figure, "error")
    words = style.words(figure, "caption")
    assert "2 test images, while the 20 filters of conv1" in words
    assert (
        "No error is given below 50 images: one image more or less would move it by 50 %" in words
    )
    assert "No error" not in style.words(drawn(), "caption")


@pytest.mark.parametrize("images", [1, 2, 60])
def test_every_word_can_be_read(images):
    figure = drawn(some(images), layer="features.0", title="A title " * 15)
    assert_readable(figure)
    assert "random, 10 orders" in written(figure)


def test_a_table_of_one_method_can_be_drawn():
    plan = removal.plan({"taylor": WEIGHED["taylor"]}, steps=2, seeds=2)
    table = removal.table(plan, np.ones((len(plan), 3)), unit=0, filters=20)
    figure = drawn(table)
    assert_readable(figure)
    assert not [word for word in written(figure) if word.startswith("L2")]


def test_a_table_without_rows_is_refused():
    with pytest.raises(CnnvisError, match="has no row"):
        drawn(some().iloc[:0])

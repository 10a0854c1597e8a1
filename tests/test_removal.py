"""Which filters go in which order, and what is measured: against loops and planted truth."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from cnnvis import removal
from cnnvis.errors import ImportanceError

WEIGHED = {"l2": [5.0, 1.0, 4.0, 2.0, 3.0, 0.5], "taylor": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}


def curve(plan, method, order, seed=None):
    return [r for r in plan if (r.method, r.order, r.seed) == (method, order, seed)]


def test_the_least_important_go_first_and_the_most_important():
    plan = removal.plan(WEIGHED, steps=3, seeds=0)
    least = curve(plan, "l2", removal.LEAST_FIRST)
    assert [r.filters for r in least] == [(), (1, 5), (1, 3, 4, 5), (0, 1, 2, 3, 4, 5)]
    most = curve(plan, "l2", removal.MOST_FIRST)
    assert [r.filters for r in most] == [(), (0, 2), (0, 2, 3, 4), (0, 1, 2, 3, 4, 5)]
    assert [r.step for r in most] == [0, 1, 2, 3]
    (one,) = curve(plan, "l2", removal.SINGLE_LEAST)
    (other,) = curve(plan, "taylor", removal.SINGLE_MOST)
    assert (one.filters, other.filters) == ((5,), (5,))


def test_the_threshold_removes_exactly_those_filters():
    plan = removal.plan(WEIGHED, steps=4, seeds=1)
    for method, values in WEIGHED.items():
        for point in curve(plan, method, removal.LEAST_FIRST)[1:]:
            below = np.flatnonzero(np.array(values) <= point.threshold)
            assert point.filters == tuple(below)
            assert point.relative == point.threshold / max(values)
    others = [r for r in plan if r.order != removal.LEAST_FIRST]
    assert all(r.threshold is None for r in others)


def test_where_equals_are_parted_there_is_no_threshold():
    plan = removal.plan({"l2": [1.0, 0.0, 0.0, 0.0]}, steps=4, seeds=0)
    least = curve(plan, "l2", removal.LEAST_FIRST)
    assert [r.filters for r in least] == [(), (1,), (1, 2), (1, 2, 3), (0, 1, 2, 3)]
    assert [r.threshold for r in least] == [None, None, None, 0.0, 1.0]


def test_filters_that_all_weigh_nothing_have_no_relative_threshold():
    plan = removal.plan({"l2": [0.0, 0.0]}, steps=1, seeds=0)
    assert curve(plan, "l2", removal.LEAST_FIRST)[1].relative is None


def test_random_orders_are_nested_differ_and_depend_on_the_seed_alone():
    plan = removal.plan({"l2": np.arange(40.0)}, steps=8, seeds=10)
    orders = [curve(plan, "random", removal.RANDOM, seed) for seed in range(10)]
    for order in orders:
        assert [len(r.filters) for r in order] == [0, 5, 10, 15, 20, 25, 30, 35, 40]
        assert all(set(a.filters) < set(b.filters) for a, b in pairwise(order))
    assert len({order[4].filters for order in orders}) == 10
    again = removal.plan({"taylor": np.ones(40)}, steps=8, seeds=10)
    assert curve(again, "random", removal.RANDOM, 3) == orders[3]


def test_margins_in_loops():
    scores = np.random.default_rng(0).normal(size=(2, 5, 4))
    target = [0, 3, 1, 1, 2]
    found = removal.margins(scores, target)
    for place in range(2):
        for image, own in enumerate(target):
            row = scores[place, image].tolist()
            best = max(score for number, score in enumerate(row) if number != own)
            assert found[place, image] == pytest.approx(row[own] - best)


def test_the_table_has_the_mean_margin_and_the_share_of_lost_images():
    plan = removal.plan(WEIGHED, steps=2, seeds=1)
    found = np.random.default_rng(0).normal(size=(len(plan), 6))
    found[0, :2] = 0.0  # a tie is no recognition
    table = removal.table(plan, found, unit=7, filters=6, fewest_images=6)
    assert list(table.columns) == list(removal.COLUMNS)
    for place, one in enumerate(plan):
        margin, error = table.iloc[place], table.iloc[len(plan) + place]
        assert (margin.measure, error.measure) == ("margin", "error")
        assert margin.value == pytest.approx(sum(found[place]) / 6, abs=1e-6)
        assert error.value == pytest.approx(sum(m <= 0 for m in found[place]) / 6, abs=1e-6)
        assert (margin.removed, margin.unit, margin.images) == (len(one.filters), 7, 6)
        assert margin.share == pytest.approx(len(one.filters) / 6, abs=1e-6)


def test_few_images_have_no_error():
    plan = removal.plan(WEIGHED, steps=2, seeds=1)
    table = removal.table(plan, np.ones((len(plan), 49)), unit=0, filters=6)
    assert set(table.measure) == {"margin"}
    table = removal.table(plan, np.ones((len(plan), 50)), unit=0, filters=6)
    assert set(table.measure) == {"margin", "error"}


def test_units_are_pooled_over_their_images():
    plan = removal.plan(WEIGHED, steps=2, seeds=2)
    random = np.random.default_rng(0)
    parts = [random.normal(size=(len(plan), images)) for images in (3, 5)]
    tables = [
        removal.table(plan, part, unit=unit, filters=6, fewest_images=1)
        for unit, part in enumerate(parts)
    ]
    whole = removal.pooled(pd.concat(tables))
    expected = removal.table(
        plan, np.concatenate(parts, axis=1), unit=0, filters=6, fewest_images=1
    )
    assert whole.images.tolist() == [8] * len(expected)
    np.testing.assert_allclose(whole.value, expected.value, atol=2e-6)
    np.testing.assert_allclose(
        whole.relative.astype(float), expected.relative.astype(float), equal_nan=True
    )


def test_tables_of_layers_become_one_and_none_an_empty_one():
    plan = removal.plan(WEIGHED, steps=2, seeds=1)
    table = removal.table(plan, np.ones((len(plan), 2)), unit=0, filters=6)
    whole = removal.joined({"a": table, "b": table}, network="net")
    assert list(whole.columns) == ["network", "layer", *removal.COLUMNS]
    assert whole.layer.tolist() == ["a"] * len(table) + ["b"] * len(table)
    empty = removal.joined({}, network="net")
    assert (list(empty.columns), len(empty)) == (list(whole.columns), 0)


def test_what_cannot_be_planned_or_measured_is_refused():
    with pytest.raises(ImportanceError, match="importances of 2 and 3 filters"):
        removal.plan({"l2": [1.0, 2.0], "taylor": [1.0, 2.0, 3.0]})
    with pytest.raises(ImportanceError, match="of no filters"):
        removal.plan({})
    with pytest.raises(ImportanceError, match="4 filters and 0 steps"):
        removal.counts(4, 0)
    with pytest.raises(ImportanceError, match="none of them NaN"):
        removal.ranked([1.0, np.nan])
    with pytest.raises(ImportanceError, match="two classes or more"):
        removal.margins(np.ones((3, 1)), 0)
    with pytest.raises(ImportanceError, match=r"class 4 is not among 0 \.\.\. 3"):
        removal.margins(np.ones((3, 4)), 4)
    plan = removal.plan(WEIGHED, steps=1, seeds=0)
    for shape in ((3, 4), (len(plan), 0)):
        with pytest.raises(ImportanceError, match=rf"got shape \({shape[0]}, {shape[1]}\)"):
            removal.table(plan, np.ones(shape), unit=0, filters=6)

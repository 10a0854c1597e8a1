"""An honest method changes with the network and the class, and edges do not."""

import numpy as np
import pytest

from cnnvis import evaluation, metrics
from cnnvis.evaluation import checks
from evaluation import known

PLAN = checks.Plan(stages=2, classes=2, shift=2, measures=("pearson",))


@pytest.fixture(scope="module")
def found():
    asked = known.asked((1, 2))
    methods = evaluation.chosen(["gradient", "edges"])
    net = known.corners()
    return checks.check(net, asked.pixels, asked.best, asked.ids, methods, plan=PLAN, keep=1), asked


def values(table, method, check):
    return table[(table.method == method) & (table.check == check)].value.to_numpy()


def test_every_check_has_a_row_for_each_change_image_and_method(found):
    table = found[0][0]
    assert list(table.columns) == list(checks.COLUMNS)
    steps = {"cascade": 2, "independent": 2, "last": 1, "other_classes": 2, "stability": 4}
    for method in ("gradient", "edges"):
        for check, count in steps.items():
            rows = table[(table.method == method) & (table.check == check)]
            assert len(rows) == count * 2
            assert sorted(set(rows.step)) == list(range(1, count + 1))
    assert set(table[table.check == "cascade"].change) == {"4", "0"}


def test_edges_survive_everything_and_the_gradient_nothing(found):
    table = found[0][0]
    for check in ("cascade", "independent", "last", "other_classes"):
        np.testing.assert_allclose(values(table, "edges", check), 1)
    assert values(table, "gradient", "last").max() < 0.9
    assert values(table, "gradient", "other_classes").max() < 0, "other corners"


def test_the_cascade_of_one_image_is_kept(found):
    (_, cascade), asked = found
    assert cascade.stages == ("intact", "4", "0")
    assert cascade.maps["gradient"].shape == (3, known.SIDE, known.SIDE)
    half = known.SIDE // 2
    intact = cascade.maps["gradient"][0]
    assert intact[half:, :half].sum() == pytest.approx(intact.sum()), "the corner of its class"
    made = checks.as_maps(cascade, asked, "photo_1")
    assert made.ids == cascade.stages
    assert made.targets == (2, 2, 2)
    np.testing.assert_array_equal(made.map_of("edges", "4"), cascade.maps["edges"][1])
    np.testing.assert_array_equal(made.pictures[2], asked.pictures[1])


def test_likeness_is_that_of_the_metrics(found):
    (table, cascade), _ = found
    rows = table.query("check == 'cascade' and method == 'gradient' and image == 'photo_1'")
    for stage, value in zip(rows.change, rows.value, strict=True):
        maps = cascade.maps["gradient"][[0, cascade.stages.index(stage)]]
        assert metrics.pearson(maps[:1], maps[1:])[0] == pytest.approx(value, abs=1e-6)

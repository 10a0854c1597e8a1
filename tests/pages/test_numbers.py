"""The table of all methods by all metrics: best, different, not measured."""

import pytest
from measured_tables import measures, summary

from cnnvis.comparisons import ALIKE, BETTER, OTHER, WORSE
from cnnvis.metrics.measures import CHANCE
from cnnvis.pages import numbers

DELETION = {"edges": 0.05, "centre": 0.4, "gradient": 0.2, "grad_cam": 0.2, "backtrack": 0.1}
ENERGY = {CHANCE: 0.1, "backtrack": 0.5, "grad_cam": 0.7}
GINI = {"backtrack": 0.5, "grad_cam": 0.7, "gradient": 0.9}


@pytest.fixture(name="means")
def the_means():
    made = {"gini": GINI, "energy": ENERGY, "deletion": DELETION}
    return summary(*(measures(*pair, 12, seed) for seed, pair in enumerate(made.items())))


def cells(table, title):
    (row,) = [row for row in table.rows if row.title == title]
    return dict(zip([head[0] for head in table.heads], row.cells, strict=True))


def test_heads_name_metrics_their_good_end_and_the_photos(means):
    assert numbers.table(means).heads == (
        ("deletion", "less is better", "12"),
        ("energy on the object", "more is better", "12"),
        ("sparseness (Gini)", "no end is better", "12"),
    )


def test_photos_are_a_range_where_methods_saw_different_ones(means):
    means.loc[(means.method == "gradient") & (means.metric == "gini"), "photos"] = 9
    assert [head[2] for head in numbers.table(means).heads] == ["12", "12", "9–12"]


def test_own_methods_come_first_and_controls_apart_from_the_rest(means):
    seen, blind = numbers.table(means).blocks
    assert [row.title for row in seen] == ["backtracking", "Grad-CAM", "gradient"]
    assert [row.title for row in blind] == ["edges", "centre", "chance"]
    assert [row.part for row in blind] == ["control", "control", "nothing"]


def test_numbers_are_those_of_the_summary(means):
    for row in means.to_dict("records"):
        titles = {"backtrack": "backtracking", "grad_cam": "Grad-CAM"}
        table = cells(numbers.table(means), titles.get(row["method"], row["method"]))
        names = {"deletion": "deletion", "energy": "energy on the object"}
        cell = table[names.get(row["metric"], "sparseness (Gini)")]
        digits = 3 if row["metric"] == "deletion" else 2
        assert cell.mean == f"{row['mean']:.{digits}f}"
        assert cell.interval == f"{row['low']:.{digits}f} to {row['high']:.{digits}f}"


def test_what_was_not_measured_has_no_cell(means):
    assert cells(numbers.table(means), "gradient")["energy on the object"] is None
    assert cells(numbers.table(means), "chance")["deletion"] is None


def test_the_best_is_bold_even_if_it_never_looks_at_the_network(means):
    table = numbers.table(means)
    best = {
        (row.title, head[0])
        for row in table.rows
        for head, cell in zip(table.heads, row.cells, strict=True)
        if cell and cell.best
    }
    assert best == {("edges", "deletion"), ("Grad-CAM", "energy on the object")}


def test_signs_say_what_differs_from_the_reference(means):
    table = numbers.table(means)
    own = cells(table, "backtracking")
    assert [cell.verdict for cell in own.values()] == [BETTER, WORSE, OTHER]
    assert {cell.verdict for cell in cells(table, "Grad-CAM").values()} == {ALIKE}
    assert cells(table, "centre")["deletion"].verdict == WORSE
    other = cells(numbers.table(means, "centre"), "Grad-CAM")
    assert other["deletion"].verdict == BETTER
    assert other["energy on the object"].verdict == ALIKE, "centre was not measured there"


def test_a_single_photo_has_no_interval():
    table = numbers.table(summary(measures("energy", ENERGY, 1)))
    assert [cell.interval for row in table.rows for cell in row.cells] == ["", "", ""]

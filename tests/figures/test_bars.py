"""Means of all methods in all metrics: where they stand, in which order, and with which signs."""

import io

import numpy as np
import pandas as pd
import pytest
from measured_tables import MANY, METHODS, measures, summary

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.bars import bars
from cnnvis.metrics.measures import CENTRED_BOX, CHANCE, MEASURES

from .looks import assert_equal_bytes, assert_readable, drawn, drawn_names, part, parts, written

DELETION = {"backtrack": 0.1, "grad_cam": 0.2, "gradient": 0.2, "centre": 0.4, "edges": 0.3}
ENERGY = {"backtrack": 0.5, "grad_cam": 0.7, "centre": 0.4, CHANCE: 0.3}
GRID = {"backtrack": 0.6, "soft": 0.3, CENTRED_BOX: 0.25}


def tables(photos=12):
    deletion = measures("deletion", DELETION, photos)
    # What maps of nothing reach differs more between photos.
    control = deletion.method.isin(("centre", "edges"))
    random = np.random.default_rng(1).normal(0, 0.05, len(deletion))
    return [
        measures("energy", ENERGY, photos),
        deletion.assign(value=deletion.value + control * random),
        measures("gini", {"backtrack": 0.3, "grad_cam": 0.6, "centre": 0.4}, photos),
        measures("localisation", GRID, photos),
    ]


@pytest.fixture(name="table")
def a_table():
    return summary(*tables())


def rows(table, metric, method):
    (found,) = table[(table.metric == metric) & (table.method == method)].to_dict("records")
    return found


def test_points_and_intervals_stand_at_their_values_best_first(table):
    figure = bars(table)
    for metric, order in (
        ("deletion", ["backtrack", None, None, "edges", "centre"]),
        ("energy", ["grad_cam", "backtrack", "centre"]),
        ("localisation", ["backtrack", "soft", CENTRED_BOX]),
    ):
        axes = part(figure, f"panel {metric}")
        names = drawn_names(axes, "mean ")
        assert len(names) == len(order)
        assert all(name in (wanted or name) for name, wanted in zip(names, order, strict=True))
        for place, name in enumerate(names):
            row = rows(table, metric, name)
            assert drawn(axes, f"mean {name}") == (row["mean"], place)
            x, y = drawn(axes, f"interval {name}")
            assert (x.tolist(), y.tolist()) == ([row["low"], row["high"]], [place, place])
        values = [rows(table, metric, name)["mean"] for name in names]
        assert values == sorted(values, reverse=metric != "deletion")
        top, bottom = sorted(axes.get_ylim())
        assert axes.get_ylim() == (bottom, top), "the best is at the top"


def test_names_stand_on_their_rows(table):
    axes = part(bars(table), "panel energy")
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["Grad-CAM", "backtracking", "centre", "chance", "would be found"]
    strong, quiet = ("bold", style.INK), ("normal", style.MUTED)
    looks = [(label.get_weight(), label.get_color()) for label in axes.get_yticklabels()]
    assert looks == [strong, strong, quiet, quiet, quiet]
    plain = part(bars(table), "panel deletion").get_yticklabels()
    (found,) = [label for label in plain if label.get_text() == "gradient"]
    assert (found.get_weight(), found.get_color()) == ("normal", style.INK)


def test_a_sign_stands_exactly_where_a_difference_is_beyond_two_standard_errors(table):
    figure = bars(table)
    count = 0
    for metric in ("deletion", "energy", "gini", "localisation"):
        axes, signs = part(figure, f"panel {metric}"), part(figure, f"signs {metric}")
        names = drawn_names(axes, "mean ")
        wanted = {}
        for place, name in enumerate(names):
            row = rows(table, metric, name)
            for column, reference in enumerate(("grad_cam", "centre")):
                if str(row.get(f"minus_{reference}_beyond")) != "True" or name == reference:
                    continue
                sign = {"high": 1, "low": -1, "": 0}[MEASURES[metric].better]
                merit = sign * row[f"minus_{reference}"]
                shape = "^" if merit > 0 else "v" if merit < 0 else "D"
                wanted[(column + 0.5, place)] = shape
        found = {
            (float(line.get_xdata()[0]), int(line.get_ydata()[0])): line.get_marker()
            for line in signs.lines
        }
        assert found == wanted
        count += len(wanted)
    assert count > 8, "an example without signs would test nothing"
    assert written(part(figure, "signs localisation")) == [], "no reference was measured there"
    assert written(part(figure, "signs energy")) == ["G", "C"]


def test_signs_of_a_table_read_from_a_file_are_the_same(table):
    read = pd.read_csv(io.StringIO(table.to_csv(sep="\t", index=False)), sep="\t")
    for metric in ("deletion", "energy"):
        one, other = (part(bars(given), f"signs {metric}") for given in (table, read))
        assert [line.get_gid() for line in one.lines] == [line.get_gid() for line in other.lines]


def test_better_and_worse_differ_in_shape_and_colour(table):
    signs = part(bars(table), "signs energy")
    looks = {
        line.get_gid().split(" ")[0]: (line.get_marker(), line.get_color()) for line in signs.lines
    }
    assert looks == {"better": ("^", style.CATEGORIES[0]), "worse": ("v", style.CATEGORIES[5])}


def test_chance_is_a_line_and_no_method(table):
    axes = part(bars(table), "panel energy")
    chance = rows(table, "energy", CHANCE)["mean"]
    assert drawn(axes, "chance")[0].tolist() == [chance, chance]
    assert CHANCE not in drawn_names(axes, "mean ")
    assert "chance" not in drawn_names(part(bars(table), "panel deletion"), "")


def test_maps_that_never_look_at_the_network_are_hollow_and_grey(table):
    axes = part(bars(table), "panel deletion")
    for line in axes.lines:
        name = (line.get_gid() or "").removeprefix("mean ")
        if line.get_gid() == f"mean {name}":
            hollow = line.get_markerfacecolor() == style.PAPER
            assert hollow == (name in ("centre", "edges"))


def test_the_bar_at_the_foot_is_as_long_as_what_would_be_found(table):
    figure = bars(table)
    x, _ = drawn(part(figure, "panel deletion"), "detectable")
    own = [
        rows(table, "deletion", name)["minus_grad_cam_detectable"]
        for name in ("backtrack", "gradient")
    ]
    assert x[1] - x[0] == pytest.approx(np.median(own))
    assert f"deletion {np.median(own):.2g}" in style.words(figure, "caption")
    assert "detectable" not in drawn_names(part(figure, "panel localisation"), "")


def test_the_good_end_and_the_photos_stand_below(table):
    figure = bars(table)
    ends = {axes.get_gid(): axes.get_xlabel() for axes in parts(figure, "panel ")}
    assert ends["panel deletion"] == "← less is better   12 photos"
    assert ends["panel energy"] == "more is better →   12 photos"
    assert ends["panel gini"] == "no end is better   12 photos"


def test_metrics_come_in_the_order_in_which_they_are_described(table):
    names = [axes.get_gid() for axes in parts(bars(table), "panel ")]
    assert names == ["panel deletion", "panel energy", "panel localisation", "panel gini"]


def test_a_single_photo_has_points_and_no_signs():
    figure = bars(summary(*tables(photos=1)))
    assert drawn_names(part(figure, "panel deletion"), "mean ")
    assert not part(figure, "signs deletion").lines
    assert "One photo has no interval" in style.words(figure, "caption")
    assert "Signs" not in style.words(figure, "caption")


def test_without_references_no_differences_are_drawn(table):
    bare = table[["metric", "method", "photos", "mean", "low", "high"]]
    figure = bars(bare)
    assert not any(axes.lines for axes in parts(figure, "signs "))
    assert not any(line.get_gid() == "detectable" for axes in figure.axes for line in axes.lines)


@pytest.mark.parametrize(("methods", "photos"), [(1, 1), (1, 3), (12, 4), (25, 3)])
def test_every_word_can_be_read(methods, photos):
    means = {name: 0.5 + 0.01 * place for place, name in enumerate(MANY[:methods])}
    names = ["deletion", "max_box_accuracy", "energy", "a metric of a long name " * 9]
    given = [measures(name, means | {CHANCE: 0.4}, photos, seed) for seed, name in enumerate(names)]
    figure = bars(summary(*given), title="A title " * 20)
    assert_readable(figure)


def test_the_table_is_left_as_found_and_drawn_the_same_twice(table, tmp_path):
    before = table.copy()
    assert_equal_bytes(lambda: bars(table), tmp_path)
    pd.testing.assert_frame_equal(table, before)


def test_what_cannot_be_drawn_is_refused(table):
    with pytest.raises(CnnvisError, match="this one lacks mean"):
        bars(table.drop(columns="mean"))
    with pytest.raises(CnnvisError, match="means are drawn from a table with at least one row"):
        bars(table.head(0))
    assert set(METHODS) >= set(DELETION)

"""Points of class sensitivity and stability: means of the table, on the rows of their methods."""

import numpy as np
import pandas as pd
import pytest
from measured_tables import MANY, sanity

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.sensitivity import classes_and_stability

from .looks import assert_equal_bytes, assert_readable, drawn, drawn_names, part, parts, written

CHANGES = ["mirrored", "shifted by 8, 0", "noise of 0.1"]
OTHERS = {"backtrack": [0.5, 0.7], "grad_cam": [0.1, 0.3], "edges": [1.0, 1.0]}
STABLE = {"edges": [1.0, 0.9, 0.8], "backtrack": [0.9, 0.6, 0.3], "grad_cam": [0.5, 0.5, 0.5]}


def a_table():
    return pd.concat(
        [
            sanity("other_classes", OTHERS),
            sanity("stability", STABLE, changes=CHANGES),
            sanity("cascade", OTHERS),
            sanity("stability", STABLE, changes=CHANGES, measure="ssim").assign(value=0.25),
        ]
    )


def test_the_method_that_depends_most_on_the_class_comes_first():
    figure = classes_and_stability(a_table())
    labels = [one.get_text() for one in part(figure, "points other_classes").get_yticklabels()]
    assert labels == ["Grad-CAM", "backtracking", "edges"]


@pytest.mark.parametrize(("check", "values"), [("other_classes", OTHERS), ("stability", STABLE)])
def test_points_and_lines_are_means_and_two_standard_errors(check, values):
    axes = part(classes_and_stability(a_table()), f"points {check}")
    for place, method in enumerate(["grad_cam", "backtrack", "edges"]):
        mean = np.mean(values[method])
        assert drawn(axes, f"mean {method}") == (pytest.approx(mean), place)
        reach = 2 * 0.01 / np.sqrt(3)
        x, y = drawn(axes, f"interval {method}")
        assert x == pytest.approx([mean - reach, mean + reach])
        assert y.tolist() == [place, place]


def test_each_change_has_a_mark_of_its_own_with_a_name():
    figure = classes_and_stability(a_table())
    axes = part(figure, "points stability")
    assert drawn_names(axes, "change ") == CHANGES
    shapes = {line.get_marker() for line in axes.lines if "change" in (line.get_gid() or "")}
    assert len(shapes) == 3
    x, y = drawn(axes, "change noise of 0.1")
    assert dict(zip(y.tolist(), x.tolist())) == pytest.approx({0: 0.5, 1: 0.3, 2: 0.8})
    assert written(part(figure, "changes")) == CHANGES


def test_each_side_says_which_end_is_good():
    figure = classes_and_stability(a_table())
    ends = [axes.get_xlabel() for axes in parts(figure, "points ")]
    assert ends == ["← less alike is better", "more alike is better →"]


def test_stability_alone_is_sorted_by_itself():
    figure = classes_and_stability(sanity("stability", STABLE, changes=CHANGES))
    (axes,) = parts(figure, "points ")
    labels = [one.get_text() for one in axes.get_yticklabels()]
    assert labels == ["edges", "backtracking", "Grad-CAM"]
    assert "Here: with the maps of the same image" in style.words(figure, "caption")


def test_a_method_without_one_of_the_checks_keeps_its_row():
    table = pd.concat([a_table(), sanity("stability", {"random": [0.1]}, changes=CHANGES)])
    figure = classes_and_stability(table)
    assert drawn(part(figure, "points stability"), "mean random") == (pytest.approx(0.1), 3)
    assert "mean random" not in drawn_names(part(figure, "points other_classes"), "")


def test_another_measure_is_drawn_where_it_is_asked_for():
    figure = classes_and_stability(a_table(), measure="ssim")
    assert drawn(part(figure, "points stability"), "mean edges")[0] == pytest.approx(0.25)


@pytest.mark.parametrize(("methods", "images"), [(1, 1), (12, 3), (25, 2)])
def test_every_word_can_be_read(methods, images):
    names = MANY[:methods]
    values = {name: [0.1, 0.2, 0.9, 0.4] for name in names}
    changes = [f"a change with a long name, {number}" for number in range(4)]
    table = [sanity("other_classes", values, images), sanity("stability", values, images, changes)]
    figure = classes_and_stability(pd.concat(table), title="A title " * 20)
    assert_readable(figure)


def test_the_table_is_left_as_found_and_drawn_the_same_twice(tmp_path):
    table = a_table()
    before = table.copy()
    assert_equal_bytes(lambda: classes_and_stability(table), tmp_path)
    pd.testing.assert_frame_equal(table, before)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(CnnvisError, match="this one lacks check"):
        classes_and_stability(a_table().drop(columns="check"))
    with pytest.raises(CnnvisError, match="the table has the checks cascade"):
        classes_and_stability(sanity("cascade", OTHERS))

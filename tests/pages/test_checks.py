"""Sentences about sanity checks: a map that survives random layers is said to survive."""

import pandas as pd
import pytest
from measured_tables import sanity

from cnnvis.pages import checks
from cnnvis.pages.measured import Study
from cnnvis.pages.verdicts import BAD, GOOD, OPEN


def study(*tables):
    return Study(pd.DataFrame(), pd.DataFrame(), pd.concat(tables))


@pytest.mark.parametrize(
    ("left", "tone", "words"),
    [
        (0.05, GOOD, "hardly anything is left, so they depend on what the network has learned"),
        (0.36, OPEN, "something of them is left, which the image alone accounts for"),
        (0.7, BAD, "they survive, and show the image more than what the network has learned"),
    ],
)
def test_what_is_left_when_all_layers_are_random(left, tone, words):
    values = {"backtrack": [0.9, left], "grad_cam": [0.8, -0.1]}
    (found,) = checks.randomised(study(sanity("cascade", values)), "backtrack")
    assert found.tone == tone
    assert found.words == (
        f"When all layers are random, maps of backtracking correlate {left:.2f} with those of the "
        f"trained network (Grad-CAM −0.10): {words}."
    )


def test_other_survivors_and_edges_are_named():
    values = {"grad_cam": [0.0], "guided_backprop": [0.71], "soft": [0.52], "edges": [0.98]}
    found = list(checks.randomised(study(sanity("cascade", values)), "backtrack"))
    assert [one.words for one in found] == [
        "Maps of other methods that survive random layers: guided backprop (0.71) and Excitation "
        "Backprop (0.52).",
        "For scale: edges keeps a correlation of 0.98 when all layers are random; it shows the "
        "image.",
    ]
    assert {one.tone for one in found} == {OPEN}


def test_only_the_last_step_of_the_cascade_and_rank_correlations_count():
    """Steps decide, not rows; another measure and another check change nothing."""
    table = [
        sanity("cascade", {"backtrack": [0.9, 0.1]}).iloc[::-1],
        sanity("cascade", {"backtrack": [0.9, 0.9]}, measure="ssim"),
        sanity("last", {"backtrack": [0.9, 0.9, 0.9]}),
    ]
    (found,) = checks.randomised(study(*table), "backtrack")
    assert "correlate 0.10" in found.words


def test_images_of_one_photo_are_averaged_first():
    table = sanity("cascade", {"backtrack": [0.0]}, images=3)
    table = table.assign(value=[0.0, 0.6, 0.6], photo=["a", "b", "b"])
    (found,) = checks.randomised(study(table), "backtrack")
    assert "correlate 0.30" in found.words


def test_the_layers_that_matter_most_and_least_are_named():
    values = {"backtrack": [0.7, 0.2, 0.9], "grad_cam": [0.0, 0.0, 0.0]}
    table = sanity("independent", values, changes=["fc", "conv2", "0"])
    (found,) = checks.single_layers(study(table), "backtrack")
    assert found.tone == OPEN
    assert found.words == (
        "Of single layers made random, conv2 changes the maps of backtracking most (correlation "
        "0.20) and 0 least (0.90)."
    )
    alone = sanity("independent", {"backtrack": [0.7]})
    assert not list(checks.single_layers(study(alone), "backtrack"))


@pytest.mark.parametrize(
    ("alike", "tone", "words"),
    [
        (0.2, GOOD, "they tell classes apart."),
        (0.6, OPEN, "they tell classes apart in part."),
        (0.95, BAD, "they say where something is, not why it is that class."),
    ],
)
def test_class_sensitivity(alike, tone, words):
    values = {"backtrack": [alike] * 2, "grad_cam": [0.1, 0.3], "centre": [1.0, 1.0]}
    (found,) = checks.classes(study(sanity("other_classes", values)), "backtrack")
    assert found.tone == tone
    assert found.words == (
        f"Maps of backtracking for other classes correlate {alike:.2f} with those of the class "
        f"(Grad-CAM 0.20): {words}"
    )


def test_other_methods_that_hardly_tell_classes_apart_are_named():
    values = {"guided_backprop": [0.96], "gradient": [0.5], "edges": [1.0]}
    (found,) = checks.classes(study(sanity("other_classes", values)), "backtrack")
    assert (
        found.words == "Other methods with nearly one map for all classes: guided backprop (0.96)."
    )


@pytest.mark.parametrize(
    ("least", "tone", "words"),
    [
        (0.92, GOOD, "hardly move the maps of backtracking"),
        (0.6, OPEN, "move the maps somewhat of backtracking"),
        (0.3, BAD, "move the maps much of backtracking"),
    ],
)
def test_stability_is_that_of_the_change_that_moves_maps_most(least, tone, words):
    changes = ["mirrored", "shifted by 8, 0"]
    table = sanity("stability", {"backtrack": [0.97, least], "grad_cam": [0.0, 0.0]}, 3, changes)
    (found,) = checks.stable(study(table), "backtrack")
    assert found.tone == tone
    assert words in found.words
    assert found.words.endswith(f"mirrored (0.97) and shifted by 8, 0 ({least:.2f}).")


def test_nothing_is_said_of_what_was_not_checked():
    empty = study(sanity("cascade", {"backtrack": [0.1]}).head(0))
    assert not list(checks.checks(empty, "backtrack"))
    other = study(sanity("cascade", {"gradient": [0.1]}))
    assert not list(checks.checks(other, "backtrack"))


def test_all_checks_are_said_in_their_order():
    own = {"backtrack": [0.1, 0.2]}
    names = ("stability", "other_classes", "independent", "cascade")
    found = list(checks.checks(study(*(sanity(name, own) for name in names)), "backtrack"))
    beginnings = ["When all layers", "Of single layers", "Maps of backtracking", "Small changes"]
    assert [one.words.startswith(words) for one, words in zip(found, beginnings)] == [True] * 4

"""Importance as grids: the number of each filter in its cell, groups of a method on one scale."""

import numpy as np
import pytest

from cnnvis.errors import CnnvisError
from cnnvis.figures import importance, style

from .looks import assert_readable, bars, image, part, written

IMAGES = {"same class": 2, "other class": 8}


def some(filters=40, seed=0):
    random = np.random.default_rng(seed)
    return {
        group: {method: random.random(filters) for method in ("l2", "taylor", "random")}
        for group in IMAGES
    }


def drawn(means=None, images=IMAGES, **options):
    means = some() if means is None else means
    return importance.importance_grids(means, images, unit="Egyptian cat (285)", **options)


def test_every_filter_is_in_its_cell_in_reading_order():
    means = some()
    figure = drawn(means)
    for group in IMAGES:
        for method in ("l2", "taylor"):
            axes = part(figure, f"{method} {group}")
            shown = image(axes)
            assert shown.shape == (3, 16)
            assert shown.ravel()[:40] == pytest.approx(means[group][method])
            assert np.isnan(shown.ravel()[40:]).all()
            rows = {label.get_text(): label.get_position()[1] for label in axes.get_yticklabels()}
            assert rows == {"0": 0, "16": 1, "32": 2}


def test_the_most_important_filters_are_named_in_their_cells():
    means = some()
    means["same class"]["l2"][[7, 18, 33]] = [5, 6, 7]
    texts = part(drawn(means), "l2 same class").texts
    assert [text.get_text() for text in texts][:3] == ["33", "18", "7"]
    assert [text.get_position() for text in texts][:3] == [(1, 2), (2, 1), (7, 0)]
    assert len(texts) == 5


def test_the_groups_of_a_method_share_one_scale_from_zero():
    means = some()
    means["other class"]["l2"] *= 7
    figure = drawn(means)
    for method, label in (("l2", "score per weight"), ("taylor", "score")):
        norms = [part(figure, f"{method} {group}").images[0].norm for group in IMAGES]
        most = max(means[group][method].max() for group in IMAGES)
        assert [(norm.vmin, norm.vmax) for norm in norms] == [(0, most), (0, most)]
        assert bars(figure)[label] == pytest.approx((0, most))


def test_the_curves_are_the_same_numbers_sorted():
    means = some()
    figure = drawn(means)
    for method in ("l2", "taylor", "random"):
        lines = {line.get_label(): line for line in part(figure, f"sorted {method}").lines}
        for group in IMAGES:
            expected = sorted(means[group][method], reverse=True)
            assert lines[group].get_ydata() == pytest.approx(expected)
            assert lines[group].get_xdata().tolist() == list(range(1, 41))


def test_the_caption_says_how_far_the_groups_agree_and_of_how_many_images():
    means = some()
    means["other class"]["taylor"] = means["same class"]["taylor"] ** 2
    words = style.words(drawn(means, layer="conv1"), "caption")
    assert "40 filters of conv1" in words
    assert "2 images of the inspected class, and over 8 images of other classes" in words
    assert "1.00 (Taylor)" in words
    assert "an illustration, no statistics" in words
    many = drawn(means, {"same class": 10, "other class": 30})
    assert "illustration" not in style.words(many, "caption")


@pytest.mark.parametrize("filters", [1, 5, 96, 512])
def test_every_word_can_be_read(filters):
    figure = drawn(some(filters), layer="features.0", title="A title " * 15)
    assert_readable(figure)
    assert ("80" in written(figure)) == (filters == 96)


def test_what_does_not_fit_is_refused():
    means = some()
    del means["other class"]["taylor"]
    with pytest.raises(CnnvisError, match="other class lacks taylor"):
        drawn(means)
    with pytest.raises(CnnvisError, match="same class lacks images"):
        drawn(images={"other class": 3})
    means = some()
    means["same class"]["l2"] = np.ones(39)
    with pytest.raises(CnnvisError, match=r"got \[\(39,\), \(40,\)\]"):
        drawn(means)

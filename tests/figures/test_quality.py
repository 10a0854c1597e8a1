"""All criteria of all orders over what random orders reach."""

import numpy as np
import pytest

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.quality import against_chance
from cnnvis.quality import CRITERIA, Judged, Quality

from .looks import assert_readable, part, written

RANDOM = np.random.default_rng(0).normal([0.1, 60.0, 0.5], [0.02, 1.0, 0.01], (1000, 3))


def judged(near, path, events):
    return Quality(*(Judged(value, 0.0, 1.0, 50.0) for value in (near, path, events)))


QUALITIES = {
    "middling": judged(0.1, 60.0, 0.5),
    "good": judged(0.5, 40.0, 0.3),
    "bad": judged(-0.2, 70.0, 0.6),
}


def points(axes):
    return [line for line in axes.lines if line.get_marker() == "o"]


def test_points_stand_at_their_values_best_neighbours_first():
    figure = against_chance(QUALITIES, RANDOM)
    order = ["good", "middling", "bad"]
    for criterion in CRITERIA:
        axes = part(figure, f"chart {criterion}")
        found = [(line.get_xdata()[0], line.get_ydata()[0]) for line in points(axes)]
        values = [getattr(QUALITIES[name], criterion).value for name in order]
        assert found == list(zip(values, range(3), strict=True))
    first = part(figure, f"chart {CRITERIA[0]}")
    assert [label.get_text() for label in first.get_yticklabels()] == order


def test_colours_tell_better_from_worse_whichever_way_a_criterion_goes():
    figure = against_chance(QUALITIES, RANDOM)
    for criterion in CRITERIA:
        colours = [line.get_color() for line in points(part(figure, f"chart {criterion}"))]
        assert colours == [style.CATEGORIES[0], style.MUTED, style.CATEGORIES[5]]


def test_the_band_holds_95_percent_of_the_null_and_the_histogram_all_of_it():
    figure = against_chance(QUALITIES, RANDOM)
    for number, criterion in enumerate(CRITERIA):
        axes = part(figure, f"chart {criterion}")
        (band,) = axes.patches
        low, high = band.get_x(), band.get_x() + band.get_width()
        inside = np.mean((RANDOM[:, number] >= low) & (RANDOM[:, number] <= high))
        assert inside == pytest.approx(0.95, abs=0.002)
        across = axes.collections[0].get_datalim(axes.transData)
        assert across.x0 == pytest.approx(RANDOM[:, number].min())
        assert across.x1 == pytest.approx(RANDOM[:, number].max())


@pytest.mark.parametrize("count", [1, 9, 25])
def test_every_word_can_be_read(count):
    many = {f"an order of a long name {i}": judged(-i / 9, 60 + i, 0.5) for i in range(count)}
    figure = against_chance(many, RANDOM, title="A title " * 15)
    assert_readable(figure)
    assert "1000 orders drawn at random" in style.words(figure, "caption")


def test_a_null_without_spread_is_drawn():
    figure = against_chance({"one": judged(0.0, 4.0, 0.0)}, np.tile([0.0, 4.0, 0.0], (100, 1)))
    assert "one" in written(figure)


def test_what_does_not_fit_is_refused():
    with pytest.raises(CnnvisError, match=r"got 3 orders and a null of shape \(1000, 2\)"):
        against_chance(QUALITIES, RANDOM[:, :2])
    with pytest.raises(CnnvisError, match="got 0 orders"):
        against_chance({}, RANDOM)

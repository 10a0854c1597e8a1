"""Backtracks from several classes: their overlap with the first, and the chart of all photos."""

import numpy as np
import pandas as pd
import pytest

from cnnvis import overlap
from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.top_classes import top_classes

from .looks import assert_readable, part, parts, written

SEEN = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
FOUND = (
    (np.array([[4, 4], [20, 20]]), np.array([0.5, 0.5])),
    (np.array([[4, 4], [20, 20]]), np.array([0.2, 0.2])),
    (np.array([[4, 4]]), np.array([1.0])),
)


def sensitivity(count=3):
    numbers = np.arange(count) / (2 * count)
    return pd.DataFrame(
        {
            "image": [f"photo {n}" for n in range(count)],
            "classes": 3,
            "overlap": 0.4 + numbers,
            "lowest": 0.2 + numbers,
            "highest": 0.5 + numbers,
            "rank_correlation": 0.5,
            "other_photos": 0.1 + numbers,
        }
    )


def drawn(names=("tabby", "lynx", "mug"), chances=(0.5, 0.004, None), table=None, **options):
    rows = sensitivity() if table is None else table
    return top_classes(SEEN, names, chances, FOUND[: len(names)], rows, **options)


def test_every_class_says_how_probable_it_is_and_how_alike_to_the_first():
    figure = drawn()
    said = written(figure)
    for words in ("probability 50 %", "probability 0.4 %", "overlap with the first 1.00"):
        assert words in said
    first, third = (overlap.density(*FOUND[n], (32, 32)) for n in (0, 2))
    assert f"overlap with the first {overlap.shared(first, third):.2f}" in said
    assert sum("overlap with the first" in words for words in said) == 2
    assert len(parts(figure, "fixations")) == 3


def test_the_chart_shows_what_the_table_says():
    axes = part(drawn(), "sensitivity")
    dots, diamonds = axes.lines
    assert dots.get_xdata() == pytest.approx([0.4, 0.4 + 1 / 6, 0.4 + 1 / 3])
    assert diamonds.get_xdata() == pytest.approx([0.1, 0.1 + 1 / 6, 0.1 + 1 / 3])
    (lines,) = axes.collections
    ends = [segment[:, 0].tolist() for segment in lines.get_segments()]
    assert ends[0] == pytest.approx([0.2, 0.5])
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "photo 0",
        "photo 1",
        "photo 2",
    ]


def test_of_very_many_photos_the_first_are_shown():
    figure = drawn(table=sensitivity(90))
    assert len(part(figure, "sensitivity").lines[0].get_xdata()) == 40
    assert "The first 40 of 90 photos." in style.words(figure, "caption")
    assert_readable(figure)


def test_one_photo_is_compared_with_no_other():
    table = sensitivity(1).assign(other_photos=np.nan)
    assert_readable(drawn(table=table))


def test_every_word_can_be_read():
    names = ("a class with a very long name indeed", "b", "West Highland white terrier")
    assert_readable(drawn(names, title="A title " * 20))


@pytest.mark.parametrize(
    ("names", "chances", "said"),
    [(("tabby",), (0.5,), "got 1 classes"), (("a", "b"), (0.5,), "1 probabilities")],
)
def test_what_cannot_be_compared_is_refused(names, chances, said):
    with pytest.raises(CnnvisError, match=said):
        drawn(names, chances)

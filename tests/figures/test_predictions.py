"""Photos beside the classes a network finds most probable."""

import numpy as np
import pytest

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.predictions import best_classes

from .looks import assert_readable, image, part, written

CLASSES = ["cat", "dog", "cup", "jeep", "a class with a very long name indeed, " * 2, "fish"]
CHANCES = np.array([[0.5, 0.3, 0.1, 0.06, 0.0396, 0.0004], [0.1, 0.2, 0.3, 0.35, 0.04, 0.01]])
PHOTOS = [np.full((20, 30, 3), 7, np.uint8), np.full((40, 20, 3), 9, np.uint8)]


def drawn(true=(1, 5), chances=CHANCES, **options):
    return best_classes(PHOTOS, ["one", "two"], chances, class_names=CLASSES, true=true, **options)


def test_bars_are_the_largest_probabilities_with_their_classes():
    figure = drawn()
    for name, chances, order in (
        ("one", CHANCES[0], range(5)),
        ("two", CHANCES[1], (3, 2, 1, 0, 4)),
    ):
        axes = part(figure, f"bars {name}")
        assert [bar.get_width() for bar in axes.patches] == [chances[i] for i in order]
        names = [text.get_text() for text in axes.texts[::2]]
        assert [name[:3] for name in names] == [CLASSES[i][:3] for i in order]
        assert axes.get_xlim() == (0, 1)
    assert [text.get_text() for text in part(figure, "bars one").texts[1::2]][-1] == "4.0 %"


def test_the_true_class_stands_out_and_is_named_where_it_is_missing():
    figure = drawn()
    bold = [
        text.get_text() for text in part(figure, "bars one").texts if text.get_weight() == "bold"
    ]
    assert bold == ["dog", "30.0 %"]
    colours = [bar.get_facecolor() for bar in part(figure, "bars one").patches]
    assert len(set(colours)) == 2
    assert colours.count(colours[1]) == 1
    assert "true: fish, 1.0 %" in written(figure)
    assert not [t for t in part(figure, "bars two").texts if t.get_weight() == "bold"]


def test_the_caption_counts_what_is_right():
    assert "first in 0 and among the first 5 in 1 of the 2 photos" in style.words(
        drawn(), "caption"
    )
    caption = style.words(drawn(true=(0, None)), "caption")
    assert "first in 1 and among the first 5 in 1 of the 1 photos" in caption
    assert "It comes first" not in style.words(drawn(true=(None, None)), "caption")


def test_class_0_can_be_true_and_missing():
    """Zero is a class like any other."""
    figure = drawn(true=(5, 0), count=2)
    assert "true: fish, < 0.1 %" in written(figure)
    assert "true: cat, 10.0 %" in written(figure)


def test_photos_are_shown_in_their_own_proportions():
    figure = drawn()
    for name, photo in (("one", PHOTOS[0]), ("two", PHOTOS[1])):
        axes = part(figure, f"photo {name}")
        assert np.array_equal(image(axes), photo)
        width, height = axes.get_window_extent().size
        assert width / height == pytest.approx(photo.shape[1] / photo.shape[0], rel=0.02)


def test_every_word_can_be_read():
    assert_readable(drawn(title="A title " * 20))


def test_what_does_not_fit_is_refused():
    with pytest.raises(CnnvisError, match="2 photos, 2 names, 1 rows, 2 classes"):
        drawn(chances=CHANCES[:1])
    with pytest.raises(CnnvisError, match="needs a name"):
        best_classes([], [], np.zeros((0, 3)), class_names=[], true=[])


def test_a_class_that_the_network_does_not_have_is_named():
    with pytest.raises(CnnvisError, match=r"photo 'two' is said to be of class 6.*classes 0 to 5"):
        drawn(true=(5, 6))

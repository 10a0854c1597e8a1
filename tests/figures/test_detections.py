"""Detections as a figure: boxes where they are, words that say what was found."""

import numpy as np
import pytest

from cnnvis.detections import Detection
from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.detections import Seen, detected
from figures.looks import assert_readable, part, parts, written


def one(rank, name, probability, box):
    return Detection(image="a", rank=rank, target=rank, name=name, probability=probability, box=box)


FOUND = (
    one(1, "tabby", 0.612, (2, 3, 20, 30)),
    one(2, "lynx", 0.2, (2, 3, 20, 29)),
    one(3, "cup", 0.1, (22, 32, 28, 38)),
    one(4, "dog", 0.001, (0, 0, 4, 4)),
)


def seen(name="chelsea", shape=(30, 40), **changes):
    photo = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    return Seen(
        **{"name": name, "photo": photo, "found": FOUND, "truth": "tabby", "known": [(0, 0, 9, 9)]}
        | changes
    )


def rectangles(axes, name):
    return [
        (p.get_y(), p.get_x(), p.get_y() + p.get_height(), p.get_x() + p.get_width())
        for p in axes.patches
        if p.get_gid() == name
    ]


def test_boxes_of_places_of_their_own_are_drawn_and_named():
    figure = detected([seen()], verdict="So and so.")
    axes = part(figure, "photo chelsea")
    assert axes.get_xlim() == (0, 40)
    assert set(rectangles(axes, "found")) == {FOUND[0].box, FOUND[2].box}
    assert rectangles(axes, "true") == [(0, 0, 9, 9)]
    words = written(figure)
    assert "tabby 61 %" in words
    assert "cup 10 %" in words
    assert not any("lynx" in word or "dog" in word for word in words)
    assert style.words(figure, "caption").endswith(
        "Dashed: the objects as drawn by eye. So and so."
    )


def test_colours_of_boxes_are_those_of_their_names():
    figure = detected([seen()])
    chips = [text.get_color() for text in figure.texts if text.get_text() == "■"]
    drawn = {p.get_gid(): p.get_edgecolor() for p in part(figure, "photo chelsea").patches}
    assert len(chips) == len(set(chips)) == 2
    assert "found" in drawn


def test_what_is_improbable_is_shown_only_if_it_comes_first():
    figure = detected([seen(found=FOUND[3:])])
    assert "dog < 1 %" in written(figure)
    assert "true: tabby" in written(figure)
    every = detected([seen()], least=0)
    assert "dog < 1 %" in written(every)


def test_nothing_found():
    figure = detected([seen(found=[one(1, "tabby", 0.9, (0, 0, 0, 0))], known=(), truth="")])
    assert not part(figure, "photo chelsea").patches
    assert "nothing found" in written(figure)
    assert "Dashed" not in style.words(figure, "caption")


def test_every_word_can_be_read():
    long = [one(k, "a class with a name " * 5, 0.5, (k * 9, 0, k * 9 + 5, 9)) for k in range(3)]
    rows = [
        seen(f"a photo with a long name {k}" * 3, found=long, truth="other " * 9) for k in range(5)
    ]
    figure = detected([*rows, seen(shape=(300, 20)), seen(shape=(20, 300))], title="Title " * 30)
    assert len(parts(figure, "photo ")) == 7
    assert_readable(figure)


def test_no_photo_is_refused():
    with pytest.raises(CnnvisError, match="needs at least one photo"):
        detected([])

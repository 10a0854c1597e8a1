"""The best pictures of every channel: each in its place, silent channels empty, said in words."""

import numpy as np
import pytest

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.top_images import top_pictures
from figures import looks


def some(channels=10, ranks=5, seed=0):
    """Patches of one colour each, and values."""
    random = np.random.default_rng(seed)
    colours = random.integers(0, 200, (channels, ranks, 1, 1, 3))
    patches = np.broadcast_to(colours, (channels, ranks, 6, 6, 3)).astype(np.uint8)
    return patches, -np.sort(-random.random((channels, ranks)), axis=1)


def test_every_patch_is_shown_below_the_number_of_its_channel():
    patches, values = some()
    figure = top_pictures(patches, values, field=(11, 11))
    whole = looks.image(looks.part(figure, "channels"))
    numbers = [text for text in figure.texts if text.get_text().isdigit()]
    assert [text.get_text() for text in numbers] == [str(channel) for channel in range(10)]
    height, width = figure.get_size_inches()[::-1] * style.DPI
    axes = looks.part(figure, "channels").get_position()
    for channel, text in enumerate(numbers):
        x, y = text.get_position()
        col, row = round(x * width), round((axes.y1 - y) * height) + round(0.1 * style.DPI)
        square = whole[row + 2 : row + 40, col + 2 : col + 40]
        assert (square == patches[channel, 0, 0, 0]).all(), "the best is at the upper left"
    flat = whole.reshape(-1, 3)
    for colour in patches[:, :, 0, 0].reshape(-1, 3):
        assert (flat == colour).all(axis=1).sum() > 500


def test_a_channel_that_answers_to_nothing_is_empty_and_counted():
    patches, values = some()
    values[[2, 7]] = 0.0
    figure = top_pictures(patches, values, by="mean")
    flat = looks.image(looks.part(figure, "channels")).reshape(-1, 3)
    assert not (flat == patches[2, 0, 0, 0]).all(axis=1).any()
    assert "2 channels are 0 everywhere, and left empty" in style.words(figure, "caption")


def test_the_caption_says_what_is_shown():
    patches, values = some()
    words = style.words(top_pictures(patches, values, field=(11, 11)), "caption")
    assert "the 5 images with the largest activation" in words
    assert "the 11 × 11 pixels that the unit" in words
    words = style.words(top_pictures(patches, values, field=(200, 100), size=90), "caption")
    assert "the middle 90 × 90 of the 200 × 100 pixels" in words
    words = style.words(top_pictures(patches, values, by="mean"), "caption")
    assert "largest mean activation" in words
    assert "whole picture" in words
    assert "grey" not in words


def test_a_page_holds_as_many_channels_as_can_be_seen_and_says_so():
    patches, values = some(300, 1)
    figure = top_pictures(patches, values)
    assert "The layer has 300" in style.words(figure, "caption")
    assert figure.get_size_inches()[1] < 11


def test_patches_of_another_shape_are_refused():
    patches, values = some()
    with pytest.raises(CnnvisError, match=r"\(10, 5, 6, 6, 3\) and \(10, 4\)"):
        top_pictures(patches, values[:, :4])
    with pytest.raises(CnnvisError, match="with a value for each"):
        top_pictures(patches[..., :2], values)

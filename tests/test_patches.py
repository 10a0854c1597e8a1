"""What units see of a picture: against a padded picture, pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis import patches
from cnnvis.errors import CnnvisError
from cnnvis.top_images import TopImages


def a_picture(rows=9, cols=11, seed=0):
    return np.random.default_rng(seed).integers(0, 200, (rows, cols, 3)).astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(
    row=st.integers(-4, 12),
    col=st.integers(-4, 14),
    half=st.integers(0, 4),
)
def test_a_patch_is_the_field_round_its_centre(row, col, half):
    picture, size = a_picture(), 2 * half + 1
    found = patches.cut(picture, (row, col), size, side=size)
    for i in range(size):
        for j in range(size):
            r, c = row - half + i, col - half + j
            inside = 0 <= r < 9 and 0 <= c < 11
            expected = picture[r, c].tolist() if inside else [patches.OUTSIDE] * 3
            assert found[i, j].tolist() == expected


def test_even_fields_lie_between_pixels():
    picture = a_picture()
    found = patches.cut(picture, (3.5, 5.5), 4, side=4)
    assert np.array_equal(found, picture[2:6, 4:8])


def test_of_a_wide_field_the_middle_is_shown():
    assert patches.width((11, 7), 100) == 11
    assert patches.width((300, 400), 100) == 40


def test_small_patches_keep_their_pixels_and_large_ones_are_averaged():
    picture = a_picture(2, 2)
    assert np.array_equal(patches.resized(picture, 4), picture.repeat(2, 0).repeat(2, 1))
    grey = np.indices((8, 8)).sum(axis=0) % 2 * 200
    small = patches.resized(np.stack([grey] * 3, axis=-1).astype(np.uint8), 2)
    assert np.abs(small.astype(int) - 100).max() < 15


def test_every_best_image_has_its_patch_and_each_picture_is_asked_for_once():
    pictures = {name: a_picture(seed=place) for place, name in enumerate(("cat", "dog", "fox"))}
    asked = []

    def picture(name):
        asked.append(name)
        return pictures[name]

    best = TopImages(
        np.array([["dog", "cat"], ["dog", "fox"]]),
        np.array([[2.0, 1.0], [5.0, 0.0]]),
        np.array([[0, 1], [2, 0]]),
        np.array([[1, 0], [1, 1]]),
    )
    rows, cols = (1.0, 4.0, 7.0), (2.0, 8.0)
    found = patches.of_best(best, picture, rows=rows, cols=cols, size=3, side=3)
    assert sorted(asked) == ["cat", "dog", "fox"]
    for channel in range(2):
        for rank in range(2):
            own = pictures[str(best.image[channel, rank])]
            r, c = int(rows[best.row[channel, rank]]), int(cols[best.col[channel, rank]])
            assert np.array_equal(found[channel, rank], own[r - 1 : r + 2, c - 1 : c + 2])
    whole = patches.of_best(best, picture, rows=rows, cols=cols, size=None, side=5)
    assert np.array_equal(whole[1, 1], patches.resized(pictures["fox"], 5))
    with pytest.raises(CnnvisError, match=r"3 x 1 units has no unit \(2, 1\)"):
        patches.of_best(best, picture, rows=rows, cols=(2.0,), size=3)

"""Boxes on a photo are carried to the input as its pixels are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis import images, metrics
from cnnvis.geometry import Frame

FRAME = Frame(photo=(200, 300), resized=(100, 150), crop=(10, 25, 80, 90))


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((20, 50, 180, 230), ((0, 0, 80, 90),)),  # the crop itself
        ((40, 70, 60, 90), ((10, 10, 20, 20),)),
        ((0, 0, 60, 90), ((0, 0, 20, 20),)),  # cut off
        ((0, 0, 20, 300), ()),  # beside it, up to its edge
        ((100, 100, 101, 101), ((40, 25, 41, 26),)),  # half a pixel is one
        ((179, 229, 180, 230), ((79, 89, 80, 90),)),  # the last one
    ],
)
def test_by_hand(box, expected):
    assert metrics.in_input([box], FRAME) == expected


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    rows=st.integers(30, 90),
    cols=st.integers(30, 90),
    data=st.data(),
)
def test_a_box_drawn_on_the_photo_lies_where_the_input_shows_it(rows, cols, data):
    row0 = data.draw(st.integers(0, rows - 8))
    col0 = data.draw(st.integers(0, cols - 8))
    row1 = data.draw(st.integers(row0 + 8, rows))
    col1 = data.draw(st.integers(col0 + 8, cols))
    photo = np.zeros((rows, cols, 3), np.uint8)
    photo[row0:row1, col0:col1] = 255
    preprocessing = images.Preprocessing(40, 32, mean=(0, 0, 0), std=(1, 1, 1))
    pixels, frame = images.prepare(photo, preprocessing)
    (found,) = metrics.in_input([(row0, col0, row1, col1)], frame) or ((0, 0, 0, 0),)
    mask = np.zeros((32, 32), bool)
    mask[found[0] : found[2], found[1] : found[3]] = True
    seen = pixels[0] > 0.5
    assert (mask ^ seen).mean() < 0.08, "but for a pixel along the edges"

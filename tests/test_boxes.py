"""Boxes: overlaps against pixels counted one by one, and what of many is kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis import boxes
from cnnvis.errors import CnnvisError

SIDE = 9


@st.composite
def some_boxes(draw, count=4):
    edges = st.tuples(*[st.integers(0, SIDE)] * 4)
    found = draw(st.lists(edges, min_size=1, max_size=count))
    return [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in found]


def mask(box):
    page = np.zeros((SIDE, SIDE), bool)
    page[box[0] : box[2], box[1] : box[3]] = True
    return page


@given(some_boxes(), some_boxes())
@settings(deadline=None, max_examples=50)
def test_an_overlap_is_that_of_the_pixels(first, second):
    found = boxes.overlap(first, second)
    for i, one in enumerate(first):
        for j, two in enumerate(second):
            both, either = (mask(one) & mask(two)).sum(), (mask(one) | mask(two)).sum()
            assert found[i, j] == pytest.approx(both / either if both else 0)


@given(some_boxes(6), st.integers(0, 99), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
@settings(deadline=None, max_examples=50)
def test_what_is_kept_overlaps_little_and_what_is_not_overlaps_a_better_one(
    given_boxes, seed, most
):
    score = np.random.default_rng(seed).integers(0, 4, len(given_boxes)) / 4
    kept = boxes.suppress(given_boxes, score, most=most).tolist()
    assert (np.diff(score[kept]) <= 0).all()
    shared = boxes.overlap(given_boxes, given_boxes)
    for place in range(len(given_boxes)):
        better = [k for k in kept if k != place and score[k] >= score[place]]
        if place in kept:
            assert all(shared[place, k] <= most for k in kept if k != place)
        else:
            assert any(shared[place, k] > most for k in better)


def test_contrast_is_weight_held_beyond_the_area():
    index, weight = [[1, 1], [1, 2], [8, 8]], [1.0, 2.0, 1.0]
    found = boxes.contrast([(0, 0, 2, 2), (0, 0, 2, 5), (5, 5, 9, 9)], index, weight, (10, 10))
    assert found == pytest.approx([0.25 - 0.04, 0.75 - 0.1, 0.25 - 0.16])
    assert boxes.contrast([(0, 0, 5, 10)], [], [], (10, 10)) == pytest.approx([-0.5])


def test_a_centred_box_covers_its_share():
    for shape, share in (((300, 451), 0.5), ((64, 64), 0.25)):
        row0, col0, row1, col1 = boxes.centred(shape, share)
        assert (row0 + row1, col0 + col1) == shape
        assert (row1 - row0) * (col1 - col0) == pytest.approx(share * shape[0] * shape[1], rel=0.02)


def test_random_boxes_lie_inside_and_differ():
    found = boxes.scattered((30, 50), 200, seed=3)
    assert (found[:, :2] >= 0).all()
    assert (found[:, 2:] > found[:, :2]).all()
    assert (found[:, 2:] <= (30, 50)).all()
    assert len(np.unique(found, axis=0)) > 190


@pytest.mark.parametrize("given_boxes", [[[0, 0, 4]], [[3, 0, 2, 5]], [[0, 0, np.nan, 1]]])
def test_what_are_no_boxes(given_boxes):
    with pytest.raises(CnnvisError, match="no end before its beginning"):
        boxes.overlap(given_boxes, [[0, 0, 1, 1]])


def test_scores_that_do_not_fit():
    with pytest.raises(CnnvisError, match="need a score each"):
        boxes.suppress([[0, 0, 1, 1]], [0.1, 0.2])

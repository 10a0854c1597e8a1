"""Mosaics hold different classes, every photo its share, and no two are the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis import mosaics
from cnnvis.errors import ImageError


def counts(places, photos):
    return np.bincount(np.ravel(places), minlength=photos)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    extra=st.lists(st.integers(0, 9), max_size=6),
    side=st.integers(1, 3),
    count=st.integers(1, 40),
    seed=st.integers(0, 5),
)
def test_a_plan_is_what_it_promises(extra, side, count, seed):
    classes = np.array([*range(10), *extra])
    made = mosaics.plan(classes, count=count if side > 1 else min(count, 10), side=side, seed=seed)
    for row in made.photos:
        assert len(set(classes[row])) == side * side
    arrangements = {(*row, target) for row, target in zip(made.photos.tolist(), made.sought)}
    assert len(arrangements) == len(made)
    assert ((made.target >= 0) & (made.target < side * side)).all()
    # Nobody is sought two times less often than another photo of a mosaic in which that is sought.
    often = counts(made.sought, len(classes))
    for row, sought in zip(made.photos, made.sought):
        assert often[sought] - often[row].min() <= 1


def test_every_photo_takes_part_and_is_sought_equally_often():
    classes = np.arange(12) // 2
    made = mosaics.plan(classes, count=90, seed=3)
    assert counts(made.photos, 12).tolist() == [30] * 12
    assert np.ptp(counts(made.sought, 12)) <= 1
    # Cells are not tied to photos: each of four has about a quarter of the targets.
    assert counts(made.target, 4).min() > 10


def test_a_class_of_many_photos_takes_part_in_every_mosaic_at_most_once():
    classes = [0] * 8 + [1, 2, 3, 4]
    made = mosaics.plan(classes, count=40)
    often = counts(made.photos, 12)
    assert often[:8].tolist() == [5] * 8
    assert often[8:].tolist() == [30] * 4


def test_seeds_give_different_mosaics_and_the_same_seed_the_same():
    one, two = (mosaics.plan(range(6), count=20, seed=seed) for seed in (1, 1))
    np.testing.assert_array_equal(one.photos, two.photos)
    np.testing.assert_array_equal(one.target, two.target)
    assert not np.array_equal(one.photos, mosaics.plan(range(6), count=20, seed=2).photos)


def test_all_mosaics_there_are_can_be_had_and_no_more():
    made = mosaics.plan([5, 6, 7, 8], count=96)
    assert len({(*row, sought) for row, sought in zip(made.photos.tolist(), made.sought)}) == 96
    with pytest.raises(ImageError, match="no more than 96 different mosaics were found where 97"):
        mosaics.plan([5, 6, 7, 8], count=97)
    with pytest.raises(ImageError, match="got 4 photos of 3 classes"):
        mosaics.plan([0, 1, 2, 2], count=1)


def test_a_mosaic_shows_its_photos_in_their_cells():
    photos = np.arange(3.0)[:, None, None, None] * np.ones((3, 2, 11, 8))
    photos[:, 1] += 10
    made = mosaics.compose(photos, [2, 0, 0, 1], 2)
    boxes = mosaics.cells((11, 8), 2)
    covered = np.zeros((11, 8), int)
    for (row0, col0, row1, col1), value in zip(boxes, (2, 0, 0, 1)):
        cell = made[:, row0:row1, col0:col1]
        np.testing.assert_allclose(cell, np.array([value, value + 10])[:, None, None] + 0 * cell)
        covered[row0:row1, col0:col1] += 1
    assert (covered == 1).all()
    with pytest.raises(ImageError, match="2 x 2 cells need as many photos; got 3"):
        mosaics.compose(photos, [0, 1, 2], 2)


def test_a_photo_is_shrunk_without_moving():
    ramp = np.tile(np.arange(40.0), (1, 1, 40, 1))
    made = mosaics.compose(ramp, [0] * 4, 2)
    np.testing.assert_allclose(made[0, 10, 2:18], 2 * np.arange(2, 18) + 0.5, atol=1e-4)

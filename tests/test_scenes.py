"""Scenes hold what their masks say."""

import numpy as np
import pytest

from cnnvis import digits, scenes
from cnnvis.errors import ImageError


@pytest.fixture(scope="module")
def parts():
    return digits.load()


@pytest.fixture(scope="module")
def made(parts):
    return scenes.make(parts[0], 60, seed=3)


def test_the_target_is_a_digit_of_its_class_where_the_mask_is(parts, made):
    known = {
        label: [np.kron(image[0], np.ones((2, 2))) for image in parts[0].of(label)]
        for label in scenes.CLASSES
    }
    for scene in range(12):
        row0, col0, row1, col1 = made.boxes[scene]
        mask = made.masks[scene]
        np.testing.assert_array_equal(np.argwhere(mask).min(axis=0), (row0, col0))
        np.testing.assert_array_equal(np.argwhere(mask).max(axis=0) + 1, (row1, col1))
        ink = (made.images[scene, 0] * mask)[row0:row1, col0:col1]
        candidates = known[scenes.CLASSES[made.labels[scene]]]
        assert any(np.array_equal(ink, inked(one)) for one in candidates)


def inked(digit):
    """What of an enlarged digit counts as its own, and nothing around it."""
    ink = digit * (digit >= 0.25)
    rows, cols = ink.any(axis=1).nonzero()[0], ink.any(axis=0).nonzero()[0]
    return ink[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1].astype(np.float32)


def test_distractors_lie_elsewhere_and_are_brighter_than_clutter(made):
    assert not (made.masks & made.distractors).any()
    sizes = [part.sum(axis=(1, 2)) for part in (made.masks, made.distractors)]
    assert sizes[1].mean() / sizes[0].mean() == pytest.approx(2, abs=0.2)
    clutter = ~(made.masks | made.distractors)
    assert made.images[:, 0][made.distractors].max() == 1
    assert 0.3 < made.images[:, 0][clutter].max() <= 0.6


def test_classes_are_equally_frequent(made):
    assert np.bincount(made.labels).tolist() == [12] * 5


def test_a_seed_gives_the_same_scenes_and_the_first_of_more(parts, made):
    few = scenes.make(parts[0], 7, seed=3)
    for name in ("images", "labels", "masks", "boxes", "distractors"):
        np.testing.assert_array_equal(getattr(few, name), getattr(made, name)[:7])
    assert not np.array_equal(scenes.make(parts[0], 7, seed=4).images, few.images)


def test_places_and_places_of_targets_differ(made):
    assert len({tuple(box) for box in made.boxes.tolist()}) > 50
    rows, cols = made.boxes[:, 0], made.boxes[:, 1]
    assert np.ptp(rows) > 15
    assert abs(np.corrcoef(rows, cols)[0, 1]) < 0.4


def test_scenes_may_be_bare(parts):
    bare = scenes.make(parts[0], 3, distractors=0, pieces=0, classes=tuple(range(10)))
    assert not bare.distractors.any()
    assert bare.images[:, 0][~bare.masks].max() <= 0.25


def test_digits_that_find_no_room_are_refused(parts):
    with pytest.raises(ImageError, match=r"holds at most 4 digits of 16 pixels.*got 5 digits"):
        scenes.make(parts[0], 1, distractors=4)
    with pytest.raises(ImageError, match="0 of ten being no class"):
        scenes.make(parts[0], 1, classes=tuple(range(10)))

"""Boxes of maps at levels chosen elsewhere: planted objects, loops, the box that knows nothing."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cnnvis import boxes, metrics, saliency
from cnnvis.errors import MeasureError

SHAPE = (40, 40)
TRUTH = [[(5, 5, 25, 25)], [(10, 10, 30, 30), (0, 0, 4, 4)]]


def stepped(boxes_, heights):
    """A map that is higher in the boxes."""
    one = np.zeros(SHAPE)
    for (row0, col0, row1, col1), height in zip(boxes_, heights, strict=True):
        one[row0:row1, col0:col1] = height
    return one


def test_the_right_level_finds_the_planted_object():
    # Below 0.3 the box is too large, above 0.7 too small.
    wide, narrow = (0, 0, 40, 40), (14, 14, 16, 16)
    maps = np.stack([stepped([wide, TRUTH[i][0], narrow], [0.3, 0.7, 1.0]) for i in (0, 1)])
    found = metrics.overlaps(maps, TRUTH, levels=[0.2, 0.5, 0.8])
    np.testing.assert_allclose(found, [[0.25, 1.0, 0.01]] * 2)
    np.testing.assert_array_equal(metrics.best_level(found), 1)
    np.testing.assert_array_equal(metrics.max_box_accuracy(found[:1], found[1:]), 1.0)


def test_overlaps_in_loops_for_many_methods():
    maps = np.random.default_rng(0).normal(size=(3, 2, *SHAPE))
    maps = gaussian_filter(maps, (0, 0, 4, 4))
    found = metrics.overlaps(maps, TRUTH)
    assert found.shape == (3, 2, len(saliency.LEVELS))
    for place in np.ndindex(found.shape):
        drawn = saliency.box(np.maximum(maps[place[:2]], 0), saliency.LEVELS[place[2]])
        known = TRUTH[place[1]]
        expected = max(float(boxes.overlap([drawn], [one])[0, 0]) for one in known)
        assert found[place] == pytest.approx(expected)
    every = metrics.overlaps(maps, TRUTH, parts=None)
    assert (every >= found).all()
    assert (every > found).any()


def test_a_map_that_says_nothing_has_no_box():
    nothing = np.stack([np.zeros(SHAPE), np.full(SHAPE, -1.0)])
    np.testing.assert_array_equal(metrics.overlaps(nothing, TRUTH), 0.0)


def test_the_level_is_chosen_on_the_other_images():
    random = np.random.default_rng(1)
    apart, found = random.random((4, 9, 5)), random.random((4, 11, 5))
    result = metrics.max_box_accuracy(apart, found)
    assert result.shape == (4, 3)
    for method in range(4):
        for place, bar in enumerate((0.3, 0.5, 0.7)):
            hits = [sum(image[level] >= bar for image in apart[method]) for level in range(5)]
            level = hits.index(max(hits))
            expected = sum(image[level] >= bar for image in found[method]) / 11
            assert result[method, place] == pytest.approx(expected)


def test_the_centred_box_fits_centred_objects():
    truth = [[boxes.centred(SHAPE, 0.36)], [(0, 0, 10, 10)]]
    found = metrics.centred_overlaps(truth, SHAPE, shares=[0.09, 0.36, 1.0])
    np.testing.assert_allclose(found, [[0.25, 1.0, 0.36], [0.0, 4 / 672, 100 / 1600]], atol=1e-9)
    np.testing.assert_array_equal(metrics.accuracy(found, bar=0.3), [0.0, 0.5, 0.5])
    assert metrics.best_level(found, bar=0.3) == 1


def test_what_does_not_fit_is_refused():
    maps = np.ones((2, *SHAPE))
    with pytest.raises(MeasureError, match=r"2 images need the boxes .* got boxes of 1 images"):
        metrics.overlaps(maps, TRUTH[:1])
    with pytest.raises(MeasureError, match=r"none for images \[1\]"):
        metrics.overlaps(maps, [TRUTH[0], []])
    with pytest.raises(
        MeasureError, match=r"overlaps are \(\.\.\., image, level\); got shape \(2,\)"
    ):
        metrics.accuracy([0.1, 0.2])
    with pytest.raises(MeasureError, match=r"shapes \(1, 2\) and \(1, 3\)"):
        metrics.max_box_accuracy([[0.1, 0.2]], [[0.1, 0.2, 0.3]])


def test_a_level_is_never_chosen_on_the_image_reported():
    draw = np.random.default_rng(2)
    found = draw.uniform(size=(3, 8, 5))
    right = metrics.left_out_accuracy(found)
    assert right.shape == (3, 8, 3)
    for method in range(3):
        for image in range(8):
            others = np.delete(found[method], image, axis=0)
            alone = metrics.max_box_accuracy(others, found[method, image : image + 1])
            np.testing.assert_array_equal(right[method, image], alone)


def test_a_single_image_has_no_others():
    with pytest.raises(MeasureError, match="on other images than the one reported; got a single"):
        metrics.left_out_accuracy([[0.5, 0.6]])

"""What lies on the input lies at the same place of the photo."""

import numpy as np
import pytest

from cnnvis import attention, boxes, control_maps, saliency
from cnnvis.errors import BacktrackError
from cnnvis.geometry import Frame

FRAME = Frame(photo=(120, 200), resized=(60, 100), crop=(5, 25, 50, 50))


def planted(row, col, spread=2.0, count=60, seed=0):
    places = np.random.default_rng(seed).normal((row, col), spread, (count, 2))
    return np.clip(np.rint(places), 0, 49)


def test_a_planted_spot_is_found_on_the_photo():
    found = attention.on_photo(planted(20, 30), np.full(60, 1 / 60), FRAME, sigma=0.04)
    middle = np.array([(20 + 5 + 0.5) * 2 - 0.5, (30 + 25 + 0.5) * 2 - 0.5])
    row0, col0, row1, col1 = found.box
    np.testing.assert_allclose([(row0 + row1) / 2, (col0 + col1) / 2], middle, atol=4)
    assert np.abs(found.points.mean(axis=0) - middle).max() < 2
    peak = np.array(np.unravel_index(found.density.argmax(), found.density.shape))
    np.testing.assert_allclose(peak * 2, middle, atol=5)


def test_an_outlier_stays_a_point_and_leaves_density_and_box():
    far = np.vstack([planted(10, 10), [[49, 49]]])
    weight = np.ones(61)  # one in 61 is less than a share of 5 %
    with_outlier = attention.on_photo(far, weight, FRAME)
    without = attention.on_photo(far[:-1], weight[:-1], FRAME)
    assert with_outlier.kept.tolist() == [True] * 60 + [False]
    assert len(with_outlier.points) == 61
    assert with_outlier.box == without.box
    np.testing.assert_array_equal(with_outlier.density, without.density)


def test_the_part_that_was_seen_is_the_crop_on_the_photo():
    found = attention.on_photo(np.zeros((0, 2)), [], FRAME)
    assert found.seen == (10, 50, 110, 150)
    assert found.box == saliency.NO_BOX
    assert found.density.shape == FRAME.resized
    assert not found.density.any()


def test_the_density_holds_the_weight_of_what_was_kept():
    weight = np.linspace(0.5, 1, 60)
    found = attention.on_photo(planted(25, 25), weight, FRAME, sigma=0.03)
    assert found.density.sum() == pytest.approx(weight.sum(), rel=1e-6)


def test_the_density_can_have_any_resolution():
    points, weight = planted(20, 30), np.full(60, 1 / 60)
    own = attention.on_photo(points, weight, FRAME, sigma=0.05)
    fine = attention.on_photo(points, weight, FRAME, sigma=0.05, shape=FRAME.photo)
    assert fine.density.shape == (120, 200)
    coarse = fine.density.reshape(60, 2, 100, 2).sum(axis=(1, 3))
    # A fine pixel has no middle place of the coarse one: points are up to a quarter off.
    assert np.abs(coarse - own.density).max() < 0.1 * own.density.max()
    np.testing.assert_allclose(fine.box, own.box, atol=3)


def test_places_on_another_grid_are_those_of_pixel_middles():
    found = attention.on_photo([[20, 30]], [1.0], FRAME, sigma=0.01, shape=(30, 50))
    assert np.unravel_index(found.density.argmax(), (30, 50)) == (12, 27)  # 12.25 and 27.25


def test_the_region_and_its_parts():
    points = np.vstack([planted(10, 10), planted(40, 40, count=50, seed=1)])
    found = attention.on_photo(points, np.ones(110), FRAME, sigma=0.03, level=0.2)
    np.testing.assert_array_equal(found.region, saliency.region(found.density, 0.2))
    assert len(found.parts) == 2
    assert found.box == found.parts[0]
    for (row0, col0, row1, col1), (row, col) in zip(found.parts, ((31, 71), (91, 131))):
        np.testing.assert_allclose([(row0 + row1) / 2, (col0 + col1) / 2], [row, col], atol=6)


def test_boxes_of_other_kinds():
    points, weight = np.vstack([planted(25, 25), [[49, 49]]]), np.ones(61)
    tight = attention.on_photo(points, weight, FRAME, box="tight")
    assert tight.box == saliency.tight_box(tight.points[:60], FRAME.photo)
    assert tight.hull[:, 0].max() == tight.points[:60, 0].max()
    swept = attention.on_photo(points, weight, FRAME, box="swept", sigma=0.04)
    tried = [
        attention.scaled(b, FRAME.resized, FRAME.photo) for _, b in saliency.sweep(swept.density)
    ]
    held = boxes.contrast(tried, swept.points[:60], weight[:60], FRAME.photo)
    assert swept.box == tried[held.argmax()]
    assert len(set(tried)) > 3
    nothing = np.zeros((0, 2))
    for kind in attention.KINDS:
        assert attention.on_photo(nothing, [], FRAME, box=kind).box == boxes.NO_BOX


def test_a_kind_of_box_that_is_not_known():
    with pytest.raises(BacktrackError, match="did you mean 'tight'"):
        attention.on_photo(planted(25, 25), np.ones(60), FRAME, box="tigth")


def test_what_lies_on_the_object_is_counted_on_the_grid_of_the_density():
    density = np.zeros((10, 20))
    density[2:4, 5:10] = 3.0
    density[8, 19] = 10.0
    found = attention.on_object(density, [(20, 50, 40, 100)], (100, 200))
    assert found.share == pytest.approx(0.75)
    assert found.area == pytest.approx(10 / 200)
    centre = control_maps.centre((10, 20))
    assert found.centre == pytest.approx(centre[2:4, 5:10].sum() / centre.sum())


def test_without_a_box_or_a_density_there_is_nothing_to_say():
    assert attention.on_object(np.ones((4, 4)), [], (8, 8)) is None
    assert attention.on_object(np.zeros((4, 4)), [(0, 0, 4, 4)], (8, 8)) is None
    assert attention.on_object(np.ones((4, 4)), [(0, 0, 1, 1)], (80, 80)) is None, "no cell of it"

"""Maps that know nothing of the network are what they say."""

import numpy as np
import pytest

from cnnvis import control_maps


def test_the_centre_is_a_gaussian_in_sides_of_the_image():
    found = control_maps.centre((20, 40), sigma=0.25)
    np.testing.assert_allclose(found, found[::-1, ::-1])
    row, col = (4.5 + 0.5) / 20 - 0.5, (12 + 0.5) / 40 - 0.5
    assert np.sqrt(found[4, 12] * found[5, 12]) == pytest.approx(
        np.exp(-(row**2 + 0.025**2 + col**2) / (2 * 0.25**2))
    )
    assert found.argmax() in (9 * 40 + 19, 9 * 40 + 20, 10 * 40 + 19, 10 * 40 + 20)


def test_the_random_map_is_smooth_and_seeded():
    one, two = (control_maps.random((64, 64), seed=seed) for seed in (1, 2))
    np.testing.assert_array_equal(one, control_maps.random((64, 64), seed=1))
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.3
    assert (one.min(), one.max()) == (0, 1)
    rough = control_maps.random((64, 64), seed=1, sigma=0)
    assert np.corrcoef(one[:, 1:].ravel(), one[:, :-1].ravel())[0, 1] > 0.9
    assert abs(np.corrcoef(rough[:, 1:].ravel(), rough[:, :-1].ravel())[0, 1]) < 0.1


def test_edges_lie_where_the_photo_changes():
    photo = np.zeros((3, 20, 20))
    photo[:, 5:15, 5:15] = 1
    found = control_maps.edges(photo)
    near = np.zeros((20, 20), bool)
    near[4:16, 4:16] = True
    near[6:14, 6:14] = False
    np.testing.assert_array_equal(found > 0, near)
    smooth = control_maps.edges(photo, sigma=0.1)
    assert smooth[10, 10] > 0
    assert smooth.sum() == pytest.approx(found.sum())


def test_a_photo_has_a_seed_of_its_own():
    photos = np.random.default_rng(0).standard_normal((50, 3, 4, 4))
    seeds = {control_maps.seed_of(photo, seed) for photo in photos for seed in (0, 1)}
    assert len(seeds) == 100
    assert control_maps.seed_of(photos[3]) == control_maps.seed_of(photos[3].astype(np.float32))

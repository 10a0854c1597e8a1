"""Pointing measures: maps of known score, slow twins, and what must not change a score."""

import numpy as np
import pytest

from cnnvis import metrics
from cnnvis.errors import MeasureError

SHAPE = (40, 50)
BOXES = [[(5, 8, 20, 30)], [(0, 0, 10, 10), (30, 35, 40, 50)], [(12, 20, 14, 22)]]
TRUTH = metrics.masks(BOXES, SHAPE)


def random_maps(*axes, seed=0):
    return np.random.default_rng(seed).normal(size=(*axes, *SHAPE))


def perfect():
    return TRUTH.astype(float)


def centred():
    row, col = np.ogrid[: SHAPE[0], : SHAPE[1]]
    bell = np.exp(-((row - 19.5) ** 2 + (col - 24.5) ** 2) / 50)
    return np.stack([bell] * 3)


# --- masks ----------------------------------------------------------------------------------------


def test_masks_are_cut_at_the_border():
    (mask,) = metrics.masks([[(-3, 48, 2, 60)]], SHAPE)
    assert (mask.sum(), mask[:2, 48:].all()) == (4, True)


# --- energy ---------------------------------------------------------------------------------------


def slow_energy(one, boxes):
    inside = total = 0.0
    for row in range(SHAPE[0]):
        for col in range(SHAPE[1]):
            value = max(one[row, col], 0.0)
            total += value
            if any(r0 <= row < r1 and c0 <= col < c1 for r0, c0, r1, c1 in boxes):
                inside += value
    return inside / total


def test_energy_in_loops_for_many_methods_at_once():
    maps = random_maps(2, 3)
    found = metrics.energy(maps, TRUTH)
    assert found.shape == (2, 3)
    for method in range(2):
        expected = [slow_energy(maps[method, i], BOXES[i]) for i in range(3)]
        np.testing.assert_allclose(found[method], expected, rtol=1e-12)


def test_energy_of_known_maps():
    chance = metrics.energy_chance(TRUTH)
    np.testing.assert_allclose(chance, [15 * 22 / 2000, 250 / 2000, 4 / 2000])
    np.testing.assert_array_equal(metrics.energy(perfect(), TRUTH), 1.0)
    np.testing.assert_array_equal(metrics.energy(1.0 - perfect(), TRUTH), 0.0)
    for nothing in (np.zeros((3, *SHAPE)), np.full((3, *SHAPE), -2.0), np.full((3, *SHAPE), 7.0)):
        np.testing.assert_allclose(metrics.energy(nothing, TRUTH), chance, rtol=1e-12)
    np.testing.assert_allclose(
        metrics.energy(random_maps(200, 3), TRUTH).mean(0), chance, atol=0.01
    )
    # The middle of the picture is where the first object is, and nothing else.
    assert metrics.energy(centred(), TRUTH)[0] > 2 * chance[0]
    assert metrics.energy(centred(), TRUTH)[1] < chance[1] / 10


@pytest.mark.parametrize("scale", [1e-320, 1e-30, 3.0, 1e307])
def test_energy_has_no_unit(scale):
    maps = random_maps(3)
    rtol = 1e-2 if scale < 1e-300 else 1e-12
    np.testing.assert_allclose(
        metrics.energy(scale * maps, TRUTH), metrics.energy(maps, TRUTH), rtol=rtol
    )


# --- pointing -------------------------------------------------------------------------------------


def slow_pointing(one, boxes, tolerance):
    best = max(one.ravel())
    hits = []
    for row, col in np.argwhere(one == best):
        near = [
            (row - r) ** 2 + (col - c) ** 2 <= tolerance**2
            for r0, c0, r1, c1 in boxes
            for r in range(r0, r1)
            for c in range(c0, c1)
        ]
        hits.append(any(near))
    return sum(hits) / len(hits)


@pytest.mark.parametrize("tolerance", [0, 1, 1.5, 6])
def test_pointing_in_loops(tolerance):
    maps = random_maps(8, 3, seed=1)
    maps[0] = np.round(maps[0])  # many pixels share the largest value
    found = metrics.pointing(maps, TRUTH, tolerance=tolerance)
    expected = [[slow_pointing(m[i], BOXES[i], tolerance) for i in range(3)] for m in maps]
    np.testing.assert_allclose(found, expected)


def test_the_tolerance_is_a_circle():
    for step, hit in (((3, 4), 1.0), ((4, 4), 0.0)):
        one = np.zeros((1, *SHAPE))
        one[0, 13 + step[0], 21 + step[1]] = 1.0  # from a corner of the small object
        assert metrics.pointing(one, TRUTH[2:], tolerance=5) == [hit]


def test_pointing_of_known_maps():
    np.testing.assert_array_equal(metrics.pointing(perfect(), TRUTH, tolerance=0), 1.0)
    np.testing.assert_array_equal(metrics.pointing(1 - perfect(), TRUTH, tolerance=0), 0.0)
    chance = metrics.pointing_chance(TRUTH, tolerance=3)
    assert (chance > metrics.energy_chance(TRUTH)).all()
    np.testing.assert_allclose(
        metrics.pointing(np.zeros((3, *SHAPE)), TRUTH, tolerance=3), chance, rtol=1e-12
    )
    many = metrics.pointing(random_maps(800, 3), TRUTH, tolerance=3).mean(axis=0)
    np.testing.assert_allclose(many, chance, atol=0.05)


def test_pointing_sees_the_order_alone():
    maps = random_maps(5, 3)
    for changed in (np.exp(maps), maps**3, 5 * maps - 2):
        np.testing.assert_array_equal(
            metrics.pointing(changed, TRUTH), metrics.pointing(maps, TRUTH)
        )


# --- grids ----------------------------------------------------------------------------------------


def test_grid_pointing_in_loops():
    maps, cells = random_maps(2, 4), [0, 5, 3, 2]
    found = metrics.grid_pointing(maps, cells, grid=(2, 3))
    edges = ([0, 20, 40], [0, 17, 33, 50])
    for method in range(2):
        for mosaic, cell in enumerate(cells):
            row, col = divmod(cell, 3)
            one = np.maximum(maps[method, mosaic], 0)
            part = one[edges[0][row] : edges[0][row + 1], edges[1][col] : edges[1][col + 1]].sum()
            assert found[method, mosaic] == pytest.approx(part / one.sum())


def test_grid_pointing_of_known_maps():
    right = np.zeros((2, 10, 10))
    right[0, :5, 5:] = right[1, 5:, :5] = 3.0
    np.testing.assert_array_equal(metrics.grid_pointing(right, [1, 2], grid=(2, 2)), 1.0)
    np.testing.assert_array_equal(metrics.grid_pointing(right, [0, 3], grid=(2, 2)), 0.0)
    np.testing.assert_allclose(
        metrics.grid_pointing(np.zeros((2, 10, 10)), [0, 3], grid=(2, 2)), 0.25
    )
    bell = np.outer(np.hanning(12), np.hanning(12))[None]  # a blob in the middle is no better
    np.testing.assert_allclose(metrics.grid_pointing(bell, [2], grid=(2, 2)), 0.25)


# --- errors ---------------------------------------------------------------------------------------


def test_what_cannot_be_measured_is_refused():
    maps = random_maps(3)
    with pytest.raises(MeasureError, match=r"Add the image axis"):
        metrics.energy(maps[0], TRUTH)
    with pytest.raises(MeasureError, match="NaN or infinity"):
        metrics.gini(np.where(maps > 3, np.nan, maps))
    with pytest.raises(MeasureError, match=r"need masks \(image, row, col\) = \(3, 40, 50\)"):
        metrics.energy(maps, TRUTH[:2])
    with pytest.raises(MeasureError, match="got int64 of shape"):
        metrics.pointing(maps, TRUTH.astype(int))
    with pytest.raises(MeasureError, match=r"masks of images \[1\] have no pixel"):
        metrics.energy(maps, TRUTH & (np.arange(3) != 1)[:, None, None])
    with pytest.raises(MeasureError, match=r"masks of images \[0\] have no pixel"):
        metrics.energy_chance(np.zeros((1, 2, 2), bool))
    with pytest.raises(MeasureError, match="distance in pixels, from 0 up; got -1"):
        metrics.pointing(maps, TRUTH, tolerance=-1)
    for cells in ([0, 1], [0, 1, 4], [0, 1, -1]):
        with pytest.raises(MeasureError, match=r"3 mosaics of 2 x 2 cells need .* from 0 to 3"):
            metrics.grid_pointing(maps, cells, grid=(2, 2))

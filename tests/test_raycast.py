"""Rays through a volume, against a slow twin that follows each ray alone."""

import numpy as np
import pytest

from cnnvis import raycast
from cnnvis.camera import camera
from cnnvis.raycast import SLICES, Transfer

#: So thin that no ray ends before it leaves the volume.
THIN = np.linspace(0, 2.0, 65)


def table(random, extinction=THIN):
    colours = random.random((len(extinction), 3))
    return Transfer(colours.astype(np.float32), np.asarray(extinction, np.float32))


def trilinear(block, place):
    """The value at a place (plane, row, col), the outermost voxels reaching to the sides."""
    total = 0.0
    for corner in np.ndindex(2, 2, 2):
        share, at = 1.0, []
        for side, x, size in zip(corner, place, block.shape, strict=True):
            x = min(max(x, 0), size - 1)
            share *= x - int(x) if side else 1 - (x - int(x))
            at.append(min(int(x) + side, size - 1))
        total += share * block[tuple(at)]
    return total


def one_ray(entries, lamp, view, transfer, row, col, slices=SLICES):
    """Follow the ray of one pixel from column to column, in the words of the docstring."""
    right = (col + 0.5 - view.middle[1]) / view.zoom
    up = (view.middle[0] - row - 0.5) / view.zoom
    way = right * view.axes[0] + up * view.axes[1] + view.axes[2]
    way /= np.linalg.norm(way)
    start, ahead = view.index([view.eye, view.eye + way])
    steps = ahead - start
    light, depth = np.zeros(3), 0.0
    for number in range(slices):
        column = (slices - number - 0.5) / slices * view.shape[2] - 0.5
        place = start + steps * (column - start[2]) / steps[2]
        if not ((place[:2] >= -0.5) & (place[:2] < np.array(view.shape[:2]) - 0.5)).all():
            continue
        entry = int(trilinear(entries, place) + 0.5)
        length = view.shape[2] / slices / abs(steps[2])
        nearest = np.clip(np.rint(place[:2]), 0, np.array(view.shape[:2]) - 1)
        lit = trilinear(lamp, (*nearest, place[2]))
        through = np.exp(-depth)
        depth += transfer.extinction[entry] * length
        light += (through - np.exp(-depth)) * lit * transfer.colour[entry]
    return light, np.exp(-depth)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 4, 5), (5, 3, 2), (2, 1, 4)])
@pytest.mark.parametrize("slices", [SLICES, 96])
def test_a_picture_is_what_its_rays_gather_one_by_one(shape, slices):
    random = np.random.default_rng(sum(shape))
    entries = random.uniform(0, 64, shape).astype(np.float32)
    lamp = random.random(shape).astype(np.float32)
    view = camera(shape, size=(6, 5))
    transfer = table(random)
    light, clear = raycast.march(entries, lamp, view, transfer, slices=slices)
    twin = [
        [one_ray(entries, lamp, view, transfer, row, col, slices) for col in range(6)]
        for row in range(5)
    ]
    slow_light = np.array([[pixel[0] for pixel in line] for line in twin])
    slow_clear = np.array([[pixel[1] for pixel in line] for line in twin])
    # A ray along a side of the box may gain or lose one slice, or a level of 64.
    assert np.abs(light - slow_light).max() < 0.03
    assert np.abs(light - slow_light).mean() < 0.002
    assert np.abs(clear - slow_clear).max() < 0.03
    assert np.abs(clear - slow_clear).mean() < 0.002


def test_a_ray_ends_only_where_hardly_any_light_is_left():
    random = np.random.default_rng(0)
    shape = (4, 4, 4)
    entries = np.full(shape, 64, np.float32)
    lamp = np.ones(shape, np.float32)
    view = camera(shape, size=(15, 11))
    dense = table(random, np.linspace(0, 9.0, 65))
    light, clear = raycast.march(entries, lamp, view, dense)
    middle = one_ray(entries, lamp, view, dense, 5, 7)
    assert light[5, 7] == pytest.approx(middle[0], abs=0.011)
    assert 0 < clear[5, 7] < 0.011
    assert middle[1] < 0.005


def test_rays_beside_the_box_gather_nothing():
    view = camera((3, 3, 3), size=(40, 30))
    entries = np.full((3, 3, 3), 64, np.float32)
    light, clear = raycast.march(entries, entries, view, table(np.random.default_rng(0)))
    assert (light[0] == 0).all()
    assert (clear[0] == 1).all()
    assert (clear < 1).any()


def test_light_and_what_is_left_never_exceed_what_there_was():
    random = np.random.default_rng(3)
    entries = random.uniform(0, 64, (6, 5, 4)).astype(np.float32)
    view = camera(entries.shape, size=(40, 30))
    white = Transfer(np.ones((65, 3), np.float32), np.linspace(0, 30, 65, dtype=np.float32))
    light, clear = raycast.march(entries, np.ones_like(entries), view, white)
    assert (light + clear[..., None]) == pytest.approx(np.ones((30, 40, 3)), abs=1e-5)


def test_columns_are_taken_from_the_nearest_to_the_farthest():
    columns = raycast.columns(10)
    assert len(columns) == SLICES
    assert (np.diff(columns) < 0).all()
    view = camera((3, 3, 10))
    near, far = view.distance([(1, 1, columns[0]), (1, 1, columns[-1])])
    assert near < far


def test_level_data_glow_and_slopes_are_lit_by_their_angle():
    view = camera((20, 20, 20), spacing=(1.0, 1.0, 1.0))
    flat = raycast.head_light(np.full((20, 20, 20), 0.5, np.float32), view)
    assert flat == pytest.approx(np.ones((20, 20, 20)))
    towards = view.eye / np.linalg.norm(view.eye)
    for axis, part in enumerate(np.abs(towards)):
        ramp = np.moveaxis(np.broadcast_to(np.linspace(0, 60, 20), (20, 20, 20)), 2, axis)
        lit = raycast.head_light(ramp.astype(np.float32), view)[10, 10, 10]
        assert lit == pytest.approx(1 - (1 - raycast.AMBIENT) * (1 - part), abs=1e-3)


def test_a_slope_down_is_lit_like_a_slope_up():
    values = np.random.default_rng(1).normal(size=(6, 6, 6)).astype(np.float32)
    view = camera(values.shape)
    assert (raycast.head_light(values, view) == raycast.head_light(-values, view)).all()


def test_planes_per_slice_is_how_far_the_middle_ray_gets():
    view = camera((512, 14, 14))
    steps = np.diff(view.index([view.eye, view.eye + view.axes[2]]), axis=0)[0]
    assert raycast.planes_per_slice(view) == pytest.approx(abs(steps[0] / steps[2]) * 14 / SLICES)
    assert raycast.planes_per_slice(view) > 1 > raycast.planes_per_slice(camera((64, 113, 113)))

"""The camera: what is where in a still picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis.camera import ORDER_EDGE, camera
from cnnvis.errors import CnnvisError

sides = st.integers(1, 60)
shapes = st.tuples(sides, sides, sides)
sizes = st.tuples(st.integers(40, 300), st.integers(40, 300))


@given(shapes, sizes)
def test_the_box_fills_the_picture_and_stays_inside(shape, size):
    view = camera(shape, size=size)
    rows, cols = view.project(view.corners()).T
    share = np.ptp(rows) / size[1], np.ptp(cols) / size[0]
    assert min(rows.min(), cols.min()) > 0
    assert rows.max() < size[1]
    assert cols.max() < size[0]
    assert max(share) == pytest.approx(0.83)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(size[1] / 2)
    assert (cols.min() + cols.max()) / 2 == pytest.approx(size[0] / 2)


@given(shapes, sizes, st.integers(0, 10**6))
def test_the_ray_of_a_pixel_meets_what_is_projected_there(shape, size, seed):
    view = camera(shape, size=size)
    random = np.random.default_rng(seed)
    row, col = random.integers(0, size[1]), random.integers(0, size[0])
    point = view.eye + random.uniform(1, 5) * view.rays()[row, col]
    assert view.project(view.index([point]))[0] == pytest.approx([row + 0.5, col + 0.5])


@given(shapes)
def test_index_undoes_world(shape):
    view = camera(shape)
    points = np.random.default_rng(0).uniform(-3, 70, (20, 3))
    assert view.index(view.world(points)) == pytest.approx(points, abs=1e-9)


def test_rays_have_length_one_and_axes_are_square():
    view = camera((5, 6, 7), size=(30, 20))
    assert np.linalg.norm(view.rays(), axis=2) == pytest.approx(np.ones((20, 30)))
    assert view.axes @ view.axes.T == pytest.approx(np.eye(3), abs=1e-12)


def test_planes_run_to_the_right_rows_downwards_and_the_first_plane_is_not_mirrored():
    view = camera((8, 8, 8))
    origin, plane, row, col = view.project([(0, 0, 0), (7, 0, 0), (0, 7, 0), (0, 0, 7)])
    assert plane[1] > origin[1]
    assert row[0] > origin[0]
    assert abs(row[1] - origin[1]) < abs(row[0] - origin[0]) / 5
    # Seen from its front, columns of the first plane run to the right.
    assert col[1] > origin[1]
    assert view.distance([(0, 4, 4)]) < view.distance([(7, 4, 4)])
    assert view.distance([(4, 4, 7)]) < view.distance([(4, 4, 0)])


@given(st.integers(1, 1000), sides, sides)
def test_the_plane_axis_has_one_length_for_any_number_of_planes(planes, rows, cols):
    edges = camera((planes, rows, cols)).edges
    longest = max(edges[1], edges[2])
    assert edges[0] / longest == pytest.approx(ORDER_EDGE)
    assert edges[1] / edges[2] == pytest.approx(rows / cols)


def test_spacing_stretches_the_box():
    edges = camera((10, 10, 10), spacing=(1.0, 2.0, 4.0)).edges
    assert edges == pytest.approx([0.25, 0.5, 1.0])


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((0, 3, 3), {}),
        ((3, 3, 3), {"size": (0, 10)}),
        ((3, 3, 3), {"spacing": (1.0, 0.0, 1.0)}),
    ],
)
def test_what_cannot_be_seen_is_refused(shape, options):
    with pytest.raises(CnnvisError, match="needs voxels, pixels and a spacing"):
        camera(shape, **options)

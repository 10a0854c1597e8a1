"""Saliency: planted blobs, exact sums, slow neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cnnvis import saliency
from cnnvis.errors import BacktrackError

SHAPE = (40, 60)

points = arrays.arrays(
    np.int64, st.tuples(st.integers(0, 25), st.just(2)), elements=st.integers(0, 39)
)


@given(points, st.integers(0, 2**16))
@settings(deadline=None, max_examples=50)
def test_without_smoothing_a_density_counts_the_weights(index, seed):
    weight = np.random.default_rng(seed).integers(1, 9, len(index)).astype(float)
    expected = np.zeros(SHAPE)
    for (row, col), value in zip(index, weight, strict=True):
        expected[row, col] += value
    density = saliency.from_points(index, weight, shape=SHAPE, sigma=0)
    np.testing.assert_array_equal(density, expected)


@given(st.integers(12, 27), st.integers(12, 47), st.floats(0.5, 3), st.floats(0.1, 10))
@settings(deadline=None, max_examples=50)
def test_a_density_away_from_the_border_adds_up_to_the_weight(row, col, sigma, weight):
    density = saliency.from_points([[row, col]] * 2, [weight, 1.0], shape=SHAPE, sigma=sigma)
    assert density.sum() == pytest.approx(weight + 1, rel=1e-12)
    assert np.unravel_index(density.argmax(), SHAPE) == (row, col)


def test_a_density_is_a_gaussian():
    sigma = 2.5
    density = saliency.from_points([[20, 30]], [3.0], shape=SHAPE, sigma=sigma)
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]]
    squared = (rows - 20) ** 2 + (cols - 30) ** 2
    expected = 3 / (2 * np.pi * sigma**2) * np.exp(-squared / (2 * sigma**2))
    np.testing.assert_allclose(density, expected, atol=2e-5)


def test_what_goes_over_the_border_is_lost():
    density = saliency.from_points([[0, 30]], [1.0], shape=SHAPE, sigma=3)
    in_the_middle = saliency.from_points([[20, 30]], [1.0], shape=SHAPE, sigma=3)
    assert density.sum() == pytest.approx(in_the_middle[20:].sum(), rel=1e-9)


def test_the_width_follows_the_side():
    side = (40 * 90) ** 0.5
    default = saliency.from_points([[20, 40]], [1.0], shape=(40, 90))
    given = saliency.from_points([[20, 40]], [1.0], shape=(40, 90), sigma=saliency.SIGMA * side)
    np.testing.assert_array_equal(default, given)


def test_places_are_rounded_to_the_nearest_pixel():
    index = [[1.49, 2.5], [-0.5, 59.49]]
    density = saliency.from_points(index, [1.0, 2.0], shape=SHAPE, sigma=0)
    assert np.argwhere(density).tolist() == [[0, 59], [1, 3]]


def test_no_points_are_no_density():
    density = saliency.from_points(np.zeros((0, 2)), [], shape=SHAPE, sigma=2)
    assert density.shape == SHAPE
    assert not density.any()
    assert not saliency.region(density, 0.5).any()
    assert saliency.boxes(density, 0.5) == ()
    assert saliency.box(density, 0.5) == saliency.NO_BOX
    assert saliency.tight_box([], SHAPE) == saliency.NO_BOX
    assert saliency.inliers([], SHAPE).shape == (0,)


@pytest.mark.parametrize("index", [[[40, 0]], [[0, 60]], [[-1, 0]], [[0, -0.51]], [[np.nan, 0]]])
def test_points_outside_of_the_image(index):
    with pytest.raises(BacktrackError, match=r"lies outside of an image of 40 x 60 pixels"):
        saliency.from_points(index, [1.0], shape=SHAPE, sigma=1)
    with pytest.raises(BacktrackError, match="lies outside of an image"):
        saliency.tight_box(index, SHAPE)


def test_arrays_that_do_not_fit():
    with pytest.raises(BacktrackError, match=r"2 points, but weights of shape \(1,\)"):
        saliency.from_points([[0, 0], [1, 1]], [1.0], shape=SHAPE)
    with pytest.raises(BacktrackError, match=r"points are \(point, \[row, col\]\), got .*3\)"):
        saliency.from_points([[0, 0, 0]], [1.0], shape=SHAPE)
    with pytest.raises(BacktrackError, match="sigma of 0 or more pixels, got -1"):
        saliency.from_points([[0, 0]], [1.0], shape=SHAPE, sigma=-1)


def slow_density(index, weight, shape, sigma):
    """One Gaussian after the other, cut at 4 standard deviations and made to add up to 1."""
    density, radius = np.zeros(shape), int(4 * sigma + 0.5)
    bell = {d: np.exp(-(d**2) / (2 * sigma**2)) for d in range(-radius, radius + 1)}
    total = sum(bell.values())
    for (row, col), value in zip(index, weight, strict=True):
        for r in range(shape[0]):
            for c in range(shape[1]):
                density[r, c] += value * bell.get(r - row, 0) * bell.get(c - col, 0) / total**2
    return density


@given(points, st.sampled_from([0.6, 2.0, 7.5]), st.integers(0, 99))
@settings(deadline=None, max_examples=10)
def test_a_density_is_the_sum_of_the_gaussians_of_its_points(index, sigma, seed):
    weight = np.random.default_rng(seed).random(len(index))
    density = saliency.from_points(index, weight, shape=SHAPE, sigma=sigma)
    expected = slow_density(index.tolist(), weight, SHAPE, sigma)
    np.testing.assert_allclose(density, expected, rtol=1e-12, atol=1e-15)


# Outliers.


@given(points, st.sampled_from([0.05, 0.1, 0.3]), st.sampled_from([0.05, 0.2, 0.5]))
@settings(deadline=None, max_examples=50)
def test_inliers_have_enough_neighbours(index, near, share):
    kept = saliency.inliers(index, SHAPE, near=near, share=share)
    radius = near * (SHAPE[0] ** 2 + SHAPE[1] ** 2) ** 0.5
    for point, keep in zip(index.tolist(), kept, strict=True):
        distances = [((point[0] - r) ** 2 + (point[1] - c) ** 2) ** 0.5 for r, c in index.tolist()]
        assert keep == (sum(d <= radius for d in distances) > share * len(index))


def test_an_outlier_is_dropped_and_a_lonely_point_kept():
    cluster = [[10, 10 + i % 5] for i in range(30)]
    kept = saliency.inliers([*cluster, [39, 59]], SHAPE)
    assert kept.tolist() == [True] * 30 + [False]
    assert saliency.inliers([[39, 59]], SHAPE).tolist() == [True]


# Regions and boxes.


def test_the_box_of_a_planted_blob():
    density = np.zeros(SHAPE)
    density[5:9, 20:33] = 1
    density[30:32, 2:5] = 2
    density[12, 50] = 1.5
    assert saliency.boxes(density, 0.4) == ((5, 20, 9, 33), (30, 2, 32, 5), (12, 50, 13, 51))
    assert saliency.box(density, 0.4) == (5, 20, 9, 33)
    assert saliency.box(density, 0.6) == (30, 2, 32, 5)
    np.testing.assert_array_equal(saliency.region(density, 0.5), density > 1)
    np.testing.assert_array_equal(saliency.region(density, 0), density > 0)


def test_the_box_of_a_backtrack():
    """Most points on an object, a few elsewhere: the box lies around the object."""
    draw = np.random.default_rng(0)
    on_object = draw.integers((10, 30), (22, 48), (200, 2))
    elsewhere = draw.integers((0, 0), SHAPE, (8, 2))
    index = np.concatenate([on_object, elsewhere])
    kept = saliency.inliers(index, SHAPE, share=0.1)
    density = saliency.from_points(index[kept], np.ones(kept.sum()), shape=SHAPE, sigma=2)
    np.testing.assert_allclose(saliency.box(density, 0.3), (10, 30, 22, 48), atol=2)


def test_of_equal_parts_the_denser_comes_first_then_the_first():
    density = np.zeros(SHAPE)
    density[30, 3], density[2, 5], density[20, 50] = 1.0, 0.8, 0.8
    assert [box[0] for box in saliency.boxes(density, 0.5)] == [30, 2, 20]


def test_pixels_that_touch_at_a_corner_are_connected():
    density = np.zeros(SHAPE)
    density[3, 4] = density[4, 5] = density[5, 4] = 1
    assert saliency.boxes(density, 0.5) == ((3, 4, 6, 6),)


def test_a_tight_box_holds_all_points():
    assert saliency.tight_box([[3, 9], [7, 5], [4, 4]], SHAPE) == (3, 4, 8, 10)


@pytest.mark.parametrize("level", [-0.1, 1, 1.5, float("nan")])
def test_levels_that_mean_nothing(level):
    with pytest.raises(BacktrackError, match="part of the maximum from 0 up to below 1"):
        saliency.region(np.ones(SHAPE), level)


@pytest.mark.parametrize(
    "density", [np.ones(5), np.full(SHAPE, np.nan), np.full(SHAPE, np.inf), -np.ones(SHAPE)]
)
def test_densities_that_are_none(density):
    with pytest.raises(BacktrackError, match=r"a density is a map \(row, col\) of finite values"):
        saliency.box(density, 0.5)


def test_points_that_met_count_as_often_as_they_came():
    spread = np.random.default_rng(3).integers(0, 200, (40, 2))
    times = np.random.default_rng(4).integers(1, 5, 40)
    repeated = saliency.inliers(np.repeat(spread, times, axis=0), (200, 200), share=0.06)
    weighted = saliency.inliers(spread, (200, 200), share=0.06, weight=times)
    np.testing.assert_array_equal(np.repeat(weighted, times), repeated)
    assert 0 < weighted.sum() < 40


def test_weights_of_another_number_of_points_are_refused():
    with pytest.raises(BacktrackError, match="2 points"):
        saliency.inliers([[0, 0], [1, 1]], (9, 9), weight=[1.0])


def test_a_sweep_gives_every_box_once_at_its_lowest_level():
    density = np.zeros(SHAPE)
    density[5:20, 10:40], density[8:12, 15:20], density[30, 50] = 0.35, 1.0, 0.5
    assert saliency.sweep(density, [0.6, 0.2, 0.3, 0.4]) == (
        (0.2, (5, 10, 20, 40)),
        (0.4, (8, 15, 12, 20)),
    )
    both = saliency.sweep(density, [0.4], parts=2)
    assert both == ((0.4, (8, 15, 12, 20)), (0.4, (30, 50, 31, 51)))


@given(points)
@settings(deadline=None, max_examples=50)
def test_a_hull_turns_one_way_round_all_points(index):
    corners = saliency.hull(index)
    assert {tuple(corner) for corner in corners} <= {tuple(map(float, one)) for one in index}
    if len(corners) > 2:
        for k in range(len(corners)):
            a, b, c = corners[k - 1], corners[k], corners[(k + 1) % len(corners)]
            assert saliency._turn(a, b, c) > 0
            assert all(saliency._turn(a, b, point) >= 0 for point in index)


def test_a_hull_of_points_on_a_line():
    assert saliency.hull([[1, 1], [3, 3], [2, 2]]).tolist() == [[1, 1], [3, 3]]
    assert saliency.hull([[4, 2], [4, 2]]).tolist() == [[4, 2]]
    assert saliency.hull([]).shape == (0, 2)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    pixels=st.lists(st.tuples(st.integers(-3, 40), st.integers(0, 30)), min_size=1, max_size=60),
    near=st.floats(0.001, 1.5),
    share=st.floats(0, 0.6),
    seed=st.integers(0, 3),
)
def test_whole_pixels_are_outliers_as_any_places_are(pixels, near, share, seed):
    """A hair beside whole numbers, distances are measured one by one."""
    weight = np.random.default_rng(seed).uniform(size=len(pixels))
    places = np.array(pixels, float)
    options = {"near": near, "share": share, "weight": weight}
    whole = saliency.inliers(places, (40, 30), **options)
    radius = near * np.hypot(40, 30)
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    around = (weight * (apart <= radius)).sum(1)
    clear = np.abs(around - share * weight.sum()) > 1e-6
    np.testing.assert_array_equal(whole[clear], (around > share * weight.sum())[clear])


def test_many_points_take_little_memory_and_time():
    random = np.random.default_rng(0)
    pixels = random.integers(0, 224, (60_000, 2))
    kept = saliency.inliers(pixels, (224, 224))
    middle = (np.abs(pixels - 112) < 70).all(axis=1)
    assert kept[middle].all()
    assert not kept[(pixels < 3).all(axis=1)].any(), "a quarter of a disc lies in the photo"


def test_rounding_makes_nothing_an_inlier():
    assert saliency.inliers([[0, 0], [90, 90]], (100, 100), weight=[0.95, 0.05]).tolist() == [
        True,
        False,
    ]

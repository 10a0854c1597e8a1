"""Orders from correlations: planted families, definitions in loops, every flip of the tree."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from cnnvis import ordering
from cnnvis.ordering import leaves
from ordering.maps import some_maps, some_set, whole
from ordering.test_gram_and_leaves import flips

METHODS = ("optimal_leaf", "spectral", "pca_angle")


def smooth_family(n=24, brighter=1.0):
    """Bumps that wander across a map that is not square, the last ones so much brighter."""
    at = np.linspace(0.15, 0.85, n)[:, None, None]
    col = np.linspace(0, 1, 40)[None, None, :]
    strength = np.linspace(1.0, brighter, n)[:, None, None]
    return strength * np.exp(-(((col - at) / 0.25) ** 2)) * np.ones((1, 3, 1))


def distances(maps):
    distance = 1.0 - np.corrcoef(maps.reshape(len(maps), -1))
    np.fill_diagonal(distance, 0.0)
    return (distance + distance.T) / 2


def length(distance, order):
    return sum(distance[i, j] for i, j in pairwise(order))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("brighter", [3.0, 0.2])
@pytest.mark.parametrize("seed", range(3))
def test_a_shuffled_smooth_family_comes_back_with_the_bright_end_last(method, brighter, seed):
    family = smooth_family(brighter=brighter)
    shuffle = np.random.default_rng(seed).permutation(len(family))
    found = ordering.order(family[shuffle], method)
    expected = np.arange(len(family)) if brighter > 1 else np.arange(len(family))[::-1]
    assert np.array_equal(shuffle[found.permutation], expected)


@pytest.mark.parametrize("method", METHODS)
def test_a_smooth_family_of_a_set_of_images_comes_back(method):
    family, shuffle = smooth_family(brighter=2.0), np.random.default_rng(5).permutation(24)
    blocks = [strength * family[shuffle] for strength in (1.0, 0.5, 3.0)]
    found = ordering.order_set(iter(blocks), method)
    assert np.array_equal(shuffle[found.permutation], np.arange(24))


@pytest.mark.parametrize("seed", range(6))
def test_the_best_leaf_order_of_maps_is_the_best_of_all_flips(seed):
    maps = some_maps(n=7, seed=seed)
    distance = distances(maps)
    tree = linkage(squareform(distance, checks=False), "average")[:, :2].astype(int)
    every = flips(tree, 7)
    found = ordering.order(maps, "optimal_leaf").permutation.tolist()
    assert found in every
    shortest = min(length(distance, one) for one in every)
    assert length(distance, found) == pytest.approx(shortest, rel=1e-9)


def test_the_leaf_order_is_never_longer_than_that_of_scipy_and_often_shorter():
    gained = []
    for seed in range(10):
        distance = distances(np.random.default_rng(seed).random((40, 1, 12)))
        tree = linkage(squareform(distance, checks=False), "average")
        theirs = leaves_list(optimal_leaf_ordering(tree, squareform(distance, checks=False)))
        ours = leaves.best_order(distance, tree[:, :2].astype(int))
        assert sorted(ours) == list(range(40))
        gained.append(length(distance, theirs) - length(distance, ours))
    assert min(gained) > -1e-12
    assert np.count_nonzero(np.array(gained) > 1e-6) >= 5


@pytest.mark.parametrize("images", [1, 3])
def test_the_spectral_score_is_the_fiedler_vector(images):
    blocks = some_set(images, n=10)
    affinity = (1 + np.corrcoef(whole(blocks))) / 2
    laplacian = -affinity
    for i in range(10):
        laplacian[i, i] = sum(affinity[i, j] for j in range(10) if j != i)
    _, vectors = np.linalg.eigh(laplacian)
    expected = vectors[:, 1]
    expected = expected * np.sign(np.corrcoef(expected, whole(blocks).mean(axis=1))[0, 1])
    found = ordering.order_set(blocks, "spectral")
    np.testing.assert_allclose(found.score, expected, atol=1e-8)
    assert np.array_equal(found.permutation, np.argsort(expected))


@pytest.mark.parametrize("seed", range(4))
def test_the_angles_are_cut_where_the_circle_is_emptiest(seed):
    """In loops: of all ways to cut the circle, the order spans the smallest arc."""
    maps = some_maps(n=9, seed=seed)
    values, vectors = np.linalg.eigh(np.corrcoef(maps.reshape(9, -1)))
    plane = vectors[:, -2:] * np.sqrt(values[-2:])
    turn = [float(np.arctan2(y, x)) for x, y in plane]
    arcs = {}
    for first in range(9):
        apart = [(angle - turn[first]) % (2 * np.pi) for angle in turn]
        arcs[max(apart)] = np.argsort(apart).tolist()
    expected = arcs[min(arcs)]
    found = ordering.order(maps, "pca_angle")
    assert found.permutation.tolist() in (expected, expected[::-1])
    assert np.ptp(found.score) == pytest.approx(min(arcs), abs=1e-8)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(5))
def test_orders_rise_with_brightness(method, seed):
    maps = some_maps(seed=seed)
    found = ordering.order(maps, method)
    rises = found.inverse if found.score is None else found.score
    assert np.corrcoef(rises, maps.mean(axis=(1, 2)))[0, 1] > 0


@pytest.mark.parametrize("method", METHODS)
def test_dead_channels_come_first_and_change_nothing_else(method):
    maps = some_maps(n=12)
    live = ordering.order(maps, method).permutation
    dead = [3, 7, 8]
    more = np.insert(maps, [3, 6, 6], 0.0, axis=0)
    assert not more[dead].any()
    found = ordering.order(more, method)
    number = np.setdiff1d(np.arange(15), dead)
    assert found.permutation.tolist() == [*dead, *number[live]]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0.0, 0.1, 1e9])
def test_channels_that_are_all_constant_stay_where_they_are(method, value):
    found = ordering.order(np.full((7, 3, 5), value), method)
    assert found.permutation.tolist() == list(range(7))


@pytest.mark.parametrize("method", METHODS)
def test_equal_channels_keep_the_order_of_their_numbers(method):
    """Two kinds of maps, each several times: the darker kind first."""
    maps = some_maps(n=2) * np.array([1.0, 3.0])[:, None, None]
    kind = np.array([1, 0, 1, 1, 0, 0, 1])
    expected = [1, 4, 5, 0, 2, 3, 6]
    assert ordering.order(maps[kind], method).permutation.tolist() == expected


@pytest.mark.parametrize("method", ["optimal_leaf", "spectral"])
def test_channels_that_differ_in_strength_alone_are_sorted_by_it(method):
    maps = np.array([2.0, 1.0, 2.0, 1.0, 2.0])[:, None, None] * some_maps(n=1)
    assert ordering.order(maps, method).permutation.tolist() == [1, 3, 0, 2, 4]


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("method", METHODS)
def test_few_channels_are_an_order(method, n):
    assert sorted(ordering.order(some_maps(n=n), method).permutation) == list(range(n))


def test_brightness_sorts_by_the_mean_activation_and_keeps_ties():
    blocks = some_set(3)
    for block in blocks:
        block[[2, 9]] = block[[5]]
    found = ordering.order_set(blocks, "brightness")
    mean = whole(blocks).mean(axis=1)
    np.testing.assert_allclose(found.score, mean, atol=1e-8)
    places = found.inverse
    assert places[5] == places[2] + 1 == places[9] - 1
    assert np.all(np.diff(found.score[found.permutation]) >= 0)


def test_a_random_order_depends_on_the_seed_alone():
    first = ordering.order(some_maps(), "random", seed=4).permutation
    assert np.array_equal(first, ordering.order(some_maps(seed=9), "random", seed=4).permutation)
    others = {tuple(ordering.order(some_maps(), "random", seed=s).permutation) for s in range(9)}
    assert len(others) == 9
    assert all(sorted(one) == list(range(12)) for one in others)

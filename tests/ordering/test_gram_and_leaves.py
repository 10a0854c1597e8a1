"""Sums over a set against the whole matrix, and leaf orders against every flip of a tree."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from threadpoolctl import threadpool_limits

from cnnvis.ordering import gram, leaves, sums
from ordering.maps import some_maps, some_set, whole


def flips(tree, n):
    """Every order that flipping the branches of a tree gives."""

    def orders(node):
        if node < n:
            return [[node]]
        a, b = (orders(int(child)) for child in tree[node - n])
        return [x + y for left, right in ((a, b), (b, a)) for x in left for y in right]

    return orders(n + len(tree) - 1)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("seed", range(8))
def test_the_leaf_order_is_the_best_of_all_flips(n, seed):
    random = np.random.default_rng(seed)
    distance = random.random((n, n))
    distance = distance + distance.T
    tree, alive = [], list(range(n))
    while len(alive) > 1:  # a random tree, lopsided or not
        a, b = (alive.pop(int(random.integers(len(alive)))) for _ in range(2))
        alive.append(n + len(tree))
        tree.append((a, b))

    def length(order):
        return sum(distance[i, j] for i, j in pairwise(order))

    every = flips(tree, n)
    found = leaves.best_order(distance, np.array(tree)).tolist()
    assert found in every
    assert length(found) == pytest.approx(min(map(length, every)), rel=1e-12)


def test_a_deep_tree_needs_no_recursion():
    n = 1200
    place = np.cumsum(np.arange(n)[::-1] + 1.0)[::-1]  # joins one leaf at a time
    distance = np.abs(place[:, None] - place[None, :])
    found = leaves.shortest_chain(distance)
    assert found.tolist() in (list(range(n)), list(range(n))[::-1])


@pytest.mark.parametrize("shape", ["balanced", "found"])
def test_memory_is_three_matrices_at_most(shape):
    n = 512
    random = np.random.default_rng(0)
    distance = random.random((n, n))
    distance = distance + distance.T
    if shape == "balanced":
        tree = np.arange(2 * n - 2).reshape(-1, 2)
    else:
        pairs = distance[np.triu_indices(n, 1)]
        tree = linkage(pairs, "average")[:, :2].astype(int)
    tracemalloc.start()
    try:
        leaves.best_order(distance, tree)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3.05 * distance.nbytes


def test_products_of_the_embedding_are_those_of_the_rows():
    matrix = whole([some_maps(n=9)])
    points = gram.embedding(matrix @ matrix.T)
    assert len(points) == 9
    np.testing.assert_allclose(points @ points.T, matrix @ matrix.T, atol=1e-12)
    slow = [[((a - b) ** 2).sum() for a in matrix] for b in matrix]
    np.testing.assert_allclose(gram.squared_distances(matrix @ matrix.T), slow, atol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_scatter_is_the_covariance_of_all_pixels(offset):
    blocks = [maps + offset for maps in some_set(3)]
    pixels = whole(blocks)
    expected = np.cov(pixels - offset, bias=True) * pixels.shape[1]
    np.testing.assert_allclose(
        sums.of(blocks).gram(sums.SCATTER).products, expected, rtol=1e-8, atol=1e-8
    )


def test_sums_and_eigenvalues_are_the_same_bits_on_one_thread_and_on_two():
    """Large enough for the linear algebra library to share the work, and to round it otherwise."""
    random = np.random.default_rng(0)
    blocks = [random.normal(size=(230, 20, 30)) for _ in range(2)]
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            total = sums.of(blocks).gram(sums.SCATTER).products
            found.append((total.tobytes(), *(part.tobytes() for part in gram.eigen(total))))
    assert found[0] == found[1]


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_scatter_scales_with_the_maps(scale):
    blocks = some_set(3)
    expected = sums.of(blocks).gram(sums.SCATTER).products * scale**2
    found = sums.of([maps * scale for maps in blocks]).gram(sums.SCATTER).products
    np.testing.assert_allclose(found, expected, rtol=1e-9)

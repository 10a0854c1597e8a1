"""k-means against scikit-learn on the whole matrix, all partitions, and planted clusters."""

from itertools import product

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from cnnvis import ordering
from cnnvis.errors import OrderingError
from ordering.maps import some_maps, some_set, whole


def inertia(matrix, label):
    """Sum of squared distances to the mean of the own cluster, in loops."""
    total = 0.0
    for cluster in np.unique(label):
        members = matrix[label == cluster]
        for row in members:
            total += float(((row - members.mean(axis=0)) ** 2).sum())
    return total


def unit_rows(matrix):
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.divide(matrix, length, out=np.zeros_like(matrix), where=length > 0)


def slices(blocks, axis, index):
    return np.concatenate(
        [block[:, index, :] if axis == "row" else block[:, :, index] for block in blocks], axis=1
    )


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("view", ["image", "slice"])
@pytest.mark.parametrize("images", [1, 3])
def test_kmeans_is_as_good_as_on_the_whole_matrix(images, view, normalise):
    blocks = some_set(images, n=14)
    where = {"view": view, "axis": "col", "index": 5} if view == "slice" else {"view": view}
    found = ordering.order_set(blocks, "kmeans", clusters=4, normalise=normalise, **where)
    matrix = slices(blocks, "col", 5) if view == "slice" else whole(blocks)
    matrix = unit_rows(matrix) if normalise else matrix
    twin = KMeans(4, n_init=100, random_state=1, tol=0).fit(matrix)
    assert inertia(matrix, found.cluster) == pytest.approx(twin.inertia_, rel=1e-9)
    assert adjusted_rand_score(found.cluster, twin.labels_) == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_kmeans_finds_the_best_of_all_partitions(seed):
    maps = some_maps(n=7, seed=seed)
    matrix = unit_rows(whole([maps]))
    best = min(
        inertia(matrix, np.array(label))
        for label in product(range(3), repeat=7)
        if len(set(label)) == 3
    )
    found = ordering.order(maps, "kmeans", clusters=3)
    assert inertia(matrix, found.cluster) == pytest.approx(best, rel=1e-9)


def planted(counts, seed=0, bright=3.0):
    """Clusters along an arc between two patterns, the second one so bright, and their labels."""
    random = np.random.default_rng(seed)
    label = np.repeat(np.arange(len(counts)), counts)
    angle = np.linspace(0.0, np.pi / 2, len(counts))[label]
    first, second = np.zeros((5, 8)), np.zeros((5, 8))
    first[:2], second[2:] = 1.0, bright
    maps = np.cos(angle)[:, None, None] * first + np.sin(angle)[:, None, None] * second
    maps = maps * random.uniform(0.5, 2.0, len(label))[:, None, None]  # strengths that mislead
    maps = maps + 0.01 * random.random(maps.shape)
    shuffle = random.permutation(len(label))
    return maps[shuffle], label[shuffle]


@pytest.mark.parametrize("counts", [(5, 4, 6), (3, 9, 2, 4, 5), (4, 3, 4, 3, 4, 3, 4)])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bright", [3.0, 0.2])
def test_planted_clusters_come_back_in_their_order(counts, seed, bright):
    """The bright end comes last, whichever it is."""
    maps, label = planted(counts, seed, bright)
    found = ordering.order(maps, "kmeans", clusters=len(counts), seed=seed)
    expected = label if bright > 1 else label.max() - label
    assert np.array_equal(found.cluster, expected)


@pytest.mark.parametrize("seed", range(10))
def test_clusters_rise_with_brightness(seed):
    maps = some_maps(n=20, seed=seed)
    found = ordering.order(maps, "kmeans", clusters=5, restarts=2)
    assert np.corrcoef(found.cluster, maps.mean(axis=(1, 2)))[0, 1] > 0


def test_the_numbers_of_the_channels_do_not_steer_the_starts():
    """One start, on noise: another start would end elsewhere."""
    random = np.random.default_rng(0)
    maps, shuffle = random.random((40, 5, 8)), random.permutation(40)
    options = {"clusters": 6, "restarts": 1}
    found = ordering.order(maps, "kmeans", **options).cluster
    assert np.array_equal(
        ordering.order(maps[shuffle], "kmeans", **options).cluster, found[shuffle]
    )
    other = ordering.order(maps, "kmeans", seed=1, **options).cluster
    assert adjusted_rand_score(found, other) < 0.9


def test_within_a_cluster_channels_keep_their_order_and_none_is_lost():
    maps, label = planted((5, 4, 6))
    found = ordering.order(maps, "kmeans", clusters=3)
    expected = [c for cluster in range(3) for c in np.flatnonzero(label == cluster)]
    assert found.permutation.tolist() == expected


def test_raw_rows_cluster_by_strength():
    pattern = some_maps(n=1)
    maps = np.array([1.0, 9.0, 1.1, 9.1, 1.2])[:, None, None] * pattern
    maps = np.concatenate([maps, 1.0 - pattern])
    raw = ordering.order(maps, "kmeans", clusters=2, normalise=False)
    assert raw.cluster.tolist() == [0, 1, 0, 1, 0, 0]
    unit = ordering.order(maps, "kmeans", clusters=2)
    assert len(set(unit.cluster[:5])) == 1
    assert unit.cluster[5] != unit.cluster[0]


@pytest.mark.parametrize("normalise", [True, False])
def test_dead_channels_lie_together(normalise):
    maps, label = planted((5, 4, 6))
    maps[[0, 7, 11]] = 0.0
    found = ordering.order(maps, "kmeans", clusters=4, normalise=normalise)
    assert len(set(found.cluster[[0, 7, 11]])) == 1
    assert sorted(found.permutation) == list(range(15))
    if normalise:
        live = np.setdiff1d(np.arange(15), [0, 7, 11])
        assert adjusted_rand_score(found.cluster[live], label[live]) == 1.0
        assert not set(found.cluster[live]) & set(found.cluster[[0, 7, 11]])


@pytest.mark.parametrize("normalise", [True, False])
def test_fewer_different_channels_than_clusters(normalise):
    """Seven copies of two maps: two clusters, and no warning."""
    maps = some_maps(n=2)[[0, 1, 1, 0, 1, 0, 0]]
    found = ordering.order(maps, "kmeans", clusters=5, normalise=normalise)
    assert len(set(found.cluster)) == 2
    assert adjusted_rand_score(found.cluster, [0, 1, 1, 0, 1, 0, 0]) == 1.0
    dead = ordering.order(np.zeros((6, 2, 3)), "kmeans", clusters=5, normalise=normalise)
    assert dead.permutation.tolist() == list(range(6))
    assert set(dead.cluster) == {0}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clusters": 13}, "12 channels cannot be put into 13 clusters"),
        ({"clusters": 0}, "into 0 clusters"),
        ({"restarts": 0}, "restarts=0"),
        ({"seed": -1}, "seed=-1"),
        ({"view": "voxel"}, "'image' or 'slice'; got 'voxel'"),
        ({"view": "slice", "axis": "plane"}, "'row' or 'col'; got 'plane'"),
        ({"view": "slice", "axis": "col", "index": 7}, "no col 7 in maps of 7 cols"),
        ({"view": "slice", "index": 4}, "no row 4 in maps of 4 rows"),
        ({"index": -1, "view": "slice"}, "no row -1"),
    ],
)
def test_kmeans_refuses_what_cannot_be(options, message):
    with pytest.raises(OrderingError, match=message):
        ordering.order(some_maps(), "kmeans", **options)


def test_stability_tells_planted_clusters_from_noise():
    maps, label = planted((6, 6, 6))
    found = ordering.order(maps, "kmeans", clusters=3, restarts=3)
    sure = ordering.stability([maps], found)
    matrix = unit_rows(whole([maps]))
    assert sure.rand_index == 1.0
    assert sure.silhouette == pytest.approx(silhouette_score(matrix, label), abs=1e-9)
    noise = np.random.default_rng(0).random((40, 5, 8))
    guess = ordering.order(noise, "kmeans", clusters=6, restarts=1)
    assert ordering.stability([noise], guess).rand_index < 0.5


def test_stability_of_one_cluster_and_of_the_wrong_maps():
    maps = some_maps()
    one = ordering.order(maps, "kmeans", clusters=1)
    assert ordering.stability([maps], one) == ordering.Stability(1.0, 0.0)
    with pytest.raises(OrderingError, match=r"12 channels .* maps of 5"):
        ordering.stability([maps[:5]], one)
    with pytest.raises(OrderingError, match="method 'kmeans'"):
        ordering.stability([maps], ordering.order(maps, "natural"))
    with pytest.raises(OrderingError, match="0 seeds"):
        ordering.stability([maps], one, seeds=0)


def test_a_series_is_each_of_its_clusterings_with_its_stability():
    blocks = [planted((6, 6, 6), seed=seed)[0] for seed in (0, 0)]
    options = {"restarts": 3, "view": "slice", "index": 1}
    found = ordering.cluster_series(iter(blocks), (2, 3, 18, 19), seeds=2, **options)
    assert list(found) == [2, 3, 18], "18 channels are not put into 19 clusters"
    for clusters, (order, stable) in found.items():
        alone = ordering.order_set(blocks, "kmeans", clusters=clusters, **options)
        assert order.to_dict() == alone.to_dict()
        assert stable == ordering.stability(blocks, alone, seeds=2)
    with pytest.raises(OrderingError, match="no option 'cluster'"):
        ordering.cluster_series(blocks, (2,), cluster=3)


def test_the_tables_of_a_series_hold_its_orders():
    maps = np.concatenate([planted((6, 6, 6))[0], np.zeros((2, 5, 8))])
    found = ordering.cluster_series([maps], (3, 20), restarts=3)
    stable, places = ordering.series_tables(found)
    assert stable["clusters"].tolist() == [3, 20]
    for row, (order, of) in zip(stable.itertuples(), found.values(), strict=True):
        sizes = np.unique(order.cluster, return_counts=True)[1]
        assert (row.found, row.largest) == (len(sizes), max(sizes) / 20)
        assert (row.rand_index, row.silhouette) == (of.rand_index, of.silhouette)
    assert stable["found"].tolist() == [3, 19], "two channels are dead"
    back = ordering.series_orders(places.sample(frac=1, random_state=0), source="set")
    assert set(back) == {3, 20}
    for count, order in back.items():
        assert np.array_equal(order.permutation, found[count][0].permutation)
        assert np.array_equal(order.cluster, found[count][0].cluster)
        assert order.source == "set"


def test_a_series_without_clusters_is_empty_tables():
    stable, places = ordering.series_tables({})
    assert stable.columns.tolist()[:2] == ["clusters", "found"]
    assert stable.empty
    assert ordering.series_orders(places) == {}

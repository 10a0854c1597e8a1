"""Sums over images: against whole matrices, and merged from every cut of a set."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis import compare, ordering
from cnnvis.errors import OrderingError
from cnnvis.ordering import METHODS, sums
from cnnvis.ordering.sums import Part
from ordering.maps import OPTIONS, some_maps, some_set, whole

ROWS, COLS, CHANNELS = 4, 7, 12
SLICES = [("row", 1), ("col", None)]
#: Of the largest entry of a sum: how far rounding may lead apart what is added in another order.
TOLERANCE = 1e-13


def by_hand(blocks):
    """Every part from its definition, from one matrix of all pixels, in loops."""
    maps = np.stack(blocks)
    pixels = whole(blocks)
    about_mean = pixels - pixels.mean(axis=1, keepdims=True)
    centre = pixels.mean(axis=0)
    centred = np.vstack([pixels - centre, centre])
    even = (maps - maps.mean(axis=1, keepdims=True)) / maps.std(axis=1, keepdims=True)

    def products(rows):
        return np.array([[(a * b).sum() for a in rows] for b in rows])

    def rows_of(part):
        return np.concatenate(list(part), axis=-1).reshape(CHANNELS, -1)

    return {
        sums.WHOLE: products(pixels),
        sums.SCATTER: products(about_mean),
        sums.CENTRED: products(centred),
        sums.MAPS: maps.sum(axis=0),
        Part("standardised", "row"): np.stack(
            [products(rows_of(even[:, :, at])) for at in range(ROWS)]
        ),
        Part("standardised", "col"): np.stack(
            [products(rows_of(even[:, :, :, at])) for at in range(COLS)]
        ),
        Part("slice", "row", 1): products(rows_of(maps[:, :, 1])),
        Part("slice", "col", 3): products(rows_of(maps[:, :, :, 3])),
    }


def assert_close(found, expected, tolerance=TOLERANCE):
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("images", [1, 5])
@pytest.mark.parametrize("in_slab", [1, 2, 5])
def test_every_part_is_its_definition(images, in_slab):
    blocks = some_set(images)
    slabs = [np.stack(blocks[at : at + in_slab]) for at in range(0, images, in_slab)]
    kept = ordering.sum_up(slabs, SLICES)
    slow = by_hand(blocks)
    assert kept.parts.keys() == slow.keys()
    assert (kept.images, kept.shape) == (images, (CHANNELS, ROWS, COLS))
    assert_close(kept.brightness, whole(blocks).mean(axis=1))
    for part, expected in slow.items():
        assert_close(kept.parts[part], expected)


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    offset=st.sampled_from([0.0, 1.0, 1e4]),
    batch=st.integers(1, 3),
)
def test_every_cut_of_a_set_merges_to_the_whole(cuts, offset, batch):
    blocks = [maps + offset for maps in some_set(sum(cuts))]
    edges = np.cumsum([0, *cuts])

    def slabs(part):
        return (np.stack(part[at : at + batch]) for at in range(0, len(part), batch))

    shards = [ordering.sum_up(slabs(blocks[begin:end]), SLICES) for begin, end in pairwise(edges)]
    before = [{part: values.copy() for part, values in one.parts.items()} for one in shards]
    merged = sums.merged(shards)
    expected = ordering.sum_up([[block] for block in blocks], SLICES)
    assert merged.images == len(blocks)
    assert_close(merged.brightness, expected.brightness)
    for part, values in expected.parts.items():
        # About the mean: as many digits are lost as the mean itself has too many, and not twice.
        lost = 1 + offset if part == sums.SCATTER else 1
        assert_close(merged.parts[part], values, lost * TOLERANCE)
    for one, parts in zip(shards, before, strict=True):
        assert all(np.array_equal(one.parts[part], values) for part, values in parts.items())


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 3), min_size=2, max_size=5), method=st.sampled_from([*METHODS]))
def test_orders_of_merged_shards_are_those_of_the_set(cuts, method):
    blocks, options = some_set(sum(cuts)), OPTIONS.get(method, {})
    edges = np.cumsum([0, *cuts])
    merged = sums.merged(ordering.sum_up([blocks[begin:end]]) for begin, end in pairwise(edges))
    found = ordering.order_set(merged, method, **options)
    expected = ordering.order_set(blocks, method, **options)
    assert np.array_equal(found.permutation, expected.permutation)
    assert found.params == expected.params
    if expected.score is not None:
        np.testing.assert_allclose(found.score, expected.score, rtol=1e-8)


def test_the_same_sums_in_the_same_order_are_the_same_bits():
    shards = [ordering.sum_up([some_set(3)]), ordering.sum_up([[some_maps(seed=9)]])]
    one, other = sums.merged(shards), sums.merged(iter(shards))
    for part, values in one.parts.items():
        assert values.tobytes() == other.parts[part].tobytes()


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("kmeans", {"clusters": 3, "view": "slice", "axis": "row", "index": 1}),
        ("kmeans", {"clusters": 3, "view": "slice", "axis": "col"}),
        ("pca_slice", {"axis": "col", "index": 5}),
        ("pca_slice", {"axis": "row", "index": "all"}),
        ("pca_slice", {"axis": "col", "index": "all", "component": 1}),
    ],
)
def test_options_that_pick_slices_find_them_in_what_is_kept(method, options):
    blocks = some_set(4)
    found = ordering.order_set(ordering.sum_up([blocks], SLICES), method, **options)
    expected = ordering.order_set(blocks, method, **options)
    assert np.array_equal(found.permutation, expected.permutation)
    assert found.params == expected.params


def test_whatever_takes_maps_takes_sums():
    blocks = some_set(4)
    kept = ordering.sum_up([blocks], [("row", None)])
    np.testing.assert_allclose(
        compare.similarity_set(kept), compare.similarity_set(blocks), rtol=1e-12, atol=1e-12
    )
    for axis in ("row", "col"):
        for ours, theirs in zip(
            ordering.order_slices(kept, axis=axis),
            ordering.order_slices(blocks, axis=axis),
            strict=True,
        ):
            assert np.array_equal(ours.permutation, theirs.permutation)
    series = [
        ordering.cluster_series(maps, (2, 3), view="slice", restarts=2) for maps in (kept, blocks)
    ]
    for ours, theirs in zip(*(one.values() for one in series), strict=True):
        assert np.array_equal(ours[0].permutation, theirs[0].permutation)
        assert ours[1].silhouette == pytest.approx(theirs[1].silhouette, rel=1e-9)
    order = ordering.order_set(blocks, "kmeans", clusters=3, restarts=2)
    ours, theirs = (ordering.stability(maps, order) for maps in (kept, blocks))
    assert ours.rand_index == theirs.rand_index
    assert ours.silhouette == pytest.approx(theirs.silhouette, rel=1e-9)


@pytest.mark.parametrize("value", [0.1, -7e8])
def test_a_channel_that_is_constant_in_all_shards_stays_so(value):
    blocks = some_set(6)
    for block in blocks:
        block[[2, 5]] = value
    merged = sums.merged(ordering.sum_up([blocks[at : at + 2]]) for at in (0, 2, 4))
    found = compare.similarity_set(merged)
    assert found[2].tolist() == [float(at == 2) for at in range(CHANNELS)]


def test_a_channel_that_is_constant_in_every_shard_only_is_not_dead():
    shards = []
    for level in (0.0, 1.0):
        blocks = some_set(2)
        for block in blocks:
            block[0] = block[1] = level
        shards.append(ordering.sum_up([blocks]))
    assert compare.similarity_set(sums.merged(shards))[0, 1] == pytest.approx(1.0)


def test_sums_that_cannot_be_merged_are_refused():
    kept = ordering.sum_up([some_set(2)])
    with pytest.raises(OrderingError, match="the set of images is empty"):
        sums.merged([])
    with pytest.raises(OrderingError, match=r"maps \(12, 4, 7\) .* maps \(12, 4, 6\)"):
        sums.merged([kept, ordering.sum_up([[some_maps(cols=6)]])])
    with pytest.raises(OrderingError, match=r"with whole.*with whole.*slice_row_1"):
        sums.merged([kept, ordering.sum_up([some_set(2)], SLICES)])


def test_a_part_that_was_not_kept_is_named():
    kept = ordering.sum_up([some_set(2)])
    with pytest.raises(OrderingError, match=r"2 images lack 'slice_row_2'; they have whole, "):
        ordering.order_set(kept, "kmeans", view="slice")

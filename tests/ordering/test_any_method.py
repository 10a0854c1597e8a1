"""What holds for every method: sets, memory, shuffled channels, threads, checked input."""

import tracemalloc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from cnnvis import ordering
from cnnvis.errors import OrderingError
from cnnvis.ordering import METHODS
from ordering.maps import OPTIONS, some_maps, some_set


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_a_set_is_that_of_one_wide_image(method):
    options = OPTIONS.get(method, {})
    blocks = some_set(5)
    wide = np.concatenate(blocks, axis=2)
    of_set = ordering.order_set(iter(blocks), method, **options)
    of_one = ordering.order(wide, method, source="set", **options)
    assert np.array_equal(of_set.permutation, of_one.permutation)
    assert of_set.params == of_one.params
    if of_set.score is not None:
        np.testing.assert_allclose(of_set.score, of_one.score, rtol=1e-8)
    if of_set.cluster is not None:
        assert np.array_equal(of_set.cluster, of_one.cluster)


@pytest.mark.parametrize("method", METHODS)
def test_one_image_is_a_set_of_one(method):
    options = OPTIONS.get(method, {})
    maps = some_maps()
    one = ordering.order(maps, method, **options).to_dict()
    assert one == ordering.order_set([maps], method, source="image", **options).to_dict()
    assert one["source"] == "image"
    assert ordering.order_set([maps], method, **options).source == "set"


def needs_no_more_for_more_images(compute):
    shape = {"n": 12, "rows": 40, "cols": 70}

    def peak(images):
        tracemalloc.start()
        try:
            compute(some_maps(seed=seed, **shape) for seed in range(images))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # The second time, what is loaded or counted only once (by a measure of coverage) is over.
    many, few = (min(peak(images), peak(images)) for images in (24, 4))
    assert many < few + some_maps(**shape).nbytes / 2


@pytest.mark.parametrize(
    ("method", "options"),
    [*((m, OPTIONS.get(m, {})) for m in METHODS), ("kmeans", {"view": "slice", "clusters": 2})],
)
def test_memory_does_not_grow_with_the_set(method, options):
    needs_no_more_for_more_images(lambda blocks: ordering.order_set(blocks, method, **options))


@pytest.mark.parametrize(
    "all_at_once",
    [ordering.order_slices, lambda blocks: ordering.cluster_series(blocks, (2, 3), restarts=1)],
)
def test_orders_by_all_slices_and_for_all_counts_need_no_more_memory_either(all_at_once):
    needs_no_more_for_more_images(all_at_once)


def test_blocks_are_let_go():
    live, most = set(), []

    def blocks():
        for seed in range(30):
            maps = some_maps(seed=seed)
            live.add(seed)
            weakref.finalize(maps, live.discard, seed)
            most.append(len(live))
            yield maps
            del maps

    ordering.order_set(blocks(), "pca_image")
    assert len(most) == 30
    assert max(most) <= 2


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("natural", "random")])
@settings(max_examples=10, deadline=None)
@given(shuffle=st.permutations(range(12)))
def test_shuffled_channels_are_shuffled_only(method, shuffle):
    options = OPTIONS.get(method, {})
    maps, shuffle = some_maps(), np.array(shuffle)
    found = ordering.order(maps, method, **options)
    again = ordering.order(maps[shuffle], method, **options)
    if method == "kmeans":
        assert np.array_equal(again.cluster, found.cluster[shuffle])
    else:
        assert np.array_equal(shuffle[again.permutation], found.permutation)
    if found.score is not None:
        np.testing.assert_allclose(again.score, found.score[shuffle], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_the_number_of_threads_changes_nothing(method):
    random = np.random.default_rng(0)
    blocks = [random.random((230, 9, 11)) for _ in range(3)]
    options = {"kmeans": {"restarts": 2}}.get(method, {})
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(ordering.order_set(blocks, method, **options).to_dict())
    assert found[0] == found[1]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int16])
def test_any_real_type_is_taken_and_left_as_found(dtype):
    maps = (some_maps() * 100).astype(dtype)
    before = maps.copy()
    found = ordering.order(maps, "pca_image")
    assert np.array_equal(found.score, ordering.order(maps.astype(float), "pca_image").score)
    assert np.array_equal(maps, before)
    assert maps.flags.writeable


def test_all_options_are_recorded_and_the_middle_is_named():
    found = ordering.order(some_maps(), "pca_slice", axis="col", source="mean")
    assert found.params == {"axis": "col", "index": 3, "component": 0}
    assert (found.method, found.source) == ("pca_slice", "mean")
    found = ordering.order(some_maps(), "kmeans", clusters=np.int64(2), restarts=1)
    assert found.params == {
        "view": "image",
        "axis": "row",
        "index": None,
        "clusters": 2,
        "restarts": 1,
        "normalise": True,
        "seed": 0,
    }
    assert type(found.params["clusters"]) is int


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("pca_images", {}, "no ordering method 'pca_images'.*did you mean 'pca_image'"),
        ("pca_image", {"componant": 1}, "no option 'componant'.*did you mean 'component'"),
        ("natural", {"seed": 1}, "it has none"),
        ("pca_image", {"component": "1"}, "'pca_image component' takes int; got '1'"),
        ("pca_slice", {"index": 1.5}, "takes int or 'all' or nothing; got 1.5"),
        ("pca_slice", {"index": "most"}, "or 'all' or nothing; got 'most'"),
        ("kmeans", {"index": "all"}, "takes int or nothing; got 'all'"),
        ("random", {"seed": -1}, "seed from 0; got -1"),
        ("kmeans", {"clusters": True}, "takes int; got True"),
        ("kmeans", {"normalise": 1}, "takes bool; got 1"),
    ],
)
def test_methods_and_options_are_checked(method, options, message):
    with pytest.raises(OrderingError, match=message):
        ordering.order(some_maps(), method, **options)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([], "set of images is empty"),
        ([np.zeros((3, 4))], r"image 0 has shape \(3, 4\)"),
        ([np.zeros((3, 0, 4))], r"shape \(3, 0, 4\)"),
        ([np.zeros((3, 1, 4), complex)], "complex128"),
        ([some_maps(), some_maps(cols=6)], r"image 0 has \(12, 4, 7\), image 1 has \(12, 4, 6\)"),
        ([some_maps(), some_maps(n=11)], "image 1"),
    ],
)
def test_maps_that_cannot_be_ordered_are_named(blocks, message):
    with pytest.raises(OrderingError, match=message):
        ordering.order_set(blocks, "pca_image")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_channel_that_is_not_finite_is_named(bad):
    maps = some_maps()
    maps[5:7, 0, 2] = bad
    with pytest.raises(OrderingError, match=r"image 1 .* channel 5, 2 channels"):
        ordering.order_set([some_maps(), maps], "kmeans")

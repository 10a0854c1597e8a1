"""Principal components against the singular value decomposition of the whole matrix."""

import numpy as np
import pytest

from cnnvis import ordering
from cnnvis.errors import OrderingError
from cnnvis.ordering import METHODS
from ordering.maps import oriented, some_maps, some_set, whole


def slow_pca_image(matrix, component):
    centred = matrix - matrix.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return oriented(matrix @ directions[component], matrix)


def slow_pca_slice(blocks, axis, index, component):
    columns = []
    for block in blocks:
        for position in range(block.shape[2 if axis == "row" else 1]):
            column = block[:, index, position] if axis == "row" else block[:, position, index]
            columns.append((column - column.mean()) / (column.std() or 1.0))
    standard = np.array(columns).T
    _, _, directions = np.linalg.svd(standard, full_matrices=False)
    return oriented(standard @ directions[component], whole(blocks))


@pytest.mark.parametrize("component", [0, 1, 3])
@pytest.mark.parametrize("images", [1, 4])
def test_pca_image_is_the_svd_of_the_whole_matrix(images, component):
    blocks = some_set(images)
    found = ordering.order_set(blocks, "pca_image", component=component)
    expected = slow_pca_image(whole(blocks), component)
    np.testing.assert_allclose(found.score, expected, atol=2e-8 * np.ptp(expected))
    assert np.array_equal(found.permutation, np.argsort(expected, kind="stable"))


@pytest.mark.parametrize(("axis", "index"), [("row", 0), ("row", 3), ("col", 6), ("col", 2)])
@pytest.mark.parametrize("component", [0, 2])
def test_pca_slice_is_the_svd_of_the_standardised_slices(axis, index, component):
    blocks = some_set(3)
    found = ordering.order_set(blocks, "pca_slice", axis=axis, index=index, component=component)
    expected = slow_pca_slice(blocks, axis, index, component)
    np.testing.assert_allclose(found.score, expected, atol=2e-8 * np.ptp(expected))
    assert np.array_equal(found.permutation, np.argsort(expected, kind="stable"))


@pytest.mark.parametrize("axis", ["row", "col"])
def test_pca_slice_of_all_slices_is_the_svd_of_every_standardised_pixel(axis):
    blocks = some_set(3)
    blocks[1][:, 2, 3] = 0.1
    found = ordering.order_set(blocks, "pca_slice", axis=axis, index="all")
    columns = [c for block in blocks for c in block.reshape(12, -1).T if np.ptp(c)]
    standard = np.array([(column - column.mean()) / column.std() for column in columns]).T
    _, _, directions = np.linalg.svd(standard, full_matrices=False)
    expected = oriented(standard @ directions[0], whole(blocks))
    np.testing.assert_allclose(found.score, expected, atol=2e-8 * np.ptp(expected))
    assert found.params["index"] == "all"
    with pytest.raises(OrderingError, match="'row' or 'col'; got 'plane'"):
        ordering.order_set(blocks, "pca_slice", axis="plane", index="all")


def test_more_channels_than_pixels_are_ordered_too():
    blocks = [some_maps(n=40, rows=2, cols=3)]
    expected = slow_pca_image(whole(blocks), 0)
    found = ordering.order_set(blocks, "pca_image")
    np.testing.assert_allclose(found.score, expected, atol=2e-8 * np.ptp(expected))


def test_a_large_common_map_costs_no_digits():
    blocks = [maps + 1e5 for maps in some_set(2)]
    expected = slow_pca_image(whole(blocks), 0)
    found = ordering.order_set(blocks, "pca_image")
    np.testing.assert_allclose(
        found.score - found.score.mean(), expected - expected.mean(), atol=1e-7 * np.ptp(expected)
    )


@pytest.mark.parametrize("method", ["pca_image", "pca_slice"])
@pytest.mark.parametrize("component", [0, 1, 2])
@pytest.mark.parametrize("seed", range(6))
def test_scores_rise_with_brightness(method, component, seed):
    maps = some_maps(seed=seed)
    found = ordering.order(maps, method, component=component)
    assert np.corrcoef(found.score, maps.mean(axis=(1, 2)))[0, 1] > 0
    assert np.all(np.diff(found.score[found.permutation]) >= 0)


@pytest.mark.parametrize("seed", range(8))
def test_a_score_that_ignores_brightness_still_has_a_sign(seed):
    """The channel farthest from the mean comes last."""
    pattern = np.array([[1.0, -1.0, 2.0, -2.0]])  # brightness is 0 in every channel
    strength = np.random.default_rng(seed).normal(size=5)
    found = ordering.order(strength[:, None, None] * pattern, "pca_image")
    apart = strength - strength.mean()
    expected = np.argsort(apart * np.sign(apart[np.argmax(np.abs(apart))]))
    assert np.array_equal(found.permutation, expected)


@pytest.mark.parametrize("method", ["pca_image", "pca_slice"])
def test_a_shuffled_smooth_family_comes_back(method):
    """Maps on a quarter of a circle between two patterns, the second one brighter."""
    random = np.random.default_rng(3)
    angle = np.linspace(0.1, 1.4, 21)
    first, second = np.zeros((4, 6)), np.zeros((4, 6))
    first[:, :2], second[:, 3:] = 1.0, 2.0
    family = np.cos(angle)[:, None, None] * first + np.sin(angle)[:, None, None] * second
    shuffle = random.permutation(21)
    found = ordering.order(family[shuffle], method)
    assert np.array_equal(shuffle[found.permutation], np.arange(21))


def test_ties_keep_the_order_of_the_channels():
    maps = np.array([2.0, 1.0, 2.0, 1.0, 2.0])[:, None, None] * some_maps(n=1)
    for method in ("pca_image", "pca_slice"):
        assert ordering.order(maps, method).permutation.tolist() == [1, 3, 0, 2, 4]


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9])
@pytest.mark.parametrize("method", ["pca_image", "pca_slice"])
def test_channels_that_are_all_alike_stay_where_they_are(method, value):
    found = ordering.order(np.full((7, 3, 5), value), method)
    assert found.permutation.tolist() == list(range(7))
    assert not found.score.any()


def test_one_channel_is_an_order():
    for method in METHODS:
        options = {"clusters": 1} if method == "kmeans" else {}
        assert ordering.order(some_maps(n=1), method, **options).permutation.tolist() == [0]


def test_a_constant_column_says_nothing():
    """0.1 in every channel: its standard deviation is rounding, not 0."""
    maps = some_maps(n=10)
    maps[:, 2, 3] = 0.1
    found = ordering.order(maps, "pca_slice", index=2)
    without = ordering.order(np.delete(maps, 3, axis=2), "pca_slice", index=2)
    np.testing.assert_allclose(found.score, without.score, atol=1e-8)


def test_a_component_without_variance_is_refused():
    maps = np.einsum("ck,krw->crw", np.random.default_rng(0).random((8, 2)), some_maps(n=2))
    ordering.order(maps, "pca_image", component=1)
    with pytest.raises(OrderingError, match="vary in 2 directions"):
        ordering.order(maps, "pca_image", component=2)
    with pytest.raises(OrderingError, match="components 0 to 7; there is no component 8"):
        ordering.order(maps, "pca_image", component=8)
    with pytest.raises(OrderingError, match="no component -1"):
        ordering.order(maps, "pca_slice", component=-1)


@pytest.mark.parametrize("axis", ["row", "col"])
def test_the_orders_of_all_slices_are_those_of_each(axis):
    blocks = some_set(3)
    for block in blocks:
        block[:, 1, :] = 0.1
    found = ordering.order_slices(iter(blocks), axis=axis)
    assert len(found) == (4 if axis == "row" else 7)
    for index, one in enumerate(found):
        if axis == "row" and index == 1:
            assert one is None, "all channels are alike there"
            continue
        alone = ordering.order_set(blocks, "pca_slice", axis=axis, index=index)
        assert one.to_dict() == alone.to_dict()

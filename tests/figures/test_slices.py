"""A slice in several orders: every channel once, clusters apart, one scale."""

import numpy as np
import pytest

from cnnvis.errors import CnnvisError, OrderingError
from cnnvis.figures import style
from cnnvis.figures.slices import before_and_after, separated

from .looks import an_ordering, assert_readable, clustered, image, part, parts, shuffled


def some_maps(n=12, rows=4, cols=7):
    return np.random.default_rng(n).random((n, rows, cols)) + 0.1


def orders(n=12):
    return {"natural": an_ordering(range(n)), "k = 3": clustered([5, n - 6, 1])}


@pytest.mark.parametrize(("axis", "index"), [("row", None), ("row", 0), ("col", 5)])
def test_every_panel_shows_all_channels_of_the_slice_in_its_order(axis, index):
    maps, made = some_maps(), orders() | {"shuffled": shuffled(12)}
    figure = before_and_after(maps, made, axis=axis, index=index)
    at = 2 if index is None else index
    rows = maps[:, at, :] if axis == "row" else maps[:, :, at]
    for name, order in made.items():
        shown = image(part(figure, f"slice {name}"))
        kept = shown[~np.isnan(shown).all(axis=1)]
        assert np.array_equal(kept, rows[order.permutation])
    assert f"{axis.capitalize()} {at} of all 12 maps" in style.words(figure, "caption")


@pytest.mark.parametrize(("sizes", "thick"), [([5, 6, 1], 1), ([100, 60], 2)])
def test_an_empty_line_parts_two_clusters(sizes, thick):
    order = clustered(sizes)
    rows = np.arange(1.0, sum(sizes) + 1)[:, None]
    found = separated(rows, order)
    assert len(found) == sum(sizes) + thick * (len(sizes) - 1)
    empty = np.flatnonzero(np.isnan(found[:, 0]))
    assert empty.tolist() == [
        sum(sizes[: i + 1]) + i * thick + line
        for i in range(len(sizes) - 1)
        for line in range(thick)
    ]


def test_strips_stand_beside_their_clusters():
    axes = [
        a for a in before_and_after(some_maps(), orders()).axes if a.patches and not a.get_gid()
    ]
    found = [
        (p.get_gid(), p.get_y(), p.get_height())
        for a in axes
        for p in a.patches
        if (p.get_gid() or "").startswith("cluster")
    ]
    assert found == [("cluster 0", -0.5, 5), ("cluster 1", 5.5, 6), ("cluster 2", 12.5, 1)]


def test_all_panels_share_a_scale_and_the_height_of_a_line():
    figure = before_and_after(some_maps(), orders())
    panels = parts(figure, "slice ")
    assert len({(a.images[0].norm.vmin, a.images[0].norm.vmax) for a in panels}) == 1
    height = [a.get_position().height / len(image(a)) for a in panels]
    assert height[0] == pytest.approx(height[1], rel=0.02)


def test_the_caption_says_what_the_orders_were_made_from():
    made = {"a": an_ordering(range(12), method="pca_slice", source="set"), **orders()}
    words = style.words(before_and_after(some_maps(), made), "caption")
    assert words.endswith("The orders were made from all images of the set and image.")
    words = style.words(before_and_after(some_maps(), {"a": an_ordering(range(12))}), "caption")
    assert "made from" not in words


@pytest.mark.parametrize(("n", "count"), [(16, 1), (64, 7), (512, 5)])
def test_every_word_can_be_read(n, count):
    made = {f"an order with a name too long to fit {i}": shuffled(n, i) for i in range(count)}
    made["k"] = clustered([n // 2, n - n // 2])
    assert_readable(before_and_after(some_maps(n), made, title="A title " * 15))


def test_what_does_not_fit_is_refused():
    with pytest.raises(CnnvisError, match="got none"):
        before_and_after(some_maps(), {})
    with pytest.raises(CnnvisError, match="no row 4 in maps of 4 rows"):
        before_and_after(some_maps(), orders(), index=4)
    with pytest.raises(CnnvisError, match=r"'plane' of \(12, 4, 7\)"):
        before_and_after(some_maps(), orders(), axis="plane")
    with pytest.raises(OrderingError, match="9 channels"):
        before_and_after(some_maps(), {"a": shuffled(9)})

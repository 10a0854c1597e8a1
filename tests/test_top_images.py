"""The images that excite each channel most: against a full sort, and merged from every cut."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis import map_statistics, top_images
from cnnvis.errors import CnnvisError
from cnnvis.top_images import MEASURES

NAMES = ("image", "value", "row", "col")


def some_maps(images, seed=0):
    """Maps (image, channel, row, col) of few different values, so that many are equal."""
    random = np.random.default_rng(seed)
    return random.integers(0, 4, (images, 5, 3, 4)).astype(np.float32)


def slow(names, maps, by, count):
    """Every channel's images sorted in Python, by value, then by their place."""
    found = []
    for channel in range(maps.shape[1]):
        rows = []
        for place, name in enumerate(names):
            own = maps[place, channel].astype(float)
            at = max(
                np.ndindex(own.shape), key=lambda unit, own=own: (own[unit], -unit[0], -unit[1])
            )
            value = own.max() if by == "max" else own.mean()
            rows.append((-value, place, name, *at))
        found.append(
            [(name, -value, row, col) for value, _, name, row, col in sorted(rows)[:count]]
        )
    return found


def as_rows(best):
    return [
        list(zip(*(getattr(best, name)[channel].tolist() for name in NAMES), strict=True))
        for channel in range(len(best.value))
    ]


@pytest.mark.parametrize("by", MEASURES)
@pytest.mark.parametrize("count", [1, 3, 20])
def test_the_best_are_those_of_a_full_sort(by, count):
    names, maps = [f"i{n}" for n in range(8)], some_maps(8)
    found = top_images.of_slab(names, maps, by, count=count)
    assert as_rows(found) == slow(names, maps, by, count)


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    by=st.sampled_from(MEASURES),
    count=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_the_best_of_every_cut_are_the_best_of_all(cuts, by, count, seed):
    total = sum(cuts)
    names, maps = [f"photo {n}" for n in range(total)], some_maps(total, seed)
    edges = np.cumsum([0, *cuts])
    parts = [
        top_images.of_slab(names[begin:end], maps[begin:end], by, count=count)
        for begin, end in pairwise(edges)
    ]
    found = top_images.merged(iter(parts), count=count)
    assert as_rows(found) == slow(names, maps, by, count)
    assert found.value.shape[1] == min(count, total)


def test_of_equal_images_the_first_counts_first_and_of_equal_pixels_too():
    maps = np.ones((3, 1, 2, 2))
    found = top_images.of_slab(["b", "a", "c"], maps, count=2)
    assert as_rows(found) == [[("b", 1.0, 0, 0), ("a", 1.0, 0, 0)]]


def test_channels_below_zero_have_best_images_too():
    maps = np.array([-3.0, -1.0]).reshape(2, 1, 1, 1)
    found = top_images.of_slab(["cold", "warm"], maps, count=2)
    assert found.image.tolist() == [["warm", "cold"]]


def test_the_statistics_hold_both_and_read_the_maps_once():
    names, maps = [f"i{n}" for n in range(7)], some_maps(7)
    slabs = iter([maps[:3], maps[3:4], maps[4:]])
    found = map_statistics.summarise(names, slabs, count=4)
    for by in MEASURES:
        assert as_rows(found.top[by]) == slow(names, maps, by, 4)
    assert found.sums.images == 7


def test_what_cannot_be_is_refused():
    maps = some_maps(2)
    with pytest.raises(CnnvisError, match=r"got 1 names, maps of shape \(2, 5, 3, 4\)"):
        top_images.of_slab(["a"], maps)
    with pytest.raises(CnnvisError, match="count=0"):
        top_images.of_slab(["a", "b"], maps, count=0)
    with pytest.raises(CnnvisError, match=r"shape \(2, 5\)"):
        top_images.of_slab(["a", "b"], maps[:, :, 0, 0])
    maps[1, 2, 0, 0] = np.nan
    with pytest.raises(CnnvisError, match="image 'b' has NaN"):
        top_images.of_slab(["a", "b"], maps)
    with pytest.raises(CnnvisError, match="no images to choose"):
        top_images.merged([])
    one, other = (top_images.of_slab(["a"], some_maps(1)[:, :n]) for n in (5, 4))
    with pytest.raises(CnnvisError, match="5 channels cannot be compared with those for 4"):
        top_images.merged([one, other])
    with pytest.raises(CnnvisError, match="3 images were named, and the maps of 2 came"):
        map_statistics.summarise(["a", "b", "c"], [some_maps(2)])

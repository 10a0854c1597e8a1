"""Points against dictionaries and numpy's own index arithmetic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cnnvis.backtrack import Points, concat
from cnnvis.backtrack import points as module
from cnnvis.backtrack.points import ravel, unravel


@st.composite
def many_points(draw):
    count, dimensions = draw(st.integers(0, 30)), draw(st.integers(1, 3))
    return Points(
        draw(arrays.arrays(np.int64, (count, dimensions), elements=st.integers(0, 3))),
        draw(arrays.arrays(np.float64, count, elements=st.integers(1, 8).map(float))),
        draw(arrays.arrays(np.int64, count, elements=st.integers(0, 2))),
    )


def added_up(points):
    found = {}
    for start, index, weight in zip(points.start, points.index, points.weight, strict=True):
        place = (int(start), *index.tolist())
        found[place] = found.get(place, 0.0) + float(weight)
    return found


@given(many_points(), st.booleans())
@settings(deadline=None, max_examples=50)
def test_merging_adds_up_equal_places(points, shape_is_known):
    merged = points.merged([4] * points.index.shape[1] if shape_is_known else None)
    places = [(int(s), *i.tolist()) for s, i in zip(merged.start, merged.index, strict=True)]
    assert places == sorted(added_up(points))
    assert added_up(points) == added_up(merged)
    assert merged.merged() is merged


@given(many_points())
@settings(deadline=None, max_examples=50)
def test_merging_far_apart_places(points):
    """Indices so large that a place has no number in 64 bits."""
    far = Points(points.index * 2**40, points.weight, points.start)
    merged = far.merged()
    np.testing.assert_array_equal(merged.index, points.merged().index * 2**40)
    np.testing.assert_array_equal(merged.weight, points.merged().weight)


@given(many_points())
@settings(deadline=None, max_examples=50)
def test_weights_per_start(points):
    expected = [sum(points.weight[points.start == start].tolist()) for start in range(4)]
    assert points.per_start(4).tolist() == expected


@given(many_points(), st.integers(0, 2))
@settings(deadline=None, max_examples=50)
def test_selected_points_keep_their_weights(points, start):
    some = points.merged().select(points.merged().start == start)
    assert some.unique
    assert added_up(some) == {k: v for k, v in added_up(points).items() if k[0] == start}


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
@settings(deadline=None, max_examples=50)
def test_ravel_and_unravel_agree_with_numpy(shape):
    index = np.argwhere(np.ones(shape))
    flat = np.arange(len(index))
    np.testing.assert_array_equal(ravel(index, shape), flat)
    np.testing.assert_array_equal(unravel(flat, shape), index)


@given(many_points(), st.integers(1, 50), st.integers(1, 40))
@settings(deadline=None, max_examples=50)
def test_chunks_are_the_points_in_order(points, values, per_chunk):
    budget = module.CHUNK_BYTES
    module.CHUNK_BYTES = 12 * values * per_chunk
    try:
        chunks = list(points.chunks(values))
    finally:
        module.CHUNK_BYTES = budget
    assert all(len(chunk) <= per_chunk for chunk in chunks)
    together = concat(chunks)
    np.testing.assert_array_equal(together.index, points.index)
    np.testing.assert_array_equal(together.weight, points.weight)
    np.testing.assert_array_equal(together.start, points.start)


@pytest.mark.parametrize(
    ("index", "weight", "start"),
    [
        (np.zeros(3, np.int64), np.zeros(3), np.zeros(3, np.int64)),
        (np.zeros((3, 1), np.int64), np.zeros(2), np.zeros(3, np.int64)),
        (np.zeros((3, 1), np.int32), np.zeros(3), np.zeros(3, np.int64)),
        (np.zeros((3, 1), np.int64), np.zeros(3, np.float32), np.zeros(3, np.int64)),
        (np.zeros((3, 1), np.int64), np.zeros(3), np.zeros((3, 1), np.int64)),
    ],
)
def test_arrays_that_do_not_belong_together(index, weight, start):
    with pytest.raises(ValueError, match=r"int64 index \(point, dimension\).*got the shapes"):
        Points(index, weight, start)

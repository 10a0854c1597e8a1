"""Windows against the layers they belong to: what a unit reads is where its jacobian is not 0."""

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis.backtrack import windows as module
from cnnvis.backtrack.windows import Adaptive, Sliding, columns, gather

sides = st.tuples(st.integers(1, 4), st.integers(1, 4))
sizes = st.tuples(st.integers(4, 9), st.integers(4, 9))


def read(layer, size):
    """Return whether (unit row, unit col, row, col) of a map is read by a linear layer."""
    jacobian = torch.autograd.functional.jacobian(layer, torch.zeros(1, 1, *size))
    return jacobian[0, 0, :, :, 0, 0].numpy() != 0


def covered(windows, units, size):
    """Return the same from the windows of all units."""
    index = np.argwhere(np.ones((1, *units)))
    window = windows.at(index)
    hit = np.zeros((len(index), size[0] * size[1]), dtype=int)
    inside = np.ones(window.places.shape, bool) if window.outside is None else ~window.outside
    np.add.at(hit, (np.arange(len(index))[:, None], window.places), inside)
    assert window.places.shape[1] == windows.taps
    assert hit.max() <= 1
    return hit.reshape(*units, *size) == 1


@given(sizes, sides, sides, sides, st.tuples(st.integers(0, 3), st.integers(0, 3)))
@settings(deadline=None, max_examples=60)
def test_sliding_windows_are_those_of_a_convolution(size, kernel, stride, dilation, padding):
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    size = tuple(map(max, size, reach))

    def layer(x):
        return F.conv2d(x, torch.ones(1, 1, *kernel), None, stride, padding, dilation)

    units = layer(torch.zeros(1, 1, *size)).shape[2:]
    windows = Sliding(kernel, stride, padding, size, dilation)
    np.testing.assert_array_equal(covered(windows, units, size), read(layer, size))


@given(sizes, st.tuples(st.integers(1, 9), st.integers(1, 9)))
@settings(deadline=None, max_examples=40)
def test_adaptive_windows_are_those_of_an_adaptive_pool(size, units):
    expected = read(lambda x: F.adaptive_avg_pool2d(x, units), size)
    np.testing.assert_array_equal(covered(Adaptive(units, size), units, size), expected)


@given(sizes, sides, sides, sides, st.tuples(st.integers(0, 3), st.integers(0, 3)))
@settings(deadline=None)
def test_the_centre_is_clipped_to_the_map(size, kernel, stride, dilation, padding):
    windows = Sliding(kernel, stride, padding, size, dilation)
    every = zip(size, padding, dilation, kernel, stride, strict=True)
    last = tuple(max(0, (n + 2 * p - d * (k - 1) - 1) // s) for n, p, d, k, s in every)
    for unit in ((0, 0), last):
        rows, cols = windows.centre(np.array([[0, *unit]]))
        for axis, found in enumerate((rows[0], cols[0])):
            half = dilation[axis] * (kernel[axis] - 1) / 2
            middle = int(np.floor(stride[axis] * unit[axis] - padding[axis] + half))
            assert found == sorted((0, middle, size[axis] - 1))[1]


@given(st.sampled_from([(6, 1), (6, 2), (6, 3), (6, 6)]), st.integers(0, 10**6), st.booleans())
@settings(deadline=None)
def test_gathering_copied_and_uncopied_columns(depth, seed, copied):
    channels, groups = depth
    draw = np.random.default_rng(seed)
    maps = draw.standard_normal((2, channels, 4, 5))
    values = columns(maps, groups=groups, reads=10**9 if copied else 0)
    image, group = draw.integers(0, 2, 7), draw.integers(0, groups, 7)
    places = draw.integers(0, 20, (7, 3))
    found = gather(values, image, group, places)
    each = channels // groups
    for point in range(7):
        for tap in range(3):
            row, col = divmod(int(places[point, tap]), 5)
            part = slice(group[point] * each, (group[point] + 1) * each)
            expected = maps[image[point], part, row, col]
            np.testing.assert_array_equal(found[point, tap], expected)
    assert not np.shares_memory(found, maps)


def test_large_maps_are_not_copied(monkeypatch):
    maps = np.zeros((1, 8, 16, 16))
    assert not np.shares_memory(columns(maps, groups=1, reads=10**9), maps)
    monkeypatch.setattr(module, "CHUNK_BYTES", 1000)
    assert np.shares_memory(columns(maps, groups=1, reads=10**9), maps)

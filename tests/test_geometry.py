"""Windows against the support of the jacobian and plain loops; frames against a resized photo."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from cnnvis.errors import ImageError
from cnnvis.geometry import PIXEL, Frame, ReceptiveField, widest

windows = st.fixed_dictionaries(
    {
        "kernel": st.integers(1, 4),
        "stride": st.integers(1, 3),
        "padding": st.integers(0, 2),
        "dilation": st.integers(1, 2),
    }
)
fields = st.builds(
    ReceptiveField, size=st.integers(1, 20), stride=st.integers(0, 6), start=st.integers(-9, 9)
)


def chain(steps):
    """The field behind several windows."""
    field = PIXEL
    for step in steps:
        field = field.then(**step)
    return field


def seen(field, unit):
    """The pixels of a window, by its definition."""
    first = field.start + unit * field.stride
    return set(range(first, first + field.size))


def convolution(rows, cols):
    """A convolution without bias in which every weight counts."""
    both = {name: (rows[name], cols[name]) for name in rows}
    conv = nn.Conv2d(1, 1, both.pop("kernel"), bias=False, **both).double()
    nn.init.ones_(conv.weight)
    return conv


@given(st.lists(st.tuples(windows, windows), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_unit_sees_the_support_of_its_jacobian(steps):
    model = nn.Sequential(*(convolution(rows, cols) for rows, cols in steps))
    images = torch.zeros(1, 1, 97, 90, dtype=torch.float64, requires_grad=True)
    scores = model(images)[0, 0]
    unit = [size // 2 for size in scores.shape]
    found = torch.autograd.grad(scores[tuple(unit)], images)[0][0, 0].nonzero()
    for axis in (0, 1):
        field = chain(step[axis] for step in steps)
        window = sorted(seen(field, unit[axis]))
        assume(window[0] >= 20 and window[-1] < 70)  # no padding in between either
        assert found[:, axis].min() == window[0]
        assert found[:, axis].max() == window[-1]
        assert field.centre(unit[axis]) == (window[0] + window[-1]) / 2


def test_the_layers_of_alexnet_as_worked_out_by_hand():
    first = PIXEL.then(11, 4, 2)
    assert first == ReceptiveField(size=11, stride=4, start=-2)
    assert first.then(3, 2) == ReceptiveField(size=19, stride=8, start=-2)
    assert first.then(3, 2).then(5, 1, 2) == ReceptiveField(size=51, stride=8, start=-18)


@given(fields, st.integers(0, 6), st.integers(1, 7))
def test_another_stride_covers_as_much_and_not_more(field, stride, units):
    other = field.at_stride(stride, units)
    starts = [field.start + unit * field.stride - unit * stride for unit in range(units)]
    assert other.start == min(starts)
    assert other.start + other.size == max(starts) + field.size
    assert all(seen(field, unit) <= seen(other, unit) for unit in range(units))


@given(st.lists(fields, min_size=1, max_size=4), st.integers(1, 7))
def test_the_widest_field_covers_every_branch(branches, units):
    join = widest(*branches, units=units)
    assert join.stride == max(branch.stride for branch in branches)
    for unit in range(units):
        assert set().union(*(seen(branch, unit) for branch in branches)) <= seen(join, unit)


@given(st.lists(fields, min_size=1, max_size=4), st.integers(0, 5))
def test_branches_of_one_stride_are_joined_end_to_end(branches, unit):
    branches = [ReceptiveField(field.size, 2, field.start) for field in branches]
    pixels = set().union(*(seen(branch, unit) for branch in branches))
    assert seen(widest(*branches), unit) == set(range(min(pixels), max(pixels) + 1))


@pytest.mark.parametrize(("size", "stride"), [(0, 1), (3, -1)])
def test_an_empty_window_is_refused(size, stride):
    with pytest.raises(ValueError, match="size >= 1"):
        ReceptiveField(size, stride, 0)


@st.composite
def frames(draw):
    resized = draw(st.tuples(st.integers(2, 400), st.integers(2, 400)))
    top, left = (draw(st.integers(0, size - 1)) for size in resized)
    rows, cols = draw(st.integers(1, resized[0] - top)), draw(st.integers(1, resized[1] - left))
    photo = draw(st.tuples(st.integers(1, 4000), st.integers(1, 4000)))
    return Frame(photo=photo, resized=resized, crop=(top, left, rows, cols))


places = st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), max_size=5)


@given(frames(), places)
def test_to_photo_and_to_input_are_inverse(frame, points):
    points = np.array(points).reshape(-1, 2)
    tolerance = {"rtol": 1e-9, "atol": 1e-8}
    np.testing.assert_allclose(frame.to_input(frame.to_photo(points)), points, **tolerance)
    # A large photo in a small frame: a tiny error on the input is a larger one on the photo.
    np.testing.assert_allclose(frame.to_photo(frame.to_input(points)), points, rtol=1e-9, atol=1e-6)


def test_round_trips_are_exact_where_the_scale_is_a_power_of_two():
    frame = Frame(photo=(512, 1024), resized=(256, 256), crop=(3, 5, 200, 101))
    points = np.stack(np.meshgrid(np.arange(200.0), np.arange(101.0)), axis=-1).reshape(-1, 2)
    assert (frame.to_input(frame.to_photo(points)) == points).all()


@given(frames())
def test_the_borders_of_the_resized_photo_are_those_of_the_photo(frame):
    top, left, _, _ = frame.crop
    rows, cols = frame.resized
    corners = np.array([[-0.5 - top, -0.5 - left], [rows - 0.5 - top, cols - 0.5 - left]])
    expected = [[-0.5, -0.5], [frame.photo[0] - 0.5, frame.photo[1] - 0.5]]
    np.testing.assert_allclose(frame.to_photo(corners), expected, atol=1e-9)


def test_a_frame_tells_where_pillow_takes_its_pixels_from():
    frame = Frame(photo=(90, 120), resized=(40, 50), crop=(4, 6, 30, 35))
    ramps = np.mgrid[0:90, 0:120].astype(np.float32)
    resized = [Image.fromarray(ramp).resize((50, 40), Image.Resampling.BILINEAR) for ramp in ramps]
    crop = np.stack([np.asarray(ramp)[4:34, 6:41] for ramp in resized], axis=-1)
    points = np.stack(np.mgrid[0:30, 0:35], axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(frame.to_photo(points), crop.reshape(-1, 2), rtol=0, atol=0.05)


@given(frames())
def test_a_frame_is_its_eight_numbers(frame):
    assert len(frame.numbers) == 8
    assert Frame.from_numbers(np.array(frame.numbers)) == frame


@pytest.mark.parametrize("crop", [(-1, 0, 5, 5), (0, 8, 5, 5), (6, 0, 5, 5), (0, 0, 0, 5)])
def test_a_crop_that_leaves_the_photo_is_refused(crop):
    with pytest.raises(ImageError, match="inside the resized photo"):
        Frame(photo=(20, 20), resized=(10, 12), crop=crop)

"""Still pictures of volumes."""

import numpy as np
import pytest

from cnnvis import render
from cnnvis.camera import camera
from cnnvis.errors import CnnvisError

SMALL = (160, 120)


def planted(place, shape=(9, 10, 11), value=1.0):
    data = np.zeros(shape)
    data[place] = value
    return data


def changed(one, other):
    """(pixel, [row, col]) where two pictures differ."""
    return np.argwhere((one != other).any(axis=2)) + 0.5


@pytest.mark.parametrize("place", [(0, 0, 0), (8, 9, 10), (4, 5, 5), (0, 9, 10), (8, 0, 3)])
def test_a_planted_voxel_is_seen_where_the_camera_says(place):
    empty = render.still(np.zeros((9, 10, 11)), limits=(0, 1), size=SMALL)
    seen = changed(empty, render.still(planted(place), limits=(0, 1), size=SMALL))
    view = camera((9, 10, 11), size=SMALL)
    assert len(seen) > 20
    assert seen.mean(axis=0) == pytest.approx(view.project([place])[0], abs=2.0)
    corners = np.array(place) + (np.array(list(np.ndindex(2, 2, 2))) - 0.5) * 2.001
    low, high = view.project(corners).min(axis=0), view.project(corners).max(axis=0)
    assert (seen >= low - 1).all()
    assert (seen <= high + 1).all()


def test_an_empty_volume_is_the_background_and_its_box():
    picture = render.still(np.zeros((4, 5, 6)), size=SMALL).astype(float)
    ground = np.array(render.BACKGROUND, float)
    assert (picture[0, 0] == ground).all()
    plain = (picture == ground).all(axis=2)
    assert 0.8 < plain.mean() < 0.99
    # Every other pixel lies on the line from the background to the colour of the frame.
    towards = picture[~plain] - ground
    frame = np.array(render.FRAME) - ground
    share = towards @ frame / (frame @ frame)
    assert np.abs(towards - share[:, None] * frame).max() < 1.5
    assert share.max() == pytest.approx(1, abs=0.02)


def test_far_edges_are_dimmer_than_near_ones():
    shape = (4, 5, 6)
    picture = render.still(np.zeros(shape), size=(300, 225)).astype(float)
    view = camera(shape, size=(300, 225))
    corners = view.corners()
    order = np.argsort(view.distance(corners))

    def brightness(corner):
        """The brightest pixel near the middle of each of the three edges that meet there."""
        found = []
        for bit in (1, 2, 4):
            middle = (corners[corner] + corners[corner ^ bit]) / 2
            row, col = view.project([middle])[0].astype(int)
            found.append(picture[row - 2 : row + 3, col - 2 : col + 3].max())
        return found

    near, far = brightness(order[0]), brightness(order[-1])
    assert max(far) < 0.7 * min(near)
    assert min(far) > 2 * max(render.BACKGROUND)


def test_what_stands_before_hides_what_stands_behind():
    before, behind = planted((4, 5, 10)), np.zeros((9, 10, 11))
    before[3:6, 3:8, 9:] = 1
    behind[3:6, 3:8, :2] = 1
    both = render.still(before + behind, limits=(0, 1), size=SMALL)
    alone = render.still(before, limits=(0, 1), size=SMALL)
    row, col = camera((9, 10, 11), size=SMALL).project([(4, 5, 10)])[0].astype(int)
    assert np.abs(both[row, col].astype(int) - alone[row, col]).max() <= 3


def test_equal_data_are_equal_bytes_and_planes_in_any_order_if_they_are_alike():
    random = np.random.default_rng(0)
    data = random.random((6, 8, 7))
    assert render.still(data, size=SMALL).tobytes() == render.still(data, size=SMALL).tobytes()
    alike = np.repeat(random.random((1, 8, 7)), 6, axis=0)
    other = alike[random.permutation(6)]
    assert render.still(alike, size=SMALL).tobytes() == render.still(other, size=SMALL).tobytes()
    assert (
        render.still(data, size=SMALL).tobytes() != render.still(data[::-1], size=SMALL).tobytes()
    )


def test_integers_are_drawn_as_the_numbers_they_are():
    data = np.random.default_rng(0).integers(0, 255, (5, 6, 7))
    one, other = (render.still(data.astype(kind), size=SMALL) for kind in (np.uint8, np.float32))
    assert (one == other).all()


def test_values_below_zero_are_not_seen_unless_signed():
    data = -np.random.default_rng(0).random((5, 6, 7))
    empty = render.still(np.zeros((5, 6, 7)), size=SMALL)
    assert (render.still(data, size=SMALL) == empty).all()
    assert len(changed(render.still(data, size=SMALL, signed=True), empty)) > 1000


def test_signs_change_colours_and_nothing_else():
    data = np.random.default_rng(0).random((5, 6, 7)) + 0.5
    above, below = (render.still(part, size=SMALL, signed=True) for part in (data, -data))
    empty = render.still(np.zeros(data.shape), size=SMALL, signed=True)
    inside = (above != empty).any(axis=2)
    assert (inside == (below != empty).any(axis=2)).mean() > 0.999
    assert above[inside][:, 0].mean() > above[inside][:, 2].mean() + 40
    assert below[inside][:, 2].mean() > below[inside][:, 0].mean() + 40


def test_limits_say_what_is_most_opaque():
    data = planted((4, 5, 5))
    bright, dim = (render.still(data, limits=(0, top), size=SMALL).sum() for top in (1, 10))
    assert bright > dim
    one, other = (render.still(data * by, limits=(0, by), size=SMALL) for by in (1, 1e-6))
    assert (one == other).all()
    clipped = render.still(planted((4, 5, 5), value=50.0), limits=(0, 1), size=SMALL)
    assert (clipped == render.still(data, limits=(0, 1), size=SMALL)).all()


def test_the_transfer_function_lets_through_what_is_near_zero():
    plain, signed = render.transfer(), render.transfer(signed=True)
    levels = np.linspace(0, 1, len(plain.extinction))
    assert (plain.extinction[levels <= 0.1] == 0).all()
    assert (np.diff(plain.extinction[levels > 0.1]) > 0).all()
    assert signed.extinction == pytest.approx(signed.extinction[::-1])
    assert plain.colour[0] == pytest.approx([0, 0, 0])
    assert plain.colour[-1] == pytest.approx([1, 1, 1])
    # From black over red and yellow to white: no colour falls back.
    assert (np.diff(plain.colour, axis=0) >= -1e-6).all()
    assert (plain.colour[:, 0] >= plain.colour[:, 1] - 1e-6).all()


def test_more_planes_than_64_are_denser_by_the_root_of_their_number():
    few, many = render.transfer(planes=64), render.transfer(planes=256)
    assert np.array_equal(few.extinction, render.transfer(planes=3).extinction)
    assert many.extinction == pytest.approx(2 * few.extinction)
    assert np.array_equal(many.colour, few.colour)


def test_many_thin_planes_are_smoothed_so_that_none_is_stepped_over():
    """One bright plane among 512 is seen wherever it lies: rays would miss most such planes."""
    seen = []
    for plane in (200, 201, 202, 203):
        data = np.zeros((512, 6, 6))
        data[plane] = 1
        empty = render.still(np.zeros_like(data), limits=(0, 1), size=SMALL)
        picture = render.still(data, limits=(0, 1), size=SMALL)
        seen.append(int((picture.astype(int) - empty).clip(0).sum()))
    assert min(seen) > 10_000
    assert max(seen) < 1.1 * min(seen)


def test_spacing_reaches_the_camera():
    data = np.random.default_rng(0).random((4, 5, 6))
    one = render.still(data, size=SMALL, spacing=(1, 1, 1))
    assert (one == render.still(data, size=SMALL, spacing=(3, 3, 3))).all()
    assert (one != render.still(data, size=SMALL, spacing=(3, 1, 1))).any()


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (np.zeros((3, 3)), {}, r"needs a volume.*\(3, 3\)"),
        (np.zeros((0, 3, 3)), {}, "needs a volume"),
        (np.full((2, 2, 2), np.nan), {}, "NaN or infinity"),
        (np.zeros((2, 2, 2)), {"limits": (1, 0)}, r"\(low, high\)"),
        (np.zeros((2, 2, 2)), {"limits": (0, 1), "signed": True}, r"\(-limit, limit\)"),
        (np.zeros((2, 2, 2)), {"limits": (0, float("nan"))}, "limits of this volume"),
    ],
)
def test_what_cannot_be_drawn_is_refused(data, options, words):
    with pytest.raises(CnnvisError, match=words):
        render.still(data, **options)

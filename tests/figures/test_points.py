"""Weighted points on a picture: where they stand, how large they are, and very many of them."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from cnnvis.figures import points, style


def axes_of(rows=20, cols=30):
    sheet = style.sheet(2.0, title="", caption="")
    axes = sheet.axes(0, 0, 1.5, 1.0)
    axes.set(xlim=(0, cols), ylim=(rows, 0))
    return axes


def dots(axes):
    (found,) = [c for c in axes.collections if isinstance(c, PathCollection)]
    return found


def test_points_stand_in_the_middle_of_their_pixels_the_heaviest_on_top():
    axes = axes_of()
    points.draw(axes, [[3, 5], [7, 2]], [0.75, 0.25], largest=8)
    found = dots(axes)
    assert np.ma.getdata(found.get_offsets()).tolist() == [[2.5, 7.5], [5.5, 3.5]]
    assert found.get_sizes() == pytest.approx([64 / 3, 64])
    assert found.get_alpha()[1] > found.get_alpha()[0]


def test_many_points_are_small_and_leave_most_of_the_picture_seen():
    rng = np.random.default_rng(0)
    axes = axes_of()
    points.draw(axes, rng.integers(0, 20, (900, 2)), np.ones(900))
    covered = np.pi / 4 * dots(axes).get_sizes().sum()
    picture = 1.5 * 72 * 1.0 * 72
    assert 0.25 * picture < covered < 0.35 * picture


def test_very_many_are_a_picture_of_their_weights():
    axes = axes_of()
    places = np.stack(np.unravel_index(np.arange(2400) % 600, (20, 30)), axis=1)
    weights = np.where(np.arange(2400) % 600 == 65, 1.0, 0.25)  # (row 2, col 5) has four times
    points.draw(axes, places, weights)
    assert not axes.collections
    (picture,) = axes.images
    cover = np.ma.getdata(picture.get_array())[..., 3]
    assert cover.shape == (20, 30)
    assert np.unravel_index(cover.argmax(), cover.shape) == (2, 5)
    assert cover.max() == 1
    assert np.sort(cover.ravel())[:-1] == pytest.approx(0.5)
    assert picture.get_extent() == [0, 30, 20, 0]


@pytest.mark.parametrize("weights", [[], [0.0, 0.0]])
def test_nothing_is_drawn_of_nothing(weights):
    axes = axes_of()
    points.draw(axes, np.zeros((len(weights), 2)), weights)
    assert not axes.collections
    assert not axes.images

"""What is handed to K3D is the volume, turned as its axes say and looking like still pictures."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from cnnvis import notebook, render
from cnnvis.errors import CnnvisError
from cnnvis.volume import Volume


class Plot(SimpleNamespace):
    def __add__(self, drawn):
        return Plot(**vars(self) | {"drawn": drawn})


@pytest.fixture
def k3d(monkeypatch):
    """A stand-in that keeps what it is given."""
    module = ModuleType("k3d")
    module.plot = lambda **options: Plot(**options)
    module.volume = lambda voxels, **options: SimpleNamespace(voxels=voxels, **options)
    monkeypatch.setitem(sys.modules, "k3d", module)


def volume(low=0.0):
    data = np.random.default_rng(0).uniform(low, 1, (4, 3, 5))
    return Volume(data, name="conv1")


@pytest.mark.usefixtures("k3d")
def test_every_voxel_is_where_the_axes_say():
    data = np.zeros((4, 3, 5))
    data[1, 0, 4] = 9  # plane 1, in the top row, in the last column
    shown = notebook.show(Volume(data), largest=9)
    assert shown.drawn.voxels.shape == (3, 5, 4)  # z, y, x
    assert np.argwhere(shown.drawn.voxels).tolist() == [[2, 4, 1]], "row 0 is the highest z"
    assert shown.drawn.voxels.max() == 1
    assert shown.axes == [r"\text{position in the order}", r"\text{column}", r"\text{row}"]
    _, plane, _, wide, _, high = shown.drawn.bounds
    assert plane == 1
    assert wide / high == pytest.approx(5 / 3)


@pytest.mark.usefixtures("k3d")
@pytest.mark.parametrize("low", [0.0, -1.0])
def test_it_looks_like_a_still_picture(low):
    shown = notebook.show(volume(low)).drawn
    look = render.transfer(signed=low < 0, planes=4)
    assert shown.color_range == [-1 if low else 0, 1]
    assert np.allclose(shown.color_map[:, 1:], look.colour)
    assert np.allclose(shown.opacity_function[:, 1] * shown.alpha_coef, look.extinction)
    assert np.allclose(shown.color_map[[0, -1], 0], [0, 1])
    assert shown.name == "conv1"


@pytest.mark.usefixtures("k3d")
def test_levels_are_roots_of_the_share_and_what_is_beyond_is_clipped():
    data = np.array([[[0.0, 1.0, 4.0, 16.0]]])
    assert notebook.show(Volume(data), largest=4).drawn.voxels.ravel().tolist() == [0, 0.5, 1, 1]


@pytest.mark.usefixtures("k3d")
@pytest.mark.parametrize("largest", [0, -1.0, float("nan")])
def test_a_scale_that_is_none_is_refused(largest):
    with pytest.raises(CnnvisError, match="has to be above 0"):
        notebook.show(volume(), largest=largest)


def test_without_k3d_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "k3d", None)
    with pytest.raises(
        CnnvisError, match=r"need the package k3d .*pip install 'cnnvis\[notebook\]'"
    ):
        notebook.show(volume())


def test_k3d_itself_takes_it():
    pytest.importorskip("k3d", reason="pip install 'cnnvis[notebook]'")
    plot = notebook.show(volume(-1.0))
    (drawn,) = plot.objects
    assert drawn.volume.shape == (3, 5, 4)
    assert "<html" in plot.get_snapshot()

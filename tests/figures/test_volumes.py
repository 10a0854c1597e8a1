"""Volumes side by side: one camera, one scale, axes that are named."""

import numpy as np
import pytest

from cnnvis import render
from cnnvis.camera import ORDER_EDGE, camera
from cnnvis.errors import CnnvisError
from cnnvis.figures import style, volumes
from cnnvis.volume import AXES, Volume

from .looks import assert_readable, bars, image, part, parts, pixels, written


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch):
    """Fewer pixels to compute; places and letters stay as large as they are."""
    monkeypatch.setattr(volumes, "_DPI", 60)


def some(shape=(6, 4, 5), low=0.0, seed=0, **options):
    return Volume(np.random.default_rng(seed).random(shape) * 3 + low, **options)


def size_of(figure, name):
    return image(part(figure, name)).shape[1::-1]


def test_every_picture_is_the_still_of_its_volume_on_the_shared_scale():
    shown = {"one": some(), "two": Volume(some(seed=1).data * 2)}
    figure = volumes.stills(shown)
    values = np.concatenate([volume.data.ravel() for volume in shown.values()])
    limit = np.percentile(values, 99.5)
    for name, volume in shown.items():
        expected = render.still(
            volume.data,
            limits=(0, limit),
            spacing=volumes.spacing(volume),
            size=size_of(figure, f"still {name}"),
        )
        assert np.array_equal(image(part(figure, f"still {name}")), expected)
    assert bars(figure)["activation"] == pytest.approx((0, limit))


def test_one_signed_volume_makes_all_signed():
    figure = volumes.stills({"one": some(), "two": some(low=-1.5)}, limit=2.0, unit="gradient")
    expected = render.still(
        some().data,
        limits=(-2, 2),
        spacing=volumes.spacing(some()),
        size=size_of(figure, "still one"),
        signed=True,
    )
    assert np.array_equal(image(part(figure, "still one")), expected)
    assert bars(figure)["gradient"] == pytest.approx((-2, 2))
    assert "orange above" in style.words(figure, "caption")


def test_a_picture_is_shown_pixel_by_pixel():
    figure = volumes.stills({"one": some()})
    axes = part(figure, "still one")
    drawn = pixels(figure)
    box = axes.get_position().extents * (*drawn.shape[1::-1], *drawn.shape[1::-1])
    left, bottom, right, top = np.rint(box).astype(int)
    seen = drawn[drawn.shape[0] - top : drawn.shape[0] - bottom, left:right]
    still = image(axes)
    assert seen.shape == still.shape
    # Only words are drawn over it.
    assert (seen == still).all(axis=2).mean() > 0.97


def test_axes_are_named_along_the_edges_of_the_box_and_outside_of_it():
    volume = some((8, 5, 6))
    figure = volumes.stills({"one": volume})
    axes = part(figure, "still one")
    words = {text.get_text().split(",")[0]: text for text in axes.texts}
    assert set(words) == set(AXES)
    size = size_of(figure, "still one")
    view = camera((8, 5, 6), spacing=volumes.spacing(volume), size=size)
    low, high = np.array([-0.5, 4.5, 5.5]), np.array([7.5, 4.5, 5.5])
    named = words["position in the order"]
    assert named.get_text() == "position in the order, 0 to 7 →"
    assert named.xy == pytest.approx(view.project([low, high]).mean(axis=0)[::-1])
    across, down = np.diff(view.project([low, high]), axis=0)[0][::-1]
    assert named.get_rotation() == pytest.approx(np.degrees(np.arctan2(-down, across)))
    assert 0 < named.get_rotation() < 45
    # The shift from the edge points away from the middle of the box, in points, upwards positive.
    assert named.xyann[1] < 0
    assert words["row"].xyann[0] < 0
    assert words["column"].xyann[1] < 0


def test_layers_stand_behind_their_photo_each_on_its_own_scale():
    layers = {"conv1": some(), "conv2": Volume(some((9, 2, 3), seed=1).data * 50)}
    photo = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    figure = volumes.through(layers, photo, caption="A photo.")
    assert np.array_equal(image(part(figure, "photo")), photo)
    limits = {name: np.percentile(volume.data, 99.5) for name, volume in layers.items()}
    for name, volume in layers.items():
        expected = render.still(
            volume.data,
            limits=(0, limits[name]),
            spacing=volumes.spacing(volume),
            size=size_of(figure, f"still {name}"),
            slices=100,
        )
        assert np.array_equal(image(part(figure, f"still {name}")), expected)
    words = written(figure)
    assert f"6 × 4 × 5, up to {limits['conv1']:.3g}" in words
    assert f"9 × 2 × 3, up to {limits['conv2']:.3g}" in words
    assert "30 × 40 pixels" in words
    assert bars(figure)["activation, share of the limit above each picture"] == (0, 1)
    left = [part(figure, name).get_position().x0 for name in ("photo", "still conv1")]
    assert left[0] < left[1]


@pytest.mark.parametrize(("count", "seen"), [(1, False), (2, True), (3, True), (7, True)])
def test_every_word_of_a_way_through_a_network_can_be_read(count, seen):
    shown = {f"a.layer.with.a.name.that.is.too.long{i}": some((300, 3, 2)) for i in range(count)}
    photo = np.zeros((50, 20, 3), np.uint8) if seen else None
    figure = volumes.through(shown, photo, title="A title " * 15)
    assert len(parts(figure, "still ")) == count
    assert len(parts(figure, "photo")) == seen
    assert_readable(figure)


def test_planes_are_spread_and_a_plane_keeps_its_own_proportions():
    step, row, col = volumes.spacing(some((512, 10, 20), spacing=(1.0, 3.0, 2.0)))
    assert (row, col) == (3.0, 2.0)
    assert 512 * step == pytest.approx(ORDER_EDGE * 40)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_every_word_can_be_read(count):
    shown = {f"a name that is too long for its picture {i}": some() for i in range(count)}
    figure = volumes.stills(shown, title="A title " * 15, caption="A photo.")
    assert len(parts(figure, "still ")) == count
    assert style.words(figure, "caption").startswith("A photo. Each picture is one volume of 6 × 4")
    assert_readable(figure)


@pytest.mark.parametrize("shape", [(16, 3, 30), (40, 30, 3), (1, 1, 1), (300, 2, 2)])
def test_words_stay_inside_for_any_shape(shape):
    figure = volumes.stills({"one": some(shape), "two": some(shape), "three": some(shape)})
    assert_readable(figure)
    assert sum("position in the order →" in word for word in written(figure)) == 3


def test_volumes_that_are_empty_have_a_scale_too():
    figure = volumes.stills({"one": Volume(np.zeros((3, 4, 5)))})
    assert bars(figure)["activation"] == (0, 1)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(CnnvisError, match="stills need volumes"):
        volumes.stills({})
    with pytest.raises(CnnvisError, match="at least one layer"):
        volumes.through({})
    with pytest.raises(CnnvisError, match="photo 'of the network'"):
        volumes.through({"one": some()}, np.zeros((4, 4)))
    with pytest.raises(CnnvisError, match="a limit above 0"):
        volumes.stills({"one": some()}, limit=0.0)

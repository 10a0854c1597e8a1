"""A film of volumes: one camera, one scale, a caption in every frame, the same bytes again."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from cnnvis import render
from cnnvis.errors import CnnvisError, FileError
from cnnvis.figures import animation
from cnnvis.figures.animation import Scene
from cnnvis.figures.volumes import spacing
from cnnvis.volume import Volume

SIZE = (120, 90)


def scenes(count=3, shape=(5, 2, 3), seed=0):
    random = np.random.default_rng(seed)
    return [
        Scene(Volume(random.normal(size=shape) * (1 + n)), f"image {n}", "role, correct")
        for n in range(count)
    ]


def test_every_frame_is_the_volume_on_the_shared_scale():
    some = scenes()
    data = np.abs([scene.volume.data for scene in some])
    limit = np.percentile(data, 99.5)
    for scene, frame in zip(some, animation.frames(some, size=SIZE), strict=True):
        expected = render.still(
            scene.volume.data,
            limits=(-limit, limit),
            spacing=spacing(scene.volume),
            size=SIZE,
            signed=True,
            slices=96,
        )
        assert frame.shape[1] == SIZE[0]
        assert np.array_equal(frame[: SIZE[1]], expected)
    assert len({frame.shape for frame in animation.frames(some, size=SIZE)}) == 1


def test_the_words_of_a_frame_are_below_its_picture():
    volume = Volume(np.ones((4, 2, 3)))
    words = [("cat", "reference"), ("dog", "reference"), ("cat", "similar")]
    cat, dog, other = animation.frames([Scene(volume, *both) for both in words], size=SIZE)
    row = SIZE[1]
    assert np.array_equal(cat[:row], dog[:row])
    assert not np.array_equal(cat[row : row + 16], dog[row : row + 16])
    assert np.array_equal(cat[row + 16 :], dog[row + 16 :])
    assert not np.array_equal(cat[row + 16 : row + 32], other[row + 16 : row + 32])


def test_long_words_are_cut_at_the_edge():
    volume = Volume(np.ones((4, 2, 3)))
    (frame,) = animation.frames([Scene(volume, "a very long name " * 9)], size=SIZE)
    assert (frame[SIZE[1] :, -4:] == render.BACKGROUND).all()
    assert (frame[SIZE[1] : SIZE[1] + 16] != render.BACKGROUND).any()


def test_values_that_are_never_negative_begin_at_zero():
    empty, full = Volume(np.zeros((4, 2, 3))), Volume(np.ones((4, 2, 3)))
    first, second = animation.frames([Scene(empty, "x"), Scene(full, "x")], size=SIZE)
    assert first[: SIZE[1]].mean() < second[: SIZE[1]].mean()
    alone = animation.frames([Scene(empty, "x")], limits=(0.0, 1.0), size=SIZE)[0]
    assert np.array_equal(alone, first)


def test_a_film_has_its_frames_half_a_second_each_and_begins_again(tmp_path):
    pictures = animation.frames(scenes(4), size=SIZE)
    animation.write(pictures, tmp_path / "a.gif", provenance='{"of": "é"}')
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 4
        assert film.info["loop"] == 0
        assert film.info["comment"] == b'{"of": "\\xe9"}'
        shown = [
            (frame.info["duration"], np.asarray(frame.convert("RGB"), int))
            for frame in ImageSequence.Iterator(film)
        ]
    for (milliseconds, frame), picture in zip(shown, pictures, strict=True):
        assert milliseconds == 500
        assert np.abs(frame - picture).mean() < 4


def test_frames_that_are_alike_are_shown_all_the_same(tmp_path):
    (picture,) = animation.frames(scenes(1), size=SIZE)
    animation.write([picture, picture, 255 - picture], tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as film:
        times = [frame.info["duration"] for frame in ImageSequence.Iterator(film)]
    assert sum(times) == 1500


def test_the_same_frames_are_the_same_bytes(tmp_path):
    for name in ("a.gif", "b.gif"):
        animation.write(animation.frames(scenes(), size=SIZE), tmp_path / name)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_frames_can_be_had_one_by_one(tmp_path):
    pictures = animation.frames(scenes(), size=SIZE)
    paths = animation.write_frames(pictures, tmp_path / "frames")
    assert [path.name for path in paths] == ["000.png", "001.png", "002.png"]
    for path, picture in zip(paths, pictures, strict=True):
        with Image.open(path) as image:
            assert np.array_equal(np.asarray(image), picture)


def test_what_makes_no_film_is_refused(tmp_path):
    with pytest.raises(CnnvisError, match="one shape with one camera; got none"):
        animation.frames([])
    with pytest.raises(CnnvisError, match=r"\(4, 2, 3\), \(5, 2, 3\)"):
        animation.frames([*scenes(1), *scenes(1, (4, 2, 3))])
    with pytest.raises(CnnvisError, match="at least one frame"):
        animation.write([], tmp_path / "a.gif")
    (tmp_path / "file").touch()
    with pytest.raises((FileError, OSError)):
        animation.write(animation.frames(scenes(1), size=SIZE), tmp_path / "file/a.gif")

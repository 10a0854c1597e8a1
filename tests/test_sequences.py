"""Sequences: the true boxes are where the objects are drawn."""

import numpy as np
import pytest
from PIL import Image

from cnnvis import images, sequences
from cnnvis.errors import ConfigError, ImageError

RED = (255, 0, 0)


def marked(box, shape=(300, 400), ground=60):
    """A grey photo with a red object."""
    photo = np.full((*shape, 3), ground, np.uint8)
    photo[box[0] : box[2], box[1] : box[3]] = RED
    return photo


def plain(colour, shape=(80, 120)):
    return np.broadcast_to(np.array(colour, np.uint8), (*shape, 3)).copy()


def box_of(pixels):
    """The smallest box around some pixels."""
    rows, cols = np.nonzero(pixels)
    return rows.min(), cols.min(), rows.max() + 1, cols.max() + 1


def is_red(frame):
    return (frame[..., 0].astype(int) - frame[..., 1]) > 125


def test_the_true_box_of_a_pan_is_where_the_object_is_seen():
    film = sequences.pan(marked((120, 150, 180, 260)), [(120, 150, 180, 260)], name="pan", count=9)
    assert len(film.frames) == 9
    assert film.frames[0].shape == (256, 256, 3)
    assert [one.frame for one in film.truth] == list(range(9))
    for one in film.truth:
        np.testing.assert_allclose(box_of(is_red(film.frames[one.frame])), one.box, atol=1.5)
    sides = {round(one.box[2] - one.box[0]) for one in film.truth}
    assert len(sides) > 3, "the window zooms"


def test_an_object_that_leaves_the_window_has_no_box_there():
    photo, known = marked((0, 380, 20, 400)), [(0, 380, 20, 400)]
    stops = [(0.0, 1.0, 0.5), (1.0, 0.0, 0.5)]
    film = sequences.pan(photo, known, name="away", count=5, stops=stops)
    seen = [is_red(frame).any() for frame in film.frames]
    assert [one.frame for one in film.truth] == np.flatnonzero(seen).tolist()
    assert 0 < len(film.truth) < 5


def test_two_objects_cross_the_second_in_front():
    parts = [plain(RED, (80, 80)), plain((0, 255, 0), (80, 80))]
    film = sequences.crossing(parts, name="x", count=7, labels=["one", "two"])
    one, two = ([t for t in film.truth if t.id == n] for n in (1, 2))
    assert [t.label for t in (*one, *two)] == ["one"] * 7 + ["two"] * 7
    lefts = np.array([[t.box[1] for t in some] for some in (one, two)])
    assert (np.diff(lefts[0]) >= 0).all()
    assert (np.diff(lefts[1]) <= 0).all()
    assert np.sign(lefts[0] - lefts[1])[[0, -1]].tolist() == [-1, 1]
    middle = film.frames[3]
    green = (middle[..., 1].astype(int) - middle[..., 0]) > 95
    np.testing.assert_allclose(box_of(green), two[3].box, atol=6)  # an oval with a soft rim
    assert is_red(middle).sum() < 0.8 * is_red(film.frames[0]).sum()


def test_a_hidden_object_is_still_true():
    film = sequences.hiding(plain(RED, (80, 30)), name="h", count=11)
    assert [one.frame for one in film.truth] == list(range(11))
    seen = [int(is_red(frame).sum()) for frame in film.frames]
    assert seen[5] < 0.1 * max(seen)
    assert seen[0] > 0.9 * max(seen)
    assert seen[-1] > 0.9 * max(seen)


def test_an_object_may_be_away_for_some_frames():
    path = np.full((4, 2), 0.5)
    path[1:3] = np.nan
    film = sequences.pasted([plain(RED)], [path], name="away")
    assert [one.frame for one in film.truth] == [0, 3]
    assert [bool(is_red(frame).any()) for frame in film.frames] == [True, False, False, True]


def test_the_same_settings_make_the_same_frames():
    one, two = (sequences.hiding(plain(RED), name="h", count=3) for _ in range(2))
    for a, b in zip(one.frames, two.frames):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(sequences.clutter(64), sequences.clutter(64, seed=1))


def test_what_is_no_sequence(tmp_path):
    Image.fromarray(plain(RED)).save(tmp_path / "one.png")
    with pytest.raises(ImageError, match="two frames or more of one size; got 1"):
        sequences.read(tmp_path, name="a")
    with pytest.raises(ImageError, match="two frames or more of one size; got 1"):
        sequences.Film("a", (np.zeros((2, 2, 3), np.uint8),))
    with pytest.raises(ImageError, match="two objects cross; got 1"):
        sequences.crossing([plain(RED)], name="a")


SETTING = {"name": "s", "path": None, "kind": "pan", "photos": ["a"], "frames": 4}


def test_a_sequence_is_read_from_files(tmp_path):
    first, second = (Image.fromarray(plain(colour)) for colour in (RED, (0, 0, 255)))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    wanted = SETTING | {"path": tmp_path / "a.gif", "photos": []}
    (film,) = sequences.films([wanted], {}, {})
    assert (film.name, len(film.frames), film.truth) == ("s", 2, ())


def test_settings_become_sequences(tmp_path):
    for name in "ab":
        Image.fromarray(marked((120, 150, 180, 260))).save(tmp_path / f"{name}.png")
    photos = {name: images.read(tmp_path / f"{name}.png") for name in "ab"}
    known = {"a": [(120, 150, 180, 260)]}
    wanted = [
        SETTING,
        SETTING | {"kind": "crossing", "photos": ["a", "b"]},
        SETTING | {"kind": "hiding"},
        SETTING | {"photos": ["b"]},
    ]
    pan, crossing, hiding, unknown = sequences.films(wanted, photos, known)
    assert {one.label for one in crossing.truth} == {"a", "b"}
    assert len(pan.frames) == len(crossing.frames) == len(hiding.frames) == 4
    assert is_red(hiding.frames[0]).mean() > 0.05
    assert pan.truth
    assert unknown.truth == ()


@pytest.mark.parametrize("wrong", [{"photos": ["nobody"]}, {"kind": "dive"}])
def test_settings_that_mean_nothing(wrong):
    with pytest.raises(ConfigError, match=r"tracking\.sequences, 's': give a path, or one of"):
        sequences.make(SETTING | wrong, {"a": plain(RED)}, {})

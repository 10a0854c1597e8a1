"""Tracking: planted paths are followed, through misses and crossings, and written as MOT."""

import numpy as np
import pytest

from cnnvis import tracking
from cnnvis.errors import CnnvisError
from cnnvis.tracking import Options, Placed


def moving(row, col, down, right, count, size=(20, 30), label=""):
    """Boxes of an object that moves evenly, frame by frame."""
    return [
        Placed(
            frame,
            -1,
            (
                row + down * frame,
                col + right * frame,
                row + down * frame + size[0],
                col + right * frame + size[1],
            ),
            0.9,
            label,
        )
        for frame in range(count)
    ]


def in_frames(*objects, missing=()):
    """The boxes of all objects by frame, some (object, frame) left out, the order mixed up."""
    count = max(len(one) for one in objects)
    frames = []
    for frame in range(count):
        here = [
            one[frame]
            for place, one in enumerate(objects)
            if frame < len(one) and (place, frame) not in missing
        ]
        frames.append(here[::-1] if frame % 2 else here)
    return frames


def path(tracks, number):
    return [one for one in tracks if one.id == number]


def middles(placed):
    boxes = np.array([one.box for one in placed])
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def test_an_object_keeps_its_id_and_its_path():
    true = moving(10, 20, 2, 3, 10)
    tracks = tracking.link(in_frames(true))
    assert [one.frame for one in tracks] == list(range(10))
    assert {one.id for one in tracks} == {1}
    np.testing.assert_allclose(middles(tracks), middles(true), atol=2.5)
    np.testing.assert_allclose(middles(tracks)[5:], middles(true)[5:], atol=0.5)


def test_two_objects_that_cross_keep_their_ids():
    """Of one label and one size: their motion alone tells them apart where they meet."""
    one, two = moving(40, 0, 0, 8, 16), moving(44, 120, 0, -8, 16)
    tracks = tracking.link(in_frames(one, two))
    assert {one.id for one in tracks} == {1, 2}
    for number, true in ((1, one), (2, two)):
        np.testing.assert_allclose(middles(path(tracks, number)), middles(true), atol=6)


def test_a_miss_is_bridged_by_what_the_filter_expects():
    true = moving(10, 20, 1, 3, 12)
    tracks = tracking.link(in_frames(true, missing={(0, 6), (0, 7)}))
    assert [one.frame for one in tracks] == list(range(12))
    assert [one.frame for one in tracks if one.score == 0] == [6, 7]
    assert {one.id for one in tracks} == {1}
    np.testing.assert_allclose(middles(tracks)[6:8], middles(true)[6:8], atol=2)


def test_a_track_ends_with_the_last_box_found():
    tracks = tracking.link([*in_frames(moving(10, 20, 1, 1, 5)), [], [], []])
    assert [one.frame for one in tracks] == [0, 1, 2, 3, 4]


def test_patience_ends():
    true = moving(10, 20, 0, 0, 12)
    missing = {(0, frame) for frame in (4, 5, 6)}
    frames = in_frames(true, missing=missing)
    assert {one.id for one in tracking.link(frames, Options(patience=3))} == {1}
    apart = tracking.link(frames, Options(patience=2))
    assert {one.id for one in apart} == {1, 2}
    assert [one.frame for one in path(apart, 2)] == [7, 8, 9, 10, 11]
    assert [one.frame for one in path(apart, 1)] == [0, 1, 2, 3]


def test_a_box_that_comes_once_is_no_track():
    true, once = moving(10, 20, 0, 0, 5), moving(80, 80, 0, 0, 1)
    frames = in_frames(once, true)
    assert {one.box[0] > 50 for one in tracking.link(frames)} == {False}
    assert {one.id for one in tracking.link(frames)} == {1}
    assert {one.id for one in tracking.link(frames, Options(confirm=1))} == {1, 2}


def test_boxes_of_two_labels_are_never_linked():
    cat, cup = moving(10, 20, 0, 0, 3, label="cat"), moving(10, 20, 0, 0, 6, label="cup")[3:]
    frames = [[one] for one in (*cat, *cup)]
    tracks = tracking.link(frames)
    assert [(one.id, one.label) for one in tracks] == [(1, "cat")] * 3 + [(2, "cup")] * 3


def test_boxes_are_dealt_out_for_all_tracks_together():
    """The first takes the worse box, for the second fits no other."""
    from types import SimpleNamespace

    tracks = [
        SimpleNamespace(expected=(0, 0, 10, 10), label=""),
        SimpleNamespace(expected=(0, 4, 10, 14), label=""),
    ]
    found = [Placed(0, -1, (0, 1, 10, 11)), Placed(0, -1, (0, -5, 10, 5))]
    assert tracking._dealt(tracks, found, 0.2) == {0: 1, 1: 0}
    assert tracking._dealt(tracks, found, 0.4) == {0: 0}


def test_nothing_found_is_nothing_followed():
    assert tracking.link([]) == ()
    assert tracking.link([[], []]) == ()


def test_mot_is_read_as_it_was_written():
    tracks = tracking.link(in_frames(moving(10, 20, 2, 3, 4)))
    text = tracking.mot(tracks).to_csv(index=False, header=False)
    again = tracking.read_mot(text)
    assert [(one.frame, one.id) for one in again] == [(one.frame, one.id) for one in tracks]
    np.testing.assert_allclose([o.box for o in again], [o.box for o in tracks], atol=0.011)
    assert text.splitlines()[0] == "1,1,21.0,11.0,30.0,20.0,0.9,-1,-1,-1"


def test_a_line_that_is_no_mot():
    with pytest.raises(CnnvisError, match="line 2 of a table of tracks"):
        tracking.read_mot("1,1,1,1,1,1,1\n1,2,3\n")


def test_found_boxes_are_read_as_they_were_written():
    found = moving(1, 2, 3, 4, 3, label="espresso")
    assert tracking.of_table(tracking.table(found), 4) == (*[(one,) for one in found], ())


@pytest.mark.parametrize("wrong", [{"overlap": 0}, {"patience": -1}, {"confirm": 0}])
def test_options_that_mean_nothing(wrong):
    with pytest.raises(CnnvisError, match="tracking needs an overlap above 0"):
        Options(**wrong)

"""Scores of tracks: by hand, and against all ways to pair objects with tracks."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis import boxes, tracking_scores
from cnnvis.errors import CnnvisError
from cnnvis.tracking import Placed

HERE, THERE = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 60.0, 60.0)
HALF = (0.0, 0.0, 10.0, 5.0)  # overlaps HERE by half
LESS = (0.0, 0.0, 10.0, 4.0)


def placed(*rows):
    return [Placed(frame, number, box) for frame, number, box in rows]


def test_perfect_tracks_have_other_names():
    truth = placed((0, 1, HERE), (0, 2, THERE), (1, 1, HERE), (1, 2, THERE))
    own = placed((0, 7, HERE), (0, 5, THERE), (1, 7, HERE), (1, 5, THERE))
    scores = tracking_scores.compare(truth, own)
    assert (scores.mota, scores.idf1, scores.overlap) == (1, 1, 1)


def test_errors_by_hand():
    """Four true boxes: one missed, one false box, one switch."""
    truth = placed((0, 1, HERE), (1, 1, HERE), (2, 1, HERE), (3, 1, HERE))
    own = placed((0, 1, HERE), (1, 2, HALF), (2, 2, LESS), (3, 2, HERE))
    scores = tracking_scores.compare(truth, own)
    assert (scores.misses, scores.false, scores.switches) == (1, 1, 1)
    assert scores.mota == 1 - 3 / 4
    assert scores.identified == 2
    assert scores.idf1 == 2 * 2 / (4 + 4)
    assert scores.overlap == pytest.approx((1 + 0.5 + 1) / 3)


def test_an_object_keeps_its_track_while_it_fits():
    truth = placed((0, 1, HERE), (1, 1, HERE))
    own = placed((0, 1, HERE), (1, 1, HALF), (1, 2, HERE))
    scores = tracking_scores.compare(truth, own)
    assert (scores.switches, scores.false) == (0, 1)


def test_a_track_that_two_objects_held_goes_to_one_of_them():
    truth = placed((0, 1, HERE), (1, 2, HERE), (2, 1, HERE), (2, 2, HERE))
    own = placed((0, 9, HERE), (1, 9, HERE), (2, 9, HERE))
    scores = tracking_scores.compare(truth, own)
    assert (scores.misses, scores.false) == (1, 0)


def test_two_tracks_swapped_half_way():
    truth = placed(*[(t, n, box) for t in range(4) for n, box in ((1, HERE), (2, THERE))])
    own = placed(
        *[(t, n if t < 2 else 3 - n, box) for t in range(4) for n, box in ((1, HERE), (2, THERE))]
    )
    scores = tracking_scores.compare(truth, own)
    assert scores.switches == 2
    assert scores.mota == 1 - 2 / 8
    assert scores.idf1 == 0.5


def test_two_pairs_are_better_than_one_that_fits_well():
    left, right = (0.0, -5.0, 10.0, 5.0), (0.0, 5.0, 10.0, 15.0)
    truth, own = placed((0, 1, HERE), (0, 2, right)), placed((0, 1, HERE), (0, 2, left))
    scores = tracking_scores.compare(truth, own, least=0.3)
    assert (scores.misses, scores.false) == (0, 0)
    assert scores.overlap == pytest.approx(1 / 3)


def test_nothing_found():
    scores = tracking_scores.compare(placed((0, 1, HERE)), [])
    assert (scores.mota, scores.idf1, scores.misses) == (0, 0, 1)
    assert np.isnan(scores.overlap)


SOME = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 3), st.sampled_from([HERE, HALF, LESS, THERE])),
    max_size=8,
    unique_by=lambda row: row[:2],
)


@given(SOME.filter(bool), SOME)
@settings(deadline=None, max_examples=60)
def test_identities_are_those_of_the_best_of_all_pairings(truth, own):
    scores = tracking_scores.compare(placed(*truth), placed(*own))
    slow = 0
    for names in permutations([1, 2, 3]):
        partner = dict(zip([1, 2, 3], names))
        slow = max(
            slow,
            sum(
                frame == other and partner[name] == track and shared(box, mine) >= 0.5
                for frame, name, box in truth
                for other, track, mine in own
            ),
        )
    assert scores.identified == slow
    assert scores.idf1 == 2 * slow / (len(truth) + len(own))


@given(SOME.filter(bool), SOME)
@settings(deadline=None, max_examples=60)
def test_pairs_of_a_frame_are_as_many_as_there_can_be(truth, own):
    """Of single frames, where no object holds a track yet."""
    truth, own = ([row for row in rows if row[0] == 0] for rows in (truth, own))
    if not truth:
        return
    scores = tracking_scores.compare(placed(*truth), placed(*own))
    most = 0
    padded = own + [(0, 0, (99.0, 99.0, 99.0, 99.0))] * len(truth)
    for chosen in permutations(padded, len(truth)):
        pairs = zip(truth, chosen)
        most = max(most, sum(shared(one[2], two[2]) >= 0.5 for one, two in pairs))
    assert scores.misses == len(truth) - most
    assert scores.false == len(own) - most


def shared(one, two):
    return boxes.overlap([one], [two])[0, 0]


def test_the_table_stands_beside_boxes_that_know_nothing():
    truth = placed(*[(t, 1, (0, 10 * t, 20, 10 * t + 20)) for t in range(6)])
    found = [Placed(one.frame, -1, one.box, 0.5, "cup") for one in truth]
    ways = {"tracks": truth, **tracking_scores.baselines(found, (40, 100, 3), 6)}
    rows = tracking_scores.table("walk", truth, ways).set_index("way")
    assert rows.loc["tracks", ["mota", "idf1", "overlap"]].tolist() == [1, 1, 1]
    assert rows.loc["constant", "overlap"] == round((1 + 1 / 3) / 6, 4)
    assert rows.loc["constant", "found"] == rows.loc["centred", "found"] == 6
    assert ways["centred"][3].box == boxes.centred((40, 100))
    assert {one.frame for one in ways["constant"]} == set(range(6))


def test_without_truth_boxes_are_counted_alone():
    rows = tracking_scores.table("own", (), {"tracks": placed((0, 1, HERE), (1, 1, HERE))})
    assert rows.loc[0, ["found", "tracks"]].tolist() == [2, 1]
    assert rows.loc[0, ["mota", "idf1", "truth"]].isna().all()
    known = tracking_scores.table("made", placed((0, 1, HERE)), {"tracks": placed((0, 1, HERE))})
    text = pd.concat([rows, known]).to_csv(sep="\t", index=False)
    assert text.splitlines()[1:] == [
        "own\ttracks\t\t\t\t\t2\t\t\t\t1",
        "made\ttracks\t1.0\t1.0\t1.0\t1\t1\t0\t0\t0\t1",
    ]


def test_what_cannot_be_compared():
    with pytest.raises(CnnvisError, match="compared with true boxes"):
        tracking_scores.compare([], [])
    with pytest.raises(CnnvisError, match="object 1 has two boxes in frame 0"):
        tracking_scores.compare(placed((0, 1, HERE)), placed((0, 1, HERE), (0, 1, THERE)))

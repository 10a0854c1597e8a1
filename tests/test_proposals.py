"""Proposals: planted objects are found, the best first, and recall is counted right."""

import numpy as np
import pytest

from cnnvis import boxes, proposals
from cnnvis.errors import CnnvisError
from cnnvis.geometry import Frame
from cnnvis.proposals import Proposal, Start

FRAME = Frame(photo=(120, 200), resized=(60, 100), crop=(5, 25, 50, 50))


def start(*middles, rank=1, spread=2.0, count=80):
    """Points of the input spread over squares round some middles."""
    draw = np.random.default_rng(rank)
    places = np.concatenate([draw.uniform(-spread, spread, (count, 2)) + m for m in middles])
    return Start(rank, 100 + rank, np.rint(places).astype(int), np.ones(len(places)))


def test_two_planted_objects_of_two_classes_are_found():
    starts = [start((10, 12), spread=5), start((38, 36), rank=2, spread=5)]
    found = proposals.propose(starts, FRAME, count=6)
    assert {one.rank for one in found} == {1, 2}
    assert [one.score for one in found] == sorted([one.score for one in found], reverse=True)
    assert {one.sigma for one in proposals.propose(starts, FRAME, count=99)} == {*proposals.SIGMAS}
    true = [(20, 64, 42, 86), (76, 112, 98, 134)]
    assert proposals.recall([one.box for one in found], true) == 1.0
    shared = boxes.overlap([one.box for one in found], [one.box for one in found])
    assert (shared - np.eye(len(found))).max() <= 0.7


def test_one_class_at_two_places_gives_a_box_for_each():
    options = {"sigmas": [0.03], "levels": [0.3]}
    found = proposals.propose([start((8, 8), (40, 40), spread=3)], FRAME, **options)
    true = [(20, 60, 36, 76), (84, 124, 100, 140)]
    assert proposals.recall([one.box for one in found], true, overlap=0.4) == 1.0
    only = proposals.propose([start((8, 8), (40, 40), spread=3)], FRAME, parts=1, **options)
    assert proposals.recall([one.box for one in only], true, overlap=0.4) == 0.5


def test_a_score_is_the_weight_held_beyond_the_area():
    one = start((25, 25))
    found = proposals.propose([one], FRAME)
    points = FRAME.to_photo(one.index)
    expected = boxes.contrast([f.box for f in found], points, one.weight, FRAME.photo)
    np.testing.assert_allclose([f.score for f in found], expected)


def test_nothing_found_is_nothing_proposed():
    assert proposals.propose([Start(1, 5, np.zeros((0, 2), int), np.zeros(0))], FRAME) == ()
    assert proposals.propose([], FRAME) == ()


def test_recall_without_known_boxes():
    with pytest.raises(CnnvisError, match="recall needs known boxes"):
        proposals.recall([(0, 0, 1, 1)], [])


def proposal(box):
    return Proposal(box=box, score=0.5, rank=1, target=3, sigma=0.1, level=0.2)


def test_recalls_stand_beside_the_middle_and_chance():
    known = {"a": ((0, 0, 10, 10), (50, 50, 60, 60)), "b": ((15, 15, 85, 85),)}
    offered = {
        "a": [proposal((90, 90, 99, 99)), proposal((0, 0, 10, 10))],
        "b": [proposal((15, 15, 85, 85))],
        "unknown": [proposal((0, 0, 1, 1))],
    }
    rows = proposals.recalls(offered, known, dict.fromkeys(offered, (100, 100)), count=2)
    assert rows["proposals"].tolist() == [0.5, 0.75]  # (0 + 1) / 2, (1/2 + 1) / 2
    assert rows["centred"].tolist() == [0.5, 0.5]
    assert (rows["random"] < 0.3).all()
    assert proposals.recalls(offered, {}, {}).empty


def test_the_table_numbers_the_proposals_of_each_photo():
    offered = {"a": [proposal((0, 0, 1, 1)), proposal((0, 0, 2, 2))], "b": [proposal((0, 0, 1, 1))]}
    rows = proposals.table(offered, ["x", "y", "z", "mug"])
    assert rows["place"].tolist() == [1, 2, 1]
    assert rows["name"].tolist() == ["mug"] * 3
    assert tuple(rows.columns) == proposals.COLUMNS

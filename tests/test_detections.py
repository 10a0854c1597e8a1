"""Detections: what names a place of its own, and how good the boxes are."""

import numpy as np

from cnnvis import detections
from cnnvis.boxes import NO_BOX
from cnnvis.detections import Detection


def seen(rank, name, probability, box, image="a"):
    return Detection(
        image=image, rank=rank, target=rank, name=name, probability=probability, box=box
    )


CAT = seen(1, "cat", 0.6, (10, 10, 50, 50))
LYNX = seen(2, "lynx", 0.2, (10, 10, 50, 45))
CUP = seen(3, "cup", 0.1, (60, 60, 90, 90))
LOST = seen(4, "dog", 0.05, NO_BOX)


def test_of_classes_at_one_place_the_most_probable_one_stays():
    assert detections.distinct([LOST, CUP, LYNX, CAT]) == (CAT, CUP)
    assert detections.distinct([LOST]) == ()
    assert detections.distinct([CAT, LYNX], most=0.95) == (CAT, LYNX)


def test_the_table_has_a_row_for_every_class():
    known = {"a": ((10, 10, 50, 50), (0, 0, 20, 20))}
    other = seen(1, "mug", 1 / 3, (0, 0, 100, 50), image="b")
    rows = detections.table([CAT, LYNX, CUP, LOST, other], {"a": (100, 100), "b": (99, 9)}, known)
    assert rows["distinct"].tolist() == ["yes", "no", "yes", "no", "yes"]
    np.testing.assert_allclose(rows["overlap"], [1, 0.875, 0, 0, np.nan])
    assert rows["probability"].tolist()[-1] == 0.3333
    assert rows["centred_overlap"][0] == round(35 * 35 / (70 * 70 + 1600 - 35 * 35), 4)
    assert rows.loc[0, ["row0", "col0", "row1", "col1"]].tolist() == [10, 10, 50, 50]


def test_the_verdict_counts_first_classes_with_known_boxes():
    known = {"a": (CAT.box,), "b": ((0, 0, 10, 10),)}
    wrong = seen(1, "mug", 0.9, (90, 90, 99, 99), image="b")
    shapes = dict.fromkeys("abc", (100, 100))
    unknown = seen(1, "mug", 0.9, (90, 90, 99, 99), image="c")
    rows = detections.table([CAT, LYNX, wrong, unknown], shapes, known)
    found = detections.verdict(rows)
    assert (found.photos, found.right, found.centred) == (2, 1, 0)
    assert found.overlap == 0.5
    assert "in 1 of 2 photos" in found.words
    assert "no better" not in found.words


def test_the_verdict_says_when_boxes_are_no_better_than_the_middle():
    shapes = {"a": (100, 100)}
    rows = detections.table([CAT], shapes, {"a": ((12, 12, 88, 88),)})
    assert detections.verdict(rows).words.endswith("no better than one that knows nothing.")
    rows = detections.table([CAT], shapes, {})
    assert detections.verdict(rows).words.startswith("No box is known")

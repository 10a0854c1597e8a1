"""Maps with known scores: what marks the quarter that makes the class, and what marks another."""

import numpy as np
import pandas as pd
import pytest

from cnnvis import evaluation, perturbation
from cnnvis.evaluation import photos
from evaluation import known

HALF = known.SIDE // 2
QUARTERS = (0, 1, 2, 3)
BOXES = {
    f"photo_{number}": ((row, col, row + HALF, col + HALF),)
    for number, (row, col) in enumerate(((0, 0), (0, HALF), (HALF, 0), (HALF, HALF)))
}


def marking(shift):
    """Return maps (image, row, col), each on the quarter of its class or on one further."""
    maps = np.zeros((4, known.SIDE, known.SIDE))
    for image in QUARTERS:
        row0, col0, row1, col1 = BOXES[f"photo_{(image + shift) % 4}"][0]
        maps[image, row0:row1, col0:col1] = 1
    return maps


@pytest.fixture(scope="module")
def shown():
    asked = known.asked(QUARTERS)
    maps = np.stack([marking(0), marking(1)])
    return photos.Shown(asked.ids, asked.pixels, asked.best, ("right", "wrong"), maps)


def of(table, method, metric):
    rows = table[(table.method == method) & (table.metric == metric)]
    return dict(zip(rows.image, rows.value, strict=True))


def test_pixels_that_make_the_class_go_with_it(shown):
    net = known.corners()
    shares = perturbation.protocols.even(4)
    how = {
        name: perturbation.protocol(name, fill=0.0, shares=shares)
        for name in ("deletion", "insertion")
    }
    areas, curves = photos.by_pixels(net, shown, how)
    assert list(areas.columns) == list(photos.COLUMNS)
    for image in shown.ids:
        assert of(areas, "right", "deletion")[image] < of(areas, "wrong", "deletion")[image] - 0.3
        assert of(areas, "right", "insertion")[image] > of(areas, "wrong", "insertion")[image]
    one = curves.query("image == 'photo_2' and method == 'right' and protocol == 'deletion'")
    assert one.share.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert one.value.iloc[0] > 0.9
    assert one.value.iloc[1] < 0.3, "a quarter of all pixels is all there is of the class"
    alone = perturbation.curves(
        net, shown.pixels[2:3], shown.maps[0, 2:3], [2], how["deletion"], seed=0
    )
    np.testing.assert_allclose(one.value, alone.values[0], atol=1e-6)


def test_a_map_on_the_object_has_all_its_energy_there_and_fits_its_box(shown):
    table = photos.by_place(shown.ids, shown.methods, shown.maps, BOXES)
    for metric, right, wrong in (
        ("energy", 1, 0),
        ("pointing", 1, None),
        ("localisation", 1, 0),
        ("max_box_accuracy", 1, 0),
    ):
        assert set(of(table, "right", metric).values()) == {right}
        if wrong is not None:
            assert set(of(table, "wrong", metric).values()) == {wrong}
    assert set(of(table, "chance", "energy").values()) == {0.25}
    assert set(of(table, "centred_box", "localisation").values()) == {0}, "it covers a quarter each"
    assert not of(table, "chance", "localisation")


def test_masks_are_truer_than_boxes(shown):
    masks = {}
    for name, ((row0, col0, _, _),) in BOXES.items():
        masks[name] = np.zeros((known.SIDE, known.SIDE), bool)
        masks[name][row0 : row0 + 4, col0 : col0 + 4] = True
    table = photos.by_place(shown.ids, shown.methods, shown.maps, BOXES, masks)
    assert set(of(table, "right", "energy").values()) == {1 / 16}
    assert set(of(table, "chance", "energy").values()) == {round(1 / 64, 6)}


def test_images_without_boxes_are_left_out_and_one_alone_has_no_level(shown):
    only = {"photo_1": BOXES["photo_1"]}
    table = photos.by_place(shown.ids, shown.methods, shown.maps, only)
    assert set(table.image) == {"photo_1"}
    assert set(table.metric) == {"energy", "pointing"}
    nothing = photos.by_place(shown.ids, shown.methods, shown.maps, {})
    assert nothing.empty
    assert list(nothing.columns) == list(photos.COLUMNS)


def test_sparseness_of_a_quarter():
    table = photos.by_shape(["a"], ["one"], marking(0)[None, :1])
    pd.testing.assert_frame_equal(
        table, pd.DataFrame([["a", "a", "one", "gini", 0.75]], columns=list(photos.COLUMNS))
    )


def test_images_are_watched(shown):
    seen = []

    def watch(items, what):
        seen.append((len(items), what))
        return items

    how = evaluation.protocols(["deletion"], 2, side=known.SIDE)
    photos.by_pixels(known.corners(), shown, how, watch=watch)
    assert seen == [(4, "photos")]

"""Backtracks on photos: points, density and box where they belong, in pixels of the photo."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from cnnvis.attention import KINDS, OnObject
from cnnvis.errors import CnnvisError
from cnnvis.figures import photos, style
from cnnvis.figures.backtracks import Explained, contact_sheet, explanation

from .looks import assert_readable, bars, image, part, parts, written

NOTHING = {
    "fixations": np.zeros((0, 2)),
    "weights": np.zeros(0),
    "density": np.zeros((30, 40)),
    "box": (0, 0, 0, 0),
    "lost": 1.0,
}


def explained(name="chelsea", rows=30, cols=40, **changed):
    random = np.random.default_rng(0)
    parts = {
        "name": name,
        "photo": random.integers(0, 255, (rows, cols, 3), np.uint8),
        "fixations": np.array([[3.0, 5.0], [20.5, 10.0], [12.0, 30.0]]),
        "weights": np.array([0.1, 0.6, 0.3]),
        "density": random.random((rows, cols)),
        "box": (10, 4, 25, 33),
        "target": "tabby",
        "truth": "Egyptian cat",
        "correct": False,
        "lost": 0.25,
        "seen": (0, 5, 30, 35),
    }
    return Explained(**parts | changed)


def rectangles(axes, name):
    """(x, y, width, height) of the outlines of that name."""
    return [
        (p.get_x(), p.get_y(), p.get_width(), p.get_height())
        for p in axes.patches
        if p.get_gid() == name
    ]


def dots(axes):
    return [c for c in axes.collections if isinstance(c, PathCollection)]


def test_axes_are_pixels_of_the_photo_and_points_stand_in_their_middle():
    row = explained()
    (points,) = dots(part(explanation([row]), "fixations chelsea"))
    places = row.fixations[np.argsort(row.weights)][:, ::-1] + 0.5
    assert np.array_equal(np.ma.getdata(points.get_offsets()), places)
    for axes in parts(explanation([row]), ""):
        if " chelsea" in (axes.get_gid() or ""):
            assert axes.get_xlim() == (0, 40)
            assert axes.get_ylim() == (30, 0)
            assert tuple(axes.images[0].get_extent()) == (0, 40, 30, 0)


def test_points_grow_and_darken_with_their_weight_the_heaviest_on_top():
    (points,) = dots(part(explanation([explained()]), "fixations chelsea"))
    sizes, alphas = points.get_sizes(), points.get_alpha()
    assert (np.diff(sizes) > 0).all()
    assert (np.diff(alphas) > 0).all()
    assert sizes[1] / sizes[2] == pytest.approx(0.3 / 0.6)


def test_the_box_and_what_the_network_saw_are_outlined():
    figure = explanation([explained()])
    assert rectangles(part(figure, "box chelsea"), "box") == [(4, 10, 29, 15)]
    assert rectangles(part(figure, "photo chelsea"), "seen") == [(5, 0, 30, 30)]
    dark = [p for p in part(figure, "box chelsea").patches if p.get_gid() != "box"]
    assert sum(p.get_width() * p.get_height() for p in dark) == 30 * 40 - 29 * 15


def test_the_photo_is_grey_where_the_density_is_zero_and_hidden_where_it_is_largest():
    photo = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    density = np.zeros((3, 4))
    density[1, 2] = 5.0
    seen = photos.under_map(photo, density)
    assert seen.shape == (6, 8, 3)
    hot = np.zeros((6, 8), bool)
    hot[2:4, 4:6] = True
    assert seen[~hot] == pytest.approx(photos.pale(photo)[~hot])
    assert (seen[~hot][:, 0] == seen[~hot][:, 2]).all()
    assert seen[hot].std(axis=0).max() < 0.06
    assert np.abs(seen[hot] - photos.pale(photo)[hot]).max() > 0.2
    assert (photos.under_map(photo, np.zeros((3, 4))) == photos.pale(photo)).all()


def test_rows_say_what_was_found():
    right = explained("right", correct=True, truth="tabby", lost=0.004)
    unknown = explained("unknown", correct=None, truth="", lost=0.0)
    figure = explanation([explained(), right, unknown, explained("empty", **NOTHING)])
    for words in (
        "walked back from tabby, misclassified; true class Egyptian cat. "
        "25 % of the weight is lost on the way.",
        "walked back from tabby, correct. Less than 1 % of the weight is lost on the way.",
        "walked back from tabby. 0 % of the weight is lost on the way.",
        "walked back from tabby, misclassified; true class Egyptian cat. No path reaches a pixel.",
    ):
        assert words in written(figure)
    assert "In 1 of 4 photos no path reaches a pixel." in style.words(figure, "caption")
    assert bars(figure) == {"density, share of its largest value": (0, 1)}


def test_a_photo_without_result_is_shown_as_it_is():
    figure = explanation([explained(**NOTHING)])
    assert not dots(part(figure, "fixations chelsea"))
    assert not part(figure, "box chelsea").patches
    assert np.array_equal(image(part(figure, "box chelsea")), explained().photo)


def test_a_contact_sheet_shows_every_photo_once():
    rows = [explained(f"photo{i}", rows=20 + i, cols=30) for i in range(7)]
    rows.append(explained("empty", **NOTHING))
    figure = contact_sheet(rows, method="How it was done.")
    shown = parts(figure, "sheet ")
    assert [axes.get_gid() for axes in shown] == [f"sheet {row.name}" for row in rows]
    for axes, row in zip(shown, rows, strict=True):
        expected = photos.under_map(row.photo, row.density)
        assert image(axes) == pytest.approx(expected)
        width, height = axes.get_window_extent().size
        assert width / height == pytest.approx(row.photo.shape[1] / row.photo.shape[0], rel=0.02)
        assert bool(rectangles(axes, "box")) == any(row.box)
    assert "misclassified; no pixel reached" in written(figure)
    caption = style.words(figure, "caption")
    assert "(8 of 8 misclassified)" in caption
    assert caption.endswith("How it was done.")


def test_large_photos_are_drawn_no_larger_than_a_page_shows():
    row = explained(rows=3000, cols=2000, density=np.ones((30, 20)), box=(100, 200, 900, 1500))
    figure = explanation([row])
    for axes in parts(figure, ""):
        if " chelsea" in (axes.get_gid() or ""):
            assert max(image(axes).shape) <= 900
            assert axes.get_xlim() == (0, 2000)
    assert rectangles(part(figure, "box chelsea"), "box") == [(200, 100, 1300, 800)]


@pytest.mark.parametrize("shape", [(30, 40), (90, 20), (10, 200)])
def test_every_word_can_be_read(shape):
    name = "a photo with a name that is very much too long for its place " * 2
    row = explained(name, *shape, box=(1, 1, 9, 9), seen=None, target="a long class " * 5)
    assert_readable(explanation([row, explained()], title="A title " * 15, method="So. " * 60))
    assert_readable(contact_sheet([row] * 6, title="A title " * 15))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"photo": np.zeros((3, 4))}, "has to be .* of uint8"),
        ({"photo": np.zeros((3, 4, 3))}, "of float64"),
        ({"weights": np.ones(2)}, r"got \(3, 2\), \(2,\)"),
        ({"density": np.ones(4)}, r"density \(row, col\)"),
        ({"weights": np.array([1.0, -1, 1])}, "not negative"),
        ({"lost": 1.5}, "lost share is 0 to 1"),
    ],
)
def test_what_does_not_fit_is_refused(changed, words):
    with pytest.raises(CnnvisError, match=words):
        explained(**changed)


@pytest.mark.parametrize("draw", [explanation, contact_sheet])
def test_no_photo_is_refused(draw):
    with pytest.raises(CnnvisError, match="needs at least one photo"):
        draw([])


def test_a_number_stands_beside_chance_and_a_blob_where_the_object_is_known():
    known = explained(on_object=OnObject(0.714, 0.41, 0.6))
    figure = explanation([known])
    (line,) = [text.get_text() for text in figure.texts if text.get_gid() == "on object"]
    assert line == (
        "71 % of the density lies on the object, which covers 41 % of the photo; of a blob in the "
        "middle it would be 60 %."
    )
    sheet = contact_sheet([known, explained(name="b", on_object=OnObject(0.3, 0.4, 0.5))])
    words = " ".join(text.get_text() for text in sheet.texts)
    assert "on object 71 % (blob 60 %)" in words
    assert "In 1 of 2 photos" in style.words(sheet, "caption")


def test_where_no_object_is_known_nothing_is_said_of_it():
    figure = explanation([explained()])
    assert not [text for text in figure.texts if text.get_gid() == "on object"]
    assert "On object" not in style.words(contact_sheet([explained()]), "caption")


@pytest.mark.parametrize("kind", KINDS)
def test_the_caption_says_what_the_box_is(kind):
    for figure in (explanation([explained()], box=kind), contact_sheet([explained()], box=kind)):
        assert KINDS[kind] in style.words(figure, "caption")

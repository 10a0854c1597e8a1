"""Best and worst cases: the right ones, on the right side, as large as each other."""

import numpy as np
import pytest

from cnnvis.errors import CnnvisError
from cnnvis.figures import overlays, style
from cnnvis.figures.cases import Case, cases

from .looks import assert_equal_bytes, assert_readable, image, part, parts, written

RANDOM = np.random.default_rng(0)
VALUES = {
    "a": (0.1, 0.5),
    "b": (0.9, 0.4),
    "c": (0.2, 0.3),
    "d": (0.3, 0.1),
    "e": (0.0, 0.2),
    "f": (0.7, 0.7),
    "g": (0.45, 0.3),
}
"""Of backtracking and of Grad-CAM, by the title of the case."""


def case(title, own=0.5, other=0.4, shape=(20, 20), **changes):
    maps = {name: RANDOM.random(shape) for name in ("backtrack", "grad_cam")}
    photo = RANDOM.integers(0, 255, (*shape, 3), np.uint8)
    values = {"backtrack": own, "grad_cam": other, "centre": 0.25}
    return Case(**{"title": title, "photo": photo, "maps": maps, "values": values} | changes)


ROWS = [case(title, *values) for title, values in VALUES.items()]


def sides(figure):
    """Titles of the cases at the left and at the right, from the top."""
    found = {True: [], False: []}
    for axes in sorted(parts(figure, "image "), key=lambda axes: -axes.get_position().y0):
        found[axes.get_position().x0 < 0.5].append(axes.get_gid().removeprefix("image "))
    return found[True], found[False]


def merits(metric, reference="grad_cam"):
    """Titles, the best first, worked out from the values once more."""
    sign = -1 if metric == "deletion" else 1
    other = {title: values[1] if reference else 0 for title, values in VALUES.items()}
    return sorted(VALUES, key=lambda title: -sign * (VALUES[title][0] - other[title]))


@pytest.mark.parametrize("metric", ["deletion", "insertion"])
@pytest.mark.parametrize("reference", ["grad_cam", ""])
@pytest.mark.parametrize("count", [1, 3])
def test_the_best_are_at_the_left_and_the_worst_at_the_right(metric, reference, count):
    order = merits(metric, reference)
    figure = cases(ROWS, metric=metric, reference=reference, count=count)
    assert sides(figure) == (order[:count], order[::-1][:count])


def test_few_cases_are_shown_once_each_the_odd_one_among_the_worst():
    for count in (2, 3, 4, 5):
        best, worst = sides(cases(ROWS[:count], metric="deletion", count=3))
        assert sorted(best + worst) == list("abcde"[:count])
        assert (len(best), len(worst)) == (count // 2, count - count // 2)
    (best, worst) = sides(cases(ROWS[:1], metric="deletion"))
    assert (best, worst) == (["a"], [])


def test_both_sides_are_equally_large():
    figure = cases(ROWS, metric="deletion")
    sizes = {tuple(np.round(axes.get_position().size, 6)) for axes in figure.axes}
    assert len(sizes) == 1
    assert len(figure.axes) == 6 * 3
    ((width, _),) = sizes
    assert 6 * width > 0.9, "they fill the page"


def test_pictures_are_those_of_their_case_with_what_they_reach():
    figure = cases(ROWS, metric="deletion")
    for one in ROWS:
        if not parts(figure, f"image {one.title}"):
            continue
        assert np.array_equal(image(part(figure, f"image {one.title}")), one.photo)
        for name, values in one.maps.items():
            axes = part(figure, f"{name} {one.title}")
            assert np.array_equal(image(axes), overlays.over_photo(one.photo, values))
            assert written(axes) == [f"{one.values[name]:.3f}"]


def test_the_numbers_are_said_in_words():
    words = written(cases(ROWS, metric="deletion"))
    assert "deletion: backtracking 0.100, Grad-CAM 0.500, centre 0.250; better by 0.400" in words
    assert "deletion: backtracking 0.900, Grad-CAM 0.400, centre 0.250; worse by 0.500" in words
    assert {"Best against Grad-CAM", "Worst against Grad-CAM"} <= set(words)
    alone = written(cases(ROWS, metric="grid_pointing", reference=""))
    assert "grid pointing: backtracking 0.90, Grad-CAM 0.40, centre 0.25" in alone
    assert {"Best", "Worst"} <= set(alone)
    even = written(cases([case("same", 0.5, 0.5)], metric="deletion"))
    assert any(line.endswith("; as good") for line in even)


def test_what_was_sought_is_outlined_on_every_picture():
    figure = cases([case("mosaic", box=(10, 0, 20, 10))], metric="grid_pointing", reference="")
    for axes in figure.axes:
        (frame,) = axes.patches
        assert (frame.get_y(), frame.get_x()) == (10, 0)
        assert (frame.get_height(), frame.get_width()) == (10, 10)
    assert "Dashed: what was sought" in style.words(figure, "caption")


def test_the_outline_of_an_object_follows_its_pixels():
    mask = np.zeros((20, 20), bool)
    mask[0, 3:5] = True
    figure = cases([case("scene", mask=mask)], metric="energy")
    for axes in figure.axes:
        (lines,) = [one for one in axes.collections if one.get_gid() == "object"]
        sides = {tuple(sorted(map(tuple, side))) for side in np.asarray(lines.get_segments())}
        across = {((col, row), (col + 1, row)) for col in (3, 4) for row in (0, 1)}
        assert sides == across | {((col, 0), (col, 1)) for col in (3, 5)}
        assert axes.get_xlim() == (0, 20)
    assert "White outline: the object" in style.words(figure, "caption")


def test_an_empty_mask_has_no_outline():
    figure = cases([case("scene", mask=np.zeros((20, 20), bool))], metric="energy")
    assert not any(axes.collections for axes in figure.axes)


def test_the_caption_says_how_the_cases_were_chosen():
    caption = style.words(cases(ROWS, metric="deletion"), "caption")
    assert caption.startswith("Of 7 cases, the 6 at the ends are chosen by the difference to Grad")
    assert "owe much to chance" in caption
    few = style.words(cases(ROWS[:2], metric="deletion"), "caption")
    assert few.startswith("All 2 cases, sorted by")
    one = style.words(cases(ROWS[:1], metric="deletion"), "caption")
    assert one.startswith("A single case, an illustration and no statistics")
    assert "chance" not in one


@pytest.mark.parametrize("shape", [(20, 20), (300, 20), (20, 300)])
@pytest.mark.parametrize("count", [1, 5, 9])
def test_every_word_can_be_read(shape, count):
    rows = [case(f"a photo and its class {number} " * 5, shape=shape) for number in range(count)]
    figure = cases(rows, metric="max_box_accuracy", title="A title " * 20)
    assert_readable(figure)


def test_cases_are_left_as_found_and_drawn_the_same_twice(tmp_path):
    rows = [case(title, *values) for title, values in VALUES.items()]
    before = [one.photo.copy() for one in rows]
    assert_equal_bytes(lambda: cases(rows, metric="deletion", count=1), tmp_path)
    assert [one.title for one in rows] == list(VALUES)
    assert all(np.array_equal(photo, one.photo) for photo, one in zip(before, rows))


def test_what_does_not_fit_is_refused():
    with pytest.raises(CnnvisError, match=r"at least one, by a metric .* got 0 by 'deletion'"):
        cases([], metric="deletion")
    with pytest.raises(CnnvisError, match="got 7 by 'gini'"):
        cases(ROWS, metric="gini")
    with pytest.raises(CnnvisError, match="'a' needs a value of soft, grad_cam"):
        cases(ROWS, metric="deletion", method="soft")
    with pytest.raises(CnnvisError, match="'nan' needs a value of backtrack, grad_cam"):
        cases([case("nan", float("nan"))], metric="deletion")
    with pytest.raises(CnnvisError, match=r"'none' needs .* maps of none"):
        cases([*ROWS, case("none", maps={})], metric="deletion")
    with pytest.raises(CnnvisError, match=r"mask of 'x' has to be .*\(20, 20\); got \(3, 3\)"):
        cases([case("x", mask=np.ones((3, 3), bool))], metric="energy")
    with pytest.raises(CnnvisError, match="map 'backtrack of x' has to be"):
        cases([case("x", maps={"backtrack": np.ones(3)})], metric="energy", reference="")

"""Backtracks beside each other: rows of panels, names on one line or two, one picture under all."""

import numpy as np
import pytest

from cnnvis import overlap
from cnnvis.errors import CnnvisError
from cnnvis.figures import beside, photos, style

from .looks import assert_readable, image, part, parts, written

SEEN = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)


def panel(name, count=3, words=("a", "b")):
    places = np.random.default_rng(count).integers(0, 32, (count, 2))
    return beside.Panel(name, words, places, np.full(count, 1 / max(count, 1)))


@style.in_look
def drawn(panels):
    layout = beside.Layout.of(SEEN, panels)
    sheet = style.sheet(layout.height, title="A title", caption=beside.drawn(panels))
    beside.draw(sheet, 0, SEEN, panels)
    return sheet.figure


def test_every_panel_has_its_fixations_and_its_density():
    panels = [panel("one"), panel("two", 40)]
    figure = drawn(panels)
    for one in panels:
        fixations, density = (
            part(figure, f"fixations {one.name}"),
            part(figure, f"density {one.name}"),
        )
        assert image(fixations) == pytest.approx(photos.pale(SEEN))
        expected = overlap.density(one.index, one.weight, (32, 32), cells=112)
        assert image(density) == pytest.approx(photos.under_map(SEEN, expected))
        assert density.get_position().y1 < fixations.get_position().y0
        assert density.get_xlim() == (0, 32)


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (4, 1), (6, 1), (7, 2), (13, 3)])
def test_panels_fill_rows_of_six(count, rows):
    figure = drawn([panel(f"p{place}") for place in range(count)])
    tops = {round(axes.get_position().y1, 3) for axes in parts(figure, "fixations")}
    assert len(tops) == rows
    assert_readable(figure)


def test_long_names_take_two_lines_or_lose_their_middle():
    long = "a name of a class that is much too long for the width of one picture in a row of six"
    figure = drawn([panel(name, words=(long, long)) for name in ("two words " * 3, long, "c", "d")])
    assert_readable(figure)
    assert any("…" in words for words in written(figure))


def test_a_caption_says_that_very_many_are_a_picture():
    assert "picture of their weights" not in beside.drawn([panel("few")])
    assert "picture of their weights" in beside.drawn([panel("few"), panel("many", 3000)])


def test_an_empty_backtrack_leaves_the_photo():
    figure = drawn([panel("empty", 0)])
    assert image(part(figure, "density empty")) == pytest.approx(photos.pale(SEEN))
    assert not part(figure, "fixations empty").collections


def test_no_panels_are_refused():
    with pytest.raises(CnnvisError, match="got none"):
        drawn([])

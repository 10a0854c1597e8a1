"""Proposals as a figure: the best boxes, and the chart of what they find."""

import numpy as np
import pandas as pd
import pytest

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.proposals import Offered, ranked
from cnnvis.proposals import Proposal
from figures.looks import assert_readable, part, written
from figures.test_detections import rectangles

RECALLS = pd.DataFrame(
    {
        "boxes": [1, 2, 3],
        "proposals": [0.2, 0.5, 0.75],
        "centred": [0.5, 0.5, 0.5],
        "random": [0.0, 0.1, 0.1],
    }
)
NONE = RECALLS.iloc[:0]


def offered(name="chelsea", count=7, **changes):
    photo = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    proposed = [
        Proposal(
            box=(k, k, k + 10, k + 12), score=0.9 - k / 10, rank=1, target=1, sigma=0.1, level=0.2
        )
        for k in range(count)
    ]
    return Offered(
        **{"name": name, "photo": photo, "proposed": proposed, "known": [(0, 0, 9, 9)]} | changes
    )


def test_the_best_boxes_are_drawn_the_best_on_top():
    axes = part(ranked([offered()], NONE), "photo chelsea")
    assert rectangles(axes, "found") == [(k, k, k + 10, k + 12) for k in (4, 3, 2, 1, 0)]
    assert rectangles(axes, "true") == [(0, 0, 9, 9)]
    widths = [p.get_linewidth() for p in axes.patches if p.get_gid() == "found"]
    assert widths == sorted(widths)


def test_the_chart_shows_the_table():
    figure = ranked([offered()], RECALLS)
    lines = {line.get_label(): line.get_ydata().tolist() for line in part(figure, "recalls").lines}
    assert lines == {way: RECALLS[way].tolist() for way in ("proposals", "centred", "random")}
    assert style.words(figure, "caption").endswith("with 3 boxes 0.75, 0.50 and 0.10.")


def test_the_caption_says_when_the_middle_does_as_well():
    worse = RECALLS.assign(centred=[0.5, 0.75, 0.75])
    caption = style.words(ranked([offered()], worse), "caption")
    assert caption.endswith("on these photos, boxes in the middle do as well or better.")
    without = ranked([offered(known=())], NONE)
    assert "Chart" not in style.words(without, "caption")
    assert "Dashed" not in style.words(without, "caption")


def test_every_word_can_be_read():
    rows = [offered(f"a photo with a long name {k} " * 3) for k in range(6)]
    figure = ranked([*rows, offered("none", count=0)], RECALLS, title="Title " * 30)
    assert "no box" in written(figure)
    assert_readable(figure)


def test_no_photo_is_refused():
    with pytest.raises(CnnvisError, match="needs at least one photo"):
        ranked([], NONE)

"""Winners beside each other: every one with what the table says of it."""

import numpy as np
import pytest
from some_variants import made, variant

from cnnvis import overlap
from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.winners import winners
from cnnvis.variants import KEPT, OWN, WINNER

from .looks import assert_readable, parts, written

SEEN = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)


def drawn(compared=None, **options):
    compared = compared or made()
    return winners(SEEN, compared, overlap.by_variant(compared), target="tabby", **options)


def test_every_winner_says_how_alike_it_is_to_the_own_choice():
    figure, table = drawn(), overlap.by_variant(made()).set_index("variant")
    assert [axes.get_gid() for axes in parts(figure, "density")] == [
        "density channel_sum, spatial",
        "density soft",
    ]
    said = written(figure)
    assert f"overlap with own {table.loc['soft', 'overlap']:.2f}" in said
    assert "overlap with own 1.00" in said
    assert "weight that arrived 0.50" in said
    assert "2 pixels" in said
    caption = style.words(figure, "caption")
    assert "own is the choice of this study, channel_sum, spatial." in caption
    assert "soft spreads" in caption
    assert "sample" not in caption
    assert_readable(figure)


def test_k_is_mentioned_where_it_was_tried_and_changed_nothing():
    same = [variant(KEPT, f"k = {k}", [[2, 3]], [1.0], k=str(k)) for k in (1, 5)]
    still = made(found=(*made().found[:3], *same))
    assert "Every k (1, 5) leads to the same pixels" in style.words(drawn(still), "caption")
    assert "Every k" not in style.words(drawn(), "caption")
    assert "Every k" not in style.words(drawn(made(found=made().found[:3])), "caption")


def test_all_positions_and_winners_stand_in_one_row():
    names = [f"channel_sum, {position}" for position in ("centre", "spatial", "fine")]
    names += ["argmax", "sample", "soft"]
    every = [
        variant(WINNER, name, [[2, 3]], [1.0], winner=name.split(",")[0], position="")
        for name in names
    ]
    figure = drawn(made(found=(made().own, *every)))
    shown = parts(figure, "density")
    assert [axes.get_gid() for axes in shown] == [f"density {name}" for name in names]
    assert len({round(axes.get_position().y0, 6) for axes in shown}) == 1
    assert "there in fine maps alone (fine)" in style.words(figure, "caption")
    assert_readable(figure)


def test_without_winners_there_is_no_figure():
    with pytest.raises(CnnvisError, match="got none"):
        drawn(made(found=(variant(OWN, "own", [[2, 3]], [1.0]),)))

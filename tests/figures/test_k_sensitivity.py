"""Several k: curves of how alike they are to the largest, and bars of what they cost."""

import numpy as np
import pytest
from some_variants import made

from cnnvis import overlap
from cnnvis.errors import CnnvisError
from cnnvis.figures.k_sensitivity import k_sensitivity

from .looks import assert_readable, part, parts

SEEN = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)


def drawn(compared=None):
    compared = compared or made()
    return k_sensitivity(SEEN, compared, overlap.by_variant(compared), target="tabby")


def test_curves_and_bars_are_those_of_the_table():
    figure = drawn()
    table = overlap.by_variant(made())
    rows = table[table["kind"] == "k"]
    curves = {line.get_label(): line.get_ydata() for line in part(figure, "alike").lines}
    assert curves["weight at the same pixels"].tolist() == [0.75, 1.0]
    assert curves["overlap of densities"].tolist() == rows["overlap"].tolist()
    assert curves["rank correlation of densities"].tolist() == rows["rank_correlation"].tolist()
    cost = part(figure, "cost")
    assert [bar.get_height() for bar in cost.patches] == [4, 6]
    assert [label.get_text() for label in cost.get_xticklabels()] == ["1", "all"]
    assert len(parts(figure, "fixations k = ")) == 2
    assert_readable(figure)


def test_without_k_there_is_no_figure():
    with pytest.raises(CnnvisError, match="got none"):
        drawn(made(found=made().found[:1]))

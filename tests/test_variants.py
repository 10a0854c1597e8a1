"""Variants of a walk: what each is compared with, and how alike the table says they are."""

import numpy as np
import pytest
from some_variants import made, variant

from cnnvis import overlap, variants
from cnnvis.errors import BacktrackError
from cnnvis.variants import KEPT, OWN, WINNER


def test_winners_are_compared_with_the_own_choice_and_k_with_all():
    found = made()
    assert found.own.name == "own"
    assert [one.name for one in found.of(WINNER)] == ["channel_sum, spatial", "soft"]
    assert found.reference(WINNER) is found.own
    assert found.reference(KEPT).name == "k = all"
    some = made(found=(found.own, *found.of(KEPT)[:1]))
    assert some.reference(KEPT).name == "k = 1"
    assert made(found=(found.own,)).reference(KEPT) is found.own


def test_the_table_says_how_alike_they_are():
    found = made()
    table = variants.table(found).set_index("variant")
    assert table["same_pixels"].tolist() == [1.0, 1.0, 0.5, 0.75, 1.0]
    assert table["pixels"].tolist() == [1, 1, 2, 1, 2]
    assert table["points"].tolist() == [9, 9, 99, 4, 6]
    assert table["arrived"].tolist() == [0.5, 0.5, 1.0, 1.0, 1.0]
    assert table["reference"].tolist() == ["own"] * 3 + ["k = all"] * 2
    own, soft = (
        overlap.density(one.index, one.weight, (16, 16)) for one in (found.found[0], found.found[2])
    )
    assert table.loc["soft", "overlap"] == pytest.approx(overlap.shared(soft, own), abs=1e-6)
    assert table.loc["soft", ["kind", "winner", "position", "k"]].tolist() == [
        "winner",
        "soft",
        "",
        "10",
    ]
    assert table.loc["own", "rank_correlation"] == 1
    nothing = variants.table(None)
    assert len(nothing) == 0
    assert list(nothing) == list(variants.table(found))


def test_a_variant_of_which_nothing_arrived_is_like_no_other():
    lost = variant(WINNER, "argmax", np.zeros((0, 2)), [])
    row = variants.table(made(found=(made().own, lost))).iloc[1]
    assert row["arrived"] == row["pixels"] == 0
    assert row[["same_pixels", "overlap", "rank_correlation"]].isna().all()


def test_k_matters_where_it_changes_a_pixel_or_a_weight():
    own = made().own
    first = variant(KEPT, "k = 1", [[2, 3]], [1.0])
    assert made().k_matters
    assert made(found=(own, first, variant(KEPT, "k = 2", [[2, 3]], [0.5]))).k_matters
    assert made(found=(own, first, variant(KEPT, "k = 2", [[2, 4]], [1.0]))).k_matters
    assert not made(found=(own, first, variant(KEPT, "k = 2", [[2, 3]], [1.0]))).k_matters
    assert not made(found=(own,)).k_matters


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"found": ()}, "begin with the study's own"),
        ({"found": made().found[1:]}, r"the kinds \['winner',"),
        ({"milestones": {}}, "0 nodes"),
    ],
)
def test_variants_without_the_own_or_without_a_node_are_refused(changed, said):
    with pytest.raises(BacktrackError, match=said):
        made(**changed)
    assert made().found[0].kind == OWN

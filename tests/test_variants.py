"""Variants of a walk: what each is compared with, and whether k matters."""

import pytest
from some_variants import made, variant

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

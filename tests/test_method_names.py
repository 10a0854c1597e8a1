"""What methods are called, and what part each plays: the same as where they are computed."""

import pytest

from cnnvis import method_names
from cnnvis.attribution import METHODS
from cnnvis.metrics.measures import CENTRED_BOX, CHANCE

PARTS = {
    "backtracking": "own",
    "control": "control",
    "gradient": "baseline",
    "removal": "baseline",
    "activation": "reference",
}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_called_what_it_is_called_where_it_is_computed(method):
    assert method_names.title(method) == METHODS[method].title
    assert method_names.part(method) == PARTS[METHODS[method].kind]


def test_all_names_are_known_and_no_other():
    assert set(method_names.TITLES) == {*METHODS, CHANCE, CENTRED_BOX}


def test_a_variant_plays_the_part_of_its_method():
    assert method_names.title("soft, contrastive") == "Excitation Backprop, contrastive"
    assert method_names.part("soft, contrastive") == "own"
    assert method_names.part("grad_cam, layer = conv5") == "reference"


def test_what_never_looks_at_the_network():
    blind = {name for name in method_names.TITLES if not method_names.looks_at_the_network(name)}
    assert blind == {"centre", "random", "edges", CHANCE, CENTRED_BOX}
    assert method_names.looks_at_the_network("mine")


def test_methods_of_a_part_come_once_in_their_order():
    names = ["edges", "soft", "gradient", "backtrack, k = 1", "soft"]
    assert method_names.of_part(names, "own") == ("soft", "backtrack, k = 1")

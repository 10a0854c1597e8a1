"""Protocols of a study: even steps, shares that their source fixes, and sizes of small images."""

import pytest

from cnnvis import evaluation, perturbation
from cnnvis.errors import MeasureError


def test_steps_are_even_but_for_what_is_imputed():
    found = evaluation.protocols(["deletion", "road_morf"], 5)
    assert found["deletion"].shares == (0, 0.2, 0.4, 0.6, 0.8, 1)
    assert found["road_morf"] == perturbation.PROTOCOLS["road_morf"]
    assert found["deletion"].source == perturbation.PROTOCOLS["deletion"].source


def test_large_images_keep_widths_and_small_ones_get_their_own():
    assert evaluation.protocols(["insertion"], 4, side=299)["insertion"].sigma == 10
    small = evaluation.protocols(["insertion", "morf"], 4, side=40)
    assert small["insertion"].sigma == 4
    assert small["morf"].patch == 1


def test_an_unknown_protocol_is_refused():
    with pytest.raises(MeasureError, match=r"one of deletion.*'deletoin'"):
        evaluation.protocols(["deletoin"], 4)

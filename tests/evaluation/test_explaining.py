"""Methods that a network does not have are named with the reason, and the others explained."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnvis import attribution, evaluation, network
from cnnvis.errors import AttributionError, ConfigError
from evaluation import known


@pytest.fixture(scope="module")
def net():
    return known.corners()


def test_maps_are_those_of_the_methods(net):
    asked = known.asked((0, 3))
    methods = evaluation.chosen(["gradient", "centre", "backtrack"])
    found = evaluation.explain(net, asked.pixels, asked.best, methods)
    assert found.names == ("gradient", "centre", "backtrack")
    assert not found.refused
    for place, name in enumerate(found.names):
        expected = attribution.maps(net, asked.pixels, asked.best, name)
        np.testing.assert_array_equal(found.maps[place], expected)


def test_a_refused_method_says_why_and_the_others_go_on():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU6(), nn.Flatten(), nn.Linear(3600, 4))
    torch.manual_seed(0)
    net = network.trace(model.eval(), input_shape=known.SHAPE)
    asked = known.asked((0,))
    methods = evaluation.chosen(["guided_backprop", "centre"])
    found = evaluation.explain(net, asked.pixels, asked.best, methods)
    assert found.names == ("centre",)
    assert list(found.refused) == ["guided_backprop"]
    assert "nn.ReLU" in found.refused["guided_backprop"]


def test_a_method_whose_maps_are_those_of_the_gradient_is_refused(net):
    """Guided backprop changes nothing where everything is positive."""
    asked = known.asked((0, 1))
    methods = evaluation.chosen(["gradient", "guided_backprop", "input_x_gradient"])
    found = evaluation.explain(net, asked.pixels, asked.best, methods)
    assert found.names == ("gradient", "input_x_gradient")
    assert "those of the plain gradient" in found.refused["guided_backprop"]


def test_no_method_at_all_is_an_error_with_every_reason():
    model = nn.Sequential(nn.Flatten(), nn.Linear(known.SIDE**2 * 3, 4))
    net = network.trace(model, input_shape=known.SHAPE)
    asked = known.asked((0,))
    with pytest.raises(AttributionError, match=r"no method can be had.*grad_cam: no layer"):
        evaluation.explain(net, asked.pixels, asked.best, evaluation.chosen(["grad_cam"]))


def test_a_wrong_option_is_no_refusal(net):
    asked = known.asked((0,))
    wrong = [{"name": "c", "method": "centre", "options": {"k": 3}}]
    with pytest.raises(ConfigError, match="'centre' has the options sigma"):
        evaluation.explain(net, asked.pixels, asked.best, evaluation.chosen(wrong))


def test_methods_that_can_be_had_are_found_on_one_image(net):
    asked = known.asked()
    methods = evaluation.chosen(["gradient", "guided_backprop", "centre", "edges"])
    found = evaluation.had(net, asked, methods, ["gradient", "guided_backprop", "soft", "edges"])
    assert [one.name for one in found] == ["gradient", "edges"]

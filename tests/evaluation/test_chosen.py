"""Methods by name and as variants; the study's own choices go to backtracking alone."""

import pytest

from cnnvis import evaluation
from cnnvis.errors import ConfigError

OWN = {"k": 10, "winner": "channel_sum", "sigma": 0.09, "share": 0.05}


def test_backtracking_has_the_choices_of_the_study():
    (one,) = evaluation.chosen(["backtrack"], OWN)
    assert (one.name, one.method) == ("backtrack", "backtrack")
    assert one.options == {
        "sigma": 0.09,
        "share": 0.05,
        "options": {"k": 10, "winner": "channel_sum"},
    }


def test_a_variant_differs_in_what_it_says_and_in_nothing_else():
    variant = {"name": "sharp", "method": "backtrack", "options": {"k": "all", "sigma": 0.02}}
    (one,) = evaluation.chosen([variant], OWN)
    assert one.name == "sharp"
    assert one.options == {
        "sigma": 0.02,
        "share": 0.05,
        "options": {"k": "all", "winner": "channel_sum"},
    }


def test_other_methods_have_options_of_their_own_alone():
    asked = ["centre", {"name": "few", "method": "occlusion", "options": {"window": 0.5}}]
    plain, few = evaluation.chosen(asked, OWN)
    assert plain.options == {}
    assert few.options == {"window": 0.5}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["grad_cm"], r"no method of attribution 'grad_cm'.*'grad_cam'"),
        (["centre", "centre"], "'centre' is there twice; give one of them another name"),
        (["centre", {"name": "centre", "method": "edges"}], "'centre' is there twice"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked, message):
    with pytest.raises(ConfigError, match=message):
        evaluation.chosen(asked)

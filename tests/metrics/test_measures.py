"""The table of metrics: names that tables use, and which end is good."""

import pytest

from cnnvis import perturbation
from cnnvis.metrics import MEASURES, is_better
from cnnvis.metrics.measures import HIGH, LOW


def test_every_protocol_is_a_metric_with_its_good_end():
    for name, protocol in perturbation.PROTOCOLS.items():
        most_first = protocol.first == "most"
        rises = most_first == (protocol.begin == "fill")
        assert MEASURES[name].better == (HIGH if rises else LOW), name


@pytest.mark.parametrize(
    ("metric", "one", "other", "better"),
    [
        ("deletion", 0.1, 0.2, True),
        ("deletion", 0.2, 0.1, False),
        ("insertion", 0.2, 0.1, True),
        ("insertion", 0.2, 0.2, False),
        ("gini", 0.9, 0.1, False),
    ],
)
def test_better(metric, one, other, better):
    assert is_better(metric, one, other) is better

"""Options: what they take, and what they say about what they do not take."""

import pytest

from cnnvis.backtrack import Options
from cnnvis.errors import ConfigError


@pytest.mark.parametrize("k", [1, 10, "all", 0.5])
def test_counts_fractions_and_all(k):
    assert Options(k=k).k == k


@pytest.mark.parametrize("k", [0, -1, 1.0, 0.0, 1.5, float("nan"), "some", None, True, [3]])
def test_what_k_cannot_be(k):
    with pytest.raises(ConfigError, match=r"k must be a whole number from 1 up.*'all'; got"):
        Options(k=k)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "position",
            "center",
            "position must be 'centre' or 'spatial' or 'fine', got 'center'; did you mean",
        ),
        ("winner", "hard", "winner must be 'channel_sum' or 'argmax' or 'sample' or 'soft', got"),
        ("paths", 0, "paths must be a whole number from 1 up, got 0"),
        ("paths", 1.5, "paths must be a whole number from 1 up, got 1.5"),
        ("rivals", -1, "rivals must be a whole number from 0 up, got -1"),
        ("rivals", "all", "rivals must be a whole number from 0 up, got 'all'"),
        ("seed", -1, "seed must be a whole number from 0 up, got -1"),
        ("contribution", "all", "contribution must be 'positive' or 'absolute', got 'all'"),
        ("dead_end", True, "dead_end must be 'stop' or 'follow', got True"),
        ("residual", "smaller", "residual must be 'larger' or 'split', got 'smaller'"),
        ("average_pool", None, "average_pool must be 'spread' or 'argmax' or 'map', got None"),
    ],
)
def test_words_that_are_none(name, value, message):
    with pytest.raises(ConfigError, match=message):
        Options(**{name: value})

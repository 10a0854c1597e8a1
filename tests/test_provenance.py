"""A provenance says the same on every run, and its digest changes with whatever it says."""

import hashlib
import importlib.metadata
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis import provenance
from cnnvis.errors import StoreError
from cnnvis.provenance import Provenance

DIGEST = "0123456789abcdef" * 4
TEXT = st.text(max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
MADE = Provenance(
    stage="extract",
    params={"layers": ["conv1"]},
    inputs={"weights": DIGEST},
    source="abc",
    versions={"numpy": "2.0"},
)


@given(params=st.dictionaries(TEXT, JSON | TEXT, max_size=3), stage=TEXT)
def test_what_is_written_is_read_back(params, stage):
    made = replace(MADE, stage=stage, params=params)
    assert Provenance.from_json(made.to_json()) == made


def test_the_order_of_settings_and_the_kind_of_sequence_do_not_count():
    one = replace(MADE, params={"a": (1, 2), "b": {"c": 1, "d": 2}})
    other = replace(MADE, params={"b": {"d": 2, "c": 1}, "a": [1, 2]})
    assert one.digest == other.digest


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "order"},
        {"params": {"layers": ["conv2"]}},
        {"inputs": {"weights": DIGEST[::-1]}},
        {"inputs": {"images": DIGEST}},
        {"source": "abd"},
        {"versions": {"numpy": "2.1"}},
    ],
)
def test_whatever_changes_changes_the_digest(change):
    assert replace(MADE, **change).digest != MADE.digest


def test_the_digest_is_that_of_the_text():
    """The digest stands in files on disk: a change of its definition makes them all stale."""
    text = (
        f'{{"inputs":{{"weights":"{DIGEST}"}},"params":{{"layers":["conv1"]}},"source":"abc",'
        '"stage":"extract","versions":{"numpy":"2.0"}}'
    )
    assert MADE.to_json() == text
    assert MADE.digest == hashlib.sha256(text.encode()).hexdigest()


def test_a_change_of_what_was_given_does_not_reach_it():
    params = {"layers": ["conv1"]}
    made = replace(MADE, params=params)
    params["layers"].append("conv2")
    assert made == MADE


def test_versions_are_those_installed():
    made = provenance.of("order", params={}, inputs={}, packages=("scipy", "numpy"))
    assert made.versions == {
        name: importlib.metadata.version(name) for name in ("cnnvis", "numpy", "scipy")
    }
    assert list(json.loads(made.to_json())["versions"]) == ["cnnvis", "numpy", "scipy"]


def test_a_package_that_is_not_there_is_an_error():
    with pytest.raises(importlib.metadata.PackageNotFoundError, match="nowhere"):
        provenance.of("order", params={}, inputs={}, packages=("nowhere",))


@pytest.mark.parametrize("digest", ["/home/me/weights.pth", "", "abc", "g" * 64, DIGEST.upper()])
def test_an_input_that_is_no_digest_is_refused(digest):
    with pytest.raises(ValueError, match="input 'weights' must be given by a sha256"):
        replace(MADE, inputs={"weights": digest})


def test_a_setting_that_is_no_json_is_refused(tmp_path):
    with pytest.raises(TypeError, match="stage 'extract': params must be numbers, words"):
        replace(MADE, params={"folder": tmp_path})
    with pytest.raises(ValueError, match="stage 'extract': params must be numbers, words"):
        replace(MADE, params={"sigma": float("nan")})


@pytest.mark.parametrize(
    "text", ["", "not json", "[]", "3", '{"stage": "order"}', MADE.to_json()[:-1] + ',"more":1}']
)
def test_what_is_no_provenance_is_refused(text):
    with pytest.raises(StoreError, match="not a provenance: JSON with stage, params, inputs"):
        Provenance.from_json(text)

"""Data as scripts: any array and any words come back, and nothing else can be in them."""

import json
import re

import numpy as np
import pytest
import readers_of_scripts
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cnnvis.pages.explorer import packing


@given(st.data())
def test_arrays_come_back(data):
    kind = data.draw(st.sampled_from(packing.TYPES))
    shapes = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0)
    elements = {"allow_nan": False, "allow_infinity": False} if kind == "float32" else None
    values = data.draw(arrays.arrays(kind, shapes, elements=elements))
    packed = json.loads(json.dumps(packing.packed(values, kind)))
    found = readers_of_scripts.unpacked(packed)
    assert found.dtype == np.dtype(kind)
    assert np.array_equal(found, values)


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ([256], "uint8", "from 256 to 256 do not fit into uint8"),
        ([-1], "uint16", "do not fit"),
        ([0.5], "int32", "do not fit"),
        ([np.nan], "float32", "finite"),
        ([1], "float64", "not as float64"),
    ],
)
def test_what_would_come_back_as_another_is_refused(values, kind, message):
    with pytest.raises(ValueError, match=message):
        packing.packed(values, kind)


@given(st.text(), st.dictionaries(st.text(), st.text()))
@example("a", {"deflate": "words", "shape": "words", "type": "words"})
def test_words_come_back_and_end_no_script(tmp_path_factory, key, value):
    text = packing.script(key, value)
    assert text.isascii()
    assert "\n" not in text[:-1]
    assert "\u2028" not in text
    path = tmp_path_factory.mktemp("words") / "a.js"
    path.write_text(text)
    assert readers_of_scripts.read(path) == (key, value)


def test_equal_values_are_equal_text(tmp_path):
    packing.write(tmp_path, "a/b", {"x": 1, "y": [2]})
    packing.write(tmp_path, "a/c", {"y": [2], "x": 1})
    one, other = ((tmp_path / f"a/{name}.js").read_text() for name in "bc")
    assert one.replace("a/b", "a/c") == other
    assert not re.search(r"\s", one[:-1])


def test_numbers_are_rounded_by_their_digits():
    assert packing.rounded(np.array([[1 / 3, 12345.678]]), 3) == [[0.333, 12300.0]]
    assert packing.rounded(np.float32(2)) == 2.0

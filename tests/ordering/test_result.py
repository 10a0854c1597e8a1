"""An ordering holds together, and its file is read back."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis import ordering
from cnnvis.errors import FileError, OrderingError, StoreError
from cnnvis.ordering import METHODS
from ordering.maps import OPTIONS, by_hand, some_maps

PROVENANCE = '{"stage":"order"}'


@given(st.permutations(range(9)))
def test_the_inverse_undoes_the_permutation(permutation):
    found = by_hand(permutation)
    array = np.arange(18).reshape(2, 9)
    assert np.array_equal(
        found.apply(found.apply(array, axis=1)[:, found.inverse], axis=-1), array[:, permutation]
    )
    assert np.array_equal(found.apply(array, axis=1)[:, found.inverse], array)
    assert [permutation[place] for place in found.inverse] == list(range(9))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"permutation": [0, 2, 2]}, r"missing: \[1\], repeated: \[2\]"),
        ({"permutation": [0, 1, 3]}, r"missing: \[2\]"),
        ({"permutation": [-1, 0, 1]}, r"missing: \[2\]"),
        ({"permutation": []}, "at least one channel"),
        ({"permutation": [0.0, 1.0, 2.0]}, "whole numbers, not float64"),
        ({"score": [0.0, 1.0]}, "one value per channel"),
        ({"score": [0.0, np.nan, 1.0]}, "NaN"),
        ({"cluster": [0, 1]}, "one value per channel"),
        ({"cluster": [0, -1, 1]}, "numbered from 0"),
        ({"cluster": [0.5, 0.0, 1.0]}, "whole numbers"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, message):
    with pytest.raises(OrderingError, match=message):
        by_hand(**({"permutation": [0, 1, 2]} | parts))


def test_an_ordering_is_frozen_and_keeps_nothing_of_the_caller():
    given_permutation, given_params = np.array([1, 0]), {"k": 3}
    found = by_hand(given_permutation, params=given_params)
    given_permutation[0], given_params["k"] = 0, 4
    assert found.permutation.tolist() == [1, 0]
    assert found.params["k"] == 3
    with pytest.raises(ValueError, match="read-only"):
        found.permutation[0] = 0
    with pytest.raises(TypeError):
        found.params["k"] = 5


def test_an_ordering_of_another_layer_is_not_applied():
    with pytest.raises(OrderingError, match=r"3 channels .* axis 0 .* \(4, 2\)"):
        by_hand([2, 0, 1]).apply(np.zeros((4, 2)))
    with pytest.raises(OrderingError, match="axis 2"):
        by_hand([2, 0, 1]).apply(np.zeros((3, 3)), axis=2)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_written_is_read_back(tmp_path, method):
    found = ordering.order(some_maps(), method, **OPTIONS.get(method, {}))
    path, again = tmp_path / "a.json", tmp_path / "b.json"
    ordering.write(path, found, PROVENANCE)
    back = ordering.read(path)
    assert back.to_dict() == found.to_dict()
    assert ordering.provenance(path) == PROVENANCE
    ordering.write(again, back, ordering.provenance(path))
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("{", StoreError, "no JSON"),
        ("[1]", StoreError, "found None of version None"),
        ('{"schema": "cnnvis/other", "schema_version": 1}', StoreError, "cnnvis/other"),
        (
            '{"schema": "cnnvis/ordering", "schema_version": 2, "ordering": {}, "provenance": {}}',
            StoreError,
            "of version 1, found 'cnnvis/ordering' of version 2",
        ),
        ('{"schema": "cnnvis/ordering", "schema_version": 1}', StoreError, "not a whole"),
        (
            '{"schema": "cnnvis/ordering", "schema_version": 1, "ordering": {}, "provenance": {}}',
            OrderingError,
            "has the parts",
        ),
    ],
)
def test_a_file_that_is_no_ordering_is_refused(tmp_path, text, error, message):
    path = tmp_path / "ordering.json"
    path.write_text(text)
    with pytest.raises(error, match=message):
        ordering.read(path)


def test_a_missing_file_says_which_stage_makes_it(tmp_path):
    with pytest.raises(FileError, match="ordering stage"):
        ordering.read(tmp_path / "none.json")


def test_a_provenance_that_is_no_json_leaves_no_file(tmp_path):
    with pytest.raises(json.JSONDecodeError):
        ordering.write(tmp_path / "a.json", by_hand([0, 1]), "nonsense")
    assert list(tmp_path.iterdir()) == []

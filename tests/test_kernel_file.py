"""Kernels come out of the weights of a network as they are, and nothing else does."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from cnnvis import kernel_file
from cnnvis.errors import FileError, NetworkError


@pytest.fixture
def weights(tmp_path):
    random = np.random.default_rng(0)
    tensors = {
        "features.0.weight": random.normal(size=(4, 3, 2, 5)).astype(np.float32),
        "features.0.bias": np.zeros(4, np.float32),
        "fc.weight": np.zeros((2, 4), np.float32),
    }
    save_file(tensors, tmp_path / "net.safetensors", metadata={"provenance": '{"stage":"x"}'})
    return tmp_path / "net.safetensors", tensors


def test_kernels_are_read_as_they_are(weights):
    path, tensors = weights
    found = kernel_file.read(path, "features.0")
    assert found.dtype == np.float32
    assert np.array_equal(found, tensors["features.0.weight"])


def test_only_kernels_of_colours_are_shown_as_colours(weights, tmp_path):
    path, tensors = weights
    assert np.array_equal(kernel_file.of_colours(path, "features.0"), tensors["features.0.weight"])
    save_file({"grey.weight": np.zeros((4, 1, 3, 3))}, tmp_path / "grey.safetensors")
    assert kernel_file.of_colours(tmp_path / "grey.safetensors", "grey") is None
    assert kernel_file.of_colours(path, "") is None


def test_the_provenance_of_the_weights_is_theirs(weights, tmp_path):
    assert kernel_file.provenance(weights[0]) == '{"stage":"x"}'
    save_file({"a": np.zeros(1)}, tmp_path / "bare.safetensors")
    assert kernel_file.provenance(tmp_path / "bare.safetensors") == ""


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("features.1", "no layer 'features.1' .*did you mean 'features.0'"),
        ("fc", r"shape \(2, 4\): no kernels"),
    ],
)
def test_what_has_no_kernels_is_named(weights, layer, words):
    with pytest.raises(NetworkError, match=words):
        kernel_file.read(weights[0], layer)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match="no file of weights"):
        kernel_file.read(tmp_path / "none.safetensors", "conv")
    with pytest.raises(FileError, match="no file of weights"):
        kernel_file.provenance(tmp_path / "none.safetensors")

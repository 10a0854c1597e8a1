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
    save_file(tensors, tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors", tensors


def test_kernels_are_read_as_they_are(weights):
    path, tensors = weights
    found = kernel_file.read(path, "features.0")
    assert found.dtype == np.float32
    assert np.array_equal(found, tensors["features.0.weight"])


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

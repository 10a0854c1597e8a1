"""Weights are read from what they come in; what could run code, or is no number, is refused."""

import io
import os
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save

from cnnvis import weights
from cnnvis.entries import NetworkEntry
from cnnvis.errors import NetworkError

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}


def entry(path="w.pth"):
    return NetworkEntry("mine", "alexnet", {"kind": "file", "path": path}, {})


def equal(found, expected=STATE):
    return list(found) == list(expected) and all(
        torch.equal(found[name], expected[name]) for name in expected
    )


def pth(value, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("w.pth", pth(STATE)),
        ("w.pt", pth(STATE, _use_new_zipfile_serialization=False)),
        ("w.safetensors", save(STATE)),
        ("w.npz", npz(**{name: tensor.numpy() for name, tensor in STATE.items()})),
        ("w.pth", pth({"epoch": 3, "state_dict": STATE})),
        ("w.pth", pth({"model": {f"module.{name}": STATE[name] for name in STATE}})),
    ],
    ids=["pth", "old pth", "safetensors", "npz", "checkpoint", "parallel"],
)
def test_every_form_gives_the_same_tensors(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    found = weights.read(entry(), tmp_path / name)
    assert equal(dict(sorted(found.items())), dict(sorted(STATE.items())))


def test_the_versions_of_modules_stay_beside_the_tensors(tmp_path):
    state = torch.nn.BatchNorm2d(2).state_dict()
    (tmp_path / "w.pth").write_bytes(pth(state))
    assert weights.read_file(tmp_path / "w.pth")._metadata[""]["version"] == 2


class Evil:
    def __reduce__(self):
        return os.system, ("touch owned",)


@pytest.mark.parametrize(
    "data", [pth({"a": Evil()}), pickle.dumps({"a": Evil()}, protocol=2)], ids=["pth", "bare"]
)
def test_code_in_weights_does_not_run(tmp_path, monkeypatch, data):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.pth").write_bytes(data)
    with pytest.raises(NetworkError, match=r"w\.pth is damaged, or holds more than tensors"):
        weights.read_file(tmp_path / "w.pth")
    assert not (tmp_path / "owned").exists()


def test_objects_in_npz_are_not_even_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.npz").write_bytes(npz(a=np.array([Evil()])))
    with pytest.raises(NetworkError, match=r"w\.npz cannot be read as weights"):
        weights.read_file(tmp_path / "w.npz")
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors", "w.npz"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_damaged_weights_are_refused(tmp_path, name, share):
    data = {"w.pth": pth(STATE), "w.safetensors": save(STATE), "w.npz": npz(a=np.ones(99))}[name]
    (tmp_path / name).write_bytes(data[: int(share * len(data))])
    with pytest.raises(NetworkError, match="damaged"):
        weights.read_file(tmp_path / name)


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, torch.ones(2)])
def test_what_is_no_state_dict_is_refused(tmp_path, value):
    (tmp_path / "w.pth").write_bytes(pth(value))
    with pytest.raises(NetworkError, match="holds no state dict"):
        weights.read_file(tmp_path / "w.pth")


def test_unknown_and_missing_files_are_named(tmp_path):
    with pytest.raises(NetworkError, match=r"network 'mine': there is no file of weights .*w\.pth"):
        weights.read(entry(), tmp_path / "w.pth")
    (tmp_path / "w.h5").write_bytes(b"")
    with pytest.raises(NetworkError, match=r"read from \.safetensors, .*not from '\.h5'"):
        weights.read(entry(), tmp_path / "w.h5")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused_by_name(tmp_path, value):
    broken = {"ok": np.ones(3, np.float32), "bad": np.array([1, value, value], np.float32)}
    (tmp_path / "w.npz").write_bytes(npz(**broken, count=np.array(3)))
    with pytest.raises(NetworkError, match="2 of the 3 values of 'bad' are NaN or infinite"):
        weights.read(entry(), tmp_path / "w.npz")


def test_what_is_written_is_read_back_byte_stable(tmp_path):
    view = torch.arange(12.0).reshape(3, 4).T
    state = {"b": view, "a": view[0], "n": torch.tensor(3)}
    weights.write(tmp_path / "1.safetensors", state, '{"stage":"x"}')
    weights.write(tmp_path / "2.safetensors", dict(reversed(state.items())), '{"stage":"x"}')
    assert (tmp_path / "1.safetensors").read_bytes() == (tmp_path / "2.safetensors").read_bytes()
    assert weights.read_provenance(tmp_path / "1.safetensors") == '{"stage":"x"}'
    found = weights.read_file(tmp_path / "1.safetensors")
    assert all(torch.equal(found[name], state[name]) for name in state)


def packaged_squeezenet(rng):
    """Layers as the package holds them: kernels (row, col, in, out), float32."""

    def layer(size, inputs, outputs):
        kernel = rng.standard_normal((size, size, inputs, outputs)) / np.sqrt(size**2 * inputs)
        return [kernel.astype(np.float32), rng.standard_normal(outputs).astype(np.float32)]

    fires = {2: (64, 16), 3: (128, 16), 4: (128, 32), 5: (256, 32)}
    fires |= {6: (256, 48), 7: (384, 48), 8: (384, 64), 9: (512, 64)}
    layers = {"conv1": layer(3, 3, 64), "conv10": layer(1, 512, 1000)}
    for fire, (inputs, squeezed) in fires.items():
        layers[f"fire{fire}/squeeze1x1"] = layer(1, inputs, squeezed)
        layers[f"fire{fire}/expand1x1"] = layer(1, squeezed, 4 * squeezed)
        layers[f"fire{fire}/expand3x3"] = layer(3, squeezed, 4 * squeezed)
    return layers


MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def test_the_first_convolution_of_squeezenet_absorbs_another_preprocessing():
    """Both see the same photo, each prepared in its own way, and give the same; in float64."""
    rng = np.random.default_rng(0)
    layers = packaged_squeezenet(rng)
    state = weights.squeezenet(layers, mean=MEAN, std=STD)
    rgb = torch.from_numpy(rng.integers(0, 256, (1, 3, 12, 12)).astype(np.float64))
    kernel, bias = (torch.from_numpy(array.astype(np.float64)) for array in layers["conv1"])
    bgr = rgb.flip(1) - torch.tensor([104.0, 117.0, 123.0]).view(3, 1, 1)
    theirs = torch.nn.functional.conv2d(bgr, kernel.permute(3, 2, 0, 1), bias, stride=2)
    mean, std = (torch.tensor(v, dtype=torch.float64).view(3, 1, 1) for v in (MEAN, STD))
    weight, bias = state["features.0.weight"].double(), state["features.0.bias"].double()
    ours = torch.nn.functional.conv2d((rgb / 255 - mean) / std, weight, bias, stride=2)
    assert theirs.abs().max() > 100
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


def test_squeezenets_layers_find_their_places():
    layers = packaged_squeezenet(np.random.default_rng(0))
    state = weights.squeezenet(layers, mean=MEAN, std=STD)
    kernel = layers["fire5/expand3x3"][0]
    assert state["features.7.expand3x3.weight"][3, 5, 1, 2] == kernel[1, 2, 5, 3]
    assert torch.equal(state["classifier.1.bias"], torch.from_numpy(layers["conv10"][1]))
    with pytest.raises(NetworkError, match="no layer 'fire10/squeeze1x1'"):
        weights.squeezenet({"fire10/squeeze1x1": layers["conv1"]}, mean=MEAN, std=STD)

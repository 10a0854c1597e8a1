"""Weights whose headers lie about what follows."""

import io
import json
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import save

from cnnvis import models, weights
from cnnvis.errors import NetworkError


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def tensor(begin, end, shape=(2,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


LIES = {
    "nothing": b"",
    "a length and no header": safetensors(b"", length=100),
    "a header beyond the file": safetensors({}, length=10**6),
    "a header of 2**63 bytes": safetensors({}, length=2**63),
    "a header of 2**64 - 1 bytes": safetensors({}, length=2**64 - 1),
    "a huge header": safetensors(b" " * (101 << 20)),
    "no JSON": safetensors(b"not json"),
    "JSON, but a list": safetensors([1, 2]),
    "bytes that are no UTF-8": safetensors(b'{"\xff": 1}'),
    "nested a hundred thousand deep": safetensors(b'{"a":' + b"[" * 100_000),
    "values beyond the file": safetensors({"a": tensor(0, 800, (200,))}, bytes(8)),
    "values before their beginning": safetensors({"a": tensor(8, 0)}, bytes(8)),
    "negative places": safetensors({"a": tensor(-8, 0)}, bytes(8)),
    "overlapping values": safetensors({"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12)),
    "the same values twice": safetensors({"a": tensor(0, 8), "b": tensor(0, 8)}, bytes(8)),
    "a hole": safetensors({"a": tensor(0, 8), "b": tensor(16, 24)}, bytes(24)),
    "values that nobody names": safetensors({"a": tensor(0, 8)}, bytes(80)),
    "a shape that needs more": safetensors({"a": tensor(0, 8, (3,))}, bytes(8)),
    "a shape that overflows": safetensors({"a": tensor(0, 8, (2**62, 8, 2))}, bytes(8)),
    "a shape of 2**32 by 2**32": safetensors({"a": tensor(0, 0, (2**32, 2**32))}),
    "a negative shape": safetensors({"a": tensor(0, 8, (-2,))}, bytes(8)),
    "a shape of words": safetensors({"a": tensor(0, 8, ("2",))}, bytes(8)),
    "a wide type": safetensors({"a": tensor(0, 8, (2,), "F64")}, bytes(8)),
    "an unknown type": safetensors({"a": tensor(0, 8, (2,), "OBJECT")}, bytes(8)),
    "no places": safetensors({"a": {"dtype": "F32", "shape": [2]}}, bytes(8)),
}  # fmt: skip


@pytest.mark.parametrize("data", LIES.values(), ids=LIES)
def test_a_header_that_lies_is_refused(data, tmp_path, sealed):
    path = tmp_path / "net.safetensors"
    path.write_bytes(data)
    with sealed():
        with pytest.raises(NetworkError, match=r"net\.safetensors cannot be read.*damaged"):
            weights.read_file(path)
        with pytest.raises(NetworkError, match=r"net\.safetensors cannot be read.*damaged"):
            models.provenance_digest(path)


def test_the_maker_of_headers_can_be_honest(tmp_path):
    path = tmp_path / "net.safetensors"
    path.write_bytes(safetensors({"a": tensor(0, 8)}, np.array([1, 2], np.float32).tobytes()))
    assert weights.read_file(path)["a"].tolist() == [1, 2]


@pytest.mark.parametrize("text", ["{}", "no json", "[" * 100_000, '{"stage": 1}', "[1]", "\0"])
def test_a_provenance_that_is_none_is_refused(text, tmp_path, sealed):
    path = tmp_path / "net.safetensors"
    path.write_bytes(save({"a": torch.ones(2)}, {"provenance": text}))
    with sealed(), pytest.raises(NetworkError, match=r"net\.safetensors: not a provenance"):
        models.provenance_digest(path)


def saved(value, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


STRANGE = {
    "more values than there are": lambda: torch.ones(1).expand(10**12),
    "sparse": lambda: torch.eye(3).to_sparse(),
    "on no device": lambda: torch.empty(3, device="meta"),
    "quantised": lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
}


@pytest.mark.filterwarnings("ignore:.*quant:UserWarning", "ignore:.*quant:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated:UserWarning")
@pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_a_tensor_that_is_no_plain_array_is_refused(make, new, tmp_path, sealed):
    path = tmp_path / "net.pth"
    path.write_bytes(saved({"a": make()}, _use_new_zipfile_serialization=new))
    with sealed(), pytest.raises(NetworkError, match=r"net\.pth"):
        weights.read_file(path)


@pytest.mark.parametrize("key", [1, None, (1, 2), b"a"])
def test_names_that_are_no_words_are_refused(key, tmp_path, sealed):
    path = tmp_path / "net.pth"
    path.write_bytes(saved({key: torch.ones(2)}))
    with sealed(), pytest.raises(NetworkError, match=r"net\.pth holds no state dict"):
        weights.read_file(path)


@pytest.mark.parametrize("versions", [[1], {1: 2}, {"": 3}, {"": {"version": "x"}}, "x"])
def test_versions_of_modules_that_are_none_are_left_out(versions, tmp_path, sealed):
    state = OrderedDict(a=torch.ones(2))
    state._metadata = versions
    path = tmp_path / "net.pth"
    path.write_bytes(saved(state))
    with sealed():
        assert not hasattr(weights.read_file(path), "_metadata")


@pytest.mark.parametrize("name", ["net.npz", "net.pth"])
def test_a_file_that_unpacks_to_far_more_is_refused(name, tmp_path, sealed):
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(1 << 26))
    with sealed(), pytest.raises(NetworkError, match=rf"{name} unpacks to 67108864 bytes"):
        weights.read_file(path)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': __import__('os').system('touch canary'), 'fortran_order': 0, 'shape': ()}",
        "{'descr': '<f4'",
    ],
)
def test_an_array_in_npz_that_lies_is_refused(header, tmp_path, sealed):
    text = header.encode().ljust(246) + b"\n"
    npy = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(16)
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        archive.writestr("a.npy", npy)
    with sealed(), pytest.raises(NetworkError, match=r"net\.npz cannot be read"):
        weights.read_file(tmp_path / "net.npz")

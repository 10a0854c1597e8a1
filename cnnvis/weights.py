"""State dicts in the forms they come in, made into one: tensor name -> tensor, for safetensors.

Nothing is unpickled but plain arrays and tensors.
"""

import io
import os
import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnnvis import assets
from cnnvis.catalogue import NetworkEntry
from cnnvis.errors import NetworkError
from cnnvis.files import replacing

State = Mapping[str, Tensor]

_BGR_MEAN = (104.0, 117.0, 123.0)
"""What the packaged SqueezeNet subtracts from blue, green and red."""

_WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts put the state dict."""


_MOST_PACKED = 20
"""How many times its size a file may unpack to; numbers of weights hardly shrink at all."""
_SLACK = 1 << 24
"""Bytes that are not worth a refusal."""


def read(entry: NetworkEntry, source: str | os.PathLike[str]) -> State:
    """Read the weights of a catalogued or an own network from a downloaded or local file.

    Raises:
        NetworkError: the file is missing, damaged, of an unknown kind, or holds NaN or infinity.
        AssetError: a member of an archive is missing or not the pinned one.
    """
    path = Path(source)
    if not path.is_file():
        raise NetworkError(f"network '{entry.name}': there is no file of weights {path}.")
    packed = entry.weights["kind"] == "pypi-member"
    state = _read_member(entry, path) if packed else read_file(path)
    refuse_nonfinite(state, f"{path.name} (network '{entry.name}')")
    return state


def read_file(path: Path) -> State:
    """Read a state dict from a .safetensors, .npz, .pth or .pt file.

    Raises:
        NetworkError: the file is missing, damaged, of an unknown kind, or holds something else.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NetworkError(f"cannot read the weights {path}: {error.strerror}.") from error
    return _decoded(data, path.name)


def write(path: str | os.PathLike[str], state: State, provenance: str) -> None:
    """Write a state dict as safetensors; equal weights and provenance give equal bytes.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    from safetensors.torch import save_file

    # A view of another tensor, or two names of one tensor, cannot be written as they are.
    tensors = {name: state[name].detach().clone().contiguous() for name in sorted(state)}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={"provenance": provenance})


def read_provenance(path: str | os.PathLike[str]) -> str:
    """Return the provenance that :func:`write` stored beside the weights, empty without one.

    Raises:
        NetworkError: there is no such file, or it is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata: dict[str, str] = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise NetworkError(
            f"{path} cannot be read as weights; it may be damaged: {error}. Delete it and start "
            "the workflow, or save it again."
        ) from error
    return metadata.get("provenance", "")


def _read_member(entry: NetworkEntry, path: Path) -> State:
    members, form = entry.weights["members"], entry.weights["format"]
    data = assets.member(path, *members)
    what = f"{path.name}: {members[-1]}"
    assets.check_sha256(data, entry.weights["member_sha256"], what)
    if form == "squeezenet-pickle":
        mean, std = entry.preprocessing["mean"], entry.preprocessing["std"]
        return squeezenet(assets.restricted_pickle(data, what), mean=mean, std=std)
    if form == "pth":
        return _decoded(data, members[-1])
    raise NetworkError(f"network '{entry.name}': unknown format of weights '{form}'.")


def squeezenet(
    layers: Mapping[str, Any], *, mean: tuple[float, ...], std: tuple[float, ...]
) -> State:
    """Turn the layers of SqueezeNet 1.1 into torchvision's state dict.

    ``layers`` are pairs of a kernel (row, col, in, out) and a bias. They expect blue, green, red
    from 0 to 255 less a mean of their own. What comes out expects red, green, blue from 0 to 1,
    less ``mean``, over ``std``: the first convolution absorbs the difference, in float64. With W
    flipped to RGB, W' = 255 std W and b' = b + sum of W (255 mean - own mean) over the window.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for layer, (kernel, bias) in layers.items():
        name = _squeezenet_name(layer)
        arrays[f"{name}.weight"] = np.asarray(kernel, np.float64).transpose(3, 2, 0, 1)
        arrays[f"{name}.bias"] = np.asarray(bias, np.float64).reshape(-1)
    flipped = arrays["features.0.weight"][:, ::-1]
    offset = 255 * np.array(mean) - np.array(_BGR_MEAN[::-1])
    arrays["features.0.bias"] = arrays["features.0.bias"] + np.einsum("oihw,i->o", flipped, offset)
    arrays["features.0.weight"] = flipped * (255 * np.array(std))[:, None, None]
    return {
        name: torch.from_numpy(np.ascontiguousarray(array, np.float32))
        for name, array in arrays.items()
    }


def _squeezenet_name(layer: str) -> str:
    """Translate ``fire2/expand3x3`` or ``fire2_expand3x3`` into ``features.3.expand3x3``."""
    whole = {"conv1": "features.0", "conv10": "classifier.1"}
    places = dict(zip(range(2, 10), (3, 4, 6, 7, 9, 10, 11, 12), strict=True))
    fire = re.fullmatch(r"fire([2-9])[/_](squeeze|expand)([13]x[13])", layer)
    if layer in whole:
        return whole[layer]
    if fire is None:
        raise NetworkError(f"SqueezeNet 1.1 has no layer '{layer}': these are other weights.")
    part = "squeeze" if fire[2] == "squeeze" else f"expand{fire[3]}"
    return f"features.{places[int(fire[1])]}.{part}"


def _decoded(data: bytes, name: str) -> State:
    readers = {".safetensors": _safetensors, ".npz": _npz, ".pth": _pth, ".pt": _pth}
    suffix = Path(name).suffix
    if suffix not in readers:
        raise NetworkError(
            f"{name}: weights are read from {', '.join(readers)}, not from '{suffix}' files."
        )
    _refuse_bomb(data, name)
    try:
        loaded = readers[suffix](data)
    except pickle.UnpicklingError as error:
        raise NetworkError(
            f"{name} is damaged, or holds more than tensors, which could run code and is not "
            "loaded. Save the state dict alone: torch.save(model.state_dict(), ...)."
        ) from error
    except Exception as error:  # damaged files fail in many ways
        raise NetworkError(
            f"{name} cannot be read as weights; it may be damaged: {error}"
        ) from error
    return _unwrapped(loaded, name)


def _refuse_bomb(data: bytes, name: str) -> None:
    """Refuse a zip (.npz, .pth) that would unpack to far more than it is."""
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    except Exception:  # damaged in one of many ways, which its reader will name
        return
    if unpacked > _MOST_PACKED * len(data) + _SLACK:
        raise NetworkError(
            f"{name} unpacks to {unpacked} bytes, {unpacked // len(data)} times its size: weights "
            "do not shrink like that, and it is not read. Save it again without compression."
        )


def _safetensors(data: bytes) -> Any:
    from safetensors.torch import load

    return load(data)


def _npz(data: bytes) -> Any:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {key: torch.from_numpy(np.ascontiguousarray(arrays[key])) for key in arrays}


def _pth(data: bytes) -> Any:
    return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)


def _unwrapped(loaded: Any, name: str) -> State:
    """Return the state dict in what a training script saved, without prefixes ``module.``."""
    for key in _WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    if not _is_state(loaded):
        raise NetworkError(f"{name} holds no state dict (tensor name -> tensor).")
    _refuse_strange(loaded, name)
    parallel = bool(loaded) and all(key.startswith("module.") for key in loaded)
    state = OrderedDict(
        (key.removeprefix("module.") if parallel else key, loaded[key]) for key in loaded
    )
    # torch keeps the versions of the modules beside the tensors, for its own translations.
    versions = getattr(loaded, "_metadata", None)
    if _are_versions(versions) and not parallel:
        state._metadata = versions  # type: ignore[attr-defined]
    return state


def _is_state(loaded: Any) -> bool:
    return isinstance(loaded, Mapping) and all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in loaded.items()
    )


def _are_versions(given: Any) -> bool:
    """Tell whether this is what torch keeps of modules: name -> {"version": number}."""
    return isinstance(given, Mapping) and all(
        isinstance(name, str)
        and isinstance(kept, Mapping)
        and isinstance(kept.get("version"), int | None)
        for name, kept in given.items()
    )


def _refuse_strange(state: State, name: str) -> None:
    """Refuse tensors that are no plain arrays of numbers, or larger than what was read for them."""
    for key, tensor in state.items():
        plain = tensor.layout is torch.strided and tensor.device.type == "cpu"
        if not plain or tensor.is_quantized:
            raise NetworkError(
                f"{name}: '{key}' is no plain tensor in memory ({tensor.layout}, "
                f"{tensor.device.type}); save the state dict of the network itself, on the CPU."
            )
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise NetworkError(
                f"{name}: '{key}' claims the shape {tuple(tensor.shape)} and holds "
                f"{tensor.untyped_storage().nbytes()} bytes for it. Save it as tensor.contiguous()."
            )


def refuse_nonfinite(state: State, what: str) -> None:
    """Raise a NetworkError where weights hold NaN or infinity, with the name of the tensor."""
    for name, tensor in state.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            count = int((~torch.isfinite(tensor)).sum())
            raise NetworkError(
                f"{what}: {count} of the {tensor.numel()} values of '{name}' are NaN or infinite. "
                "Training diverged or the file is damaged; use other weights."
            )

"""Networks as torch modules: built by name, filled with weights, in eval mode.

The only module, beside the tools, that imports torchvision.
"""

import importlib
import os
import re
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from cnnvis import caffe, catalogue
from cnnvis import weights as weight_files
from cnnvis.catalogue import Archive, NetworkEntry
from cnnvis.efficientnet_lite import EfficientNetLite0
from cnnvis.entries import CAFFE, prototxt
from cnnvis.errors import NetworkError, StoreError, did_you_mean
from cnnvis.files import sha256
from cnnvis.own_modules import working_directory_first
from cnnvis.provenance import Provenance

_OWN = {"efficientnet_lite0": EfficientNetLite0}

_WITHOUT_SIDE_EXITS = {"aux_logits": False, "init_weights": False, "transform_input": False}
"""Arguments for GoogLeNet and Inception: no auxiliary classifiers, which only training uses, and no
change of the input inside the network, which belongs to the preprocessing."""

_OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": _WITHOUT_SIDE_EXITS,
    "inception_v3": _WITHOUT_SIDE_EXITS,
    "vit_h_14": {"image_size": 518},  # its published weights are for this size only
}
_SIDE_EXITS = {"googlenet": ("aux1.", "aux2."), "inception_v3": ("AuxLogits.",)}


def import_torchvision() -> ModuleType:
    """Import torchvision, also where its compiled operators do not fit the installed torch.

    A torchvision built for CUDA, beside a torch built without, fails on the operator
    ``torchvision::nms``, which classifiers never use. Declaring it is enough for everything but
    the box operators and torchvision's own decoding of images.

    Raises:
        NetworkError: torchvision is missing, or fails for another reason.
    """
    try:
        with _without_compiler():
            return _import_torchvision()
    except (ImportError, RuntimeError) as error:
        raise NetworkError(
            f"torchvision cannot be imported: {error}. Install the versions of torch and "
            "torchvision that belong together (requirements-torch.txt)."
        ) from error


_COMPILER = "torch._dynamo.utils"


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Let torchvision be imported without torch's compiler, which takes longer than all of torch.

    One of its box operators asks the compiler at run time whether a device is supported, and
    imports it for that. Inside the block a module with that one function stands for it; called, it
    asks the real one. See docs/decisions/0013-starting-torch.md.
    """
    if _COMPILER in sys.modules:
        yield
        return
    stand_in = ModuleType(_COMPILER)
    stand_in.is_compile_supported = _is_compile_supported  # type: ignore[attr-defined]
    sys.modules[_COMPILER] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(_COMPILER) is stand_in:
            del sys.modules[_COMPILER]


def _is_compile_supported(device: str) -> bool:
    return bool(importlib.import_module(_COMPILER).is_compile_supported(device))


def _import_torchvision() -> ModuleType:
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(
                f"torchvision::{name}",
                "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
            )
    return importlib.import_module("torchvision")


def torchvision_classifiers() -> tuple[str, ...]:
    """Return the names of torchvision's image classifiers, sorted."""
    zoo = import_torchvision().models
    return tuple(sorted(zoo.list_models(module=zoo)))


def build(architecture: str) -> nn.Module:
    """Build a network with the random weights of its own initialisation.

    ``architecture`` is ``efficientnet_lite0``, the name of a torchvision classifier,
    ``caffe:path/to/deploy.prototxt`` for a network of Caffe (:mod:`cnnvis.caffe`), or
    ``package.module:factory``: a function without arguments that returns a module, in a package
    that Python finds, or in a file of the working directory.

    Raises:
        NetworkError: no such architecture, or the factory fails, or the description cannot be read.
    """
    if architecture.startswith(CAFFE):
        return caffe.build(prototxt(architecture))
    if ":" in architecture:
        return _from_factory(architecture)
    if architecture in _OWN:
        return _OWN[architecture]()
    known = (*_OWN, *torchvision_classifiers())
    if architecture not in known:
        raise NetworkError(
            f"no architecture '{architecture}'{did_you_mean(architecture, known)}. Give a "
            "torchvision classifier, or package.module:factory for a network of your own."
        )
    options = _OPTIONS.get(architecture, {})
    model: nn.Module = import_torchvision().models.get_model(architecture, weights=None, **options)
    return model


def load(
    name_or_entry: str | NetworkEntry,
    *,
    weights: str | os.PathLike[str] = "random",
    seed: int = 0,
) -> nn.Module:
    """Return a network ready to look into: with weights, in eval mode, nothing done in place.

    ``weights`` is a file that :func:`convert` wrote, any state dict for the architecture, the
    ``.caffemodel`` of a network of Caffe, or ``random``, with a ``seed``; torch's own random
    numbers are left as they were.

    Raises:
        NetworkError: no such architecture, or the weights do not fit it.
    """
    architecture = _architecture(name_or_entry)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build(architecture)
    if weights != "random":
        path = Path(weights)
        of_caffe = caffe.is_caffemodel(path)
        state = caffe.state_dict(model, path) if of_caffe else weight_files.read_file(path)
        _fill(model, state, str(weights), architecture)
    return _quiet(model)


def input_shape(model: nn.Module) -> tuple[int, ...]:
    """Return the shape of an image without the batch: Caffe's networks say it, 224 pixels else."""
    return model.input_shape if isinstance(model, caffe.CaffeNetwork) else (3, 224, 224)


def convert(
    entry: NetworkEntry,
    source: str | os.PathLike[str] | None,
    destination: str | os.PathLike[str],
    provenance: str = "",
) -> None:
    """Check the weights of a network and write them once as safetensors, for every later stage.

    ``source`` is the downloaded archive or file; None for random weights and for local files, which
    say their path themselves.

    Raises:
        NetworkError: the weights do not fit the architecture, or are not finite numbers.
        AssetError: the archive does not hold what the catalogue promises.
        FileError: ``destination`` cannot be written.
    """
    kind = entry.weights["kind"]
    if kind == "random":
        model = load(entry, seed=entry.weights["seed"])
    else:
        place = source if source is not None else entry.weights.get("path")
        if place is None:
            raise NetworkError(f"network '{entry.name}': its weights must be downloaded first.")
        model = build(entry.architecture)
        _check_crop(model, entry)
        of_caffe = caffe.is_caffemodel(place)
        state = caffe.state_dict(model, place) if of_caffe else weight_files.read(entry, place)
        _fill(model, state, Path(place).name, entry.architecture)
    weight_files.write(destination, model.state_dict(), provenance)


def provenance_digest(path: str | os.PathLike[str]) -> str:
    """Return what stands for weights in the provenance of what is made with them.

    The digest of the provenance that :func:`convert` stored; the sha256 of any other file.

    Raises:
        NetworkError: the file is missing or damaged, or its provenance is none.
    """
    text = weight_files.read_provenance(path) if Path(path).suffix == ".safetensors" else ""
    if not text:
        return sha256(path)
    try:
        return Provenance.from_json(text).digest
    except StoreError as error:
        raise NetworkError(
            f"{path}: {error}. Delete it and start the workflow, or save it again."
        ) from error


def archive_of(entry: NetworkEntry) -> Archive | None:
    """Return what must be downloaded for the weights of a network, None where nothing must.

    Raises:
        NetworkError: this version of torchvision knows no such weights.
    """
    pinned = entry.weights
    if pinned["kind"] == "pypi-member":
        return catalogue.archive(pinned["archive"])
    if pinned["kind"] != "torchvision":
        return None
    known = import_torchvision().models.get_model_weights(entry.architecture).__members__
    if pinned["enum"] not in known or not known[pinned["enum"]].url.endswith(pinned["filename"]):
        raise NetworkError(
            f"network '{entry.name}': this torchvision has no weights {pinned['enum']} in a file "
            f"{pinned['filename']}. Install the version of requirements-torch.txt."
        )
    return Archive(
        name=entry.name,
        kind="url",
        filename=pinned["filename"],
        sha256=pinned["sha256"],
        url=known[pinned["enum"]].url,
    )


def _architecture(name_or_entry: str | NetworkEntry) -> str:
    if isinstance(name_or_entry, NetworkEntry):
        return name_or_entry.architecture
    known = catalogue.networks()
    return known[name_or_entry].architecture if name_or_entry in known else name_or_entry


def _from_factory(architecture: str) -> nn.Module:
    module_name, _, function = architecture.partition(":")
    try:
        with working_directory_first():
            factory = getattr(importlib.import_module(module_name), function)
            model = factory()
    except Exception as error:  # what a stranger's factory raises is anyone's guess
        raise NetworkError(
            f"'{architecture}' gives no network: {type(error).__name__}: {error}. Write "
            "package.module:factory, and install the package or put the file into the working "
            "directory."
        ) from error
    if not isinstance(model, nn.Module):
        raise NetworkError(f"'{architecture}' returned {type(model).__name__}, not a torch module.")
    return model


def _fill(model: nn.Module, state: weight_files.State, what: str, architecture: str) -> None:
    """Load a state dict strictly, after the renamings that torchvision makes when it downloads."""
    own: Any = model.state_dict()
    unused = _SIDE_EXITS.get(architecture, ())
    given: Any = OrderedDict(
        (_modern_name(key), tensor) for key, tensor in state.items() if not key.startswith(unused)
    )
    for key in own:
        if key.endswith(".num_batches_tracked"):  # a counter of training, absent in old files
            given.setdefault(key, own[key])
    given._metadata = getattr(state, "_metadata", own._metadata)
    try:
        model.load_state_dict(given, strict=True)
    except RuntimeError as error:
        raise NetworkError(
            f"{what} does not fit '{architecture}': {_differences(own, given)}. Use the "
            "architecture that these weights were trained with, or rename their keys."
        ) from error


def _check_crop(model: nn.Module, entry: NetworkEntry) -> None:
    """Refuse photos of another size than a network of Caffe was described for."""
    crop = entry.preprocessing.get("crop")
    if isinstance(model, caffe.CaffeNetwork) and model.input_shape[1:] != (crop, crop):
        rows, cols = model.input_shape[1:]
        raise NetworkError(
            f"network '{entry.name}': photos are cropped to {crop} x {crop} pixels, but "
            f"{entry.prototxt} describes an input of {rows} x {cols}. Change preprocessing.crop, "
            "or the input in the description."
        )


def _modern_name(key: str) -> str:
    """Translate ``denselayer1.norm.1.weight`` of old files to ``denselayer1.norm1.weight``."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", key)


def _differences(own: weight_files.State, given: weight_files.State) -> str:
    missing = [key for key in own if key not in given]
    unknown = [key for key in given if key not in own]
    other = [key for key in own if key in given and own[key].shape != given[key].shape]
    words = []
    if missing:
        words.append(f"{len(missing)} tensors are missing, first '{missing[0]}'")
    if unknown:
        words.append(f"{len(unknown)} are unknown, first '{unknown[0]}'")
    if other:
        key = other[0]
        shapes = f"{tuple(given[key].shape)} instead of {tuple(own[key].shape)}"
        words.append(f"{len(other)} have another shape, first '{key}' with {shapes}")
    return "; ".join(words) or "torch refuses them"


def _quiet(model: nn.Module) -> nn.Module:
    """Switch to eval mode and in-place operations off, so that what is recorded stays."""
    for module in model.modules():
        if getattr(module, "inplace", False) is True:
            module.inplace = False  # type: ignore[assignment]
    return model.eval()

"""From Caffe's weights (``.caffemodel``) and means (``.binaryproto``) to what torch needs.

Caffe's networks read blue, green, red. Here the first convolution's weights are put in the order
red, green, blue once, when they are imported; so that the network reads what all others read, its
kernels look as they are, and a mean is given in the same order.
"""

import os
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cnnvis.caffe import messages
from cnnvis.caffe.messages import Layer, Shape
from cnnvis.caffe.module import CaffeNetwork, Step
from cnnvis.entries import CAFFE
from cnnvis.errors import NetworkError, did_you_mean
from cnnvis.weights import refuse_nonfinite

Floats = NDArray[np.float32]


def is_caffemodel(path: str | os.PathLike[str]) -> bool:
    """Tell by its name whether a file holds weights of Caffe."""
    return Path(path).suffix == ".caffemodel"


def state_dict(model: nn.Module, path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the weights of a ``.caffemodel`` by the names and shapes of the network's tensors.

    Layers of the file that the network does not have are left out, as Caffe does: the network may
    be a part of the one that was trained.

    Raises:
        NetworkError: the network is none of Caffe; the file is missing, damaged or something else;
            or a layer's weights are missing, have other shapes, or are not finite numbers. The
            message names the layer.
    """
    what = Path(path).name
    if not isinstance(model, CaffeNetwork):
        raise NetworkError(
            f"{what} holds weights of Caffe, which belong to a description: give the architecture "
            f"{CAFFE}path/to/deploy.prototxt."
        )
    net = messages.read_weights(path)
    found = {layer.name: layer for layer in messages.layers(net, what, phases="all")}
    state: dict[str, Tensor] = {}
    for step in model.steps:
        wanted = dict(model.get_submodule(step.module).named_parameters())
        if wanted:
            layer = _layer(found, step, what)
            arrays = _arrays(layer, [tuple(tensor.shape) for tensor in wanted.values()], what)
            if model.reads_image(step):
                arrays[0] = np.ascontiguousarray(arrays[0][:, ::-1])
            for name, array in zip(wanted, arrays, strict=True):
                state[f"{step.module}.{name}"] = torch.from_numpy(array)
    refuse_nonfinite(state, what)
    return state


def mean_pixel(path: str | os.PathLike[str]) -> tuple[float, float, float]:
    """Return the mean red, green and blue of a mean image (``.binaryproto``).

    One pixel stands for the whole image, as in Caffe's own examples of classification: a network
    sees crops, and a mean that differs from place to place belongs to none of them.

    Raises:
        NetworkError: the file is missing, damaged, something else, or not in colour.
    """
    blob = messages.read_blob(path)
    shape = messages.shape_of(blob)
    kept = shape[1:] if len(shape) == 4 and shape[0] == 1 else shape
    if len(kept) != 3 or kept[0] != 3 or min(kept) < 1:
        raise NetworkError(
            f"{Path(path).name}: the mean image has the shape {shape} instead of (3, row, col)."
        )
    values = _values(blob, kept, Path(path).name)
    if not np.isfinite(values).all():
        raise NetworkError(
            f"{Path(path).name}: the mean image holds NaN or infinity; it is damaged. Download it "
            "again, or give the mean as three numbers."
        )
    blue, green, red = values.astype(np.float64).mean(axis=(1, 2)).tolist()
    return red, green, blue


def _layer(found: dict[str, Layer], step: Step, what: str) -> Layer:
    layer = found.get(step.layer)
    if layer is None or not layer.message.blobs:
        full = [name for name in found if found[name].message.blobs]
        raise NetworkError(
            f"{what} has no weights for the layer '{step.layer}'{did_you_mean(step.layer, full)} "
            "Give the .prototxt and the .caffemodel that belong together."
        )
    return layer


def _arrays(layer: Layer, shapes: Sequence[Shape], what: str) -> list[Floats]:
    blobs = layer.message.blobs
    if len(blobs) != len(shapes):
        raise NetworkError(
            f"{what}: {layer} has {len(blobs)} arrays of weights instead of {len(shapes)}; "
            "bias_term differs between the .prototxt and the weights."
        )
    pairs = zip(("weight", "bias"), blobs, shapes, strict=False)
    return [_array(blob, shape, f"{what}: the {part} of {layer}") for part, blob, shape in pairs]


def _array(blob: Any, wanted: Shape, what: str) -> Floats:
    """Return an array in the shape ``wanted``; old files put lengths of 1 in front of it."""
    shape = messages.shape_of(blob)
    if _without_ones(shape) != _without_ones(wanted):
        raise NetworkError(
            f"{what} has the shape {shape} instead of {wanted}. Give the .prototxt and the "
            ".caffemodel that belong together."
        )
    return _values(blob, wanted, what)


def _values(blob: Any, shape: Shape, what: str) -> Floats:
    data = blob.data or blob.double_data
    if len(data) != prod(shape):
        raise NetworkError(
            f"{what} holds {len(data)} numbers, and its shape {shape} needs {prod(shape)}; the "
            "file is damaged."
        )
    return np.array(data, np.float32).reshape(shape)


def _without_ones(shape: Shape) -> Shape:
    """Return a shape without the lengths of 1 in front.

    >>> _without_ones((1, 1, 5, 1))
    (5, 1)
    """
    for axis, size in enumerate(shape):
        if size != 1:
            return shape[axis:]
    return ()

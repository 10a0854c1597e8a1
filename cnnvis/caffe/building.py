"""From a description (``.prototxt``) to a torch module, with the random weights of torch's layers.

Everything is first put together without memory, on torch's device "meta", which also says what
shape each layer gives; so that a description with absurd numbers is refused and not built.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cnnvis.caffe import kinds, messages
from cnnvis.caffe.messages import Layer, Shape
from cnnvis.caffe.module import CaffeNetwork, Step, joined
from cnnvis.errors import NetworkError

_INPUTS = ("Data", "DummyData", "HDF5Data", "ImageData", "MemoryData", "WindowData")
_TRAINING = (
    *("Accuracy", "ContrastiveLoss", "EuclideanLoss", "HDF5Output", "HingeLoss", "InfogainLoss"),
    *("MultinomialLogisticLoss", "SigmoidCrossEntropyLoss", "Silence", "SoftmaxWithLoss"),
)
"""Kinds that only training and its tests need."""

_MOST_WEIGHTS = messages.MOST_BYTES // 4
_MOST_PIXELS = 2**31
_ALL_BUT = re.compile(r"[^A-Za-z0-9_+-]")
_RESERVED = frozenset(dir(CaffeNetwork)) | frozenset(vars(nn.Module())) | {"input_shape"}
"""Names that a module has already."""


def build(path: str | os.PathLike[str]) -> CaffeNetwork:
    """Build the network that a ``.prototxt`` describes, up to the scores before the last Softmax.

    Modules carry the names of Caffe's layers, with ``_`` for what such a name may not hold.

    Raises:
        NetworkError: the file is missing or no description; or it holds a layer, a setting or
            sizes that cannot be imported. The message names the layer and the field.
    """
    what = Path(path).name
    net = messages.read_description(path)
    found = messages.layers(net, what)
    image, shape = _input(net, found, what)
    run = [layer for layer in found if layer.kind not in ("Input", *_INPUTS, *_TRAINING)]
    run, scores = _up_to_scores(run, what)
    names = _module_names(run, what)
    with torch.device("meta"):
        model = CaffeNetwork(
            image=image,
            input_shape=shape,
            scores=scores,
            layers=_made(run, names, {image: torch.empty((1, *shape))}),
        )
    _check(model, what)
    model.to_empty(device="cpu")
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.reset_parameters()
    return model.eval()


def _input(net: Any, layers: Sequence[Layer], what: str) -> tuple[str, Shape]:
    """Return the name and the shape (channel, row, col) of the image, however it is given."""
    inputs = [layer for layer in layers if layer.kind == "Input"]
    names = [*net.input, *(top for layer in inputs for top in layer.tops)]
    dims = [tuple(net.input_dim)] if net.input_dim else []
    given = [*net.input_shape, *(shape for layer in inputs for shape in _shapes(layer))]
    shapes = [*dims, *(tuple(shape.dim) for shape in given)]
    if len(names) != 1 or len(shapes) != 1:
        raise NetworkError(
            f"{what} has {len(names)} inputs with {len(shapes)} shapes, and must have one image "
            "with its shape. Give the deploy.prototxt, not the description for training."
        )
    shape = shapes[0]
    if len(shape) != 4 or shape[1] != 3 or min(shape) < 1 or prod(shape) > _MOST_PIXELS:
        raise NetworkError(
            f"{what}: the input '{names[0]}' has the shape {shape}; photos come as (image, 3, row, "
            "col) with blue, green and red."
        )
    return names[0], shape[1:]


def _shapes(layer: Layer) -> Sequence[Any]:
    shapes: Sequence[Any] = layer.message.input_param.shape
    return shapes


def _up_to_scores(layers: Sequence[Layer], what: str) -> tuple[list[Layer], str]:
    """Leave out a Softmax at the end; return the other layers and the value that is left over.

    A layer that works in place reads and writes one name, so it is the last writer that counts.
    """
    run = list(layers)
    while run and run[-1].kind == "Softmax":
        run.pop()
    if not run:
        raise NetworkError(f"{what} has no layers that compute anything.")
    for layer in run:
        if len(layer.tops) != 1:
            raise kinds.refusal(layer, f"it writes {len(layer.tops)} values instead of one")
    written = {layer.tops[0]: index for index, layer in enumerate(run)}
    left = [name for name, index in written.items() if not _is_read(name, run[index + 1 :])]
    if len(left) != 1:
        raise NetworkError(
            f"{what} has {len(left)} outputs ({', '.join(left)}), and must have one, the scores of "
            "the classes. Take the layers out that lead to the others."
        )
    return run, left[0]


def _is_read(name: str, layers: Sequence[Layer]) -> bool:
    return any(name in layer.bottoms for layer in layers)


def _module_names(layers: Sequence[Layer], what: str) -> dict[str, str]:
    """Return layer name -> name of its module."""
    names = {layer.name: _ALL_BUT.sub("_", layer.name) for layer in layers}
    taken = Counter([*names.values(), *_RESERVED])
    twice = [name for name, count in Counter(layer.name for layer in layers).items() if count > 1]
    wrong = [*twice, *(name for name, module in names.items() if not module or taken[module] > 1)]
    if wrong:
        raise NetworkError(
            f"{what}: the name '{wrong[0]}' of a layer is empty, not alone, or one that torch "
            "needs; give it another in the .prototxt and in the weights."
        )
    return names


def _made(
    layers: Sequence[Layer], names: Mapping[str, str], values: dict[str, torch.Tensor]
) -> list[tuple[Step, nn.Module]]:
    """Make the layers one by one; ``values`` have the shapes of what they read, and no data."""
    pairs = []
    for layer in layers:
        unknown = [name for name in layer.bottoms if name not in values]
        if unknown:
            raise kinds.refusal(layer, f"it reads '{unknown[0]}', which no layer before it writes")
        inputs = [values[name] for name in layer.bottoms]
        try:
            made = kinds.make(layer, [tuple(value.shape[1:]) for value in inputs])
            output = made.module(joined(made.before, inputs))
        except (RuntimeError, ValueError, OverflowError, TypeError) as error:
            shapes = " and ".join(str(tuple(value.shape[1:])) for value in inputs)
            reason = f"it does not fit what it reads, {shapes}: {str(error).splitlines()[0]}"
            raise kinds.refusal(layer, reason) from error
        top = layer.tops[0]
        values[top] = output
        step = Step(layer.name, names[layer.name], layer.bottoms, top, made.before)
        pairs.append((step, made.module))
    return pairs


def _check(model: CaffeNetwork, what: str) -> None:
    """Refuse more weights than a file holds, and first layers that cannot take RGB for BGR."""
    count = sum(parameter.numel() for parameter in model.parameters())
    if count > _MOST_WEIGHTS:
        raise NetworkError(
            f"{what} describes {count} weights, more than a file of Caffe can hold "
            f"({_MOST_WEIGHTS}); a size in it is wrong."
        )
    for step in model.steps:
        module = model.get_submodule(step.module)
        if model.reads_image(step) and not (isinstance(module, nn.Conv2d) and module.groups == 1):
            raise NetworkError(
                f"{what}: layer '{step.layer}' reads the image, and only a Convolution of all its "
                "channels can take the change from blue, green, red to red, green, blue."
            )

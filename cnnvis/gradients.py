"""Gradients of a score with respect to the filters of a layer, for each image on its own.

For one image, the gradient of a convolution's weights is the correlation of what went into the
layer with the gradient of the score at its output (Goodfellow, Bengio and Courville, Deep Learning,
2016, equation 9.11). So one forward pass and one backward pass down to that output serve a whole
batch: the layers in front of it and all other weights are never differentiated.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import grad as weight_gradients

from cnnvis.errors import LayerError, NetworkError
from cnnvis.network.graph import Network, operation_of
from cnnvis.network.recording import Images, as_batch
from cnnvis.network.running import run

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_WEIGHT_GRADIENTS: tuple[Callable[..., Tensor], ...] = (
    weight_gradients.conv1d_weight,
    weight_gradients.conv2d_weight,
    weight_gradients.conv3d_weight,
)


def filters(
    net: Network, images: Images, *, layer: str, target: int | Sequence[int]
) -> NDArray[np.floating[Any]]:
    """Return d(score of ``target``) / d(weights of ``layer``) for each image.

    The score is the output of the network, before any softmax that is not part of it. ``target`` is
    a class, or one class per image. A layer that is called several times, or shares its weights
    with another, counts with all its uses.

    Returns:
        (image, filter, in_channel, k_row, k_col) for a convolution, ``in_channel`` counting within
        the group; (image, out, in) for a linear layer. float32, or float64 for a float64 network.

    Raises:
        LayerError: there is no such layer, it has no filters, or the scores do not depend on it.
        NetworkError: the images do not fit, or there is no such class.

    >>> from cnnvis import network
    >>> net = network.trace(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), input_shape=(1, 2, 2))
    >>> filters(net, np.arange(4.0).reshape(1, 1, 2, 2), layer="1", target=1)
    array([[[0., 0., 0., 0.],
            [0., 1., 2., 3.]]], dtype=float32)
    """
    return filters_and_scores(net, images, layer=layer, target=target)[0]


@torch.enable_grad()
def filters_and_scores(
    net: Network, images: Images, *, layer: str, target: int | Sequence[int]
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Return what :func:`filters` does, and the scores (image, class) of the same forward pass."""
    scores, uses = _forward(net, as_batch(net, images), layer)
    chosen = scores.gather(1, _columns(target, scores)).sum()
    return _array(_gradient(chosen, uses)), _array(scores.detach())


def weight_shape(net: Network, layer: str) -> tuple[int, ...]:
    """Return the shape of a layer's weights, which is that of a gradient of one image.

    Raises:
        LayerError: there is no such layer, or it has no filters.
    """
    module = next(iter(uses_of(net, layer).values()))
    weight: Any = module.weight
    return tuple(weight.shape)


def filters_by_class(
    net: Network, images: Images, *, layer: str, classes: Sequence[int]
) -> NDArray[np.floating[Any]]:
    """Return the gradients of several classes from one forward pass, (class, image, ...).

    The axes behind the first are those of :func:`filters`, and so are the errors.
    """
    return filters_by_class_and_scores(net, images, layer=layer, classes=classes)[0]


@torch.enable_grad()
def filters_by_class_and_scores(
    net: Network, images: Images, *, layer: str, classes: Sequence[int]
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Return what :func:`filters_by_class` does, and the scores (image, class) of the same pass.

    Raises:
        NetworkError: no class is wanted, beside the errors of :func:`filters`.
    """
    if not len(classes):
        raise NetworkError("gradients are those of at least one class; none was named.")
    scores, uses = _forward(net, as_batch(net, images), layer)
    columns = [_columns(target, scores) for target in classes]
    sums = [scores.gather(1, column).sum() for column in columns]
    found = [_array(_gradient(chosen, uses, keep=True)) for chosen in sums]
    return np.stack(found), _array(scores.detach())


@dataclass(frozen=True, eq=False)
class _Use:
    """One call of a layer: what went in, and the output from which the scores were computed."""

    module: nn.Module
    inputs: Tensor
    output: Tensor


def _forward(net: Network, images: Tensor, layer: str) -> tuple[Tensor, list[_Use]]:
    """Run the network once, following derivatives from the uses of ``layer`` on."""
    uses: list[_Use] = []
    copy = net.graph is None  # a model observed through hooks may overwrite what it has computed

    def tap(module: nn.Module, inputs: Tensor, output: Tensor) -> Tensor:
        if inputs.shape[0] != images.shape[0] or inputs.ndim < 2:
            raise LayerError(
                f"{layer!r} is given a tensor of shape {tuple(inputs.shape)}, whose first axis "
                f"does not count the {images.shape[0]} images: its gradients cannot be told apart"
            )
        output = output if output.requires_grad else output.detach().requires_grad_()
        uses.append(_Use(module, inputs.detach().clone() if copy else inputs.detach(), output))
        return output.clone() if copy else output

    taps = {name: partial(tap, module) for name, module in uses_of(net, layer).items()}
    scores: Tensor = run(net, images, [net.scores], taps)[net.scores]
    if not uses or not scores.requires_grad:
        raise LayerError(f"the scores of this network do not depend on {layer!r}")
    return scores.flatten(1), uses


def uses_of(net: Network, layer: str) -> dict[str, nn.Module]:
    """Return the calls of a layer's module, and of others with the same weights, by node.

    Raises:
        LayerError: there is no such layer, or it has no filters.
    """
    module: Any = net.node(layer).module
    if not _has_filters(module):
        known = [name for name in net.layers if _has_filters(net.nodes[name].module)]
        some = ", ".join(repr(name) for name in known[:5]) or "none"
        raise LayerError(
            f"{layer!r} ({net.node(layer).kind}) is neither a convolution nor a linear layer; this "
            f"network has {len(known)} of these: {some}"
        )
    return {
        name: node.module
        for name, node in net.nodes.items()
        if node.module is not None
        and (node.module is module or getattr(node.module, "weight", None) is module.weight)
    }


def _has_filters(module: nn.Module | None) -> bool:
    """Tell whether a module computes exactly as torch's convolutions and linear layers do."""
    if not isinstance(module, (*_CONVOLUTIONS, nn.Linear)):
        return False
    own, kind = type(module), operation_of(module)
    methods = ("forward", "_conv_forward")
    return all(getattr(own, name, None) is getattr(kind, name, None) for name in methods)


def _columns(target: int | Sequence[int], scores: Tensor) -> Tensor:
    """Return the class of each image as a column of indices."""
    images, classes = scores.shape
    wanted = np.asarray(target)
    if wanted.dtype.kind not in "iu" or wanted.shape not in ((), (images,)):
        raise NetworkError(
            f"target is one class, or one for each of {images} images, not {target!r}"
        )
    if wanted.size and (wanted.min() < 0 or wanted.max() >= classes):
        raise NetworkError(f"target {target} is not among the classes 0 ... {classes - 1}")
    column = np.broadcast_to(wanted, (images,)).astype(np.int64)
    return torch.from_numpy(column).to(scores.device)[:, None]


def _gradient(chosen: Tensor, uses: Sequence[_Use], *, keep: bool = False) -> Tensor:
    """Return the weight gradients of ``chosen``, the sum of one score per image."""
    outputs = [use.output for use in uses]
    gradients = torch.autograd.grad(chosen, outputs, retain_graph=keep, allow_unused=True)
    parts = [
        _of_weights(use, gradient)
        for use, gradient in zip(uses, gradients, strict=True)
        if gradient is not None
    ]
    total = parts[0]  # nothing but the uses asks for gradients, so one of them has its part
    for part in parts[1:]:
        total += part
    return total


@torch.no_grad()
def _of_weights(use: _Use, gradient: Tensor) -> Tensor:
    """Return the gradients (image, *weight) of one use, from those at its output."""
    if isinstance(use.module, nn.Linear):
        inputs = use.inputs.reshape(len(use.inputs), -1, use.inputs.shape[-1])
        outputs = gradient.reshape(len(gradient), -1, gradient.shape[-1])
        return outputs.transpose(1, 2) @ inputs
    return _of_filters(use.module, use.inputs, gradient)


def _of_filters(module: Any, inputs: Tensor, gradient: Tensor) -> Tensor:
    """Return the filter gradients of a convolution, image by image: no memory beyond the result."""
    by_hand = isinstance(module.padding, str) or module.padding_mode != "zeros"
    if by_hand:
        mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
        inputs = F.pad(inputs, module._reversed_padding_repeated_twice, mode=mode)
    weight_gradient = _WEIGHT_GRADIENTS[inputs.ndim - 3]
    found = inputs.new_empty(len(inputs), *module.weight.shape)
    for image in range(len(inputs)):
        found[image] = weight_gradient(
            inputs[image : image + 1],
            module.weight.shape,
            gradient[image : image + 1],
            module.stride,
            0 if by_hand else module.padding,
            module.dilation,
            module.groups,
        )
    return found


def _array(tensor: Tensor) -> NDArray[np.floating[Any]]:
    precision = torch.float64 if tensor.dtype == torch.float64 else torch.float32
    array: NDArray[np.floating[Any]] = tensor.to("cpu", precision).numpy()
    return array

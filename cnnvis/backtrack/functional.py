"""Rules of layers in the form of functions, whose weights are arguments."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Points
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import RULES, refusal, rule
from cnnvis.network.graph import CONSTANT, Network, Node

_CONVOLUTION = ("bias", "stride", "padding", "dilation", "groups")
_TRANSPOSED = ("bias", "stride", "padding", "output_padding", "groups", "dilation")
_LAYERS: dict[Any, tuple[type[nn.Module], tuple[str, ...]]] = {
    F.linear: (nn.Linear, ("bias",)),
    F.conv1d: (nn.Conv1d, _CONVOLUTION),
    F.conv2d: (nn.Conv2d, _CONVOLUTION),
    F.conv3d: (nn.Conv3d, _CONVOLUTION),
    F.conv_transpose1d: (nn.ConvTranspose1d, _TRANSPOSED),
    F.conv_transpose2d: (nn.ConvTranspose2d, _TRANSPOSED),
    F.conv_transpose3d: (nn.ConvTranspose3d, _TRANSPOSED),
}
"""Function -> the layer that does the same, and the function's arguments behind the weights."""


@rule(*_LAYERS)
def as_layer(node: Node, record: Record, points: Points, options: Options) -> Mapping[str, Points]:
    """Apply the rule of the layer that does the same."""
    same = with_layer(record.net, node)
    return RULES[same.op].follow(same, record, points, options)


def with_layer(net: Network, node: Node) -> Node:
    """Return a node whose operation is a layer: itself, unless it is a layer's function.

    Raises:
        BacktrackError: it is, but its weights are no parameters.
    """
    if node.op not in _LAYERS:
        return node
    kind, names = _LAYERS[node.op]
    given = dict(zip(("input", "weight", *names), node.args, strict=False)) | dict(node.kwargs)
    weight, bias = (_parameter(net, node, given.pop(name, None)) for name in ("weight", "bias"))
    assert weight is not None
    source = given.pop("input")
    layer = layer_of(kind, weight, bias, given)
    return replace(node, op=kind, module=layer, inputs=(str(source),), args=(source,), kwargs={})


def _parameter(net: Network, node: Node, name: Any) -> Tensor | None:
    """Return the value of an argument that is a parameter, None where it was left out."""
    if name is None:
        return None
    source = net.nodes[name]
    if source.op != CONSTANT:
        raise refusal(node, f"its weights are computed, by {source.name!r} ({source.kind})")
    value: Tensor = source.args[0]
    return value


def layer_of(
    kind: type[nn.Module], weight: Tensor, bias: Tensor | None, settings: Mapping[str, Any]
) -> nn.Module:
    """Return a layer of a kind, with its weights, its bias, and its settings by name."""
    wide, deep = weight.shape[:2]
    if kind is nn.Linear:
        arguments: tuple[Any, ...] = (deep, wide)
    else:
        groups = settings.get("groups", 1)
        transposed = "ConvTranspose" in kind.__name__
        channels = (wide, deep * groups) if transposed else (deep * groups, wide)
        arguments = (*channels, tuple(weight.shape[2:]))
    with torch.device("meta"):
        layer: Any = kind(*arguments, bias=False, **settings)
    layer.weight = nn.Parameter(weight, requires_grad=False)
    layer.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)
    made: nn.Module = layer
    return made

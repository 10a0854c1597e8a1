"""The head: the last layer with weights, and the average over all places that stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cnnvis.backtrack.functional import layer_of, with_layer
from cnnvis.backtrack.moves import UNCHANGED, reshape, same_place
from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Points
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import lookup
from cnnvis.errors import BacktrackError
from cnnvis.network.graph import CONSTANT, Network, Node

_CONVOLUTION = ("stride", "padding", "dilation", "groups", "padding_mode")


@dataclass(frozen=True, eq=False)
class Head:
    """How scores are made from the last layer with weights on.

    Args:
        layer: that layer, an ``nn.Linear`` or ``nn.Conv2d``.
        behind: the nodes between it and the scores, the scores first; empty where it makes them.
        maps: name of the node of maps (channel, ...) of which a score is the mean, over all places,
            of what the layer makes of a place; None where it is made in another way.
    """

    layer: Node
    behind: tuple[Node, ...]
    maps: str | None

    @property
    def weight(self) -> Tensor:
        """(unit, ...) of the layer."""
        module: Any = self.layer.module
        weight: Tensor = module.weight
        return weight


def head_of(net: Network, what: str) -> Head:
    """Return the head of a network: the last layer with weights, behind which scores only move.

    Args:
        net: the network.
        what: what the layer is wanted for, as the message begins that says why there is none.

    Raises:
        BacktrackError: the scores are not made from a single such layer.

    >>> from cnnvis import network
    >>> model = nn.Sequential(nn.Conv2d(3, 8, 5), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    ...                       nn.Dropout(), nn.Linear(8, 4))
    >>> head = head_of(network.trace(model, input_shape=(3, 9, 9)), "an example reads")
    >>> head.layer.name, head.maps
    ('4', '0')
    """
    behind = []
    node = with_layer(net, net.nodes[net.scores])
    while not isinstance(node.module, nn.Linear | nn.Conv2d):
        read = _read(net, node)
        if len(read) != 1 or _weighs(node):
            why = "has weights" if len(read) == 1 else f"reads {len(read)} others"
            raise BacktrackError(
                f"{what} the weights of a single layer behind the scores, a Linear or Conv2d, but "
                f"node {node.name!r} ({node.kind}) {why}"
            )
        behind.append(node)
        node = with_layer(net, read[0])
    return Head(node, tuple(behind), _maps(net, node, behind))


def with_weights(layer: nn.Module | None, weight: Tensor) -> nn.Module:
    """Return a layer without a bias that differs from a ``Linear`` or ``Conv2d`` in its weights.

    Args:
        layer: stays as it is.
        weight: (unit, ...), of as many units as there are to be.
    """
    if isinstance(layer, nn.Conv2d):
        settings = {name: getattr(layer, name) for name in _CONVOLUTION}
        return layer_of(nn.Conv2d, weight, None, settings)
    return layer_of(nn.Linear, weight, None, {})


def _read(net: Network, node: Node) -> list[Node]:
    """Return the nodes whose values a node reads, parameters among them, but no sizes."""
    inputs = (net.nodes[name] for name in node.inputs)
    return [one for one in inputs if one.op == CONSTANT or one.shape is not None]


def _weighs(node: Node) -> bool:
    """Tell whether a node weighs what it reads, and not each unit by itself."""
    known = lookup(node)
    alone = known is not None and known.follow is same_place
    return not alone and node.module is not None and any(True for _ in node.module.parameters())


def _maps(net: Network, layer: Node, behind: Sequence[Node]) -> str | None:
    """Return the maps that a layer and an average of all places, in either order, make scores of.

    Between the two each unit may be changed by itself, but in front of the layer it must not: what
    a place contributes would not be known.
    """
    reads = net.nodes[layer.inputs[0]]
    if not _pointwise(layer) or not all(_moves(net, node) for node in behind):
        return None
    if any(averages_all(net, node) for node in behind):
        return reads.name if isinstance(layer.module, nn.Conv2d) else None
    while reads.op in UNCHANGED or _follows(reads, reshape):
        reads = net.nodes[reads.inputs[0]]
    module: Any = layer.module
    fits = averages_all(net, reads) and prod(reads.shape or ()) == module.weight.shape[1]
    return reads.inputs[0] if fits else None


def _pointwise(layer: Node) -> bool:
    """Tell whether each place of what a layer gives is made of one place, and of all channels."""
    module = layer.module
    if not isinstance(module, nn.Conv2d):
        return True
    small = module.kernel_size == (1, 1) and module.stride == (1, 1) and module.groups == 1
    return small and module.padding in ((0, 0), "same", "valid")


def _moves(net: Network, node: Node) -> bool:
    """Tell whether a node behind the layer keeps classes apart, and in their order."""
    return _follows(node, same_place) or _follows(node, reshape) or averages_all(net, node)


def _follows(node: Node, rule: Any) -> bool:
    known = lookup(node)
    return known is not None and known.follow is rule


def averages_all(net: Network, node: Node) -> bool:
    """Tell whether a node is the mean, or the sum, of all places of each channel, two at least.

    Its rule knows: it spreads a unit evenly over all places, where everything is 1.
    """
    known, shape, read = lookup(node), node.shape, _read(net, node)
    if known is None or shape is None or len(read) != 1:
        return False
    (source,) = read
    if source.shape is None or prod(source.shape[1:]) < 2 or prod(shape) != source.shape[0]:
        return False
    ones = Record(net, {source.name: torch.ones(1, *source.shape)}, np.zeros(1, np.int64))
    last = Points.of([[size - 1 for size in shape]])
    found = known.follow(node, ones, last, Options()).get(source.name, last)
    everywhere = len(found) == prod(source.shape[1:]) and np.ptp(found.weight) == 0
    return everywhere and bool((found.index[:, 0] == source.shape[0] - 1).all())

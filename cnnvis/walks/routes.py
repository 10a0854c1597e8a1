"""Routes: the nodes that backtracks begin at, whether they can, and where they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import nn

from cnnvis import backtrack, network
from cnnvis.backtrack.milestones import milestones
from cnnvis.errors import BacktrackError
from cnnvis.network import Network

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True, eq=False)
class Route:
    """A node that backtracks of every image begin at.

    Args:
        node: the scores, or a layer with maps.
        each: starts of every image: so many classes; of a layer, so many units of each channel.
        net: what is walked through. Batch norms are folded, but never the one behind the node: its
            maps would no longer be those that are shown.
        refused: why no walk can begin here; empty where it can.
    """

    node: str
    each: int
    net: Network
    refused: str = ""

    @property
    def is_scores(self) -> bool:
        """Whether the starts are classes, and not units of channels."""
        return self.node == self.net.scores

    @property
    def count(self) -> int:
        """Starts of every image in all."""
        shape = self.net.nodes[self.node].shape
        return self.each if self.is_scores or not shape else self.each * shape[0]

    def choices(self, options: backtrack.Options) -> backtrack.Options:
        """Return the options of its walks: a channel has no rivals."""
        return options if self.is_scores else replace(options, rivals=0)


def routes(
    net: Network,
    layers: Sequence[str],
    *,
    classes: int,
    units: int,
    options: backtrack.Options,
) -> tuple[Route, ...]:
    """Return where to begin: at the scores, then at each of the layers.

    What cannot be walked is found out on noise: a network without a graph, an operation without a
    rule. The route then says why.

    Args:
        net: the network, batch norms and all.
        layers: whose channels are walked back from.
        classes: of every image.
        units: of every channel; 0 for no channels at all.
        options: of the walk.

    Raises:
        LayerError, BacktrackError: there is no such layer, or it has no rows and columns.
    """
    folded = net if net.graph is None else network.fold(net)
    found = [Route(net.scores, classes, folded)]
    for layer in layers if units else ():
        shape = net.node(layer).shape
        if shape is None or len(shape) != 3:
            raise BacktrackError(
                f"channels are walked back from layers with rows and columns; {layer!r} has the "
                f"shape {shape}."
            )
        own = folded if _unchanged(net, folded, layer) else network.fold(net, keep=[layer])
        found.append(Route(layer, units, own))
    return tuple(replace(one, refused=_refusal(one, options)) for one in found)


def shown(ways: Sequence[Route], layers: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the nodes at which walks are shown, in the order of execution -> their shapes.

    The input, the starts, ``layers``, and the milestones of every walk.
    """
    net = ways[0].net
    wanted = {net.image, *layers, *(one.node for one in ways)}
    for one in ways:
        if not one.refused:
            shapes = backtrack.reachable(one.net, one.node)
            wanted |= set(milestones(dict.fromkeys(shapes, 1), shapes, layers))
    known = ((name, net.nodes[name].shape) for name in net.nodes if name in wanted)
    return {name: shape for name, shape in known if shape is not None}


def described(net: Network, nodes: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what a file says of nodes beside their shapes: what they do, and see of the input.

    ``op``; ``receptive_field``, ``stride`` and ``start`` (of the first unit's window), (rows,
    columns) in pixels, where they are known; ``convolution``, whose filters make the channels.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in nodes:
        node = net.nodes[name]
        said = found[name] = {"op": node.kind}
        if node.field is not None:
            for key, part in (("receptive_field", "size"), ("stride", "stride"), ("start",) * 2):
                said[key] = [int(getattr(axis, part)) for axis in node.field]
        if convolution := net.convolution_of(name):
            said["convolution"] = convolution
    return found


def _unchanged(net: Network, folded: Network, layer: str) -> bool:
    """Tell whether a layer gives in the folded network what it gives in the other."""
    module = net.nodes[layer].module
    return not isinstance(module, _CONVOLUTIONS) or folded.nodes[layer].module is module


def _refusal(route: Route, options: backtrack.Options) -> str:
    """Return why nothing can be walked back from a route, by trying it on noise; '' if it can."""
    net, node = route.net, route.node
    pixels = np.random.default_rng(0).standard_normal((1, *net.input_shape), np.float32)
    record = network.record(net, pixels, backtrack.needed(net, node))
    channels = 1 if route.is_scores else record[node].shape[1]
    index = np.zeros((channels, record[node].ndim - 1), np.int64)
    index[:, 0] = np.arange(channels)
    starts = backtrack.Starts.of(node, image=np.zeros(channels), index=index)
    # All the way, also from units that are off.
    choices = replace(route.choices(options), dead_end="follow")
    try:
        backtrack.from_units(net, record, starts, choices)
    except BacktrackError as error:
        return str(error)
    return ""

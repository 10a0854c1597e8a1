"""Fold batch normalisation into the convolution before it."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from cnnvis.errors import TraceError
from cnnvis.network.copying import shared
from cnnvis.network.graph import Network, Node

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def fold(net: Network, *, keep: Collection[str] = ()) -> Network:
    """Return the same network with each batch norm folded into the convolution it alone reads.

    The convolution then gives what the batch norm gave, which becomes an ``nn.Identity`` under its
    old name. A norm stays where something else reads the convolution too, or where either is called
    twice. The network given is left as it is.

    Args:
        net: a traced network.
        keep: convolutions that go on giving what they gave: who looks at the maps of one means
            those in front of its norm.

    Raises:
        TraceError: the network is observed through hooks, which do not say what reads what.

    >>> from cnnvis import network
    >>> net = network.trace(nn.Sequential(nn.Conv2d(3, 8, 5), nn.BatchNorm2d(8)))
    >>> network.fold(net).node("1").kind
    'Identity'
    """
    if net.graph is None:
        raise TraceError(f"batch norms can be folded in traced networks only. {net.untraceable}")
    nodes, model = dict(net.nodes), shared(net.model)
    for convolution, norm in _pairs(net):
        if convolution.name in keep:
            continue
        before: Any = convolution.module
        behind: Any = norm.module
        fused: nn.Module = fuse_conv_bn_eval(before, behind).requires_grad_(False)
        for node, module in ((convolution, fused), (norm, nn.Identity())):
            nodes[node.name] = replace(node, op=type(module), module=module)
            model.set_submodule(node.name, module)
    return replace(net, nodes=MappingProxyType(nodes), model=model)


def _pairs(net: Network) -> Iterator[tuple[Node, Node]]:
    """Yield each convolution that can take in the batch norm behind it, with that norm."""
    readers = Counter(name for node in net.nodes.values() for name in node.inputs)
    calls = Counter(node.module for node in net.nodes.values())
    for norm in net.nodes.values():
        if not _plain(norm, _NORMS):
            continue
        convolution = net.nodes[norm.inputs[0]]
        alone = readers[convolution.name] == calls[convolution.module] == calls[norm.module] == 1
        if _plain(convolution, _CONVOLUTIONS) and alone and net.scores != convolution.name:
            yield convolution, norm


def _plain(node: Node, kinds: tuple[type[nn.Module], ...]) -> bool:
    """Tell whether a module is one of ``kinds`` itself, with fixed numbers and no hooks."""
    module: Any = node.module
    if type(module) not in kinds or getattr(module, "running_mean", True) is None:
        return False
    return not (module._forward_hooks or module._forward_pre_hooks)

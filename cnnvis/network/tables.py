"""A network as a table: one row for each layer."""

from typing import Any

from cnnvis.catalogue import LayerRow
from cnnvis.network.graph import Network, Node


def table(net: Network) -> list[LayerRow]:
    """Return a row for each module that gives one tensor, in the order of execution.

    >>> from torch import nn
    >>> from cnnvis import network
    >>> net = network.trace(nn.Sequential(nn.Conv2d(3, 8, 5, stride=2)))
    >>> network.table(net)[0].shape, network.table(net)[0].receptive_field
    ((8, 110, 110), (5, 5))
    """
    nodes = (net.nodes[name] for name in net.layers)
    return [_row(node, node.shape) for node in nodes if node.shape is not None]


def _row(node: Node, shape: tuple[int, ...]) -> LayerRow:
    weight: Any = getattr(node.module, "weight", None)
    field = node.field if len(shape) == 3 else None
    return LayerRow(
        layer=node.name,
        op=node.kind,
        shape=shape,
        weight=() if weight is None else tuple(weight.shape),
        receptive_field=None if field is None else (field[0].size, field[1].size),
        stride=None if field is None else (field[0].stride, field[1].stride),
    )

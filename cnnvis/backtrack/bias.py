"""How much of what a backtrack explains came from biases, which it leaves aside."""

from collections.abc import Mapping
from math import prod

import numpy as np
import torch
from torch import Tensor, nn

from cnnvis.backtrack.convolution import contributions, sliding
from cnnvis.backtrack.points import Floats, Points
from cnnvis.backtrack.record import Record, Values, rows
from cnnvis.backtrack.sums import contributions as linear_contributions
from cnnvis.backtrack.walk import Backtrack
from cnnvis.backtrack.windows import columns
from cnnvis.network.graph import Network, Node


@torch.no_grad()
def bias_share(net: Network, record: Mapping[str, Tensor], found: Backtrack) -> dict[str, Floats]:
    """Return the share of the bias in the pre-activations that a backtrack passed.

    The share of a unit is |b| / (|b| + |sum of its contributions|): 0 where its input alone made
    it, 1 where the bias alone did. Its weights are those of the layer, also where a class was
    walked back against rivals.

    Args:
        net: the network of the backtrack.
        record: the activations it was made from.
        found: the backtrack.

    Returns:
        Name of each ``Conv2d`` and ``Linear`` it passed -> (start,) float64, the mean of the share
        over the points there, weighted with their weights; 0 for a start that did not pass.
    """
    seen = Record(net, record, found.starts.image)
    return {
        name: _mean_share(net.nodes[name], seen, points, len(found.starts))
        for name, points in found.points.items()
        if isinstance(net.nodes[name].module, nn.Conv2d | nn.Linear)
    }


def _mean_share(node: Node, record: Record, points: Points, count: int) -> Floats:
    """Return the weighted mean over the points of each start (start,)."""
    layer = node.module
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    total = np.zeros(count)
    if layer.bias is None:
        return total
    inputs = prod(layer.weight.shape[1:])
    for part in points.chunks(inputs):
        unit = part.index[:, -1] if isinstance(layer, nn.Linear) else part.index[:, 0]
        bias = np.abs(rows(layer.bias, unit)).astype(np.float64)
        both = bias + np.abs(_contributed(layer, node.inputs[0], record, part))
        share = np.divide(bias, both, out=np.zeros_like(bias), where=both > 0)
        total += np.bincount(part.start, part.weight * share, count)
    came = points.per_start(count)
    return np.divide(total, came, out=total, where=came > 0)


def _contributed(layer: nn.Conv2d | nn.Linear, name: str, record: Record, points: Points) -> Values:
    """Return the sum of all contributions (point,) to each unit."""
    image = record.image(points)
    if isinstance(layer, nn.Linear):
        found = linear_contributions(layer, record[name], image, points.index)
    else:
        window = sliding(layer, record.shape(name)[1:]).at(points.index)
        values = columns(record[name], groups=layer.groups, reads=0)
        found = contributions(layer, values, image, points.index[:, 0], window)
    return np.asarray(found.reshape(len(points), -1).sum(1))

"""Rules of pooling: to the maximum of a window, or to all the values that make up its average."""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Points, concat
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import rule, settings
from cnnvis.backtrack.shares import Divider
from cnnvis.backtrack.windows import Adaptive, Sliding, columns, gather, pair
from cnnvis.network.graph import Node

Found = Mapping[str, Points]
MAXIMUM = Options(average_pool="argmax", dead_end="follow")
"""A maximum is explained by its largest value, whatever its sign and whatever the user chose."""


@rule(nn.MaxPool2d, F.max_pool2d, torch.max_pool2d)
def max_pool(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the maximum of its window; of equal ones by the first, row by row.

    Padding never wins: it counts as -inf.
    """
    windows = _sliding(node, record, "kernel_size", "stride", "padding", "dilation")
    return _pool(node, record, points, windows, MAXIMUM)


@rule(nn.AdaptiveMaxPool2d, F.adaptive_max_pool2d)
def adaptive_max_pool(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the maximum of its window; of equal ones by the first, row by row."""
    return _pool(node, record, points, _adaptive(node, record), MAXIMUM)


@rule(nn.AvgPool2d, F.avg_pool2d)
def average_pool(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the positive values in its window, or by the largest of them."""
    windows = _sliding(node, record, "kernel_size", "stride", "padding")
    return _pool(node, record, points, windows, options)


@rule(nn.AdaptiveAvgPool2d, F.adaptive_avg_pool2d)
def adaptive_average_pool(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the positive values in its window, or by the largest of them."""
    return _pool(node, record, points, _adaptive(node, record), options)


def _sliding(node: Node, record: Record, *names: str) -> Sliding:
    """Return the windows of a pool, whose settings ``names`` are attributes or arguments."""
    given = settings(node, *names)
    return Sliding(
        kernel=pair(given["kernel_size"]),
        stride=pair(given.get("stride") or given["kernel_size"]),
        padding=pair(given.get("padding", 0)),
        dilation=pair(given.get("dilation", 1)),
        size=pair(record.shape(node.inputs[0])[1:]),
    )


def _adaptive(node: Node, record: Record) -> Adaptive:
    """Return the windows of an adaptive pool."""
    return Adaptive(
        units=pair(record.shape(node.name)[1:]), size=pair(record.shape(node.inputs[0])[1:])
    )


def _pool(
    node: Node, record: Record, points: Points, windows: Sliding | Adaptive, options: Options
) -> Found:
    """Share the weight of each unit among the values of its window."""
    name = node.inputs[0]
    divide = Divider(node.name, options, options.pool_k)
    pieces = []
    values = columns(record[name], groups=record.shape(name)[0], reads=0)
    for part in points.chunks(windows.taps):
        channel = part.index[:, 0]
        window = windows.at(part.index)
        strength = gather(values, record.image(part), channel, window.places)[:, :, 0]
        if window.outside is not None:
            strength[window.outside] = -np.inf
        point, tap, share = divide(strength, part)
        row, col = window.position(point, tap)
        pieces.append(part.spread(point, np.array([channel[point], row, col]).T, share))
    return {name: concat(pieces)}

"""Rules of pooling along one axis or three."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Points, concat
from cnnvis.backtrack.pools import MAXIMUM
from cnnvis.backtrack.reach import AdaptiveWindows, Sizes, Windows
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import rule, settings
from cnnvis.backtrack.shares import Divider
from cnnvis.network.graph import Node

Found = Mapping[str, Points]


@rule(nn.MaxPool1d, nn.MaxPool3d, F.max_pool1d, F.max_pool3d, torch.max_pool1d, torch.max_pool3d)
def any_max_pool(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the maximum of its window; of equal ones by the first."""
    windows = _windows(node, record, "kernel_size", "stride", "padding", "dilation")
    return _pooled(node, record, points, windows, MAXIMUM)


@rule(nn.AvgPool1d, nn.AvgPool3d, F.avg_pool1d, F.avg_pool3d, torch.avg_pool1d)
def any_average_pool(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the positive values in its window, or by the largest of them."""
    windows = _windows(node, record, "kernel_size", "stride", "padding")
    return _pooled(node, record, points, windows, options)


@rule(nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool3d, F.adaptive_max_pool1d, F.adaptive_max_pool3d)
def any_adaptive_max_pool(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the maximum of its window; of equal ones by the first."""
    return _pooled(node, record, points, _adaptive(node, record), MAXIMUM)


@rule(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool3d, F.adaptive_avg_pool1d, F.adaptive_avg_pool3d)
@rule(torch.adaptive_avg_pool1d)
def any_adaptive_average_pool(
    node: Node, record: Record, points: Points, options: Options
) -> Found:
    """Explain each unit by the positive values in its window, or by the largest of them."""
    return _pooled(node, record, points, _adaptive(node, record), options)


def _windows(node: Node, record: Record, *names: str) -> Windows:
    """Return the windows of a pool, whose settings ``names`` are attributes or arguments."""
    given = settings(node, *names)
    size = record.shape(node.inputs[0])[1:]

    def each(value: Any) -> Sizes:
        one = not isinstance(value, tuple | list)
        return (value,) * len(size) if one else tuple(value) * (len(size) // len(value))

    return Windows(
        kernel=each(given["kernel_size"]),
        stride=each(given.get("stride") or given["kernel_size"]),
        padding=each(given.get("padding", 0)),
        dilation=each(given.get("dilation", 1)),
        size=size,
    )


def _adaptive(node: Node, record: Record) -> AdaptiveWindows:
    """Return the windows of an adaptive pool."""
    return AdaptiveWindows(record.shape(node.name)[1:], record.shape(node.inputs[0])[1:])


def _pooled(
    node: Node, record: Record, points: Points, windows: Windows | AdaptiveWindows, options: Options
) -> Found:
    """Share the weight of each unit among the values of its window."""
    name = node.inputs[0]
    divide = Divider(node.name, options, options.pool_k)
    values = record[name].reshape(*record[name].shape[:2], -1)
    pieces = []
    for part in points.chunks(windows.taps):
        reach, channel = windows.at(part.index[:, 1:]), part.index[:, 0]
        strength = values[record.image(part)[:, None], channel[:, None], reach.places]
        strength[reach.outside] = -np.inf
        point, tap, share = divide(strength, part)
        index = np.column_stack([channel[point], reach.position(point, tap)])
        pieces.append(part.spread(point, index, share))
    return {name: concat(pieces)}

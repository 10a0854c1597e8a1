"""The rule of convolutions: to what contributes most within the window, or to all that does."""

from collections.abc import Mapping
from functools import partial
from math import prod
from typing import Literal

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from cnnvis.backtrack import flow
from cnnvis.backtrack.channels import channel_sum
from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Floats, Ints, Points, concat
from cnnvis.backtrack.reach import off_centre
from cnnvis.backtrack.reading import Units
from cnnvis.backtrack.record import Record, Values, rows
from cnnvis.backtrack.rules import refusal, rule
from cnnvis.backtrack.shares import Divider, Places
from cnnvis.backtrack.windows import Sliding, Window, columns, gather, pair
from cnnvis.backtrack.windows import sliding as windows_of
from cnnvis.network.graph import Node


@rule(nn.Conv2d)
def convolution(
    node: Node, record: Record, points: Points, options: Options
) -> Mapping[str, Points]:
    """Explain each unit by what ``options.winner`` says of the contributions in its window.

    A contribution is weight * activation; padding contributes nothing and never wins.

    Source: for "channel_sum" Gandikota, "How You See Me", arXiv 1811.08152; the same choice of the
    channel is that of Mopuri et al., "CNN Fixations", arXiv 1708.06670.
    """
    layer, name = node.module, node.inputs[0]
    assert isinstance(layer, nn.Conv2d)
    if layer.padding_mode != "zeros":
        raise refusal(node, f"it pads with {layer.padding_mode!r}; only 'zeros' is known")
    windows = sliding(layer, record.shape(name)[1:])
    if options.winner == "channel_sum":
        placed = options.on_map(windows.size, record.image_size)
        return {name: _by_channel(node, windows, record, points, placed)}
    pieces = []
    if options.winner == "soft" and flow.crowded(points, record, node.name):
        apply = partial(_sums_of, layer)
        sent, points = flow.through(apply, layer.weight, record, points, (node.name, name))
        pieces.append(sent)
        if options.dead_end == "stop" or not len(points):
            return {name: sent}
    each = prod(layer.weight.shape[1:])
    values = columns(record[name], groups=layer.groups, reads=each * len(points))
    k: Literal[1, "all"] = 1 if options.winner == "argmax" else "all"
    divide = Divider(node.name, options, k, off_centre(layer))
    for part in points.chunks(each):
        window = windows.at(part.index)
        contribution = contributions(layer, values, record.image(part), part.index[:, 0], window)
        point, channel, row, col, share = anywhere(part, contribution, window, divide)
        channel = channel + group(layer, part.index[point, 0]) * contribution.shape[2]
        new = part.spread(point, np.array([channel, row, col]).T, share)
        pieces.append(new.merged(record.shape(name)) if options.winner == "soft" else new)
    return {name: concat(pieces)}


def _by_channel(
    node: Node, windows: Sliding, record: Record, points: Points, options: Options
) -> Points:
    """Go to the unit of the winning channel that explains each; for all starts of an image once."""
    layer = node.module
    assert isinstance(layer, nn.Conv2d)
    image, index, back = record.distinct(node.name, points)
    units = Units(image, index, group(layer, index[:, 0]))
    maps = record[node.inputs[0]]
    new, found = channel_sum(layer, windows, maps, units, options, scratch=record.scratch)
    if layer.groups > 1:
        new[:, 0] += units.group * layer.weight.shape[1]
    if back is not None:
        new, found = new[back], found[back]
    return points.moved(new).select(found)


Won = tuple[Places, Places, Ints, Ints, Floats]
"""What explains some units: (new,) the point that a new one comes from; (new,) its channel within
the group, its row, its col; (new,) its share of the weight."""


def anywhere(points: Points, contribution: Values, window: Window, divide: Divider) -> Won:
    """Divide the weight of each unit among all places and channels of its window.

    Args:
        points: the units to explain.
        contribution: (point, tap, channel of the group), from :func:`contributions`.
        window: of the points.
        divide: how.
    """
    if window.outside is not None:
        contribution[window.outside] = -np.inf
    point, at, share = divide(contribution.reshape(len(points), -1), points)
    tap, channel = np.divmod(at, contribution.shape[2])
    row, col = window.position(point, tap)
    return point, channel, row, col, share


def _sums_of(layer: nn.Conv2d, values: Tensor, weights: Tensor) -> Tensor:
    """Return what a convolution with other weights and no bias adds up."""
    return F.conv2d(
        values, weights, None, layer.stride, layer.padding, layer.dilation, layer.groups
    )


def sliding(layer: nn.Conv2d, size: tuple[int, ...]) -> Sliding:
    """Return the windows of a convolution over maps of (row, col) ``size``."""
    kernel, dilation, padding = pair(layer.kernel_size), pair(layer.dilation), layer.padding
    if padding == "same":  # torch puts the odd one out behind
        padding = tuple(d * (k - 1) // 2 for d, k in zip(dilation, kernel, strict=True))
    around = (0, 0) if isinstance(padding, str) else pair(padding)
    return windows_of(kernel, pair(layer.stride), around, pair(size), dilation)


def contributions(
    layer: nn.Conv2d, values: Values, image: Ints, filters: Ints, window: Window
) -> Values:
    """Return what each activation in the windows contributes, (point, tap, channel of the group).

    Args:
        layer: the convolution.
        values: what it reads, from :func:`cnnvis.backtrack.windows.columns`.
        image: (point,) the image of each unit.
        filters: (point,) the channel of each unit.
        window: the windows of the units.
    """
    found = gather(values, image, group(layer, filters), window.places)
    found *= _weights(layer, filters)
    if window.outside is not None:
        found[window.outside] = 0
    return found


def _weights(layer: nn.Conv2d, filters: Ints) -> Values:
    """Return the weights (point, tap, channel of the group) of the filter of each point."""
    if layer.kernel_size == (1, 1):
        return rows(layer.weight, filters).reshape(len(filters), 1, -1)
    wanted = np.zeros(layer.out_channels, dtype=bool)
    wanted[filters] = True
    used = wanted.nonzero()[0]  # so that each filter is turned once, not once for each point
    weights = rows(layer.weight, used).reshape(len(used), layer.weight.shape[1], -1)
    turned = np.ascontiguousarray(weights.transpose(0, 2, 1))
    found: Values = turned[wanted.cumsum()[filters] - 1]
    return found


def group(layer: nn.Conv2d, filters: Ints) -> Ints:
    """Return the group of channels (point,) that each filter reads."""
    return filters // (layer.out_channels // layer.groups)

"""The rule of convolutions: to the channel that contributes most within the window."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Ints, Points, concat
from cnnvis.backtrack.record import Record, as_tensor
from cnnvis.backtrack.rules import refusal, rule
from cnnvis.backtrack.shares import chosen, largest
from cnnvis.backtrack.windows import Sliding, Window, columns, gather, pair
from cnnvis.network.graph import Node


@rule(nn.Conv2d)
def convolution(
    node: Node, record: Record, points: Points, options: Options
) -> Mapping[str, Points]:
    """Explain each unit by one unit of the channel whose contributions have the largest sum.

    A contribution is weight * activation, summed over rows and columns of the window; padding
    contributes nothing and never wins. In that channel, ``options.position`` says where to go.

    Source: Gandikota, "How You See Me", arXiv 1811.08152; the same choice of the channel is that of
    Mopuri et al., "CNN Fixations", arXiv 1708.06670.
    """
    layer, name = node.module, node.inputs[0]
    assert isinstance(layer, nn.Conv2d)
    if layer.padding_mode != "zeros":
        raise refusal(node, f"it pads with {layer.padding_mode!r}; only 'zeros' is known")
    windows = sliding(layer, record.shape(name)[1:])
    each = layer.weight[0].numel()
    values = columns(record[name], groups=layer.groups, reads=each * len(points))
    pieces = []
    for part in points.chunks(each):
        window = windows.at(part.index)
        contribution = contributions(layer, values, record.image(part), part.index[:, 0], window)
        pieces.append(_channel_sum(part, layer, contribution, windows, window, options))
    return {name: concat(pieces)}


def sliding(layer: nn.Conv2d, size: tuple[int, ...]) -> Sliding:
    """Return the windows of a convolution over maps of (row, col) ``size``."""
    kernel, dilation, padding = pair(layer.kernel_size), pair(layer.dilation), layer.padding
    if padding == "same":  # torch puts the odd one out behind
        padding = tuple(d * (k - 1) // 2 for d, k in zip(dilation, kernel, strict=True))
    return Sliding(
        kernel=kernel,
        stride=pair(layer.stride),
        padding=(0, 0) if isinstance(padding, str) else pair(padding),
        dilation=dilation,
        size=pair(size),
    )


def contributions(
    layer: nn.Conv2d, values: Tensor, image: Ints, filters: Ints, window: Window
) -> Tensor:
    """Return what each activation in the windows contributes, (point, tap, channel of the group).

    Args:
        layer: the convolution.
        values: what it reads, from :func:`cnnvis.backtrack.windows.columns`.
        image: (point,) the image of each unit.
        filters: (point,) the channel of each unit.
        window: the windows of the units.
    """
    found = gather(values, image, _group(layer, filters), window.places)
    weight = layer.weight.index_select(0, as_tensor(filters, layer.weight))
    found *= weight.flatten(2).transpose(1, 2)
    if not window.is_inside:
        found.masked_fill_(as_tensor(~window.inside[:, :, None], found), 0)
    return found


def _group(layer: nn.Conv2d, filters: Ints) -> Ints:
    """Return the group of channels (point,) that each filter reads."""
    return filters // (layer.out_channels // layer.groups)


def _channel_sum(
    points: Points,
    layer: nn.Conv2d,
    contribution: Tensor,
    windows: Sliding,
    window: Window,
    options: Options,
) -> Points:
    """Go to the channel with the largest sum, at the window's centre or where it is largest."""
    strength = contribution.sum(1)
    if not window.is_inside:
        nothing = ~np.logical_or.reduce(window.inside, axis=1)
        strength[as_tensor(nothing, strength)] = -torch.inf
    point, channel, share = chosen(strength, k=1, dead_end=options.dead_end)
    index = points.index[point]
    if options.position == "centre":
        row, col = windows.centre(index)
    else:
        plane = contribution[torch.from_numpy(point), :, torch.from_numpy(channel)]
        outside = as_tensor(~window.inside[point], plane)
        row, col = window.position(point, largest(plane.masked_fill(outside, -torch.inf))[1])
    channel = channel + _group(layer, index[:, 0]) * contribution.shape[2]
    return points.spread(point, np.column_stack([channel, row, col]), share)

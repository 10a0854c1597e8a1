"""The rule of convolutions: to the channel that contributes most within the window."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Points, concat
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import refusal, rule
from cnnvis.backtrack.shares import chosen
from cnnvis.backtrack.windows import Sliding, Window, gather, pair
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
    depth = layer.in_channels // layer.groups
    pieces = []
    for part in points.chunks(depth * windows.taps):
        window = windows.at(part.index)
        contribution = contributions(layer, record[name], record.image(part), part.index, window)
        pieces.append(_channel_sum(part, layer, contribution, windows, window, options))
    return {name: concat(pieces)}


def sliding(layer: nn.Conv2d, size: tuple[int, ...]) -> Sliding:
    """Return the windows of a convolution over maps of (row, col) ``size``."""
    kernel, dilation = pair(layer.kernel_size), pair(layer.dilation)
    before = {
        "valid": (0, 0),
        "same": (dilation[0] * (kernel[0] - 1) // 2, dilation[1] * (kernel[1] - 1) // 2),
    }
    padding = layer.padding
    return Sliding(
        kernel=kernel,
        stride=pair(layer.stride),
        padding=before[padding] if isinstance(padding, str) else pair(padding),
        dilation=dilation,
        size=pair(size),
    )


def contributions(
    layer: nn.Conv2d, maps: Tensor, image: Tensor, index: Tensor, window: Window
) -> Tensor:
    """Return what each activation in the windows contributes, (point, channel of the group, tap).

    Args:
        layer: the convolution.
        maps: (image, channel, row, col) that it reads.
        image: (point,) the image of each unit.
        index: (point, [channel, row, col]) of its units.
        window: their windows.
    """
    depth = layer.in_channels // layer.groups
    filters = index[:, 0]
    values = gather(maps, image, first_channel(layer, filters), depth, window)
    values *= layer.weight.index_select(0, filters).view_as(values)
    if not window.is_inside:
        values.masked_fill_(~window.inside[:, None, :], 0)
    return values


def first_channel(layer: nn.Conv2d, filters: Tensor) -> Tensor:
    """Return the first input channel (point,) that each filter reads: that of its group."""
    depth = layer.in_channels // layer.groups
    group = filters.div(layer.out_channels // layer.groups, rounding_mode="floor")
    return group * depth


def _channel_sum(
    points: Points,
    layer: nn.Conv2d,
    contribution: Tensor,
    windows: Sliding,
    window: Window,
    options: Options,
) -> Points:
    """Go to the channel with the largest sum, at the window's centre or where it is largest."""
    strength = options.strength(contribution.sum(2))
    if not window.is_inside:
        strength = strength.masked_fill(~window.inside.any(1, keepdim=True), -torch.inf)
    point, channel, share = chosen(strength, k=1, dead_end=options.dead_end)
    if options.position == "centre":
        row, col = windows.centre(points.index[point])
    else:
        plane = options.strength(contribution[point, channel])
        tap = plane.masked_fill(~window.inside[point], -torch.inf).argmax(1)
        row, col = window.position(point, tap)
    first = first_channel(layer, points.index[point, 0])
    return points.spread(point, torch.stack([first + channel, row, col], 1), share)

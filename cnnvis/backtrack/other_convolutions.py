"""Rules of convolutions along one axis or three, and of transposed ones.

What :mod:`cnnvis.backtrack.convolution` does for the layers that most networks are made of, for any
number of axes, and not as fast.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from torch import nn

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Floats, Ints, Points, concat
from cnnvis.backtrack.reach import Reach, Windows, off_centre
from cnnvis.backtrack.record import Record, Values, as_array
from cnnvis.backtrack.rules import refusal, rule
from cnnvis.backtrack.shares import Divider, Places, chosen
from cnnvis.network.graph import Node

_Convolution = Any
"""A convolution of torch's: they share their settings, but no type."""


@rule(nn.Conv1d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
def any_convolution(
    node: Node, record: Record, points: Points, options: Options
) -> Mapping[str, Points]:
    """Explain each unit by what ``options.winner`` says of the contributions in its window.

    The window of a unit of a transposed convolution is made of the values that add to it. Its
    centre is the middle of these.
    """
    layer: _Convolution = node.module
    name = node.inputs[0]
    if layer.padding_mode != "zeros":
        raise refusal(node, f"it pads with {layer.padding_mode!r}; only 'zeros' is known")
    windows = windows_of(layer, record.shape(name)[1:])
    placed = options.on_map(windows.size, record.image_size)
    depth = layer.in_channels // layer.groups
    k: Literal[1, "all"] = 1 if options.winner == "argmax" else "all"
    divide = Divider(node.name, options, k, None if layer.transposed else off_centre(layer))
    pieces = []
    for part in points.chunks(windows.taps * depth):
        reach = windows.at(part.index[:, 1:])
        first = depth * (part.index[:, 0] // (layer.out_channels // layer.groups))
        channels = first[:, None] + np.arange(depth)
        contribution = contributions(layer, record[name], record.image(part), part, reach, channels)
        if options.winner == "channel_sum":
            point, channel, place, share = _channel_sum(contribution, reach, placed)
        else:
            point, at, share = divide(contribution.reshape(len(part), -1), part)
            tap, channel = np.divmod(at, depth)
            place = reach.position(point, tap)
        index = np.column_stack([channels[point, channel], place])
        pieces.append(part.spread(point, index, share).merged())
    return {name: concat(pieces)}


def windows_of(layer: _Convolution, size: tuple[int, ...]) -> Windows:
    """Return the windows of a convolution over maps of ``size``."""
    kernel, dilation, padding = layer.kernel_size, layer.dilation, layer.padding
    if padding == "same":  # torch puts the odd one out behind
        padding = tuple(d * (k - 1) // 2 for d, k in zip(dilation, kernel, strict=True))
    if padding == "valid":
        padding = (0,) * len(kernel)
    return Windows(kernel, layer.stride, padding, dilation, size, layer.transposed)


def contributions(
    layer: _Convolution, maps: Values, image: Ints, points: Points, reach: Reach, channels: Ints
) -> Values:
    """Return what each activation in the windows contributes, (point, tap, channel of the group).

    Outside of the map it is -inf.

    Args:
        layer: the convolution.
        maps: (image, channel, ...) that it reads.
        image: (point,) the image of each unit.
        points: its units.
        reach: what they read.
        channels: (point, channel of the group) the channels that they read.
    """
    values = maps.reshape(*maps.shape[:2], -1)
    found: Values = values[image[:, None, None], channels[:, None], reach.places[:, :, None]]
    weights = as_array(layer.weight).reshape(*layer.weight.shape[:2], -1)
    filters = points.index[:, 0]
    if layer.transposed:
        turned = weights[channels, (filters % (layer.out_channels // layer.groups))[:, None]]
    else:
        turned = weights[filters]
    found *= turned.transpose(0, 2, 1)
    found[reach.outside] = -np.inf
    return found


def _channel_sum(
    contribution: Values, reach: Reach, options: Options
) -> tuple[Places, Places, Ints, Floats]:
    """Choose the channel with the largest sum: (point,), its channel, its place, its share."""
    counted = np.where(reach.outside[:, :, None], 0, contribution)
    helps = contribution.max(1) > 0
    if options.dead_end == "follow":
        helps |= ~helps.any(1, keepdims=True) & ~reach.outside.all(1, keepdims=True)
    sums = np.where(helps, counted.sum(1), -np.inf)
    point, channel, share = chosen(sums, k=1, dead_end="follow")
    place = reach.centre[point]
    if options.position == "spatial":
        inside = contribution[point, :, channel]
        tap = inside.argmax(1)
        speaks = inside.max(1) > 0  # among places that contribute nothing, none is better
        place[speaks] = reach.position(point[speaks], tap[speaks])
    return point, channel, place, share

"""Rules of padding with one number, and of cropping."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch.nn.functional as F
from torch import nn

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Points
from cnnvis.backtrack.rearranging import rearranged
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import arguments, rule
from cnnvis.network.graph import Node

Found = Mapping[str, Points]


@rule(nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d, reads=False)
@rule(nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d, reads=False)
def pad_module(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to its place before padding, as the function does."""
    layer = node.module
    assert isinstance(layer, nn.ConstantPad1d | nn.ConstantPad2d | nn.ConstantPad3d)
    return _unpadded(node, record, points, layer.padding, layer.value)


@rule(F.pad, reads=False)
def pad(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to its place before padding.

    Zeros contribute nothing. A point that lies in a frame of them is there because nothing else
    was known of its place: it was the centre of a window, or the least bad way on. It moves to the
    nearest place inside, where it would be had the convolution padded by itself. What lies in
    padding with another number, or in a channel of padding, is lost.
    """
    given = arguments(node, "pad", "mode", "value")
    if given.get("mode", "constant") != "constant":
        return rearranged(node, record, points, options)
    return _unpadded(node, record, points, given["pad"], given.get("value") or 0)


def _unpadded(
    node: Node, record: Record, points: Points, padding: Sequence[int], value: float
) -> Found:
    """Take ``padding`` away: (before, after) of the last axis, of the one before it, and so on."""
    shape = record.shape(node.inputs[0])
    before = np.zeros(len(shape), np.int64)
    for axis, size in enumerate(padding[::2]):
        before[-1 - axis] = size
    index = points.index - before
    if value == 0:
        index[:, 1:] = index[:, 1:].clip(0, np.array(shape[1:]) - 1)
    inside = (index >= 0) & (index < shape)
    return {node.inputs[0]: points.moved(index).select(np.logical_and.reduce(inside, axis=1))}

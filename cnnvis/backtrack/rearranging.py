"""The rule of operations that only move or repeat values: they say themselves from where."""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Ints, Points, ravel, unravel
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import refusal, rule
from cnnvis.network.graph import CONSTANT, Node, Ref

_IMAGES = 2  # as many as it takes to see that one does not reach into the other


@rule(
    *(torch.roll, torch.flip, torch.fliplr, torch.flipud, torch.movedim, torch.moveaxis),
    *(torch.narrow, torch.select, torch.index_select, torch.tile, torch.repeat_interleave),
    *("roll", "flip", "movedim", "moveaxis", "narrow", "select", "index_select", "tile", "repeat"),
    *("expand", "repeat_interleave", torch.channel_shuffle, nn.ChannelShuffle),
    *(nn.PixelShuffle, nn.PixelUnshuffle, F.pixel_shuffle, F.pixel_unshuffle),
    *(nn.Unfold, F.unfold, nn.CircularPad1d, nn.CircularPad2d, nn.CircularPad3d),
    *(nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReflectionPad3d),
    *(nn.ReplicationPad1d, nn.ReplicationPad2d, nn.ReplicationPad3d),
    "torchvision.models.swin_transformer._patch_merging_pad",
    reads=False,
)
def rearranged(
    node: Node, record: Record, points: Points, options: Options
) -> Mapping[str, Points]:
    """Follow each value to the place that it was taken from.

    The operation is run once on the addresses of its input in place of values. What was taken from
    nowhere (padding with zeros) or from a parameter is lost.
    """
    name = node.inputs[0]
    if record.net.nodes[name].op == CONSTANT:
        return {}
    shape = record.shape(name)
    came_from = _addresses(node, record, shape)[ravel(points.index, record.shape(node.name))]
    kept = points.select(came_from > 0)
    return {name: kept.moved(unravel(came_from[came_from > 0] - 1, shape))}


@rule(nn.Upsample, nn.UpsamplingNearest2d, F.interpolate, reads=False)
def interpolated(
    node: Node, record: Record, points: Points, options: Options
) -> Mapping[str, Points]:
    """Follow each value to the nearest one, which it repeats; other modes mix values."""
    settings = node.kwargs if node.module is None else vars(node.module)
    mode = node.args[3] if len(node.args) > 3 else settings.get("mode", "nearest")
    if mode not in ("nearest", "nearest-exact"):
        raise refusal(node, f"it interpolates with mode {mode!r}; only 'nearest' is known")
    return rearranged(node, record, points, options)


def _addresses(node: Node, record: Record, shape: tuple[int, ...]) -> Ints:
    """Return the address in one image's input (place,), from 1, of each value that a node gives."""
    size = prod(shape)
    address = torch.arange(1.0, _IMAGES * size + 1, dtype=torch.float64)
    found = _run(node, record, address.reshape(_IMAGES, *shape))
    if found.shape != (_IMAGES, *record.shape(node.name)):
        raise refusal(node, "its output is no tensor with one row for each image")
    first: Ints
    first, second = found.reshape(_IMAGES, -1).numpy().astype(np.int64)
    if (second != np.where(first, first + size, 0)).any():
        raise refusal(node, "it moves values from one image to another")
    return first


def _run(node: Node, record: Record, values: Tensor) -> Any:
    """Return what a node makes of other values than its own."""

    def known(ref: Any) -> Any:
        if ref == node.inputs[0]:
            return values
        source = record.net.nodes[ref]
        if source.op != CONSTANT:
            raise refusal(node, f"how it works depends on {source.name!r} ({source.kind})")
        return source.args[0].cpu()

    def given(argument: Any) -> Any:
        return known(argument) if isinstance(argument, Ref) else argument

    args, kwargs = tree_map(given, node.args), tree_map(given, dict(node.kwargs))
    if node.module is not None:
        return node.module(*args, **kwargs)
    call = getattr(torch.Tensor, node.op) if isinstance(node.op, str) else node.op
    return call(*args, **kwargs)

"""Rules of operations that move values about, or change each at its own place."""

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Ints, Points, concat, ravel, unravel
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import arguments, refusal, rule
from cnnvis.network.graph import Node

Found = Mapping[str, Points]


@rule(
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU),
    *(nn.Mish, nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Sigmoid, nn.Tanh, nn.Softplus),
    *(F.relu, F.relu6, F.leaky_relu, F.prelu, F.elu, F.selu, F.celu, F.gelu, F.silu, F.mish),
    *(F.hardswish, F.hardsigmoid, F.hardtanh, F.softplus, torch.relu, torch.sigmoid, torch.tanh),
    *(torch.clamp, "relu", "sigmoid", "tanh", "clamp"),
    *(nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout, F.dropout),
    *(F.dropout2d, "torchvision.ops.stochastic_depth.stochastic_depth"),
    *("contiguous", "clone", "detach", "float", "double", torch.clone, torch.detach),
    *(nn.BatchNorm2d, F.batch_norm, nn.LocalResponseNorm, F.local_response_norm),
    *(nn.LayerNorm, F.layer_norm, nn.GroupNorm, F.group_norm),
    reads=False,
)
def same_place(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the unit at its own place.

    Exact for activation functions and for what is switched off outside of training; an
    approximation for normalisations. Local response normalisation: its neighbours only damp. Layer
    and group normalisation: the mean and the spread of all units are left aside. A batch norm that
    was not folded into its convolution (:func:`cnnvis.network.fold`): a negative factor turns the
    largest value into the smallest, which a rule behind it cannot know.
    """
    return {node.inputs[0]: points}


@rule(
    *(nn.Flatten, nn.Unflatten, torch.flatten, torch.reshape, torch.squeeze, torch.unsqueeze),
    *("flatten", "unflatten", "view", "reshape", "squeeze", "unsqueeze"),
    reads=False,
)
def reshape(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to where it was before its image's values were given another shape."""
    before, after = record.shape(node.inputs[0]), record.shape(node.name)
    if before == after:
        return {node.inputs[0]: points}
    return {node.inputs[0]: points.moved(unravel(ravel(points.index, after), before))}


@rule(torch.permute, "permute", reads=False)
def permute(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to where it was before the axes changed places."""
    dims = node.args[1:] or (node.kwargs["dims"],)
    return _axes(node, points, dims[0] if isinstance(dims[0], Sequence) else dims)


@rule(torch.transpose, "transpose", reads=False)
def transpose(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to where it was before two axes changed places."""
    given = arguments(node, "dim0", "dim1")
    dims = list(range(points.index.shape[1] + 1))
    dims[given["dim0"]], dims[given["dim1"]] = dims[given["dim1"]], dims[given["dim0"]]
    return _axes(node, points, dims)


def _axes(node: Node, points: Points, dims: Sequence[int]) -> Found:
    """Follow values whose axes were put in the order ``dims``, the batch among them."""
    order = [dim % len(dims) for dim in dims]
    if order[0] != 0:
        raise refusal(node, "it moves the axis of the images")
    columns = [order.index(axis) - 1 for axis in range(1, len(dims))]
    return {node.inputs[0]: points.moved(points.index[:, columns])}


@rule(torch.cat, torch.concat, reads=False)
def concatenate(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to the input that its place along the joined axis belongs to."""
    names = node.args[0] if node.args else node.kwargs["tensors"]
    if isinstance(names, str):
        raise refusal(node, f"{names!r} is no list of tensors, but makes one")
    column = _column(node, arguments(node, "dim").get("dim", 0), points)
    at = points.index[:, column]
    found: dict[str, Points] = {}
    start = 0
    for name in names:
        end = start + record.shape(name)[column]
        part = _shifted(points.select((at >= start) & (at < end)), column, -start)
        found[name] = concat([found[name], part]) if name in found else part
        start = end
    return found


@rule(operator.getitem, reads=False)
def get_item(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to where it was before a slice, or one piece of a split, was taken."""
    source, key = record.net.nodes[node.inputs[0]], node.args[1]
    if source.op in _SPLITS:
        return _piece(source, key, record, points)
    keys = key if isinstance(key, tuple) else (key,)
    if keys[0] != slice(None) or any(not isinstance(k, int | slice) for k in keys):
        raise refusal(node, f"only slices and whole numbers behind the batch are known, not {key}")
    return {source.name: points.moved(_unsliced(points.index, keys[1:], record.shape(source.name)))}


_SPLITS = (torch.chunk, torch.split, "chunk", "split")


def _piece(split: Node, piece: int, record: Record, points: Points) -> Found:
    """Follow values of one piece to their places in the tensor that was split."""
    given = arguments(split, "size", "dim") | dict(split.kwargs)
    column = _column(split, given.get("dim", 0), points)
    size = next(given[key] for key in ("size", "chunks", "split_size_or_sections") if key in given)
    name = split.inputs[0]
    if split.op in (torch.chunk, "chunk"):
        size = -(-record.shape(name)[column] // size)
    before = sum(size[:piece]) if isinstance(size, Sequence) else size * piece
    return {name: _shifted(points, column, before)}


def _unsliced(index: Ints, keys: Sequence[Any], shape: Sequence[int]) -> Ints:
    """Return where values lay in an array of ``shape`` before it was indexed with ``keys``."""
    columns = list(index.T)
    before = []
    for size, key in zip(shape, [*keys, *[slice(None)] * (len(shape) - len(keys))], strict=True):
        if isinstance(key, int):
            before.append(np.full(len(index), key % size))
        else:
            start, _, step = key.indices(size)
            before.append(columns.pop(0) * step + start)
    return np.column_stack(before)


@rule(nn.ZeroPad2d, nn.ConstantPad2d, reads=False)
def pad_module(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to its place before padding; what lies in the padding is lost."""
    assert isinstance(node.module, nn.ConstantPad2d)
    return _unpadded(node, record, points, node.module.padding)


@rule(F.pad, reads=False)
def pad(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to its place before padding; what lies in the padding is lost."""
    given = arguments(node, "pad", "mode", "value")
    if given.get("mode", "constant") != "constant":
        raise refusal(node, f"it pads with mode {given['mode']!r}; only 'constant' is known")
    return _unpadded(node, record, points, given["pad"])


def _unpadded(node: Node, record: Record, points: Points, padding: Sequence[int]) -> Found:
    """Take ``padding`` away: (before, after) of the last axis, of the one before it, and so on."""
    shape = record.shape(node.inputs[0])
    before = np.zeros(len(shape), np.int64)
    for axis, size in enumerate(padding[::2]):
        before[-1 - axis] = size
    index = points.index - before
    inside = (index >= 0) & (index < shape)
    return {node.inputs[0]: points.moved(index).select(np.logical_and.reduce(inside, axis=1))}


def _column(node: Node, dim: int, points: Points) -> int:
    """Return the index column of a tensor's axis ``dim``, which counts the batch."""
    column: int = dim % (points.index.shape[1] + 1) - 1
    if column < 0:
        raise refusal(node, "it works along the axis of the images")
    return column


def _shifted(points: Points, column: int, by: int) -> Points:
    """Return the points moved along one index column."""
    if by == 0:
        return points
    index = points.index.copy()
    index[:, column] += by
    return Points(index, points.weight, points.start, points.unique)

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

UNCHANGED = (
    *(nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout),
    *(nn.FeatureAlphaDropout, F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout),
    *(F.feature_alpha_dropout, "contiguous", "clone", "detach", "float", "double", "half"),
    *(torch.clone, torch.detach),
)
"""Operations that give what they read, outside of training."""


@rule(
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.RReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU),
    *(nn.SiLU, nn.Mish, nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Sigmoid, nn.Tanh),
    *(nn.Softplus, nn.Threshold, F.relu, F.relu6, F.leaky_relu, F.rrelu, F.prelu, F.elu, F.selu),
    *(F.celu, F.gelu, F.silu, F.mish, F.hardswish, F.hardsigmoid, F.hardtanh, F.softplus),
    *(F.threshold, F.sigmoid, F.tanh, torch.relu, torch.sigmoid, torch.tanh, torch.clamp),
    *(torch.clamp_min, "relu", "sigmoid", "tanh", "clamp", "clamp_min", "threshold"),
    *UNCHANGED,
    "torchvision.ops.stochastic_depth.stochastic_depth",
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, F.batch_norm),
    *(nn.LocalResponseNorm, F.local_response_norm, nn.LayerNorm, F.layer_norm),
    *(nn.GroupNorm, F.group_norm, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
    *(F.instance_norm, nn.RMSNorm, F.rms_norm, F.normalize),
    *(nn.Softmax, nn.LogSoftmax, F.softmax, F.log_softmax, "softmax", "log_softmax"),
    *(torch.softmax, torch.log_softmax),
    reads=False,
)
def same_place(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the unit at its own place.

    Exact for activation functions and for what is switched off outside of training; an
    approximation for normalisations. Local response normalisation: its neighbours only damp. Layer
    and group normalisation and the like: the mean and the spread of all units are left aside.
    Softmax: the other units only take from this one. A batch norm that was not folded into its
    convolution (:func:`cnnvis.network.fold`): a negative factor turns the largest value into the
    smallest, which a rule behind it cannot know.
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


@rule(nn.GLU, F.glu, reads=False)
def gated_half(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the value that was let through; the gate only scales it.

    A gated linear unit gives ``a * sigmoid(b)``, where the halves a and b of its input lie behind
    each other along one axis: a, the first, has the places of the output.
    """
    return {node.inputs[0]: points.moved(points.index)}


@rule(torch.permute, "permute", reads=False)
def permute(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to where it was before the axes changed places."""
    dims = node.args[1:] or (node.kwargs["dims"],)
    return _axes(node, points, dims[0] if isinstance(dims[0], Sequence) else dims)


@rule(torch.transpose, torch.swapaxes, torch.swapdims, reads=False)
@rule("transpose", "swapaxes", "swapdims", reads=False)
def transpose(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to where it was before two axes changed places."""
    names = ("dim0", "axis0", "dim1", "axis1")
    one, other = *node.args[1:], *(node.kwargs[name] for name in names if name in node.kwargs)
    dims = list(range(points.index.shape[1] + 1))
    dims[one], dims[other] = dims[other], dims[one]
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
    if source.op in _UNBINDS:
        return _unbound(source, key, record, points)
    if source.shape is None and isinstance(key, int):
        raise refusal(
            node,
            f"it takes a part of what {source.name!r} ({source.kind}) gives, and "
            "what that part was made from is not known",
        )
    keys = key if isinstance(key, tuple) else (key,)
    if keys[0] != slice(None) or any(not isinstance(k, int | slice | None) for k in keys):
        raise refusal(node, f"only slices and whole numbers behind the batch are known, not {key}")
    return {source.name: points.moved(_unsliced(points.index, keys[1:], record.shape(source.name)))}


@rule(torch.stack, reads=False)
def stack(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Follow each value to the input that its place along the new axis belongs to."""
    names = node.args[0] if node.args else node.kwargs["tensors"]
    if isinstance(names, str):
        raise refusal(node, f"{names!r} is no list of tensors, but makes one")
    column = _column(node, arguments(node, "dim").get("dim", 0), points)
    found: dict[str, Points] = {}
    for at, name in enumerate(names):
        part = points.select(points.index[:, column] == at)
        part = part.moved(np.delete(part.index, column, axis=1))
        found[name] = concat([found[name], part]) if name in found else part
    return found


_SPLITS = (torch.chunk, torch.split, "chunk", "split")
_UNBINDS = (torch.unbind, "unbind")


def _unbound(node: Node, piece: int, record: Record, points: Points) -> Found:
    """Follow values of one piece to their places in the tensor whose axis was taken apart."""
    name = node.inputs[0]
    shape = record.shape(name)
    column = _axis(node, arguments(node, "dim").get("dim", 0), len(shape) + 1)
    index = np.insert(points.index, column, piece % shape[column], axis=1)
    return {name: points.moved(index)}


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
    sizes = iter(shape)
    read = sum(key is not None for key in keys)
    for key in [*keys, *[slice(None)] * (len(shape) - read)]:
        if key is None:  # a new axis
            columns.pop(0)
            continue
        size = next(sizes)
        if isinstance(key, int):
            before.append(np.full(len(index), key % size))
        else:
            start, _, step = key.indices(size)
            before.append(columns.pop(0) * step + start)
    return np.column_stack(before)


def _column(node: Node, dim: int, points: Points) -> int:
    """Return the index column of the axis ``dim`` of what a node gave, which counts the batch."""
    return _axis(node, dim, points.index.shape[1] + 1)


def _axis(node: Node, dim: int, dimensions: int) -> int:
    """Return the index column of the axis ``dim`` of a tensor of so many, the batch among them."""
    column = dim % dimensions - 1
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

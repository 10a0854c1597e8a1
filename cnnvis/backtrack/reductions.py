"""Rules of operations that make one value of all along some axes: means, sums, maxima."""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
import torch

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Points, concat, ravel, unravel
from cnnvis.backtrack.pools import MAXIMUM
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import arguments, refusal, rule
from cnnvis.backtrack.shares import Divider
from cnnvis.network.graph import Node

Found = Mapping[str, Points]


@rule(torch.mean, torch.sum, "mean", "sum")
def total(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each mean or sum as an average pool does: by all its positive values, or one."""
    return _reduced(node, record, points, options)


@rule(torch.amax, "amax")
def maximum(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the largest value; of equal ones by the first."""
    return _reduced(node, record, points, MAXIMUM)


def _reduced(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Share the weight of each unit among the values that it was made from."""
    name = node.inputs[0]
    shape = record.shape(name)
    gone, keeps = _axes(node, len(shape))
    kept = [axis for axis in range(len(shape)) if axis not in gone]
    rest, reduced = ([shape[axis] for axis in axes] for axes in (kept, gone))
    maps = record[name].transpose(0, *(axis + 1 for axis in (*kept, *gone)))
    values = maps.reshape(len(maps), prod(rest), prod(reduced))
    divide = Divider(node.name, options, options.pool_k)
    pieces = []
    for part in points.chunks(prod(reduced)):
        unit = part.index[:, kept] if keeps else part.index
        place = ravel(unit, rest) if rest else np.zeros(len(part), np.int64)
        point, at, share = divide(values[record.image(part), place], part)
        index = np.empty((len(point), len(shape)), np.int64)
        index[:, kept] = unit[point]
        index[:, gone] = unravel(at, reduced)
        pieces.append(part.spread(point, index, share))
    return {name: concat(pieces)}


def _axes(node: Node, dimensions: int) -> tuple[list[int], bool]:
    """Return the index columns that a reduction does away with, and whether their axes are kept."""
    given = arguments(node, "dim", "keepdim")
    dim = given.get("dim")
    dims = dim if isinstance(dim, Sequence) else () if dim is None else (dim,)
    gone = sorted(axis % (dimensions + 1) - 1 for axis in dims)
    if not gone or gone[0] < 0:
        raise refusal(node, "it works along the axis of the images")
    return gone, bool(given.get("keepdim", False))

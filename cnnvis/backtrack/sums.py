"""Rules of operations that add up contributions, or multiply: linear layers, additions, gates."""

import operator
from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cnnvis.backtrack import flow
from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Ints, Points, concat, ravel
from cnnvis.backtrack.record import Record, Values, rows, sources
from cnnvis.backtrack.rules import arguments, refusal, rule
from cnnvis.backtrack.shares import Divider
from cnnvis.network.graph import Node

Found = Mapping[str, Points]


@rule(nn.Linear)
def linear(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the ``options.k`` units that contribute most, by weight * activation.

    They share its weight in proportion to their contributions. Only the rows of the product that
    belong to a point are computed. A winner other than "channel_sum" has a ``k`` of its own.
    """
    layer, name = node.module, node.inputs[0]
    assert isinstance(layer, nn.Linear)
    divide = Divider(node.name, options, options.linear_k)
    pieces = []
    positive = options.contribution == "positive"
    if options.winner == "soft" and positive and flow.crowded(points, record, node.name):
        sent, points = flow.through(F.linear, layer.weight, record, points, (node.name, name))
        pieces.append(sent)
        if options.dead_end == "stop" or not len(points):
            return {name: sent}
    for part in points.chunks(layer.in_features):
        strength = contributions(layer, record[name], record.image(part), part.index)
        if options.contribution == "absolute":
            strength = np.abs(strength)
        point, unit, share = divide(strength, part)
        index = np.column_stack([part.index[point, :-1], unit])
        pieces.append(part.spread(point, index, share).merged())
    return {name: concat(pieces)}


def contributions(layer: nn.Linear, values: Values, image: Ints, index: Ints) -> Values:
    """Return what each input of the layer contributes to some of its units, (point, input).

    Args:
        layer: the linear layer, which may work on each place of a map by itself.
        values: (image, ..., input) that it reads.
        image: (point,) the image of each unit.
        index: (point, [..., unit]) of its units.
    """
    row = ravel(np.column_stack([image, index[:, :-1]]), values.shape[:-1])
    found = rows(layer.weight, index[:, -1])
    values = values.reshape(-1, layer.in_features)
    found *= values[row[0]] if (row == row[0]).all() else values[row]
    return found


@rule(operator.add, operator.iadd, torch.add, "add", "add_")
def add(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit of a sum by its larger addend there, or split it between the addends.

    Of equal addends the skip connection wins: the addend with fewer operations between it and the
    image, along its longest chain; the first one where these are as many. A number or a parameter
    that is added is a bias, and explains nothing.
    """
    names = sources(record.net, node)
    if len(names) == 1:
        return {names[0]: points}
    first, second = names
    values = np.column_stack([record.values(name, points) for name in names])
    values[:, 1] *= arguments(node, "other", "alpha").get("alpha", 1)
    if options.residual == "split":
        point, addend, share = Divider(node.name, options, "all")(values, points)
        new = points.spread(point, points.index[point], share)
        to_first = addend == 0
    else:
        new = points
        skip_is_first = record.depth[first] <= record.depth[second]
        ahead = np.greater_equal if skip_is_first else np.greater
        to_first = ahead(values[:, 0], values[:, 1])
    return {
        first: _repeated(new.select(to_first), record.shape(first)),
        second: _repeated(new.select(~to_first), record.shape(second)),
    }


@rule(operator.mul, operator.imul, torch.mul, torch.multiply, "mul", "mul_", reads=False)
def multiply(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit of a product by the factor that has a value of its own for it.

    The other factor is a gate: it says how much of a value comes through, not what the value is.
    It is known by its shape, where it is repeated along rows and columns (squeeze-and-excitation)
    or channels, or by a sigmoid that made it. A number is a factor too.
    """
    names = sources(record.net, node)
    full = [name for name in names if record.shape(name) == record.shape(node.name)]
    if len(full) > 1:
        full = [name for name in full if record.net.nodes[name].op not in _GATES]
    if len(full) != 1:
        shapes = " and ".join(str(record.shape(name)) for name in names)
        raise refusal(node, f"which of the factors, of shape {shapes}, is a gate is not clear")
    return {full[0]: points}


_GATES = (nn.Sigmoid, torch.sigmoid, F.sigmoid, "sigmoid", nn.Hardsigmoid, F.hardsigmoid)


@rule(operator.sub, operator.truediv, operator.isub, operator.itruediv, reads=False)
@rule(torch.sub, torch.subtract, torch.div, torch.divide, torch.true_divide, reads=False)
@rule("sub", "sub_", "div", "div_", reads=False)
def scale(node: Node, record: Record, points: Points, options: Options) -> Found:
    """Explain each unit by the one at its place, minus a number or divided by one."""
    names = sources(record.net, node)
    if len(names) != 1 or node.args[0] != names[0]:
        raise refusal(node, "only a number or a parameter on its right is known")
    return {names[0]: points}


def _repeated(points: Points, shape: tuple[int, ...]) -> Points:
    """Return the points at the places that were repeated along the sides of length 1."""
    if 1 not in shape:
        return points
    return points.moved(np.minimum(points.index, np.array(shape) - 1))

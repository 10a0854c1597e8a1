"""Stand-ins: what is done at the head of a network in place of its rules, if the user says so."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import numpy as np
import torch
from torch import nn

from cnnvis.backtrack.heads import Head, head_of, with_weights
from cnnvis.backtrack.options import K, Options
from cnnvis.backtrack.points import Points, concat, unravel
from cnnvis.backtrack.reach import off_middle
from cnnvis.backtrack.record import Record, Values
from cnnvis.backtrack.rivals import WANTED, check_classes, class_weights
from cnnvis.backtrack.rules import Follow, find
from cnnvis.backtrack.shares import Divider
from cnnvis.backtrack.starts import Starts
from cnnvis.errors import BacktrackError
from cnnvis.network.graph import Network, Node


def stand_ins(record: Record, starts: Starts, options: Options) -> Mapping[str, Follow]:
    """Return what stands in for the rules of nodes on a walk, by name of the node.

    Nothing, unless the walk begins at the scores and ``options`` say "map", or have rivals.

    Raises:
        BacktrackError: there are to be rivals, and no single layer makes the scores.
    """
    net = record.net
    by_map = options.average_pool == "map"
    if starts.node != net.scores or not (by_map or options.rivals):
        return {}
    head = _head(net, record.shape(net.scores), options)
    if head is None:
        return {}
    weights = class_weights(head, record, starts, options)
    if by_map and head.maps is not None:
        return {net.scores: partial(_to_the_map, head, weights)}
    return {head.layer.name: partial(_with_own_units, head, weights)} if options.rivals else {}


def _head(net: Network, shape: tuple[int, ...], options: Options) -> Head | None:
    """Return the head of a network; None if it has none, and can do without."""
    try:
        head = head_of(net, WANTED)
        check_classes(head, shape)
    except BacktrackError:
        if options.rivals:
            raise
        return None  # without one "map" is "spread"
    return head


def _with_own_units(
    head: Head, weights: Values, node: Node, record: Record, points: Points, options: Options
) -> Mapping[str, Points]:
    """Apply the rule of the last layer, of which each start has a unit of its own.

    Args:
        head: whose layer it is.
        weights: (start, ...) of these units.
        node, record, points, options: as for any rule.
    """
    layer = head.layer
    axis = 0 if isinstance(layer.module, nn.Conv2d) else -1
    shape, index = list(record.shape(layer.name)), points.index.copy()
    shape[axis], index[:, axis] = len(weights), points.start
    own = with_weights(layer.module, torch.from_numpy(weights))
    changed = replace(layer, module=own, shape=tuple(shape))
    nodes = MappingProxyType({**record.net.nodes, layer.name: changed})
    seen = Record(replace(record.net, nodes=nodes), record.activations, record.images)
    units = Points(index, points.weight, points.start, points.unique)
    return find(changed).follow(changed, seen, units, options)


def _to_the_map(
    head: Head, weights: Values, node: Node, record: Record, points: Points, options: Options
) -> Mapping[str, Points]:
    """Go from scores to the maps that the head reads: to places first, and to channels there.

    A class has a map, M(y, x) = sum_c w_c A_c(y, x). Places where it is positive share the weight
    in proportion; at each, the channels do that contribute most, as many as the layer would follow.

    Args:
        head: with maps.
        weights: (start, channel, ...) of the class of each start.
        node, record, points, options: as for any rule.

    Source: Zhou et al., "Learning Deep Features for Discriminative Localization", arXiv 1512.04150.
    """
    assert head.maps is not None
    maps = record[head.maps]
    places = maps.shape[2:]
    flat = maps.reshape(*maps.shape[:2], -1)
    by_channel = weights.reshape(*weights.shape[:2], 1)
    to_places = Divider(f"{head.layer.name}: places", options, "all", off_middle(places))
    to_channels = Divider(f"{head.layer.name}: channels", options, _channels(head, options))
    absolute = options.contribution == "absolute" and isinstance(head.layer.module, nn.Linear)
    pieces = []
    for part in points.chunks(flat[0].size):
        contribution = flat[record.image(part)] * by_channel[part.start]
        point, place, share = to_places(contribution.sum(1, dtype=np.float64), part)
        there = part.spread(point, place[:, None], share)
        strength = contribution[point, :, place]
        at, channel, share = to_channels(np.abs(strength) if absolute else strength, there)
        index = np.column_stack([channel, unravel(place[at], places)])
        pieces.append(there.spread(at, index, share))
    return {head.maps: concat(pieces)}


def _channels(head: Head, options: Options) -> K:
    """Return how many channels are followed at a place, as at a layer of its kind."""
    if isinstance(head.layer.module, nn.Linear):
        return options.linear_k
    return 1 if options.winner in ("channel_sum", "argmax") else "all"

"""The walk from units back to the pixels: reversed execution order, one local rule per node."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from cnnvis.backtrack import starts as beginning
from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Floats, Points, concat
from cnnvis.backtrack.record import Record, sources
from cnnvis.backtrack.rules import Follow, find, lookup
from cnnvis.backtrack.stand_ins import stand_ins
from cnnvis.backtrack.starts import Starts
from cnnvis.errors import BacktrackError
from cnnvis.network.graph import Network, Node

_ROUNDING = 1e-12  # of a weight: what adding and splitting float64 numbers may lose or gain
_GROWTH = 1e-6  # of a weight: more than this is a rule that makes weight out of nothing


@dataclass(frozen=True, eq=False)
class Backtrack:
    """Where the weight of every start went. Every start begins with weight 1.

    Args:
        points: node name -> the points that came there, in the order of the walk.
        lost: node name -> (start,) float64, the weight that ended at this node.
        image: name of the node that holds the image.
        starts: the units it began at.

    At every node the weight that came equals the weight that went on and the weight lost.
    """

    points: Mapping[str, Points]
    lost: Mapping[str, Floats]
    image: str
    starts: Starts

    @property
    def arrived(self) -> Floats:
        """(start,) float64, the weight that reached the image: 0 for a start that found nothing."""
        return self._at_image.per_start(len(self.starts))

    @property
    def lost_total(self) -> Floats:
        """(start,) float64, the weight that reached no pixel."""
        return sum(self.lost.values(), np.zeros(len(self.starts)))

    @property
    def empty(self) -> NDArray[np.bool_]:
        """(start,) bool, whether nothing at all reached the image."""
        return np.equal(self.arrived, 0)

    @property
    def fixations(self) -> Points:
        """The pixels (row, col) that the weight reached, whatever the colour channel."""
        points = self._at_image
        return points.moved(points.index[:, 1:]).merged()

    @property
    def _at_image(self) -> Points:
        nothing = Points.of(np.zeros((0, 3), np.int64))
        return self.points.get(self.image, nothing)


def from_scores(
    net: Network,
    record: Mapping[str, Tensor],
    *,
    targets: ArrayLike,
    options: Options | None = None,
) -> Backtrack:
    """Walk back from one score of each image.

    Args:
        net: the network, with batch norms folded (:func:`cnnvis.network.fold`).
        record: node name -> activations (image, ...) of at least the nodes that :func:`needed`
            lists, from :func:`cnnvis.network.record`.
        targets: (image,) the output unit to explain, such as that of the predicted class.
        options: the method's choices; those of "How You See Me" unless given.

    Returns:
        As :func:`from_units`; start i is image i.

    Raises:
        BacktrackError: as :func:`from_units`; or there is not one target for each image.
    """
    unit = np.asarray(targets, dtype=np.int64)
    images = len(beginning.recorded(record, net.scores))
    if unit.shape != (images,):
        raise BacktrackError(
            f"one target is needed for each of the {images} recorded images, got targets of shape "
            f"{unit.shape}"
        )
    starts = Starts(np.arange(images), unit[:, None], net.scores)
    return from_units(net, record, starts, options)


@torch.no_grad()
def from_units(
    net: Network, record: Mapping[str, Tensor], starts: Starts, options: Options | None = None
) -> Backtrack:
    """Walk back from any units of one node, each on its own.

    Args:
        net: the network, with batch norms folded (:func:`cnnvis.network.fold`).
        record: node name -> activations (image, ...) of at least the nodes that :func:`needed`
            lists, from :func:`cnnvis.network.record`.
        starts: the units.
        options: the method's choices; those of "How You See Me" unless given.

    Returns:
        What came where. A start whose weight was lost on the way is ``empty``, which is no error.

    Raises:
        BacktrackError: an operation on the way has no rule; or a start does not exist, or its
            activation is no finite number; or an activation that is read was not recorded; or a
            class is walked back against rivals, and no single layer makes the scores.
        LayerError: there is no node of that name.

    The method is that of Gandikota, "How You See Me", arXiv 1811.08152.
    """
    net.node(starts.node)
    if net.graph is None:
        raise BacktrackError(f"backtracking follows the graph of a network. {net.untraceable}")
    beginning.check(starts, beginning.recorded(record, starts.node))
    seen = Record(net, record, starts.image)
    waiting = {starts.node: [Points.of(starts.index, start=np.arange(len(starts)))]}
    points: dict[str, Points] = {}
    balance = _Balance(net, len(starts))
    choices = options or Options()
    instead = stand_ins(seen, starts, choices)
    for node in reversed(list(net.nodes.values())):
        if node.name not in waiting:
            continue
        here = points[node.name] = concat(waiting.pop(node.name)).merged(node.shape)
        if node.name == net.image:
            continue
        follow = instead.get(node.name) or find(node).follow
        sent = _followed(follow, node, seen, here, choices)
        balance.note(node.name, here, sent)
        for name, part in sent.items():
            waiting.setdefault(name, []).append(part)
    return Backtrack(points, balance.lost(), net.image, starts)


def reachable(net: Network, start_node: str) -> dict[str, tuple[int, ...]]:
    """Return the nodes that points may come to from ``start_node``, with the shapes of an image.

    Raises:
        LayerError: there is no such node.
    """
    net.node(start_node)
    found = {start_node}
    for node in reversed(list(net.nodes.values())):
        if node.name in found:
            found.update(node.inputs)
    return {
        name: node.shape
        for name, node in net.nodes.items()
        if name in found and node.shape is not None
    }


def needed(net: Network, start_node: str) -> tuple[str, ...]:
    """Return the nodes whose activations a walk from ``start_node`` reads, and that node itself.

    Raises:
        LayerError: there is no such node.
    """
    wanted = {start_node}
    for name in reachable(net, start_node):
        known = lookup(net.nodes[name])
        if known is not None and known.reads:
            wanted.update(sources(net, net.nodes[name]))
    return tuple(name for name in net.nodes if name in wanted)


def _followed(
    follow: Follow, node: Node, record: Record, here: Points, options: Options
) -> Mapping[str, Points]:
    """Apply the rule of a node, and hold it to its promise about places."""
    sent = follow(node, record, here, options)
    sent = {name: part for name, part in sent.items() if len(part)}
    for name, part in sent.items():
        if part is not here:
            _check_places(node, name, part, record.shape(name))
    return sent


def _check_places(node: Node, name: str, points: Points, shape: tuple[int, ...]) -> None:
    """Refuse points that lie outside of the input they were sent to."""
    # As unsigned numbers negative ones are larger than any shape.
    columns = points.index.T.view(np.uint64)
    if len(columns) != len(shape) or any(map(operator.ge, columns.max(1).tolist(), shape)):
        low, high = points.index.min(0).tolist(), points.index.max(0).tolist()
        raise BacktrackError(
            f"the rule of node {node.name!r} ({node.kind}) sent points to {name!r} between {low} "
            f"and {high}, but its shape is {shape}"
        )


class _Balance:
    """The weight that came to each node, and that went on."""

    def __init__(self, net: Network, count: int) -> None:
        """Begin with no node."""
        self._net, self._count = net, count
        self._came: dict[str, Floats] = {}
        self._gone: dict[str, Floats] = {}
        self._moved: tuple[Points, Floats] | None = None

    def note(self, node: str, here: Points, sent: Mapping[str, Points]) -> None:
        """Add a node, what came to it, and what it sent on."""
        known = self._moved is not None and self._moved[0] is here  # through many nodes at a time
        came = self._moved[1] if self._moved and known else here.per_start(self._count)
        self._came[node] = self._gone[node] = came
        self._moved = here, came
        if not any(part is here for part in sent.values()):
            went = [part.per_start(self._count) for part in sent.values()]
            self._gone[node] = np.zeros(self._count) if not went else sum(went[1:], went[0])

    def lost(self) -> dict[str, Floats]:
        """Return the weight (start,) that did not go on, by node, without rounding noise.

        Raises:
            BacktrackError: more went on than came.
        """
        before = np.array(list(self._came.values()))
        left = before - np.array(list(self._gone.values()))
        grown = ~(left >= -_GROWTH * before).all(axis=1)
        if grown.any():
            node = self._net.nodes[list(self._came)[int(grown.argmax())]]
            raise BacktrackError(
                f"the rule of node {node.name!r} ({node.kind}) sent on more weight than came to "
                "it, or weight that is no number; the shares of a point must add up to 1 at most"
            )
        real = np.where(left > _ROUNDING * before, left, 0.0)
        return dict(zip(self._came, real, strict=True))

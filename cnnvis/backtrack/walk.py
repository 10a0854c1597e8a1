"""The walk from units back to the pixels: reversed execution order, one local rule per node."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Points, concat
from cnnvis.backtrack.record import Record, sources
from cnnvis.backtrack.rules import find, lookup
from cnnvis.errors import BacktrackError
from cnnvis.network.graph import CONSTANT, Network, Node

_ROUNDING = 1e-12  # of a weight: what adding and splitting float64 numbers may lose or gain
_GROWTH = 1e-6  # of a weight: more than this is a rule that makes weight out of nothing


@dataclass(frozen=True)
class Starts:
    """Units that backtracks begin at.

    Args:
        image: (start,) int64, the image of the batch.
        index: (start, dimension) int64, the unit: (channel, row, col), or (unit,).
        node: name of the node that the units belong to.
    """

    image: Tensor
    index: Tensor
    node: str

    @classmethod
    def of(cls, node: str, image: Sequence[int], index: Sequence[Sequence[int]]) -> "Starts":
        """Return starts from plain lists or arrays."""
        return cls(
            torch.as_tensor(image, dtype=torch.int64),
            torch.as_tensor(index, dtype=torch.int64),
            node,
        )

    def __len__(self) -> int:
        """Count the starts."""
        return len(self.image)


@dataclass(frozen=True)
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
    lost: Mapping[str, Tensor]
    image: str
    starts: Starts

    @property
    def arrived(self) -> Tensor:
        """(start,) float64, the weight that reached the image: 0 for a start that found nothing."""
        return self._at_image.per_start(len(self.starts))

    @property
    def lost_total(self) -> Tensor:
        """(start,) float64, the weight that reached no pixel."""
        total = torch.zeros_like(self.starts.image, dtype=torch.float64)
        return sum(self.lost.values(), total)

    @property
    def empty(self) -> Tensor:
        """(start,) bool, whether nothing at all reached the image."""
        return self.arrived == 0

    @property
    def fixations(self) -> Points:
        """The pixels (row, col) that the weight reached, whatever the colour channel."""
        points = self._at_image
        return points.moved(points.index[:, 1:]).merged()

    @property
    def _at_image(self) -> Points:
        nowhere = torch.zeros(0, 3, dtype=torch.int64, device=self.starts.image.device)
        nothing = Points(nowhere, nowhere[:, 0].double(), nowhere[:, 0], unique=True)
        return self.points.get(self.image, nothing)


def from_scores(
    net: Network,
    record: Mapping[str, Tensor],
    *,
    targets: Sequence[int] | Tensor,
    options: Options | None = None,
) -> Backtrack:
    """Walk back from one score of each image.

    Args:
        net: the network, with batch norms folded (:func:`cnnvis.network.fold`).
        record: node name -> activations (image, ...) of at least the nodes that :func:`needed`
            lists, from :func:`cnnvis.network.record`.
        targets: (image,) the output unit to explain, such as that of the predicted class.
        options: the method's choices; those of "How You See Me" unless given.

    Raises:
        BacktrackError: as :func:`from_units`; or there is not one target for each image.
    """
    unit = torch.as_tensor(targets, dtype=torch.int64)
    images = len(_recorded(record, net.scores))
    if unit.shape != (images,):
        raise BacktrackError(
            f"one target is needed for each of the {images} recorded images, got targets of shape "
            f"{tuple(unit.shape)}"
        )
    return from_units(net, record, Starts(torch.arange(images), unit[:, None], net.scores), options)


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
        What came where. A start whose weight is lost on the way is in ``empty``, and no error.

    Raises:
        BacktrackError: an operation on the way has no rule; or a start does not exist, or its
            activation is not finite; or an activation that is read was not recorded.
        LayerError: there is no node of that name.

    The method is that of Gandikota, "How You See Me", arXiv 1811.08152.
    """
    starts = _on_device(starts, _recorded(record, starts.node))
    _check(net, record, starts)
    seen = Record(net, record, starts.image)
    count = len(starts)
    whole = torch.ones(count, dtype=torch.float64, device=starts.image.device)
    begin = Points(starts.index, whole, torch.arange(count, device=whole.device))
    waiting: dict[str, list[Points]] = {starts.node: [begin]}
    points: dict[str, Points] = {}
    lost: dict[str, Tensor] = {}
    for node in reversed(net.nodes.values()):
        if node.name not in waiting:
            continue
        here = points[node.name] = concat(waiting.pop(node.name)).merged()
        if node.name != net.image:
            sent = _follow(node, seen, here, options or Options())
            lost[node.name] = _lost(node, here, sent, count)
            for name, part in sent.items():
                if len(part):
                    waiting.setdefault(name, []).append(part)
    return Backtrack(points, lost, net.image, starts)


def needed(net: Network, start_node: str) -> tuple[str, ...]:
    """Return the nodes whose activations a walk from ``start_node`` reads, and that node itself.

    Raises:
        LayerError: there is no such node.
    """
    net.node(start_node)
    before = {start_node}
    wanted = {start_node}
    for node in reversed(net.nodes.values()):
        if node.name not in before:
            continue
        before.update(node.inputs)
        known = lookup(node)
        if known is not None and known.reads:
            wanted.update(sources(net, node))
    return tuple(name for name in net.nodes if name in wanted)


def _recorded(record: Mapping[str, Tensor], name: str) -> Tensor:
    """Return the activations of the node that a walk starts at."""
    if name not in record:
        raise BacktrackError(
            f"a walk that starts at {name!r} needs its activations; recorded are "
            f"{', '.join(map(repr, record)) or 'none'}. Record the nodes that "
            "cnnvis.backtrack.needed(net, start_node) lists"
        )
    return record[name]


def _on_device(starts: Starts, activations: Tensor) -> Starts:
    """Return the starts on the device of the activations."""
    device = activations.device
    return Starts(starts.image.to(device), starts.index.to(device), starts.node)


def _check(net: Network, record: Mapping[str, Tensor], starts: Starts) -> None:
    """Refuse a network without a graph, and starts that do not exist or are not finite."""
    net.node(starts.node)
    if net.graph is None:
        raise BacktrackError(
            f"backtracking follows the graph of a network, and this one has none: {net.untraceable}"
        )
    activations = record[starts.node]
    size = activations.shape
    where = torch.cat([starts.image[:, None], starts.index], 1) if len(starts) else None
    if where is None or where.shape[1] != activations.ndim:
        raise BacktrackError(
            f"starts at {starts.node!r} are (image, unit) with {activations.ndim - 1} numbers for "
            f"the unit, one start or more; got images of shape {tuple(starts.image.shape)} and "
            f"units of shape {tuple(starts.index.shape)}"
        )
    outside = ((where < 0) | (where >= where.new_tensor(size))).any(1)
    if outside.any():
        raise BacktrackError(
            f"{starts.node!r} holds (image, unit) up to {tuple(n - 1 for n in size)}; there is no "
            f"{tuple(where[outside][0].tolist())}"
        )
    value = activations[where.unbind(1)]
    if not value.isfinite().all():
        raise BacktrackError(
            f"the activation of a start at {starts.node!r} is {value[~value.isfinite()][0]:g}: "
            "check the weights and the images for NaN and inf"
        )


def _follow(node: Node, record: Record, here: Points, options: Options) -> Mapping[str, Points]:
    """Apply the rule of a node, and hold it to its promise about places."""
    if node.op == CONSTANT:
        return {}
    sent = find(node).follow(node, record, here, options)
    for name, part in sent.items():
        if part is not here and len(part):
            _check_places(node, name, part, record.shape(name))
    return sent


def _check_places(node: Node, name: str, points: Points, shape: tuple[int, ...]) -> None:
    """Refuse points that lie outside of the input they were sent to."""
    low, high = points.index.aminmax(dim=0)
    inside = len(shape) == len(low) and all(
        first >= 0 and last < size
        for first, last, size in zip(low.tolist(), high.tolist(), shape, strict=True)
    )
    if not inside:
        raise BacktrackError(
            f"the rule of node {node.name!r} ({node.kind}) sent points to {name!r} between "
            f"{tuple(low.tolist())} and {tuple(high.tolist())}, which has the shape {shape}"
        )


def _lost(node: Node, here: Points, sent: Mapping[str, Points], count: int) -> Tensor:
    """Return the weight (start,) that came to a node and did not go on, without rounding noise."""
    came = here.per_start(count)
    if any(part is here for part in sent.values()):
        return torch.zeros_like(came)
    gone = sum((part.per_start(count) for part in sent.values()), torch.zeros_like(came))
    left = came - gone
    if not bool((left >= -_GROWTH * came).all()):
        raise BacktrackError(
            f"the rule of node {node.name!r} ({node.kind}) sent on more weight than came to it, or "
            "none that is a number; shares of a point must add up to 1 at most"
        )
    return left.where(left > _ROUNDING * came, 0)

"""All walks of a batch of images, joined: the starts of an image lie side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cnnvis import backtrack, network
from cnnvis.backtrack.points import Floats, Ints, Points, concat
from cnnvis.network import Network
from cnnvis.walks.routes import Route

Targets = Callable[[NDArray[Any]], NDArray[np.intp]]
"""What says, for scores (image, class), the classes (image, rank) to walk back from."""


@dataclass(frozen=True, eq=False)
class Walked:
    """What was found for a batch: all starts of its first image, then those of the next.

    Args:
        points: node -> the points that came there.
        lost: node -> (start,) the weight that ended there.
        arrived: (start,) the weight that reached the pixels.
        target: (image, rank) the class or the channel that a start belongs to.
        score: (image, rank) its value there.
        place: (image, rank, [row, col]) of the unit; -1 for classes, and where a channel has no
            start because it is on nowhere, or nowhere else.
    """

    points: Mapping[str, Points]
    lost: Mapping[str, Floats]
    arrived: Floats
    target: Ints
    score: Floats
    place: Ints


@dataclass(frozen=True, eq=False)
class _Part:
    """The starts of one route; ``slot`` (start,) is the place of each among those of its image."""

    starts: backtrack.Starts
    slot: Ints
    target: Ints
    score: Floats
    place: Ints
    found: backtrack.Backtrack | None = None


def walk(
    ways: Sequence[Route],
    nodes: Sequence[str],
    pixels: NDArray[Any],
    *,
    targets: Targets,
    options: backtrack.Options,
) -> Walked:
    """Walk a batch back from every route.

    Args:
        ways: from :func:`cnnvis.walks.routes`.
        nodes: where it is kept what came there.
        pixels: (image, channel, row, col), prepared for the network.
        targets: which classes to begin at.
        options: of the walk.

    Raises:
        BacktrackError: an activation is no finite number.
    """
    parts = []
    for way, record in _recorded(ways, pixels):
        part = _classes(way, record, targets) if way.is_scores else _channels(way, record)
        if len(part.starts) and not way.refused:
            found = backtrack.from_units(way.net, record, part.starts, way.choices(options))
            part = replace(part, found=found)
        parts.append(part)
    ranks = sum(way.count for way in ways)
    joined = _Joined(nodes, len(pixels) * ranks)
    first = 0
    for way, part in zip(ways, parts, strict=True):
        joined.add(part, part.starts.image * ranks + first + part.slot)
        first += way.count
    return joined.walked(parts)


def _recorded(
    ways: Sequence[Route], pixels: NDArray[Any]
) -> Iterator[tuple[Route, Mapping[str, Tensor]]]:
    """Yield every route with what it reads; neighbours that share a network share a pass."""
    before: Network | None = None
    record: Mapping[str, Tensor] = {}
    for way in ways:
        if way.net is not before:
            before = way.net
            nodes = (backtrack.needed(one.net, one.node) for one in ways if one.net is before)
            wanted = {name for some in nodes for name in some}
            record = network.record(
                before, pixels, [name for name in before.nodes if name in wanted]
            )
        yield way, record


def _classes(way: Route, record: Mapping[str, Tensor], targets: Targets) -> _Part:
    scores = record[way.node].numpy(force=True)
    target = targets(scores)
    images, ranks = target.shape
    return _Part(
        starts=backtrack.Starts.ranked(way.node, target),
        slot=np.tile(np.arange(ranks), images),
        target=target.astype(np.int64),
        score=np.take_along_axis(scores, target, axis=1).astype(np.float64),
        place=np.full((images, ranks, 2), -1),
    )


def _channels(way: Route, record: Mapping[str, Tensor]) -> _Part:
    maps = record[way.node].numpy(force=True)
    images, channels = maps.shape[:2]
    starts = backtrack.Starts.highest(record, way.node, count=way.each)
    channel, row, col = starts.index.T
    _, first, group = np.unique(
        starts.image * channels + channel, return_index=True, return_inverse=True
    )
    slot = channel * way.each + np.arange(len(starts)) - first[group]
    score, place = np.zeros((images, way.count)), np.full((images, way.count, 2), -1)
    score[starts.image, slot] = maps[starts.image, channel, row, col]
    place[starts.image, slot] = starts.index[:, 1:]
    target = np.broadcast_to(np.repeat(np.arange(channels), way.each), score.shape)
    return _Part(starts, slot, target, score, place)


class _Joined:
    """The walks of all routes, as they come."""

    def __init__(self, nodes: Sequence[str], starts: int) -> None:
        """Begin with nothing."""
        self._points: dict[str, list[Points]] = {node: [] for node in nodes}
        self._lost = {node: np.zeros(starts) for node in nodes}
        self._arrived = np.zeros(starts)

    def add(self, part: _Part, start: Ints) -> None:
        """Add the walk of a route, if there was one; ``start`` (start,) numbers its starts here."""
        if part.found is None:
            return
        self._arrived[start] = part.found.arrived
        for node, pieces in self._points.items():
            if node in part.found.points:
                points = part.found.points[node]
                pieces.append(replace(points, start=start[points.start], unique=False))
            if node in part.found.lost:
                self._lost[node][start] = part.found.lost[node]

    def walked(self, parts: Sequence[_Part]) -> Walked:
        """Return all of it."""
        return Walked(
            points={node: concat(pieces) for node, pieces in self._points.items() if pieces},
            lost=self._lost,
            arrived=self._arrived,
            target=np.concatenate([part.target for part in parts], axis=1),
            score=np.concatenate([part.score for part in parts], axis=1),
            place=np.concatenate([part.place for part in parts], axis=1),
        )

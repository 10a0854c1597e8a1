"""Backtracks as the explorer shows them: layer by layer, the heaviest points of each."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnvis import attention, boxes
from cnnvis.geometry import Frame
from cnnvis.pages.explorer.packing import packed, rounded, whole
from cnnvis.predictions import class_name
from cnnvis.walk_file import ImageStarts, PointsOfAll

MOST_OF_CLASS, MOST_OF_CHANNEL = 2000, 64
"""How many points are kept of a backtrack at each node, the heaviest: one that spreads its weight
over all contributions has hundreds of thousands."""


def heaviest(points: PointsOfAll, most: int) -> PointsOfAll:
    """Return the heaviest points of every start, at most so many; those of a start stay in order.

    >>> index, weight, edge = np.array([[0], [1], [2]]), np.array([0.2, 0.5, 0.3]), np.array([0, 3])
    >>> [part.tolist() for part in heaviest((index, weight, edge), 2)]
    [[[1], [2]], [0.5, 0.3], [0, 2]]
    """
    index, weight, edge = points
    count = np.diff(edge)
    if count.max(initial=0) <= most:
        return points
    start = np.repeat(np.arange(len(count)), count)
    order = np.lexsort((-weight, start))
    kept = np.sort(order[np.arange(len(order)) - edge[start] < most])
    return index[kept], weight[kept], np.cumsum([0, *np.minimum(count, most)])


def run(starts: ImageStarts, node: str) -> slice:
    """Return where the starts of a node lie among those of an image; they are neighbours."""
    places = [place for place, name in enumerate(starts.node) if name == node]
    return slice(places[0], places[-1] + 1) if places else slice(0, 0)


def some(points: PointsOfAll, ranks: slice) -> PointsOfAll:
    """Return the points of neighbouring starts."""
    index, weight, edge = points
    edges = edge[ranks.start : ranks.stop + 1]
    inside = slice(edges[0], edges[-1])
    return index[inside], weight[inside], edges - edges[0]


def of_channels(starts: ImageStarts, layer: str) -> dict[str, Any]:
    """Return the backtracks of all channels of a layer in one image.

    ``unit`` (start, [row, col]) are the highest units, -1 where there is none, with their
    ``value`` and the weight that ``arrived``. Every step, from the layer to the pixels, has the
    name of its ``node``, and ``index``, ``weight``, ``edge`` of the points: those of a start lie
    from one edge to the next; ``count`` says how many came, before the heaviest were taken.
    """
    ranks = run(starts, layer)
    return {
        "unit": packed(whole(starts.place[ranks]), "int16"),
        "value": packed(starts.score[ranks].astype(np.float32), "float32"),
        "arrived": packed(starts.arrived[ranks].astype(np.float32), "float32"),
        "steps": _steps(starts.points, ranks, MOST_OF_CHANNEL),
    }


def of_class(
    starts: ImageStarts,
    rank: int,
    *,
    names: Sequence[str],
    probability: float,
    pixels: str,
    saliency: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the backtrack of an image from one class.

    Args:
        starts: of the image.
        rank: its place among them.
        names: of the classes.
        probability: of the class.
        pixels: the node that holds the image.
        saliency: how points become a box, see :func:`cnnvis.attention.on_photo`.
    """
    target = int(starts.target[rank])
    own = slice(rank, rank + 1)
    index, weight, _ = some(starts.points[pixels], own)
    return {
        "class": target,
        "name": class_name(target, names),
        "probability": rounded(probability),
        "score": rounded(starts.score[rank]),
        "arrived": rounded(starts.arrived[rank]),
        "box": _box(index[:, -2:], weight, starts.frame, saliency),
        "steps": _steps(starts.points, own, MOST_OF_CLASS),
    }


def _steps(points: Mapping[str, PointsOfAll], ranks: slice, most: int) -> list[dict[str, Any]]:
    """Return the nodes that some of the starts came to, from the starts to the pixels."""
    found = []
    for node, all_of_it in reversed(list(points.items())):
        here = some(all_of_it, ranks)
        index, weight, edge = heaviest(here, most)
        if len(weight):
            found.append(
                {
                    "node": node,
                    "index": packed(whole(index), "int16"),
                    "weight": packed(weight.astype(np.float32), "float32"),
                    "edge": packed(edge, "int32"),
                    "count": packed(np.diff(here[2]), "int32"),
                }
            )
    return found


def _box(
    index: NDArray[np.int64], weight: NDArray[np.float64], frame: Frame, saliency: Mapping[str, Any]
) -> list[float] | None:
    """Return the box round what was found, in pixels of the input; None where there is none."""
    if not len(weight):
        return None
    box = attention.on_photo(index, weight, frame, **saliency).box
    if box == boxes.NO_BOX:
        return None
    # A box is given by edges of pixels, places by their middles.
    corners = np.reshape(box, (2, 2)) - 0.5
    inside = (frame.to_input(corners) + 0.5).clip(0, frame.crop[2:])
    found: list[float] = rounded(inside.ravel())
    return found


def node(name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a node at which walks are shown.

    ``start``, ``stride`` and ``field`` (rows, columns) say what its units see of the input: unit 0
    from ``start`` on, so many pixels; None where that is not known.
    """
    places = {"start": "start", "stride": "stride", "field": "receptive_field"}
    return {
        "name": name,
        "op": str(said["op"]),
        "shape": [int(size) for size in said["shape"]],
        **{
            key: [int(value) for value in said[of]] if of in said else None
            for key, of in places.items()
        },
    }


def refused(own: Mapping[str, Any]) -> dict[str, str]:
    """Return why nothing is walked back from some nodes, the scores under an empty name."""
    found: dict[str, str] = json.loads(own["refused"])
    return {"" if node == own["scores_node"] else node: why for node, why in found.items()}

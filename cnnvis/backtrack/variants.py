"""One photo walked back with several choices of the method, to be compared."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cnnvis.backtrack.milestones import has_maps, milestones
from cnnvis.backtrack.options import K, Options, Position, Winner
from cnnvis.backtrack.points import Points
from cnnvis.backtrack.record import as_array
from cnnvis.backtrack.walk import from_scores
from cnnvis.geometry import Frame
from cnnvis.network.graph import Network
from cnnvis.variants import KEPT, OWN, WINNER, Milestone, Variant, Variants


def choices(
    own: Options, winners: Iterable[Winner], ks: Iterable[K]
) -> list[tuple[str, str, Options]]:
    """Return (kind, name, options) of every variant, the study's own first.

    Args:
        own: the study's own choices; each variant differs from them in one.
        winners: "channel_sum" counts as three, one for each position in the window.
        ks: units kept at a linear layer.

    >>> [name for _, name, _ in choices(Options(), ["channel_sum", "soft"], [1])]
    ['own', 'channel_sum, centre', 'channel_sum, spatial', 'channel_sum, fine', 'soft', 'k = 1']
    """
    found = [(OWN, OWN, own)]
    for winner in winners:
        changed = replace(own, winner=winner)
        if winner == "channel_sum":
            for position in get_args(Position):
                placed = replace(changed, position=position)
                found.append((WINNER, f"{winner}, {position}", placed))
        else:
            found.append((WINNER, winner, changed))
    return [*found, *((KEPT, f"k = {k}", replace(own, k=k)) for k in ks)]


def compared(
    net: Network,
    record: Mapping[str, Tensor],
    options: Iterable[tuple[str, str, Options]],
    *,
    image: str,
    target: int,
    frame: Frame,
    layers: Iterable[str] = (),
) -> Variants:
    """Walk one photo back with all choices.

    Args:
        net: the network, with batch norms folded (:func:`cnnvis.network.fold`).
        record: node name -> activations (1, ...) of all nodes, of that photo alone.
        options: from :func:`choices`.
        image, target: id of the photo, and the class to begin at.
        frame: how the photo became the input.
        layers: to be milestones in any case, see :func:`cnnvis.backtrack.milestones.milestones`.

    Raises:
        BacktrackError: as :func:`cnnvis.backtrack.from_scores`.
    """
    seen: dict[Options, tuple[Points, dict[str, int]]] = {}
    made = []
    for kind, name, one in options:
        if one not in seen:  # of a walk only this is kept: all its points may fill the memory
            found = from_scores(net, record, targets=[target], options=one)
            seen[one] = found.fixations, {node: len(at) for node, at in found.points.items()}
        made.append(_variant(kind, name, one, *seen[one]))
    _, visited = next(iter(seen.values()))
    shapes = {node: net.nodes[node].shape for node in net.nodes if node in visited}
    shown = {
        node: Milestone(net.nodes[node].kind, _mean(record[node]))
        for node in milestones(visited, shapes, layers)
    }
    return Variants(image, target, frame, tuple(made), shown)


def _mean(activations: Tensor) -> NDArray[np.float32] | None:
    """Return the mean map of (1, channel, row, col) over the channels; None where it is no map."""
    if not has_maps(tuple(activations.shape[1:])):
        return None
    return np.asarray(as_array(activations)[0].mean(axis=0, dtype=np.float64), np.float32)


def _variant(
    kind: str, name: str, options: Options, fixations: Points, visited: Mapping[str, int]
) -> Variant:
    """Return what is kept of a walk."""
    position = options.position if options.winner == "channel_sum" else ""
    choice = {"winner": options.winner, "position": position, "k": str(options.linear_k)}
    points = sum(visited.values())
    return Variant(kind, name, choice, fixations.index, fixations.weight, points)

"""What speaks for a class and not for its opposite: contrastive backtracking."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from cnnvis.backtrack.heads import head_of, with_weights
from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Points, concat
from cnnvis.backtrack.walk import from_scores
from cnnvis.errors import BacktrackError
from cnnvis.network.graph import Network


def contrastive(
    net: Network,
    record: Mapping[str, Tensor],
    *,
    targets: ArrayLike,
    options: Options | None = None,
    node: str | None = None,
) -> Points:
    """Return by how much more weight comes from a class than from its dual, where it is more.

    The dual of a class has all its weights negated: what contributes to it speaks against the
    class. Both are walked back; at ``node`` the second is taken from the first, and what is left
    below zero is dropped.

    Args:
        net: the network, with batch norms folded.
        record: as for :func:`cnnvis.backtrack.from_scores`.
        targets: (image,) the class to explain.
        options: the choices; ``Options(winner="soft", residual="split")`` is the published method.
        node: where the two are compared; at the image, whatever the colour, unless given.

    Returns:
        Points at ``node``, or pixels (row, col); start i is image i.

    Raises:
        BacktrackError: as :func:`cnnvis.backtrack.from_scores`; or no walk came to ``node``.

    Source: Zhang et al., "Top-down Neural Attention by Excitation Backprop", arXiv 1608.00507,
    section 3.3 (contrastive marginal winning probability).
    """
    found = [
        from_scores(each, record, targets=targets, options=options)
        for each in (net, _with_dual(net))
    ]
    if node is None:
        plus, minus = (walk.fixations for walk in found)
    elif node in found[0].points:
        plus = found[0].points[node]
        minus = found[1].points.get(node, plus.select(np.zeros(len(plus), bool)))
    else:
        raise BacktrackError(
            f"no weight came to node {node!r}; it came to {', '.join(map(repr, found[0].points))}"
        )
    taken = Points(minus.index, -minus.weight, minus.start)
    left = concat([plus, taken]).merged()
    return left.select(left.weight > 0)


def _with_dual(net: Network) -> Network:
    """Return a network whose last layer with weights, behind which scores only move, is negated."""
    head = head_of(net, "the dual of a class negates")
    negated = with_weights(head.layer.module, -head.weight.detach())
    nodes = dict(net.nodes) | {head.layer.name: replace(head.layer, module=negated)}
    return replace(net, nodes=MappingProxyType(nodes))

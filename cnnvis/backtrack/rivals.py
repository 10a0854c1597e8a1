"""Rivals: the classes that a class is walked back against, and the weights it then counts with."""

import numpy as np

from cnnvis.backtrack.heads import Head
from cnnvis.backtrack.moves import get_item
from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Ints
from cnnvis.backtrack.rearranging import rearranged
from cnnvis.backtrack.record import Record, Values, rows
from cnnvis.backtrack.rules import lookup
from cnnvis.backtrack.starts import Starts
from cnnvis.errors import BacktrackError
from cnnvis.network.graph import Node

WANTED = "a walk against rivals (with rivals: 0 there are none) compares"
"""What a head is wanted for, in messages."""


def rivals(scores: Values, targets: Ints, count: int) -> Ints:
    """Return the classes with the highest scores beside a target, the highest first.

    Args:
        scores: (start, class).
        targets: (start,) a class each.
        count: how many; all others, where there are no more.

    Returns:
        (start, rival); of equal scores the first class counts.

    >>> rivals(np.array([[3.0, 9.0, 5.0, 1.0]]), np.array([1]), 2).tolist()
    [[2, 0]]
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    others: Ints = order[order != targets[:, None]].reshape(len(scores), scores.shape[1] - 1)
    return others[:, :count]


def class_weights(head: Head, record: Record, starts: Starts, options: Options) -> Values:
    """Return the weights that the class of each start counts with, (start, ...) of one unit.

    They are its own in the last layer, minus the mean of those of its rivals. The difference of two
    scores, or of a score and the mean of others, is made from the layer's input by these weights,
    as far as the scores are.

    Args:
        head: of the network.
        record: its activations, the scores among them.
        starts: at the scores.
        options: the user's choices.
    """
    target = starts.index[:, 0]
    found = rows(head.weight, target)
    if options.rivals == 0 or len(head.weight) == 1:
        return found
    others = rivals(_scores(record, starts), target, options.rivals)
    for own, classes in zip(found, others, strict=True):  # of all starts together there are many
        own -= rows(head.weight, classes).mean(axis=0, dtype=np.float64)
    return found


def _scores(record: Record, starts: Starts) -> Values:
    """Return the scores (start, class) of each start's image, at its place where there are some."""
    by_class = np.moveaxis(record[starts.node], 1, -1)
    found: Values = by_class[(starts.image, *starts.index[:, 1:].T)]
    return found


def check_classes(head: Head, shape: tuple[int, ...]) -> None:
    """Refuse a head whose units are not the classes, one by one.

    Args:
        head: of a network.
        shape: of the scores of an image.

    Raises:
        BacktrackError: saying why.
    """
    name, kind, units = head.layer.name, head.layer.kind, len(head.weight)
    moved = next((node for node in head.behind if _rearranges(node)), None)
    if units != shape[0]:
        why = f"its {units} units are not the scores, of shape {shape}"
    elif moved is not None:
        why = f"node {moved.name!r} ({moved.kind}) behind it may mix them up"
    elif getattr(head.layer.module, "groups", 1) > 1:
        why = "its filters read different channels, in groups"
    else:
        return
    raise BacktrackError(f"{WANTED} the units of node {name!r} ({kind}) as classes, but {why}")


def _rearranges(node: Node) -> bool:
    known = lookup(node)
    return known is not None and known.follow in (rearranged, get_item)

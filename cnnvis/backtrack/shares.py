"""Shares: which contributions to a unit explain it, and how much of its weight each takes."""

from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray

from cnnvis.backtrack.options import DeadEnd, K, Options
from cnnvis.backtrack.points import Floats, Ints, Points
from cnnvis.backtrack.record import Values

Places = NDArray[np.intp]
Chosen = tuple[Places, Places, Floats]
"""(new,) the point that a new one comes from, in ascending order where one contribution is chosen;
(new,) the contribution that it follows; (new,) its share of the weight. The shares of a point add
up to 1, or it is not there (a dead end)."""


_LONG = 2048  # contributions: in rows from here on only parts are searched for the largest


class Divider:
    """Divides the weight of points among contributions, at one node.

    Args:
        node: the name of the node; with "sample", every node has draws of its own.
        options: the user's choices.
        k: as in :class:`cnnvis.backtrack.Options`: how many contributions share the weight. Where
            it is not 1, "sample" draws one for each path instead.
    """

    def __init__(self, node: str, options: Options, k: K) -> None:
        """Begin the draws of a node."""
        self._k, self._dead_end, self._paths = k, options.dead_end, options.paths
        drawing = options.winner == "sample" and k != 1
        seeds = [options.seed, crc32(node.encode())]
        self._random = np.random.default_rng(seeds) if drawing else None

    def __call__(self, strength: Values, points: Points) -> Chosen:
        """Choose among contributions (point, contribution), -inf where there is none."""
        if self._random is None:
            return chosen(strength, k=self._k, dead_end=self._dead_end)
        paths = np.rint(points.weight * self._paths).astype(np.int64)
        return drawn(strength, paths, self._random, dead_end=self._dead_end)


def drawn(
    strength: Values, paths: Ints, random: np.random.Generator, *, dead_end: DeadEnd
) -> Chosen:
    """Draw a positive contribution for each path of each point, in proportion to its strength.

    Args:
        strength: (point, contribution), -inf where there is none.
        paths: (point,) how many paths come to each point.
        random: where the draws come from.
        dead_end: as in :func:`chosen`.

    >>> half = np.array([[1.0, -1.0, 1.0]])
    >>> point, at, share = drawn(half, np.array([4]), np.random.default_rng(0), dead_end="stop")
    >>> sorted(set(at.tolist())), float(share.sum())
    ([0, 2], 1.0)
    """
    value: Floats = np.maximum(strength.astype(np.float64), 0)
    total = value.sum(1, keepdims=True)
    alive = np.flatnonzero(total > 0)
    count = random.multinomial(paths[alive], value[alive] / total[alive])
    row, at = count.nonzero()
    share: Floats = count[row, at] / paths[alive[row]]
    found = alive[row], at, share
    return _with_dead_ends(strength, found) if dead_end == "follow" else found


def chosen(strength: Values, *, k: K, dead_end: DeadEnd) -> Chosen:
    """Return the contributions that explain each point, in proportion to their strength.

    Args:
        strength: (point, contribution), -inf where there is none. Only positive ones count; of
            equal ones the first are taken.
        k: as in :class:`cnnvis.backtrack.Options`.
        dead_end: where none is positive, "stop", or "follow" the largest.
    """
    if k == 1 or strength.shape[1] == 1:
        return _largest(strength, dead_end)
    place = _among_first(strength, k).ravel().nonzero()[0]  # far faster than in two dimensions
    point, at = np.divmod(place, strength.shape[1])
    value = strength[point, at].astype(np.float64)
    total = np.bincount(point, value, len(strength))
    found = point, at, value / total[point]
    return _with_dead_ends(strength, found) if dead_end == "follow" else found


def _with_dead_ends(strength: Values, found: Chosen) -> Chosen:
    """Add the largest contribution of every point that has no positive one."""
    dead = np.flatnonzero(np.bincount(found[0], minlength=len(strength)) == 0)
    row, at, share = _largest(strength[dead], "follow")
    return (
        np.concatenate([found[0], dead[row]]),
        np.concatenate([found[1], at]),
        np.concatenate([found[2], share]),
    )


def largest(values: Values) -> tuple[Values, Places]:
    """Return the largest value in each row, and its column: the first of equal ones."""
    at = values.argmax(1)
    return values[np.arange(len(values)), at], at


def _largest(strength: Values, dead_end: DeadEnd) -> Chosen:
    """Return the single largest contribution of each point, with all of its weight."""
    value, at = largest(strength)
    point = (value > (-np.inf if dead_end == "follow" else 0)).nonzero()[0]
    return point, at[point], np.ones(len(point))


def _among_first(strength: Values, k: K) -> NDArray[np.bool_]:
    """Return which contributions (point, contribution) are positive and among the ``k`` largest."""
    positive = strength > 0
    if isinstance(k, int):
        return positive & _first(strength, k) if k < strength.shape[1] else positive
    return positive if k == "all" else positive & _mass(strength, k)


def _first(strength: Values, k: int) -> NDArray[np.bool_]:
    """Return which contributions are the ``k`` largest; of equal ones the first."""
    last = _last(strength, k)
    found: NDArray[np.bool_] = strength >= last
    if np.count_nonzero(found) > k * len(found):
        above = strength > last
        room = k - np.count_nonzero(above, axis=1, keepdims=True)
        found &= above | ((found & ~above).cumsum(1) <= room)
    return found


def _last(strength: Values, k: int) -> Values:
    """Return the ``k``-th largest contribution of each point (point, 1).

    In long rows it is one of the ``k`` parts of the row with the largest maxima, or equal to the
    smallest of these: what lies in another part is no larger than any of the maxima.
    """
    count, length = strength.shape
    depth = int((length / k) ** 0.5)
    if length >= _LONG and depth > 1:
        width = length // depth
        parts = strength[:, : depth * width].reshape(count, depth, width)
        best = torch.from_numpy(parts.max(1)).topk(k, sorted=False).indices.numpy()
        few = parts[np.arange(count)[:, None], :, best].reshape(count, -1)
        strength = np.concatenate([few, strength[:, depth * width :]], axis=1)
    found: Values = torch.from_numpy(strength).topk(k).values[:, -1:].numpy()
    return found  # np.partition is slower than topk


def _mass(strength: Values, fraction: float) -> NDArray[np.bool_]:
    """Return the fewest contributions, largest first, that make up a fraction of the positive."""
    order = np.argsort(-strength, axis=1, kind="stable")
    value = np.take_along_axis(strength, order, axis=1).astype(np.float64).clip(min=0)
    before = value.cumsum(1) - value
    wanted = np.empty(strength.shape, bool)
    enough = before < fraction * value.sum(1, keepdims=True)
    np.put_along_axis(wanted, order, enough, axis=1)
    return wanted

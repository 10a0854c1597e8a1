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


_WIDTH = 256  # parts of a row of contributions, among whose maxima the largest are looked for


class Divider:
    """Divides the weight of points among contributions, at one node.

    Args:
        node: the name of the node; with "sample", every node has draws of its own.
        options: the user's choices.
        k: as in :class:`cnnvis.backtrack.Options`: how many contributions share the weight. Where
            it is not 1, "sample" draws one for each path instead.
        distance: (contribution,) how far each lies from the centre of its window. A path that
            follows a dead end goes to the nearest of equal contributions, unless given to the
            first: behind a ReLU most are 0, and paths would drift to the upper left.
    """

    def __init__(
        self, node: str, options: Options, k: K, distance: NDArray[np.floating] | None = None
    ) -> None:
        """Begin the draws of a node."""
        self._distance = distance if options.dead_end == "follow" else None
        self._k, self._dead_end, self._paths = k, options.dead_end, options.paths
        drawing = options.winner == "sample" and k != 1
        seeds = [options.seed, crc32(node.encode())]
        self._random = np.random.default_rng(seeds) if drawing else None

    def __call__(self, strength: Values, points: Points) -> Chosen:
        """Choose among contributions (point, contribution), -inf where there is none.

        Where a distance was given these are overwritten at dead ends.
        """
        if self._distance is not None:
            _keep_nearest(strength, self._distance)
        if self._random is None:
            return chosen(strength, k=self._k, dead_end=self._dead_end)
        paths = np.rint(points.weight * self._paths).astype(np.int64)
        return drawn(strength, paths, self._random, dead_end=self._dead_end)


def _keep_nearest(strength: Values, distance: NDArray[np.floating]) -> None:
    """Leave a single one of the largest contributions to each point that has no positive one."""
    dead = np.flatnonzero(strength.max(1) <= 0)
    values = strength[dead]
    best = values.max(1)
    nearest = np.where(values == best[:, None], distance, np.inf).argmin(1)
    strength[dead] = -np.inf
    strength[dead, nearest] = best


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
    place = _counted(strength, k).ravel().nonzero()[0]  # far faster than in two dimensions
    point, at = np.divmod(place, strength.shape[1])
    if isinstance(k, int):
        point, at = _first(strength, point, at, k)
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


def _counted(strength: Values, k: K) -> NDArray[np.bool_]:
    """Return which contributions count: where ``k`` is a number, these and perhaps some more."""
    if isinstance(k, float):
        return (strength > 0) & _mass(strength, k)
    if k == "all" or k >= strength.shape[1]:
        return strength > 0
    return strength >= np.maximum(_least(strength, k), np.finfo(strength.dtype).smallest_subnormal)


def _least(strength: Values, k: int) -> Values:
    """Return what the ``k`` largest contributions to each point (point, 1) are not below.

    The maxima of parts of a row are themselves in it: its ``k``-th largest value is no smaller than
    theirs, and seldom much larger. To find it exactly takes several times as long.
    """
    count, length = strength.shape
    depth = length // max(_WIDTH, 32 * k)
    if depth < 2:
        found: Values = torch.from_numpy(strength).topk(k).values[:, -1:].numpy()
        return found  # np.partition is slower
    width = length // depth
    best = strength[:, : depth * width].reshape(count, depth, width).max(1)
    best.sort()
    least: Values = best[:, -k, None]
    return least


def _first(strength: Values, point: Places, at: Places, k: int) -> tuple[Places, Places]:
    """Keep ``k`` of the contributions to each point, the largest; of equal ones the first."""
    many = np.bincount(point, minlength=1)[point] > k
    if not many.any():
        return point, at
    over = many.nonzero()[0]
    some = point[over]
    order = np.lexsort((-strength[some, at[over]], some))
    rank = np.arange(len(some)) - np.searchsorted(some, some)
    many[over[order[rank < k]]] = False
    return point[~many], at[~many]


def _mass(strength: Values, fraction: float) -> NDArray[np.bool_]:
    """Return the fewest contributions, largest first, that make up a fraction of the positive."""
    order = np.argsort(-strength, axis=1, kind="stable")
    value = np.take_along_axis(strength, order, axis=1).astype(np.float64).clip(min=0)
    before = value.cumsum(1) - value
    wanted = np.empty(strength.shape, bool)
    enough = before < fraction * value.sum(1, keepdims=True)
    np.put_along_axis(wanted, order, enough, axis=1)
    return wanted

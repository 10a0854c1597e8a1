"""Shares: which contributions to a unit explain it, and how much of its weight each takes."""

import numpy as np
import torch
from numpy.typing import NDArray

from cnnvis.backtrack.options import DeadEnd, K
from cnnvis.backtrack.points import Floats
from cnnvis.backtrack.record import Values

Places = NDArray[np.intp]
Chosen = tuple[Places, Places, Floats]
"""(new,) the point that a new one comes from, in ascending order where one contribution is chosen;
(new,) the contribution that it follows; (new,) its share of the weight. The shares of a point add
up to 1, or it is not there (a dead end)."""


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
    share = value / total[point]
    if dead_end == "follow":
        dead = np.flatnonzero(total == 0)
        row, follow, whole = _largest(strength[dead], dead_end)
        point, at = np.concatenate([point, dead[row]]), np.concatenate([at, follow])
        share = np.concatenate([share, whole])
    return point, at, share


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
    last = torch.from_numpy(strength).topk(k).values[:, -1:].numpy()  # np.partition is slower
    found: NDArray[np.bool_] = strength >= last
    if np.count_nonzero(found) > k * len(found):
        above = strength > last
        room = k - np.count_nonzero(above, axis=1, keepdims=True)
        found &= above | ((found & ~above).cumsum(1) <= room)
    return found


def _mass(strength: Values, fraction: float) -> NDArray[np.bool_]:
    """Return the fewest contributions, largest first, that make up a fraction of the positive."""
    order = np.argsort(-strength, axis=1, kind="stable")
    value = np.take_along_axis(strength, order, axis=1).astype(np.float64).clip(min=0)
    before = value.cumsum(1) - value
    wanted = np.empty(strength.shape, bool)
    enough = before < fraction * value.sum(1, keepdims=True)
    np.put_along_axis(wanted, order, enough, axis=1)
    return wanted

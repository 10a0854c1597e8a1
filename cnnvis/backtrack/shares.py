"""Shares: which contributions to a unit explain it, and how much of its weight each takes."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnnvis.backtrack.options import DeadEnd, K
from cnnvis.backtrack.points import Floats
from cnnvis.backtrack.record import as_array

Places = NDArray[np.intp]
Chosen = tuple[Places, Places, Floats]
"""(new,) the point that a new one comes from, in ascending order where one contribution is chosen;
(new,) the contribution that it follows; (new,) its share of the weight. The shares of a point add
up to 1, or it is not there (a dead end)."""


def chosen(strength: Tensor, *, k: K, dead_end: DeadEnd) -> Chosen:
    """Return the contributions that explain each point, in proportion to their strength.

    Args:
        strength: (point, contribution), -inf where there is none. Only positive ones count; of
            equal ones the first are taken.
        k: as in :class:`cnnvis.backtrack.Options`.
        dead_end: where none is positive, "stop", or "follow" the largest.
    """
    if k == 1 or strength.shape[1] == 1:
        return _largest(strength, dead_end)
    point, at, share = _positive(strength, k)
    if dead_end == "follow":
        dead = np.setdiff1d(np.arange(len(strength)), point)
        row, follow, whole = _largest(strength[torch.from_numpy(dead)], dead_end)
        point, at = np.concatenate([point, dead[row]]), np.concatenate([at, follow])
        share = np.concatenate([share, whole])
    return point, at, share


def largest(values: Tensor) -> tuple[NDArray[Any], Places]:
    """Return the largest value in each row, and its column: the first of equal ones."""
    if values.device.type == "cpu" and values.dtype in (torch.float32, torch.float64):
        rows = values.numpy()  # whose argmax is ten times faster than torch's
        at = rows.argmax(1)
        return rows[np.arange(len(rows)), at], at
    value, place = values.max(1)
    return as_array(value.double()), as_array(place)


def _largest(strength: Tensor, dead_end: DeadEnd) -> Chosen:
    """Return the single largest contribution of each point, with all of its weight."""
    value, at = largest(strength)
    point = np.flatnonzero(value > (-np.inf if dead_end == "follow" else 0))
    return point, at[point], np.ones(len(point))


def _positive(strength: Tensor, k: K) -> Chosen:
    """Return the positive contributions among the ``k`` largest, in proportion to their size."""
    if k == "all":
        place = torch.nonzero(strength > 0, as_tuple=True)
        point, at = as_array(place[0]), as_array(place[1])
        value = as_array(strength[place].double())
    else:
        top = _first_k(strength, k) if isinstance(k, int) else _mass(strength, k)
        values, places = as_array(top[0].double()), as_array(top[1])
        point, rank = np.nonzero(values > 0)
        at, value = places[point, rank], values[point, rank]
    total = np.bincount(point, value, len(strength))
    return point, at, value / total[point]


def _first_k(strength: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the ``k`` largest contributions (point, k) and their places; of equals the first."""
    if k >= strength.shape[1]:
        return strength, torch.arange(strength.shape[1]).expand_as(strength)
    value, at = strength.topk(k, dim=1)
    last = value[:, -1:]
    tied = ((strength >= last).sum(1) > k) & (last[:, 0] > 0)
    if tied.any():
        exact, place = strength[tied].sort(dim=1, descending=True, stable=True)
        value[tied], at[tied] = exact[:, :k], place[:, :k]
    return value, at


def _mass(strength: Tensor, fraction: float) -> tuple[Tensor, Tensor]:
    """Return contributions, largest first, 0 from where the fraction of the positive is reached."""
    value, at = strength.double().sort(dim=1, descending=True, stable=True)
    positive = value.clamp(min=0)
    before = positive.cumsum(1) - positive
    return value.where(before < fraction * positive.sum(1, keepdim=True), 0), at

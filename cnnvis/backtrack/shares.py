"""Shares: which contributions to a unit explain it, and how much of its weight each takes."""

from typing import Literal

import torch
from torch import Tensor

from cnnvis.backtrack.options import DeadEnd

Chosen = tuple[Tensor, Tensor, Tensor]
"""(new,) the point that a new one comes from; (new,) the contribution it follows; (new,) float64,
its share of the weight. The shares of a point add up to 1, or it is not there (a dead end)."""


def chosen(strength: Tensor, *, k: int | float | Literal["all"], dead_end: DeadEnd) -> Chosen:
    """Return the contributions that explain each point, in proportion to their strength.

    Args:
        strength: (point, contribution), -inf where there is none. Only positive ones count; of
            equal ones the first are taken.
        k: as in :class:`cnnvis.backtrack.Options`.
        dead_end: where none is positive, "stop", or "follow" the largest.
    """
    if strength.shape[1] == 0:
        nothing = torch.zeros(0, dtype=torch.int64, device=strength.device)
        return nothing, nothing, nothing.double()
    if k == 1 or strength.shape[1] == 1:
        return _largest(strength, dead_end)
    point, at, share = _positive(strength, k)
    if dead_end == "follow":
        alive = torch.zeros(len(strength), dtype=torch.bool, device=strength.device)
        alive[point] = True
        dead = torch.nonzero(~alive)[:, 0]
        row, follow, whole = _largest(strength[dead], dead_end)
        point, at = torch.cat([point, dead[row]]), torch.cat([at, follow])
        share = torch.cat([share, whole])
    return point, at, share


def _largest(strength: Tensor, dead_end: DeadEnd) -> Chosen:
    """Return the single largest contribution of each point, with all of its weight."""
    value, at = strength.max(1)
    keep = value > (-torch.inf if dead_end == "follow" else 0)
    point = torch.nonzero(keep)[:, 0]
    return point, at[point], torch.ones(len(point), dtype=torch.float64, device=at.device)


def _positive(strength: Tensor, k: int | float | Literal["all"]) -> Chosen:
    """Return the positive contributions among the ``k`` largest, in proportion to their size."""
    if k == "all":
        point, at = torch.nonzero(strength > 0, as_tuple=True)
        value = strength[point, at].double()
    else:
        largest, place = _first_k(strength, k) if isinstance(k, int) else _mass(strength, k)
        point, rank = torch.nonzero(largest > 0, as_tuple=True)
        at, value = place[point, rank], largest[point, rank].double()
    total = value.new_zeros(len(strength)).index_add_(0, point, value)
    return point, at, value / total[point]


def _first_k(strength: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the ``k`` largest contributions (point, k) and their places; of equals the first."""
    if k >= strength.shape[1]:
        return strength, torch.arange(strength.shape[1], device=strength.device).expand_as(strength)
    value, at = strength.topk(k, dim=1)
    last = value[:, -1:]
    tied = ((strength >= last).sum(1) > k) & (last[:, 0] > 0)
    if tied.any():
        exact, place = strength[tied].sort(dim=1, descending=True, stable=True)
        value[tied], at[tied] = exact[:, :k], place[:, :k]
    return value, at


def _mass(strength: Tensor, fraction: float) -> tuple[Tensor, Tensor]:
    """Return contributions, largest first, 0 from where the fraction of the positive is reached."""
    value, at = strength.sort(dim=1, descending=True, stable=True)
    positive = value.clamp(min=0).double()
    before = positive.cumsum(1) - positive
    return value.where(before < fraction * positive.sum(1, keepdim=True), 0), at

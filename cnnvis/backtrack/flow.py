"""All contributions at once: the weight of whole maps through a layer that adds up.

Where most units of a map hold weight, dividing it unit by unit means gathering every window anew.
For "soft" the sums are the layer itself with weights and activations of one sign:

    z = W+ a+ + W- a-        p_in = a+ (W+)^T (p / z) + a- (W-)^T (p / z)

with x+ = max(x, 0) and x- = min(x, 0): the products that are positive, whatever the signs of their
factors.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnnvis.backtrack.points import CHUNK_BYTES, Floats, Points, concat, ravel, unravel
from cnnvis.backtrack.record import Record

Apply = Callable[[Tensor, Tensor], Tensor]
"""(image, ...) activations, weights -> sums (image, ...)."""

_CROWD = 1 / 16  # of all units: from this share on, whole maps are faster than single windows
_BYTES_PER_UNIT = 48  # activations and weight, their parts, their derivatives, in float64


def crowded(points: Points, record: Record, node: str) -> bool:
    """Tell whether the points fill so much of a node's maps that these had better go whole."""
    starts = len(np.unique(points.start))
    return len(points) > _CROWD * starts * int(np.prod(record.shape(node)))


def through(
    apply: Apply, weights: Tensor, record: Record, points: Points, nodes: tuple[str, str]
) -> tuple[Points, Points]:
    """Divide the weight of points in proportion to all positive contributions.

    Args:
        apply: the layer, without its bias.
        weights: of the layer.
        record: the activations.
        points: units of the layer.
        nodes: names of the layer and of what it reads.

    Returns:
        The points of the input, and those units to which nothing contributes.
    """
    node, source = nodes
    shape, sizes = record.shape(node), record.shape(source)
    step = max(1, CHUNK_BYTES // (_BYTES_PER_UNIT * int(np.prod(sizes))))
    starts = np.unique(points.start)
    sent, left = [], []
    for at in range(0, len(starts), step):
        some = starts[at : at + step]
        part = points.select(np.isin(points.start, some))
        row = np.searchsorted(some, part.start)
        winning = np.zeros((len(some), int(np.prod(shape))))
        np.add.at(winning, (row, ravel(part.index, shape)), part.weight)
        read = torch.from_numpy(record[source][record.images[some]])
        read = read.to(torch.promote_types(read.dtype, torch.float32))
        new, alive = _divided(apply, weights.to(read), read, winning.reshape(-1, *shape))
        dead = part.select(~alive.reshape(len(some), -1)[row, ravel(part.index, shape)])
        gone = np.bincount(np.searchsorted(some, dead.start), dead.weight, len(some))
        sent.append(_points(_scaled(new, winning.sum(1) - gone), some, sizes))
        left.append(dead)
    return concat(sent), concat(left)


@torch.enable_grad()
def _divided(
    apply: Apply, weights: Tensor, read: Tensor, winning: NDArray[np.float64]
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Return the weight of each unit read, and whether anything contributes to each unit."""
    parts = [(read.clamp(min=0), weights.clamp(min=0))]
    if (read < 0).any():
        parts.append((read.clamp(max=0), weights.clamp(max=0)))
    values = [value.requires_grad_() for value, _ in parts]
    total = torch.stack([apply(value, weight) for value, weight in parts]).sum(0)
    alive = total > 0
    share = torch.where(alive, torch.from_numpy(winning).to(total) / total, 0).detach()
    gradients = torch.autograd.grad(total, values, share)
    found = torch.stack([v * g for v, g in zip(values, gradients, strict=True)]).sum(0)
    return found.detach().numpy(), alive.numpy()


def _scaled(weight: NDArray[np.floating], sums: Floats) -> Floats:
    """Return the weight (start, unit) of units with the sums (start,) that it has but for rounding.

    The layer adds up in the precision of the network.
    """
    exact = weight.reshape(len(weight), -1).astype(np.float64)
    found = exact.sum(1)
    exact *= np.divide(sums, found, out=np.zeros_like(sums), where=found > 0)[:, None]
    return exact


def _points(flat: Floats, starts: NDArray[np.int64], shape: tuple[int, ...]) -> Points:
    """Return the units (start, unit) that hold weight, as points."""
    row, place = flat.nonzero()
    return Points(unravel(place, shape), flat[row, place], starts[row], unique=True)

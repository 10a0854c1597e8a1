"""Scores of a network without some filters of a layer, its weights left as they are.

A filter whose weights and bias are zero puts out a map of zeros. So nothing is written to the
network: its run is tapped behind the layer, where the maps of the removed filters become zero. What
does not depend on the layer is computed once for all removals; a batch norm behind the layer turns
the zeros into what it makes of zeros, as it would had the weights been overwritten.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from cnnvis import removal
from cnnvis.errors import ImportanceError, LayerError
from cnnvis.gradients import uses_of, weight_shape
from cnnvis.network.graph import Network
from cnnvis.network.recording import Images, as_batch
from cnnvis.network.running import Tap, needed, resume, run

if TYPE_CHECKING:
    import pandas as pd

Removed = Sequence[Sequence[int]]


def scores(
    net: Network, images: Images, *, layer: str, removed: Removed
) -> NDArray[np.floating[Any]]:
    """Return the scores (removal, image, class) of the network without the ``removed`` filters.

    Args:
        net: the network; it and its weights are left as they are.
        images: (image, channel, row, col), prepared for the network.
        layer: a convolution or a linear layer; all calls of it lose the filters.
        removed: the numbers of the filters to remove, for each removal; none for the whole network.

    Raises:
        LayerError: there is no such layer or filter, or the scores do not depend on the layer.
        NetworkError: the images do not fit.

    >>> from cnnvis import network
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False))
    >>> _ = model[1].weight.data.copy_(torch.tensor([[2.0], [3.0]]))
    >>> net = network.trace(model, input_shape=(1, 1, 1))
    >>> scores(net, np.ones((1, 1, 1, 1)), layer="1", removed=[[], [1]]).tolist()
    [[[2.0, 3.0]], [[2.0, 0.0]]]
    """
    return np.stack(list(_each(net, images, layer, removed)))


def margins(
    net: Network,
    batches: Iterable[Images],
    *,
    layer: str,
    removed: Removed,
    target: int,
) -> NDArray[np.float64]:
    """Return the margins (removal, image) of one class: its score minus the best other.

    Batches of images are taken one at a time and let go. Removals of the same filters are computed
    once.

    Raises:
        ImportanceError: no image, or a class that the network does not have.
        LayerError, NetworkError: as :func:`scores`.
    """
    distinct = list(dict.fromkeys(tuple(filters) for filters in removed))
    parts = [
        [removal.margins(given, target) for given in _each(net, images, layer, distinct)]
        for images in batches
    ]
    if not parts:
        raise ImportanceError(f"what removing filters of {layer!r} does needs images; got none.")
    found = dict(zip(distinct, np.concatenate([np.stack(part) for part in parts], 1), strict=True))
    return np.stack([found[tuple(filters)] for filters in removed])


def curves(
    net: Network,
    batches: Iterable[Images],
    *,
    layer: str,
    importances: Mapping[str, ArrayLike],
    target: int,
    steps: int = 8,
    seeds: int = 10,
    fewest_images: int = 50,
) -> "pd.DataFrame":
    """Return the table of what removing filters in every order does to images of one class.

    See :func:`cnnvis.removal.plan` for the orders, :func:`cnnvis.removal.table` for the columns and
    :func:`scores` for the errors.

    Args:
        net: the network; it and its weights are left as they are.
        batches: images of the class, prepared for the network, some at a time.
        layer: a convolution or a linear layer.
        importances: (filter,) by the name of the method.
        target: the class.
        steps: of every curve.
        seeds: random orders.
        fewest_images: that make an error worth giving.
    """
    removals = removal.plan(importances, steps=steps, seeds=seeds)
    chosen = [one.filters for one in removals]
    found = margins(net, batches, layer=layer, removed=chosen, target=target)
    filters = weight_shape(net, layer)[0]
    return removal.table(removals, found, unit=target, filters=filters, fewest_images=fewest_images)


@torch.inference_mode()
def _each(
    net: Network, images: Images, layer: str, removed: Removed
) -> Iterator[NDArray[np.floating[Any]]]:
    """Yield the scores (image, class) of one removal after the other."""
    uses = uses_of(net, layer)
    count = weight_shape(net, layer)[0]
    batch = as_batch(net, images)
    known = _before(net, batch, layer, frozenset(uses))
    for filters in removed:
        kept = _kept(filters, count, layer).to(batch.device)
        taps: dict[str, Tap] = {name: partial(_zeroed, kept, use) for name, use in uses.items()}
        if known is None:
            found = run(net, batch, [net.scores], taps)
        else:
            found = resume(net, batch, known, [net.scores], taps)
        yield found[net.scores].flatten(1).to("cpu").numpy()


def _before(
    net: Network, images: Tensor, layer: str, uses: frozenset[str]
) -> dict[str, Any] | None:
    """Return the outputs that no removal changes but through a tap, and that the scores need.

    None where only hooks see the network: its nodes do not say what they depend on.
    """
    if net.graph is None:
        return None
    nodes = needed(net.nodes, [net.scores])
    behind: set[str] = set()
    for node in nodes:
        if not behind.isdisjoint(node.inputs) or not uses.isdisjoint(node.inputs):
            behind.add(node.name)
    if not behind and net.scores not in uses:
        raise LayerError(f"the scores of this network do not depend on {layer!r}")
    edge = {name for node in nodes if node.name in behind for name in node.inputs} - behind
    found = run(net, images, edge or {net.scores})
    return {name: _fast(value) for name, value in found.items()}


def _fast(value: Any) -> Any:
    """Return maps with their channels side by side: torch convolves these up to twice as fast."""
    if isinstance(value, Tensor) and value.ndim == 4:
        return value.contiguous(memory_format=torch.channels_last)
    return value


def _kept(filters: Sequence[int], count: int, layer: str) -> Tensor:
    """Return (filter,): True for those that stay."""
    wrong = [number for number in filters if not 0 <= number < count]
    if wrong:
        raise LayerError(f"{layer!r} has the filters 0 ... {count - 1}, not {wrong[0]}")
    kept = torch.ones(count, dtype=torch.bool)
    kept[list(filters)] = False
    return kept


def _zeroed(kept: Tensor, module: nn.Module, _: Any, output: Tensor) -> Tensor:
    """Return the output of a layer, zero where a filter is removed."""
    behind = 0 if isinstance(module, nn.Linear) else output.ndim - 2
    return torch.where(kept.reshape(-1, *(1,) * behind), output, output.new_zeros(()))

"""Curves: what a network says of a class while the pixels of its image change in a map's order.

All maps of all images share batches. What no map changes (the image itself, and nothing but the
fill) runs once for each image.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from cnnvis import metrics
from cnnvis.errors import MeasureError
from cnnvis.metrics.maps import Maps, checked
from cnnvis.network.graph import Network
from cnnvis.network.recording import Images, as_batch
from cnnvis.network.running import run
from cnnvis.perturbation import protocols
from cnnvis.perturbation.fills import filled
from cnnvis.perturbation.imputing import imputed
from cnnvis.perturbation.protocols import IMAGE, IMPUTE, PROBABILITY, Protocol
from cnnvis.perturbation.ranks import counts, ranks

AT_ONCE = 4
"""Images that run at once: memory holds a batch of so many, and what the network makes of it.

On a processor more are no faster: their maps no longer fit its caches. A GPU wants many.
"""

ALL = -1
"""In the place of a map: what is the same for all maps."""

Place = tuple[int, int, int]
"""Where a value belongs: (map, image, step)."""

Change = Callable[[Tensor], Tensor]
"""Takes which pixels have changed (row, col), gives the image (channel, row, col)."""


@dataclass(frozen=True, eq=False)
class Curves:
    """What became of a class.

    Args:
        shares: (step,) of the pixels that have changed.
        values: (..., image, step), the probability of the class, or its score.
        protocol: how they were changed.
    """

    shares: NDArray[np.float64]
    values: NDArray[np.float64]
    protocol: Protocol

    @property
    def area(self) -> NDArray[np.float64]:
        """(..., image) the area under each curve, over its width."""
        return metrics.area(self.shares, self.values)


@torch.inference_mode()
def curves(
    net: Network,
    images: Images,
    maps: ArrayLike,
    targets: Sequence[int],
    how: str | Protocol = "deletion",
    *,
    at_once: int = AT_ONCE,
    seed: int = 0,
) -> Curves:
    """Return the curves of maps by a protocol.

    Args:
        net: the network; it is left as it is.
        images: (image, channel, row, col), prepared for the network.
        maps: (..., image, row, col), any axes before, such as methods.
        targets: (image,) the class whose probability is followed.
        how: a protocol, or the name of one, see :data:`cnnvis.perturbation.PROTOCOLS`.
        at_once: how many images run in a batch.
        seed: of what is drawn: the order of equal pixels, and noise. It is the same for all maps.

    Raises:
        MeasureError: maps, targets or the protocol do not fit.
        NetworkError: the images do not fit the network.

    >>> from cnnvis import network
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2, bias=False))
    >>> _ = model[1].weight.data.copy_(torch.tensor([[1.0, 2.0, 0.0, 0.0], [0.0] * 4]))
    >>> net = network.trace(model, input_shape=(1, 2, 2))
    >>> asked = protocols.protocol("deletion", fill=0.0, measure="score", shares=(0.0, 0.25, 1.0))
    >>> found = curves(net, np.ones((1, 1, 2, 2)), [[[1.0, 2.0], [0.0, 0.0]]], [0], asked)
    >>> found.values.tolist(), found.area.tolist()
    ([[3.0, 1.0, 0.0]], [0.875])
    """
    plan = protocols.protocol(how)
    batch = as_batch(net, images)
    stack = _fitting(maps, batch)
    if at_once < 1:
        raise MeasureError(f"images run one at a time or more, not {at_once}.")
    flat = stack.reshape(-1, *stack.shape[-3:])
    wanted = _targets(net, targets, len(batch))
    values = np.empty((*flat.shape[:2], len(plan.shares)))
    for places, found in _measured(net, _changed(batch, flat, plan, seed), plan, at_once):
        for (one, image, step), scores in zip(places, found, strict=True):
            values[one if one != ALL else slice(None), image, step] = scores[wanted[image]]
    return Curves(np.array(plan.shares), values.reshape(*stack.shape[:-2], len(plan.shares)), plan)


def _changed(
    batch: Tensor, maps: Maps, plan: Protocol, seed: int
) -> Iterator[tuple[Place, Tensor]]:
    """Yield every image that is to run, (channel, row, col), and where its value belongs."""
    rows, cols = maps.shape[-2:]
    (whole,), removed = (counts((rows, cols), s, plan.patch) for s in ((1.0,), plan.shares))
    for image, pixels in enumerate(batch):
        change = _imputing(pixels, seed) if plan.fill == IMPUTE else _mixing(pixels, plan, seed)
        nothing = torch.zeros((rows, cols), dtype=torch.bool, device=batch.device)
        ends = {0: nothing, whole: ~nothing}
        for step, count in enumerate(removed):
            if count in ends:
                yield (ALL, image, step), change(ends[count])
        for one, of_image in enumerate(maps[:, image]):
            found = ranks(of_image, first=plan.first, patch=plan.patch, seed=seed)
            places = torch.from_numpy(found).to(batch.device)
            for step, count in enumerate(removed):
                if count not in ends:
                    yield (one, image, step), change(places < count)


def _mixing(pixels: Tensor, plan: Protocol, seed: int) -> Change:
    """Return what exchanges the pixels of an image and its fill."""
    other = filled(pixels.to("cpu", torch.float64).numpy(), plan, seed=seed)
    fill = torch.from_numpy(np.array(other)).to(pixels)
    before, after = (pixels, fill) if plan.begin == IMAGE else (fill, pixels)
    return lambda gone: torch.where(gone, after, before)


def _imputing(pixels: Tensor, seed: int) -> Change:
    """Return what makes up the pixels of an image that are gone."""
    image = pixels.to("cpu", torch.float64).numpy()
    return lambda gone: torch.from_numpy(imputed(image, gone.cpu().numpy(), seed=seed)).to(pixels)


def _measured(
    net: Network, changed: Iterable[tuple[Place, Tensor]], plan: Protocol, at_once: int
) -> Iterator[tuple[list[Place], NDArray[np.float64]]]:
    """Yield places and what the network says (place, class), a batch of images after the other."""
    several = iter(changed)
    while some := list(islice(several, at_once)):
        places, given = zip(*some, strict=True)
        # With the channels of a pixel side by side, torch convolves up to twice as fast.
        shown = torch.stack(given).contiguous(memory_format=torch.channels_last)
        scores = run(net, shown, [net.scores])[net.scores].flatten(1).double()
        read = scores.softmax(dim=1) if plan.measure == PROBABILITY else scores
        yield list(places), read.cpu().numpy()


def _fitting(maps: ArrayLike, batch: Tensor) -> Maps:
    """Return maps (..., image, row, col), once they are known to be of the images."""
    stack = checked(maps)
    if stack.shape[-3:] != (len(batch), *batch.shape[2:]):
        raise MeasureError(
            f"images {tuple(batch.shape)} need maps (..., image, row, col) of their pixels; got "
            f"shape {stack.shape}."
        )
    return stack


def _targets(net: Network, targets: Sequence[int], images: int) -> list[int]:
    """Return the class of each image, once the network is known to have it."""
    classes = (net.node(net.scores).shape or (0,))[0]
    wanted = [int(target) for target in targets]
    if len(wanted) != images or any(not 0 <= target < classes for target in wanted):
        raise MeasureError(
            f"{images} images need a class each, from 0 to {classes - 1}; got {wanted}."
        )
    return wanted

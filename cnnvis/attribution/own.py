"""Methods of this package as maps: backtracking, and controls that never look at the network."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cnnvis import backtrack as walks
from cnnvis import control_maps, network, saliency
from cnnvis.backtrack import Options
from cnnvis.network.graph import Network

Maps = NDArray[np.float64]
"""(image, 1, row, col)."""

SOFT_SIGMA = 0.02
"""Width of the Gaussian over Excitation Backprop, in sides of the input."""


def soft(net: Network, images: Tensor, targets: Tensor, *, sigma: float = SOFT_SIGMA) -> Maps:
    """Return where Excitation Backprop leads: all winners, each with its part of the weight.

    Args:
        sigma: width of the density in sides of the input; 0 for the weight of each pixel itself.

    Raises:
        BacktrackError: the network cannot be traced, or an operation has no rule.
    """
    everyone = Options(winner="soft", k="all", residual="split")
    return backtrack(net, images, targets, options=everyone, sigma=sigma, share=0)


def backtrack(
    net: Network,
    images: Tensor,
    targets: Tensor,
    *,
    options: Options | Mapping[str, Any] = walks.RECOMMENDED,
    sigma: float = saliency.SIGMA,
    near: float = 0.1,
    share: float = 0.05,
    weighted: bool = True,
) -> Maps:
    """Return where backtracking with any choices leads.

    Args:
        options: the choices, those of :data:`cnnvis.backtrack.RECOMMENDED` unless given.
        sigma: as :func:`soft`.
        near, share: which pixels are outliers and left out, see :func:`cnnvis.saliency.inliers`;
            with a share of 0 none is.
        weighted: whether a pixel counts by its weight, and not every one that was found counts 1,
            as in the sets of Mopuri et al., "CNN Fixations", arXiv 1708.06670.

    Raises:
        BacktrackError: as :func:`soft`; or with rivals, that no single layer makes the scores.
        ConfigError: an option means nothing.
    """
    folded = net if net.graph is None else network.fold(net)
    recorded = network.record(folded, images, walks.needed(folded, folded.scores))
    chosen = options if isinstance(options, Options) else Options.of(options)
    found = walks.from_scores(folded, recorded, targets=targets.cpu().numpy(), options=chosen)
    points, shape = found.fixations, _size(net)
    weight = points.weight if weighted else np.ones(len(points))
    width = sigma * float(np.sqrt(shape[0] * shape[1]))
    made = np.empty((len(images), 1, *shape))
    for image in range(len(images)):
        own = points.start == image
        at, counts = points.index[own], weight[own]
        if share > 0:
            kept = saliency.inliers(at, shape, near=near, share=share, weight=counts)
            at, counts = at[kept], counts[kept]
        made[image, 0] = saliency.from_points(at, counts, shape=shape, sigma=width)
    return made


def centre(
    net: Network, images: Tensor, targets: Tensor, *, sigma: float = control_maps.CENTRE
) -> Maps:
    """Return a Gaussian in the middle, see :func:`cnnvis.control_maps.centre`."""
    return _each(images, lambda _: control_maps.centre(_size(net), sigma=sigma))


def random(
    net: Network,
    images: Tensor,
    targets: Tensor,
    *,
    seed: int = 0,
    sigma: float = control_maps.GRAIN,
) -> Maps:
    """Return noise that depends on the image and the seed, see :func:`cnnvis.control_maps.random`.

    An image has the same noise wherever in a batch it stands, and whatever the target.
    """

    def noise(photo: NDArray[np.float64]) -> NDArray[np.float64]:
        own = control_maps.seed_of(photo, seed)
        return control_maps.random(_size(net), seed=own, sigma=sigma)

    return _each(images, noise)


def edges(net: Network, images: Tensor, targets: Tensor, *, sigma: float = 0.0) -> Maps:
    """Return how steep the image is, see :func:`cnnvis.control_maps.edges`."""
    return _each(images, lambda photo: control_maps.edges(photo, sigma=sigma))


def _each(images: Tensor, control: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Maps:
    """Return the map of a control for each image."""
    photos = images.detach().cpu().double().numpy()
    return np.stack([control(photo) for photo in photos])[:, None]


def _size(net: Network) -> tuple[int, int]:
    rows, cols = net.input_shape[1:]
    return rows, cols

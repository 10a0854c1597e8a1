"""One function for all methods of attribution: a network, images and targets in, maps out."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from cnnvis.attribution import baselines, own
from cnnvis.attribution.methods import METHODS, REDUCTIONS
from cnnvis.errors import ConfigError, NetworkError, did_you_mean
from cnnvis.network.graph import Network
from cnnvis.network.recording import Images, as_batch

FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "gradient": baselines.gradient,
        "input_x_gradient": baselines.input_x_gradient,
        "guided_backprop": baselines.guided_backprop,
        "deconvolution": baselines.deconvolution,
        "integrated_gradients": baselines.integrated_gradients,
        "grad_cam": baselines.grad_cam,
        "occlusion": baselines.occlusion,
        "soft": own.soft,
        "backtrack": own.backtrack,
        "centre": own.centre,
        "random": own.random,
        "edges": own.edges,
    }
)
"""The function of each of :data:`cnnvis.attribution.methods.METHODS`.

It is given the network, images (image, channel, row, col) as a tensor and their targets (image,),
and its options by name; it returns (image, channel, row, col), signed.
"""

AT_ONCE = 8
"""Images that pass through the network together."""


def maps(
    net: Network,
    pixels: Images,
    targets: ArrayLike,
    method: str = "grad_cam",
    *,
    reduction: str = "",
    at_once: int = AT_ONCE,
    **options: Any,
) -> NDArray[np.float64]:
    """Return what the score of each image's target rests on, (image, row, col), never NaN.

    Larger means more important; values of different methods cannot be compared. The map of an image
    does not depend on the others. The network is left as it was found.

    Args:
        net: the network; methods that backtrack fold its batch norms themselves.
        pixels: (image, channel, row, col), what the network is shown.
        targets: (image,) an output unit each, such as the predicted class; or one for all.
        method: of :data:`cnnvis.attribution.METHODS`.
        reduction: from colours to one map, of :data:`cnnvis.attribution.REDUCTIONS`; that of the
            method's source unless given.
        at_once: images that pass through the network together.
        **options: of the method, such as ``layer`` of "grad_cam".

    Raises:
        ConfigError: there is no such method, reduction or option.
        AttributionError: the method needs a package, or a kind of network, that is not there.
        BacktrackError: a method that backtracks met an operation without a rule.
        NetworkError: the images or targets do not fit, or the network gives no finite numbers.

    >>> from torch import nn
    >>> from cnnvis import network
    >>> net = network.trace(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), input_shape=(1, 2, 2))
    >>> maps(net, np.ones((3, 1, 2, 2)), [0, 1, 1], "centre").shape
    (3, 2, 2)
    """
    wanted = reduction or _method(method).reduction
    if wanted not in REDUCTIONS:
        raise ConfigError(
            f"colours are reduced to one map by {', '.join(REDUCTIONS)}, not {wanted!r}"
            f"{did_you_mean(wanted, REDUCTIONS)}."
        )
    channels = by_channel(net, pixels, targets, method, at_once=at_once, **options)
    return REDUCTIONS[wanted](channels)


def by_channel(
    net: Network,
    pixels: Images,
    targets: ArrayLike,
    method: str,
    *,
    at_once: int = AT_ONCE,
    **options: Any,
) -> NDArray[np.float64]:
    """Return what :func:`maps` reduces: (image, channel, row, col), signed.

    A channel is a colour for methods of kind "gradient", and there is a single one for others.

    Raises:
        As :func:`maps`.
    """
    repeats = _method(method).repeats
    _check_options(method, options)
    images = as_batch(net, pixels)
    wanted = _targets(net, targets, len(images)).to(images.device)
    more = options | ({"at_once": at_once} if repeats else {})
    step = 1 if repeats else max(1, at_once)
    parts = [
        _array(FUNCTIONS[method](net, images[part], wanted[part], **more))
        for part in (slice(at, at + step) for at in range(0, len(images), step))
    ]
    found = np.concatenate(parts) if parts else np.zeros((0, 1, *net.input_shape[1:]))
    if not np.isfinite(found).all():
        raise NetworkError(
            f"the method {method!r} came to values that are no finite numbers: the network "
            "overflows, or its input holds such values. Look at its scores for these images."
        )
    return found


def _method(name: str) -> Any:
    if name not in METHODS:
        raise ConfigError(
            f"there is no method of attribution {name!r}{did_you_mean(name, METHODS)}; there are "
            f"{', '.join(METHODS)}."
        )
    return METHODS[name]


def _check_options(method: str, options: Mapping[str, Any]) -> None:
    """Refuse options that a method does not have."""
    parameters = inspect.signature(FUNCTIONS[method]).parameters.values()
    known = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    known = [name for name in known if name != "at_once"]
    for name in options:
        if name not in known:
            raise ConfigError(
                f"the method {method!r} has {'the options ' if known else 'no options'}"
                f"{', '.join(known)}, not {name!r}{did_you_mean(name, known)}."
            )


def _targets(net: Network, targets: ArrayLike, images: int) -> Tensor:
    """Return one output unit for each image."""
    unit = np.asarray(targets, None if np.size(targets) else np.int64)
    classes = int(np.prod(net.node(net.scores).shape or (0,)))
    if unit.dtype.kind not in "iu" or unit.shape not in ((), (images,)):
        raise NetworkError(
            f"targets are output units, one for each of {images} images or one for all; got "
            f"{targets!r}."
        )
    if unit.size and (unit.min() < 0 or unit.max() >= classes):
        raise NetworkError(
            f"targets are from 0 to {classes - 1}, the output units of this network; got "
            f"{sorted(set(unit.reshape(-1).tolist()))}."
        )
    return torch.from_numpy(np.broadcast_to(unit, (images,)).astype(np.int64))


def _array(found: Tensor | NDArray[np.float64]) -> NDArray[np.float64]:
    if isinstance(found, Tensor):
        return np.asarray(found.detach().cpu().double().numpy())
    return found

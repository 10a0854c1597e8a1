"""Record what the layers of a network give for images."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnnvis.errors import LayerError, NetworkError
from cnnvis.network.graph import Network
from cnnvis.network.rehearsal import device_of, dtype_of
from cnnvis.network.running import Tap, run

Images = NDArray[Any] | Tensor


@torch.no_grad()
def record(net: Network, images: Images, layers: Iterable[str] | None = None) -> dict[str, Tensor]:
    """Return the outputs of ``layers`` for ``images`` (image, channel, row, col), images first.

    One forward pass that ends behind the last of the layers and leaves out what none of them needs.
    Without ``layers``, every node is recorded that gives a tensor. The images are taken to the
    device and precision of the network; the outputs stay there.

    Raises:
        LayerError: there is no such layer, or it gives no tensor.
        NetworkError: the images do not fit the network.

    >>> from torch import nn
    >>> from cnnvis import network
    >>> net = network.trace(nn.Sequential(nn.Conv2d(3, 8, 5), nn.ReLU()), input_shape=(3, 9, 9))
    >>> maps = network.record(net, np.zeros((2, 3, 9, 9)), ["0"])
    >>> {layer: tuple(tensor.shape) for layer, tensor in maps.items()}
    {'0': (2, 8, 5, 5)}
    """
    batch = as_batch(net, images)
    wanted = [layers] if isinstance(layers, str) else list(net.nodes if layers is None else layers)
    versions: dict[str, int] = {}
    outputs = run(net, batch, wanted, {name: partial(_note, versions, name) for name in wanted})
    outputs = {name: out for name, out in outputs.items() if _is_tensor(name, out, layers)}
    # What was written in place where no rehearsal could see it is copied right at the layer.
    late = [
        name for name, out in outputs.items() if versions.get(name, out._version) != out._version
    ]
    if late:
        outputs |= _copied(net, batch, late)
    return outputs


def as_batch(net: Network, images: Images) -> Tensor:
    """Return ``images`` as a tensor of the network's precision on its device.

    Raises:
        NetworkError: the shape is not (image, *input_shape), or the pixels are no floats.
    """
    tensor = images.detach() if isinstance(images, Tensor) else torch.from_numpy(np.array(images))
    if tuple(tensor.shape[1:]) != net.input_shape:
        raise NetworkError(
            f"images of shape {tuple(tensor.shape)} do not fit a network opened for (image, "
            f"{', '.join(map(str, net.input_shape))}). Add the image axis to a single image, "
            "resize the images, or open the network with another input_shape."
        )
    if not tensor.is_floating_point():
        raise NetworkError(
            f"the network takes prepared images in floats, not {tensor.dtype}. Scale and normalise "
            "the photos first (cnnvis.images.prepare)."
        )
    return tensor.to(device_of(net.model), dtype_of(net.model))


def _note(versions: dict[str, int], name: str, _: Any, output: Any) -> Any:
    if isinstance(output, Tensor):
        versions[name] = output._version
    return output


def _is_tensor(name: str, output: Any, asked: Iterable[str] | None) -> bool:
    if isinstance(output, Tensor):
        return True
    if asked is None:
        return False
    raise LayerError(f"{name!r} gives a {type(output).__name__}, not a tensor; record its parts")


def _copied(net: Network, batch: Tensor, layers: list[str]) -> dict[str, Tensor]:
    """Record ``layers`` again, copying each output before anything can write to it."""
    copies: dict[str, Tensor] = {}

    def tap(name: str) -> Tap:
        def keep(_: Any, output: Any) -> Any:
            copies[name] = output.clone()
            return output

        return keep

    run(net, batch, layers, {name: tap(name) for name in layers})
    return copies

"""Methods to compare with, computed by Captum: gradients, Grad-CAM and occlusion.

Captum is an optional package, imported at first use (0.6 to 2 s); it loads matplotlib, not
torchvision. What it is given runs the operations of the traced network, which overwrite nothing.
"""

import warnings
from typing import Any

import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from torch import Tensor, nn

from cnnvis.attribution.layers import check_maps, check_rectifiers, layer_of_maps
from cnnvis.attribution.methods import CAPTUM, METHODS
from cnnvis.backtrack.rivals import rivals as rivals_of
from cnnvis.errors import AttributionError, ConfigError
from cnnvis.network.graph import Network
from cnnvis.network.running import run

STEPS = 32
"""Points on the way from nothing to the image at which integrated gradients differentiates."""

WINDOW = 1 / 7
"""Side of the window that occlusion covers, in sides of the image; it moves by half of that."""


_SIDE_BY_SIDE = torch.channels_last


class _Scores(nn.Module):
    """A network as Captum takes it: a module from images to scores (image, class).

    ``probe`` is a module that sees what ``layer`` gives, whatever kind of operation that is.
    """

    def __init__(self, net: Network, layer: str = "") -> None:
        super().__init__()
        self.model = net.model  # so that its rectifiers are found
        self.probe = nn.Identity()
        self._net, self._layer = net, layer

    def forward(self, images: Tensor) -> Tensor:
        taps = {self._layer: self._probed} if self._layer else {}
        # With the channels of a pixel side by side, torch convolves up to twice as fast.
        shown = images.contiguous(memory_format=_SIDE_BY_SIDE) if images.ndim == 4 else images
        scores: Tensor = run(self._net, shown, [self._net.scores], taps)[self._net.scores]
        return scores.flatten(1)

    def _probed(self, _: Any, output: Tensor) -> Tensor:
        """Begin derivatives here; what flows on is a copy that Captum makes."""
        seen: Tensor = self.probe(output.detach())
        return seen


class _AgainstRivals(nn.Module):
    """Scores less the mean of those of a target's rivals, which is meant for its column alone."""

    def __init__(self, scores: _Scores, count: int) -> None:
        super().__init__()
        self.scores, self._count = scores, count

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        scores: Tensor = self.scores(images)
        values, classes = (one.detach().cpu().numpy() for one in (scores, targets))
        others = torch.from_numpy(rivals_of(values, classes, self._count)).to(scores.device)
        added = scores.gather(1, others).sum(1, keepdim=True)
        return scores - added / max(1, others.shape[1])


def gradient(net: Network, images: Tensor, targets: Tensor) -> Tensor:
    """Return the derivative of the score by every colour of every pixel."""
    given = _followed(images)
    found: Tensor = _captum("gradient").Saliency(_Scores(net)).attribute(given, targets, abs=False)
    return found


def input_x_gradient(net: Network, images: Tensor, targets: Tensor) -> Tensor:
    """Return the gradient times the input: each colour's part of a linear score."""
    library = _captum("input_x_gradient")
    found: Tensor = library.InputXGradient(_Scores(net)).attribute(_followed(images), targets)
    return found


def guided_backprop(net: Network, images: Tensor, targets: Tensor) -> Tensor:
    """Return the gradient, with every ReLU passing back positive derivatives only.

    Raises:
        AttributionError: an activation is no ``nn.ReLU``, see
            :func:`cnnvis.attribution.layers.check_rectifiers`.
    """
    check_rectifiers(net, "guided_backprop")
    return _with_rule(_captum("guided_backprop").GuidedBackprop, net, images, targets)


def deconvolution(net: Network, images: Tensor, targets: Tensor) -> Tensor:
    """Return what goes back where every ReLU rectifies the derivatives instead of the units.

    Raises:
        AttributionError: as :func:`guided_backprop`.
    """
    check_rectifiers(net, "deconvolution")
    return _with_rule(_captum("deconvolution").Deconvolution, net, images, targets)


def integrated_gradients(
    net: Network,
    images: Tensor,
    targets: Tensor,
    *,
    steps: int = STEPS,
    blank: ArrayLike = 0.0,
    at_once: int = 8,
) -> Tensor:
    """Return the input's way from nothing times the mean gradient on it, for one image.

    The sum over all colours and pixels is the score's difference between the image and nothing, up
    to what is lost between the steps: with 32 of them 0.4 % on photos and SqueezeNet, but 18 to 37
    % on EfficientNet-Lite0 (64 steps: 8 to 12 %), whose score bends often on the way.

    Args:
        steps: points on the way, placed by Gauss and Legendre.
        blank: what stands for nothing, in values of the network's input: a number, or (channel,
            row, col). 0 is the mean colour where photos are normalised with mean and deviation.
        at_once: points in one pass.
    """
    library = _captum("integrated_gradients")
    found: Tensor = library.IntegratedGradients(_Scores(net)).attribute(
        _followed(images),
        baselines=_blank(blank, images),
        target=targets,
        n_steps=steps,
        internal_batch_size=max(at_once, len(images)),
    )
    return found


def grad_cam(
    net: Network, images: Tensor, targets: Tensor, *, layer: str = "", rivals: int = 0
) -> Tensor:
    """Return the maps of a layer weighted by their mean gradients, where that is positive.

    Resized to the input bilinearly, the middles of pixels half a pixel from the border.

    Args:
        layer: see :func:`cnnvis.attribution.layers.layer_of_maps` unless given.
        rivals: the gradients are those of the target's score minus the mean of so many others, the
            highest of the image, as with :attr:`cnnvis.backtrack.Options.rivals`.

    Raises:
        LayerError: there is no such layer.
        AttributionError: it has no maps.
        ConfigError: there cannot be so many rivals.
    """
    if rivals < 0:
        raise ConfigError(f"grad_cam: rivals must be a whole number from 0 up, got {rivals}")
    name = check_maps(net, layer) if layer else layer_of_maps(net)
    scores = _Scores(net, name)
    asked, more = (_AgainstRivals(scores, rivals), targets) if rivals else (scores, None)
    cam = _captum("grad_cam").LayerGradCam(asked, scores.probe)
    coarse: Tensor = cam.attribute(
        images, targets, additional_forward_args=more, relu_attributions=True
    )
    size = net.input_shape[1:]
    return F.interpolate(coarse.detach().double(), size, mode="bilinear", align_corners=False)


def occlusion(
    net: Network,
    images: Tensor,
    targets: Tensor,
    *,
    window: float = WINDOW,
    stride: float = 0.0,
    blank: ArrayLike = 0.0,
    at_once: int = 8,
) -> Tensor:
    """Return by how much the score falls where a window covers the image, for one image.

    A pixel has the mean over all windows that cover it.

    Args:
        window: side of the window, in sides of the image; one pixel at least.
        stride: how far it moves, likewise; half of the window unless given.
        blank: what it is covered with, see :func:`integrated_gradients`.
        at_once: covered images in one pass.
    """
    channels, *sides = images.shape[1:]
    size = tuple(max(1, round(window * side)) for side in sides)
    moves = tuple(max(1, round((stride or window / 2) * side)) for side in sides)
    found: Tensor = (
        _captum("occlusion")
        .Occlusion(_Scores(net))
        .attribute(
            images,
            sliding_window_shapes=(channels, *size),
            strides=(channels, *moves),
            baselines=_blank(blank, images),
            target=targets,
            perturbations_per_eval=at_once,
        )
    )
    return found[:, :1]  # all colours are covered at once: each has the same map


def _with_rule(method: Any, net: Network, images: Tensor, targets: Tensor) -> Tensor:
    """Return what a method of Captum gives that hooks rectifiers, without its warning of that."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting backward hooks on ReLU", UserWarning)
        found: Tensor = method(_Scores(net)).attribute(_followed(images), targets)
    return found


def _followed(images: Tensor) -> Tensor:
    """Return a copy of images that derivatives are followed to."""
    return images.detach().clone().requires_grad_()


def _blank(blank: ArrayLike, images: Tensor) -> Tensor:
    """Return what stands for nothing in the shape of images."""
    value = torch.as_tensor(blank, dtype=images.dtype, device=images.device)
    return value.expand(images.shape).clone()


def _captum(method: str) -> Any:
    """Return Captum's module of methods.

    Raises:
        AttributionError: it is not installed.
    """
    try:
        import captum.attr
    except ImportError as error:
        free = [name for name, one in METHODS.items() if CAPTUM not in one.needs]
        raise AttributionError(
            f"the method {method!r} is computed by Captum, which cannot be imported: {error}. "
            f"Install it with: pip install 'cnnvis[baselines]'. Methods that do without it: "
            f"{', '.join(free)}."
        ) from error
    return captum.attr

"""The methods of attribution as a table: what each is, where it comes from and what it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

CAPTUM = "captum"
"""The optional package that computes the baselines."""

RELU = "nn.ReLU"
"""Needs a traced network whose activations are modules of this type, all of them."""

MAPS = "maps"
"""Needs a layer with maps: (channel, row, col), more than one unit in a map."""

TRACED = "traced"
"""Needs a network that can be traced, with a rule for every operation."""

Channels = NDArray[np.float64]
"""What a method gives: (image, channel, row, col), signed, a channel for each colour or one."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of attribution.

    Args:
        kind: "gradient", "removal", "activation", "backtracking" or "control".
        title: what it is called in a figure.
        reduction: how colours become one map, of :data:`REDUCTIONS`; "sum" where there is one map.
        source: where it is described.
        reduction_source: where its maps are reduced like this; empty where there is nothing to.
        needs: of :data:`CAPTUM`, :data:`RELU`, :data:`MAPS` and :data:`TRACED`.
        repeats: it shows the network many changed copies of each image.
    """

    kind: str
    title: str
    reduction: str
    source: str
    reduction_source: str = ""
    needs: tuple[str, ...] = ()
    repeats: bool = False


def abs_max(channels: Channels) -> Channels:
    """Return the largest absolute value of the colours: how much any change would matter."""
    return np.asarray(np.abs(channels).max(axis=1))


def abs_sum(channels: Channels) -> Channels:
    """Return the sum of the absolute values of the colours."""
    return np.asarray(np.abs(channels).sum(axis=1))


def positive_sum(channels: Channels) -> Channels:
    """Return the sum over the colours where it speaks for the class, 0 elsewhere."""
    return np.asarray(np.maximum(channels.sum(axis=1), 0))


def plain_sum(channels: Channels) -> Channels:
    """Return the sum over the colours, signed."""
    return np.asarray(channels.sum(axis=1))


REDUCTIONS: Mapping[str, Callable[[Channels], Channels]] = MappingProxyType(
    {
        "abs_max": abs_max,
        "abs_sum": abs_sum,
        "positive_sum": positive_sum,
        "sum": plain_sum,
    }
)
"""From signed colours (image, channel, row, col) to maps (image, row, col), by name."""

_SIMONYAN = 'Simonyan et al., "Deep Inside Convolutional Networks", arXiv 1312.6034'
_SUNDARARAJAN = 'Sundararajan et al., "Axiomatic Attribution for Deep Networks", arXiv 1703.01365'
_ZEILER = 'Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 1311.2901'

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "gradient": Method(
            kind="gradient",
            title="gradient",
            reduction="abs_max",
            source=_SIMONYAN,
            reduction_source=f"{_SIMONYAN}, section 3.1",
            needs=(CAPTUM,),
        ),
        "input_x_gradient": Method(
            kind="gradient",
            title="input x gradient",
            reduction="positive_sum",
            source='Shrikumar et al., "Not Just a Black Box", arXiv 1605.01713',
            reduction_source="a sum of contributions, of which the positive ones speak for a class",
            needs=(CAPTUM,),
        ),
        "guided_backprop": Method(
            kind="gradient",
            title="guided backprop",
            reduction="abs_max",
            source='Springenberg et al., "Striving for Simplicity", arXiv 1412.6806',
            reduction_source=f"as the gradient: {_SIMONYAN}, section 3.1",
            needs=(CAPTUM, RELU),
        ),
        "deconvolution": Method(
            kind="gradient",
            title="deconvolution",
            reduction="abs_max",
            source=f"{_ZEILER}, section 2.1",
            reduction_source=f"as the gradient: {_SIMONYAN}, section 3.1",
            needs=(CAPTUM, RELU),
        ),
        "integrated_gradients": Method(
            kind="gradient",
            title="integrated gradients",
            reduction="positive_sum",
            source=_SUNDARARAJAN,
            reduction_source="a sum of contributions, of which the positive ones speak for a class",
            needs=(CAPTUM,),
            repeats=True,
        ),
        "grad_cam": Method(
            kind="activation",
            title="Grad-CAM",
            reduction="sum",
            source='Selvaraju et al., "Grad-CAM", arXiv 1610.02391, equations 1 and 2',
            needs=(CAPTUM, MAPS),
        ),
        "occlusion": Method(
            kind="removal",
            title="occlusion",
            reduction="positive_sum",
            source=f"{_ZEILER}, section 4.2",
            reduction_source="where covering something lowers the score, it spoke for the class",
            needs=(CAPTUM,),
            repeats=True,
        ),
        "soft": Method(
            kind="backtracking",
            title="Excitation Backprop",
            reduction="sum",
            source='Zhang et al., "Top-down Neural Attention by Excitation Backprop", 1608.00507',
            needs=(TRACED,),
        ),
        "backtrack": Method(
            kind="backtracking",
            title="backtracking",
            reduction="sum",
            source='Gandikota, "How You See Me", arXiv 1811.08152',
            needs=(TRACED,),
        ),
        "centre": Method(
            kind="control",
            title="centre",
            reduction="sum",
            source='Tatler, "The central fixation bias in scene viewing", J. Vision 7, 2007',
        ),
        "random": Method(
            kind="control",
            title="random",
            reduction="sum",
            source="smooth noise, seeded by the image",
        ),
        "edges": Method(
            kind="control",
            title="edges",
            reduction="sum",
            source='Adebayo et al., "Sanity Checks for Saliency Maps", arXiv 1810.03292',
        ),
    }
)
"""The methods by name."""

"""What methods of attribution ask of a network: a layer with maps, or rectifiers of one type."""

from torch import nn

from cnnvis.attribution.methods import METHODS, RELU
from cnnvis.errors import AttributionError
from cnnvis.network.graph import CONSTANT, IMAGE, Network, Node
from cnnvis.network.running import needed

_POOLS = ("MaxPool2d", "AvgPool2d", "AdaptiveMaxPool2d", "AdaptiveAvgPool2d")
_POOLING = ("max_pool2d", "avg_pool2d", "adaptive_max_pool2d", "adaptive_avg_pool2d")
_DROPS = ("Dropout", "Dropout2d", "dropout", "dropout2d", "feature_dropout")
_PASSED = frozenset((*_POOLS, *_POOLING, *_DROPS, "Identity", "contiguous"))
"""Kinds of operations that maps only pass through: they are looked for in front of these."""

_SHARES = frozenset(("Softmin", "Softmax", "Softmax2d", "LogSoftmax", "MultiheadAttention"))
"""Kinds that torch counts among activations, but which are no function of one unit."""

_MODULES = frozenset(nn.modules.activation.__all__) - _SHARES
_RECTIFIERS = (
    "relu",
    "relu6",
    "rrelu",
    "leaky_relu",
    "prelu",
    "elu",
    "celu",
    "selu",
    "gelu",
    "glu",
)
_SQUASHERS = (
    "sigmoid",
    "hardsigmoid",
    "logsigmoid",
    "tanh",
    "hardtanh",
    "hardswish",
    "silu",
    "mish",
)
_SHRINKERS = ("softplus", "softsign", "tanhshrink", "hardshrink", "softshrink", "threshold")
_LIMITS = ("clamp", "clamp_min", "clip", "maximum")
_WORDS = (*_RECTIFIERS, *_SQUASHERS, *_SHRINKERS, *_LIMITS)
_ACTIVATIONS = _MODULES | {f"{word}{place}" for word in _WORDS for place in ("", "_")}
"""Kinds of operations that bend the value of each unit, as modules, functions and methods."""


def layer_of_maps(net: Network) -> str:
    """Return the last layer whose maps the scores are made from: where Grad-CAM looks.

    Pools and dropout at the end are passed: it is what they read, such as the rectified maps of the
    last convolution, as finely as there is.

    Raises:
        AttributionError: there is none: all layers are vectors, or pieces of the image.

    >>> from cnnvis import network
    >>> model = nn.Sequential(
    ...     nn.Conv2d(3, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 4)
    ... )
    >>> layer_of_maps(network.trace(model, input_shape=(3, 11, 11)))
    '1'
    """
    for node in reversed(_on_the_way(net)):
        if _has_maps(node) and node.kind not in _PASSED and node.op not in (IMAGE, CONSTANT):
            return node.name
    raise AttributionError(
        "no layer of this network has maps (channel, row, col) of more than one unit, which "
        "Grad-CAM needs; choose another method, or name a layer by the option 'layer'."
    )


def check_maps(net: Network, layer: str) -> str:
    """Return the name of a layer that has maps, or say what it has.

    Raises:
        LayerError: there is no such layer.
        AttributionError: its output is no maps.
    """
    shape = net.node(layer).shape
    if shape is None or len(shape) != 3:
        raise AttributionError(
            f"Grad-CAM weighs maps (channel, row, col), but layer {layer!r} gives "
            f"{'no tensor' if shape is None else shape}; the last one with maps is "
            f"{layer_of_maps(net)!r}."
        )
    return layer


def check_rectifiers(net: Network, method: str) -> None:
    """Refuse a network in which not every activation is a module of type ``nn.ReLU``.

    Captum puts its rule at these modules and nowhere else: whatever other activation there is would
    silently be differentiated, and the map be that of the gradient, in part or as a whole.

    Raises:
        AttributionError: naming the first node that is something else.
    """
    what = METHODS[method].title
    if net.graph is None:
        raise AttributionError(
            f"{what} changes the derivative of every {RELU}, which can be made sure of in traced "
            f"networks only. {net.untraceable}"
        )
    bent = [node for node in _on_the_way(net) if node.kind in _ACTIVATIONS]
    other = next((node for node in bent if not isinstance(node.module, nn.ReLU)), None)
    if other is not None:
        raise AttributionError(
            f"{what} changes the derivative of modules of type {RELU} alone, but node "
            f"{other.name!r} is {other.kind}{_called(other)}: the map would be that of the plain "
            f"gradient there. Choose another method{_other_methods(method)}."
        )
    if not bent:
        raise AttributionError(
            f"{what} changes the derivative of modules of type {RELU}, and this network has none: "
            f"the map would be that of the plain gradient. Choose 'gradient'."
        )


def _called(node: Node) -> str:
    return " (a function)" if node.module is None else ""


def _other_methods(refused: str) -> str:
    free = [name for name, one in METHODS.items() if RELU not in one.needs and name != refused]
    return f", such as {' or '.join(repr(name) for name in free[:2])}"


def _on_the_way(net: Network) -> list[Node]:
    """Return the nodes that the scores depend on; all, where only hooks see the network."""
    if net.graph is None:
        return list(net.nodes.values())
    return needed(net.nodes, [net.scores])


def _has_maps(node: Node) -> bool:
    """Tell whether a node gives maps of more than one unit."""
    shape = node.shape
    return shape is not None and len(shape) == 3 and shape[1] * shape[2] > 1

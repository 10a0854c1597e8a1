"""The graph of a network: which operation reads which, in the order of execution."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as field_of
from typing import Any

from torch import fx, nn

from cnnvis.errors import LayerError, did_you_mean
from cnnvis.geometry import ReceptiveField

IMAGE = "image"
"""Name and operation of the node that holds the input."""

CONSTANT = "constant"
"""Operation of a node that holds a parameter used without a module; its value is ``args[0]``."""

_FUNCTIONS = ("relu", "relu6", "silu", "gelu", "max_pool2d")
_RECTIFIERS = ("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SELU", "GELU", "SiLU", "Mish")
_SQUASHERS = ("Hardswish", "Sigmoid", "Hardsigmoid", "Tanh", "Hardtanh", "Softplus")
_POOLS = ("MaxPool2d", "AvgPool2d", "AdaptiveMaxPool2d", "AdaptiveAvgPool2d")
_NORMS = ("BatchNorm2d", "InstanceNorm2d", "LocalResponseNorm", "Dropout", "Dropout2d", "Identity")
_ONE_BY_ONE = frozenset((*_FUNCTIONS, *_RECTIFIERS, *_SQUASHERS, *_POOLS, *_NORMS))
"""Kinds of operations whose channel *i* shows what came in as channel *i*."""

_FRAMES = frozenset(
    ("Identity", "pad", "ZeroPad2d", "ConstantPad2d", "ReflectionPad2d", "ReplicationPad2d")
)
"""Kinds of operations behind which an image is still the image, with a frame at most."""

SCORES = "scores"
"""Name and operation of the node that holds the output, where only hooks see the network."""


class Ref(str):
    """The name of a node, where it stands in the arguments of another (no other string is one)."""

    __slots__ = ()


@dataclass(frozen=True, eq=False)
class Node:
    """One operation.

    ``op`` is the type of a module (torch's own, where a module inherits from it), a function, the
    name of a tensor method, or one of :data:`IMAGE`, :data:`CONSTANT`, :data:`SCORES`. ``args`` and
    ``kwargs`` are those of the call, each node in them as a :class:`Ref`; ``inputs`` are these
    nodes, each once. ``shape`` is that of the output without the batch, (channel, row, col) for a
    feature map; it is None where the output is no tensor, or its first axis does not count images.
    ``field`` is what a unit sees of the image, along rows and along columns, where that is known.
    """

    name: str
    op: Any
    inputs: tuple[str, ...] = ()
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field_of(default_factory=dict)
    module: nn.Module | None = None
    shape: tuple[int, ...] | None = None
    field: tuple[ReceptiveField, ReceptiveField] | None = None

    @property
    def kind(self) -> str:
        """The operation in a word, such as ``Conv2d``, ``cat`` or ``image``."""
        return self.op if isinstance(self.op, str) else str(getattr(self.op, "__name__", self.op))


def operation_of(module: nn.Module) -> type[nn.Module]:
    """Return the type that names what a module does: the nearest one of torch's own.

    >>> operation_of(type("Own", (nn.ReLU6,), {})())
    <class 'torch.nn.modules.activation.ReLU6'>
    """
    for kind in type(module).__mro__:
        if kind.__module__.startswith("torch.nn.modules.") and kind is not nn.Module:
            return kind
    return type(module)


@dataclass(frozen=True, eq=False)
class Network:
    """A network as operations with names: modules as torch names them, functions as they come.

    A module called again gets ``name:2``. ``model`` is a copy in eval mode that shares the weights
    of the model it was made from: that one is never touched, and later changes of its weights are
    seen. ``graph`` is torch's own form of the same operations (``fx.GraphModule(net.model,
    net.graph)`` runs it); it is None, and ``untraceable`` says why, where the network could only be
    observed through hooks on its modules: nodes then have no inputs.
    """

    nodes: Mapping[str, Node]
    graph: fx.Graph | None
    model: nn.Module
    image: str
    scores: str
    input_shape: tuple[int, ...]
    untraceable: str | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the nodes that are modules, in the order of execution."""
        return tuple(node.name for node in self.nodes.values() if node.module is not None)

    def node(self, layer: str) -> Node:
        """Return a node by name.

        Raises:
            LayerError: there is no such node; the message says what comes near.
        """
        if layer in self.nodes:
            return self.nodes[layer]
        inside = [name for name in self.layers if name.startswith(f"{layer}.")]
        if inside:
            raise LayerError(
                f"{layer!r} is a block of {len(inside)} layers; "
                f"its first is {inside[0]!r}, its last is {inside[-1]!r}"
            )
        hint = did_you_mean(layer, self.nodes)
        some = ", ".join(repr(name) for name in list(self.nodes)[:4])
        raise LayerError(f"no layer {layer!r}{hint or f'; the network begins with {some}'}")

    def receptive_field(self, layer: str) -> tuple[ReceptiveField, ReceptiveField] | None:
        """Return what a unit of ``layer`` sees along rows and along columns of the input.

        None where that is not known: the network is observed through hooks, or an operation on the
        way moves pixels in a way this package does not follow (attention, interpolation).

        Raises:
            LayerError: there is no such layer.
        """
        return self.node(layer).field

    def convolution_of(self, layer: str) -> str:
        """Return the convolution whose filters make the channels of ``layer``.

        Filter *i* makes channel *i*: between the two are only operations that leave channels apart.
        Empty where there is no such convolution, or the network is observed through hooks.

        Raises:
            LayerError: there is no such layer.
        """
        node = self._before(self.node(layer), _ONE_BY_ONE)
        return node.name if node.kind == "Conv2d" and node.inputs else ""

    def convolution_of_image(self, layer: str) -> str:
        """Return what :meth:`convolution_of` does if that convolution sees the image, else nothing.

        Raises:
            LayerError: there is no such layer.
        """
        name = self.convolution_of(layer)
        if not name:
            return ""
        seen = self._before(self.nodes[self.nodes[name].inputs[0]], _FRAMES)
        return name if seen.name == self.image else ""

    def _before(self, node: Node, kinds: frozenset[str]) -> Node:
        """Return the first node on the way back to the image that is of another kind."""
        while node.kind in kinds and node.inputs:
            node = self.nodes[node.inputs[0]]
        return node

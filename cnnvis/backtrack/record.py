"""What a rule may look at: the recorded activations, which image a point belongs to, and shapes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from cnnvis.backtrack.points import Points, ravel
from cnnvis.errors import BacktrackError
from cnnvis.network.graph import CONSTANT, Network, Node


def sources(net: Network, node: Node) -> tuple[str, ...]:
    """Return the inputs of a node that are tensors made from the image: no parameters, no sizes."""
    inputs = (net.nodes[name] for name in node.inputs)
    return tuple(i.name for i in inputs if i.op != CONSTANT and i.shape is not None)


@dataclass(frozen=True)
class Record:
    """The activations of a batch, as rules read them.

    Args:
        net: the network that was recorded.
        activations: node name -> (image, ...), from :func:`cnnvis.network.record`.
        images: (start,) int64, the image of the batch that each start belongs to.
    """

    net: Network
    activations: Mapping[str, Tensor]
    images: Tensor

    def __getitem__(self, name: str) -> Tensor:
        """Return the activations (image, ...) of a node.

        Raises:
            BacktrackError: they were not recorded.
        """
        try:
            return self.activations[name]
        except KeyError:
            raise BacktrackError(
                f"backtracking reads the activations of node {name!r}, which were not recorded; "
                "record the nodes that cnnvis.backtrack.needed(net, start_node) lists, or all"
            ) from None

    def image(self, points: Points) -> Tensor:
        """Return the image of the batch (point,) that each point belongs to."""
        return self.images[points.start]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of one image's output of a node, without the batch.

        Raises:
            BacktrackError: the node's output is no tensor.
        """
        shape = self.net.nodes[name].shape
        if shape is None:
            raise BacktrackError(
                f"backtracking came to node {name!r}, whose output is no tensor of a known shape"
            )
        return shape

    def values(self, name: str, points: Points) -> Tensor:
        """Return the activation (point,) of a node at each point; a side of length 1 is repeated.

        Raises:
            BacktrackError: the node has more dimensions than the points, or fewer.
        """
        shape = self.shape(name)
        index = points.index
        if len(shape) != index.shape[1]:
            raise BacktrackError(
                f"node {name!r} has the shape {shape}, but is read at {index.shape[1]} dimensions"
            )
        if 1 in shape:
            index = index.minimum(index.new_tensor(shape) - 1)
        flat = ravel(index, shape) + self.image(points) * self[name][0].numel()
        return self[name].reshape(-1).index_select(0, flat)

    @cached_property
    def depth(self) -> Mapping[str, int]:
        """Node name -> length of the longest chain of operations between the image and the node."""
        depths: dict[str, int] = {}
        for node in self.net.nodes.values():
            depths[node.name] = 1 + max((depths[name] for name in node.inputs), default=-1)
        return depths

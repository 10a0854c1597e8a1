"""What a rule may look at: the recorded activations, which image a point belongs to, and shapes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

from cnnvis.backtrack.points import Ints, Points, ravel
from cnnvis.errors import BacktrackError
from cnnvis.network.graph import CONSTANT, Network, Node

Values = NDArray[np.floating]
"""Activations, weights, or products of the two, in the precision of the network."""


def as_array(tensor: Tensor) -> Values:
    """Return the values of a tensor, wherever it lives; without a copy where numpy can share it."""
    if tensor.dtype == torch.bfloat16:  # unknown to numpy
        tensor = tensor.float()
    found: Values = tensor.numpy(force=True)
    return found


def rows(tensor: Tensor, index: Ints) -> Values:
    """Return some rows (point, ...) of a tensor, of which only these leave its device."""
    if tensor.device.type == "cpu":
        return as_array(tensor)[index]
    return as_array(tensor.detach().index_select(0, torch.from_numpy(index).to(tensor.device)))


class Scratch:
    """Memory to work in, used over and over: what is new has to be brought up page by page."""

    def __init__(self) -> None:
        """Begin with none."""
        self._bytes: dict[str, NDArray[np.uint8]] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
        """Return an array of any content, valid until the next one of that name is asked for."""
        kind = np.dtype(dtype)
        size = prod(shape) * kind.itemsize
        if name not in self._bytes or len(self._bytes[name]) < size:
            self._bytes[name] = np.empty(size, np.uint8)
        return self._bytes[name][:size].view(kind).reshape(shape)


def sources(net: Network, node: Node) -> tuple[str, ...]:
    """Return the inputs of a node that are tensors made from the image: no parameters, no sizes."""
    inputs = (net.nodes[name] for name in node.inputs)
    return tuple(i.name for i in inputs if i.op != CONSTANT and i.shape is not None)


@dataclass(frozen=True, eq=False)
class Record:
    """The activations of a batch, as rules read them.

    Args:
        net: the network that was recorded.
        activations: node name -> (image, ...), from :func:`cnnvis.network.record`.
        images: (start,) int64, the image of the batch that each start belongs to.
    """

    net: Network
    activations: Mapping[str, Tensor]
    images: Ints

    def __getitem__(self, name: str) -> Values:
        """Return the activations (image, ...) of a node.

        Raises:
            BacktrackError: they were not recorded.
        """
        if name not in self.activations:
            raise BacktrackError(
                f"backtracking reads the activations of node {name!r}, which were not recorded; "
                "record the nodes that cnnvis.backtrack.needed(net, start_node) lists, or all"
            )
        return as_array(self.activations[name])

    def image(self, points: Points) -> Ints:
        """Return the image of the batch (point,) that each point belongs to."""
        return self.images[points.start]

    def distinct(self, name: str, points: Points) -> tuple[Ints, Ints, Ints | None]:
        """Return the different units of a node's points: work that starts share is done once.

        Returns:
            (unit,) the image of each, in ascending order; (unit, dimension) its index; (point,)
            which of them a point is, None where each is a unit of its own.
        """
        image = self.image(points)
        if points.unique and self._apart:
            return image, points.index, None
        shape = self.shape(name)
        unit = image * prod(shape) + ravel(points.index, shape)
        _, first, back = np.unique(unit, return_index=True, return_inverse=True)
        return image[first], points.index[first], back

    @cached_property
    def scratch(self) -> Scratch:
        """Memory for the rules of one walk."""
        return Scratch()

    @cached_property
    def _apart(self) -> bool:
        """Whether every start has an image of its own, in their order."""
        return bool((self.images[1:] > self.images[:-1]).all())

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of one image's output of a node, without the batch.

        Raises:
            BacktrackError: the node's output is no tensor with one row for each image.
        """
        shape = self.net.nodes[name].shape
        if shape is None:
            raise BacktrackError(
                f"backtracking came to node {name!r}, whose output is no tensor with one row for "
                "each image; only what keeps images apart can be walked back"
            )
        return shape

    @property
    def image_size(self) -> tuple[int, ...]:
        """The size of the network's input along each axis behind the colours: (row, col)."""
        return self.shape(self.net.image)[1:]

    def values(self, name: str, points: Points) -> Values:
        """Return the activation (point,) of a node at each point; a side of length 1 is repeated.

        Raises:
            BacktrackError: the node has more dimensions than the points, or fewer.
        """
        shape = self.shape(name)
        if len(shape) != points.index.shape[1]:
            raise BacktrackError(
                f"node {name!r} has the shape {shape}, but is read at points of "
                f"{points.index.shape[1]} dimensions"
            )
        maps = self[name]
        flat = ravel(np.minimum(points.index, np.array(shape) - 1), shape)
        found: Values = maps.reshape(-1)[flat + self.image(points) * maps[0].size]
        return found

    @cached_property
    def depth(self) -> Mapping[str, int]:
        """Node name -> length of the longest chain of operations between the image and the node."""
        depths: dict[str, int] = {}
        for node in self.net.nodes.values():
            depths[node.name] = 1 + max((depths[name] for name in node.inputs), default=-1)
        return depths

"""What an activation file says about a layer: its shape, and where on the input its units look."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cnnvis.errors import StoreError
from cnnvis.geometry import ReceptiveField


@dataclass(frozen=True)
class LayerSpec:
    """One layer of a file.

    Args:
        name: the layer, as the network names it.
        shape: of its output for one image: (channel, row, col), or (channel,) after a linear layer.
        dtype: the kind of number its activations are kept as.
        op: the operation, in a word such as Conv2d.
        receptive_field: (rows, columns) of the input that a unit sees; None where that is unknown.
        stride: (rows, columns) of the input between neighbouring units; None where unknown.
        convolution: the convolution of the image whose filters make its channels, filter *i*
            channel *i*; empty where there is none, or that is not known.
        row, col: the centre of each row and column of units, in pixels of the input (the first
            pixel's middle is 0); empty where the output has no rows and columns.

    Raises:
        StoreError: there is not one centre for every row and column.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    op: str = ""
    receptive_field: tuple[int, int] | None = None
    stride: tuple[int, int] | None = None
    row: tuple[float, ...] = ()
    col: tuple[float, ...] = ()
    convolution: str = ""

    def __post_init__(self) -> None:
        """Refuse centres that do not fit the shape."""
        expected = self.shape[1:] if len(self.shape) == 3 else (0, 0)
        if (len(self.row), len(self.col)) != expected:
            raise StoreError(
                f"layer {self.name!r} of shape {self.shape} has {len(self.row)} centres of rows, "
                f"{len(self.col)} of columns; {expected[0]} and {expected[1]} were expected."
            )

    @property
    def voxel(self) -> tuple[float, float, float]:
        """The spacing (plane, row, col) of its maps in a volume, in pixels of the input.

        Channels are no distance apart; their planes are drawn as far apart as rows.

        >>> LayerSpec("conv1", (64, 2, 2), row=(3.5, 7.5), col=(3.5, 7.5)).voxel
        (4.0, 4.0, 4.0)
        """
        row, col = _step(self.row), _step(self.col)
        return row, row, col


def _step(centres: tuple[float, ...]) -> float:
    """Return the distance between neighbouring units; 1 where they are not apart."""
    return (centres[1] - centres[0] if len(centres) > 1 else 0.0) or 1.0


class _Node(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...] | None: ...


class _Network(Protocol):
    """As much of a network as a file wants to know."""

    @property
    def input_shape(self) -> tuple[int, ...]: ...
    def node(self, layer: str) -> _Node: ...
    def receptive_field(self, layer: str) -> tuple[ReceptiveField, ReceptiveField] | None: ...
    def convolution_of_image(self, layer: str) -> str: ...


def describe(net: _Network, layers: Sequence[str]) -> list[LayerSpec]:
    """Return what a file will say about ``layers``.

    Where the network does not know the receptive fields (it could not be traced), the units are
    taken to lie evenly over the input.

    Raises:
        LayerError: the network has no such layer.
        StoreError: the output of a layer is no array per image.
    """
    return [_described(net, layer) for layer in layers]


def _described(net: _Network, layer: str) -> LayerSpec:
    node = net.node(layer)
    if not node.shape:
        raise StoreError(
            f"the output of {layer!r} ({node.kind}) is no array per image and cannot be stored. "
            "Choose another layer."
        )
    shape = tuple(node.shape)
    if len(shape) != 3:
        return LayerSpec(layer, shape, op=node.kind)
    fields = net.receptive_field(layer)
    if fields is None:
        sizes = zip(shape[1:], net.input_shape[1:], strict=True)
        row, col = (_spread_evenly(units, pixels) for units, pixels in sizes)
        return LayerSpec(layer, shape, op=node.kind, row=row, col=col)
    row, col = (
        tuple(field.centre(unit) for unit in range(units))
        for field, units in zip(fields, shape[1:], strict=True)
    )
    return LayerSpec(
        layer,
        shape,
        op=node.kind,
        receptive_field=(fields[0].size, fields[1].size),
        stride=(fields[0].stride, fields[1].stride),
        row=row,
        col=col,
        convolution=net.convolution_of_image(layer),
    )


def _spread_evenly(units: int, pixels: int) -> tuple[float, ...]:
    """Return the centres of units that share the pixels of an axis equally.

    >>> _spread_evenly(2, 4)
    (0.5, 2.5)
    """
    return tuple((unit + 0.5) * pixels / units - 0.5 for unit in range(units))

"""Volumes: channels stacked into a block of voxels, in the order of an ordering.

A volume is data on a grid. What draws it or writes it knows nothing of networks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import CnnvisError, did_you_mean
from cnnvis.ordering.result import Ordering

AXES = ("position in the order", "row", "column")
"""What the axes of every volume made here count, in the order of the axes of its data."""

GUTTER = 1
"""Voxels of zero between two tiles of the ``tile`` reduction."""


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels on a grid, and what the axes of that grid count.

    Attributes:
        data: (plane, row, col) of real, finite numbers; not copied.
        spacing: the distance between neighbouring voxels along (plane, row, col).
        axes: what is counted along (plane, row, col).
        name: a title of one line, or nothing.

    Raises:
        CnnvisError: no block of finite numbers, or a spacing or axes that do not fit it.

    >>> Volume(np.zeros((4, 2, 3))).axes
    ('position in the order', 'row', 'column')
    """

    data: NDArray[Any]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    axes: tuple[str, str, str] = AXES
    name: str = ""

    def __post_init__(self) -> None:
        """Check that every part fits the others."""
        data = np.asarray(self.data)
        if data.ndim != 3 or data.size == 0:
            raise CnnvisError(f"a volume is (plane, row, col), none of them 0; got {data.shape}.")
        finite("a volume", data)
        spacing = tuple(float(step) for step in self.spacing)
        if len(spacing) != 3 or not all(0 < step < np.inf for step in spacing):
            raise CnnvisError(
                f"the spacing of a volume is three positive numbers (plane, row, col); "
                f"got {self.spacing}."
            )
        if len(self.axes) != 3 or "\n" in "".join((*self.axes, self.name)):
            raise CnnvisError(
                f"a volume has three axes and a name of one line each; "
                f"got {self.axes!r} and {self.name!r}."
            )
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "spacing", spacing)
        object.__setattr__(self, "axes", tuple(self.axes))


def stack(
    maps: ArrayLike,
    ordering: Ordering,
    *,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    name: str = "",
) -> Volume:
    """Stack feature maps (channel, row, col) into a volume, in the order given.

    ``spacing`` is along (plane, row, col): with the stride of the layer for row and col, a voxel is
    as large as the step of its receptive field, in input pixels.

    Raises:
        CnnvisError: no (channel, row, col) array, or NaN or infinity in it.
        OrderingError: the ordering is for another number of channels.

    >>> maps = np.arange(3 * 1 * 2).reshape(3, 1, 2)
    >>> reverse = Ordering([2, 1, 0], None, None, "natural", {}, "image")
    >>> stack(maps, reverse).data[0].tolist()
    [[4, 5]]
    """
    return Volume(ordering.apply(maps), spacing, AXES, name)


def from_filters(
    filters: ArrayLike,
    ordering: Ordering,
    *,
    reduction: str = "l2",
    channel: int = 0,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    name: str = "",
) -> Volume:
    """Make a volume of filters, or of gradients of them, (filter, in_channel, k_row, k_col).

    One plane per filter, in the order given. ``reduction`` says what becomes of the input channels:

    * ``l2``: root of the sum of squares; never negative.
    * ``mean``: the mean, signed: where input channels disagree, they cancel.
    * ``absmean``: the mean of the absolute values; never negative.
    * ``channel``: the input channel number ``channel`` alone, signed; counted within the group.
    * ``tile``: all of them side by side along the columns, one voxel of zeros between two, signed.
    * ``binary``: 1 where the mean is nearer to the greatest of all means than to the least, else 0.
      So were the gradient volumes of CNN-VIS (2016), scaled to bytes without the factor 255.

    Raises:
        CnnvisError: an unknown reduction, an array of another shape, NaN or infinity in it, or no
            such input channel.
        OrderingError: the ordering is for another number of filters.
    """
    if reduction not in REDUCTIONS:
        raise CnnvisError(
            f"no reduction {reduction!r}; there are {', '.join(REDUCTIONS)}"
            f"{did_you_mean(reduction, REDUCTIONS)}."
        )
    values = np.asarray(filters)
    if values.ndim != 4 or values.size == 0:
        raise CnnvisError(
            f"filters are (filter, in_channel, k_row, k_col), none of them 0; got {values.shape}. "
            "Choose a convolution: a fully connected layer has no kernel to show as a volume."
        )
    if reduction == "channel":
        values = _only(values, channel)
    return Volume(REDUCTIONS[reduction](ordering.apply(values)), spacing, AXES, name)


def shared_limits(*volumes: Volume) -> tuple[float, float]:
    """Return the limits on which volumes can be compared: one scale, with zero at a fixed place.

    Where one has negative values they are symmetric, ``(-limit, limit)``; else ``(0, limit)``.

    Raises:
        CnnvisError: no volume.

    >>> shared_limits(Volume(np.full((1, 1, 1), 2.0)), Volume(np.full((1, 1, 1), -3.0)))
    (-3.0, 3.0)
    """
    limit = symmetric_limit(*(volume.data for volume in volumes))
    signed = any(bool((volume.data < 0).any()) for volume in volumes)
    return (-limit if signed else 0.0), limit


def to_bytes(data: ArrayLike, low: float, high: float, *, top: int = 255) -> NDArray[np.uint8]:
    """Map ``low`` ... ``high`` linearly to 0 ... ``top``, rounded; what lies outside is clipped.

    Where ``low`` equals ``high``, there is no scale: up to it is 0, above it ``top``. With a
    ``top`` of 1 a voxel is set where the value is above the middle between the limits.

    Raises:
        CnnvisError: NaN or infinity in the data or the limits, or low above high.

    >>> to_bytes([-2.0, 0.0, 1.0, 5.0], -1.0, 1.0).tolist()
    [0, 128, 255, 255]
    >>> to_bytes([-2.0, 0.0, 1.0, 5.0], -1.0, 1.0, top=1).tolist()
    [0, 0, 1, 1]
    """
    values = np.asarray(data)
    finite("data to be scaled to bytes", values)
    if not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise CnnvisError(f"limits are finite, the low one first; got {low} and {high}.")
    if low == high:
        return np.asarray(np.where(values > high, top, 0), np.uint8)
    # The limits need not be numbers that the type of the data can hold.
    share = (np.clip(values.astype(np.float64), low, high) - low) / (high - low)
    return np.asarray(np.rint(share * top), np.uint8)


def layer_limits(maps: ArrayLike) -> tuple[float, float]:
    """Return the limits (low, high) that the volumes of one layer share, whatever their order.

    From zero, or from the least value where some are negative, to the greatest.

    Raises:
        CnnvisError: no maps, or NaN or infinity in them.

    >>> layer_limits([[[1.0, 3.0]], [[2.0, 2.0]]])
    (0.0, 3.0)
    """
    values = np.asarray(maps)
    if values.size == 0:
        raise CnnvisError(f"limits need values; got maps of shape {values.shape}.")
    finite("a feature map", values)
    return min(0.0, float(values.min())), max(0.0, float(values.max()))


def symmetric_limit(*arrays: ArrayLike) -> float:
    """Return the largest absolute value in all arrays: ``(-limit, limit)`` puts zero in the middle.

    Where everything is zero it is 1, so that it always makes a scale.

    Raises:
        CnnvisError: no array, an empty one, or NaN or infinity in one.

    >>> symmetric_limit([1.0, -3.0], [[2.0]])
    3.0
    """
    if not arrays or any(np.size(array) == 0 for array in arrays):
        raise CnnvisError("a scale needs at least one array, and values in every one; got none.")
    for array in arrays:
        finite("data to be scaled", np.asarray(array))
    return max(float(np.abs(np.asarray(array, np.float64)).max()) for array in arrays) or 1.0


def finite(what: str, data: NDArray[Any]) -> None:
    """Refuse anything but real, finite numbers, saying where the first other one is.

    Raises:
        CnnvisError: complex numbers, text, NaN or infinity.
    """
    if data.dtype.kind not in "biuf":
        raise CnnvisError(f"{what} holds real numbers; got {data.dtype}.")
    if not np.isfinite(data).all():
        bad = np.argwhere(~np.isfinite(data))
        place = tuple(int(i) for i in bad[0])
        raise CnnvisError(
            f"{what} holds finite numbers; got {data[place]} at {place} and {len(bad) - 1} more. "
            "Look for NaN in the photo or the weights it was made from."
        )


def _l2(filters: NDArray[Any]) -> NDArray[np.float32]:
    """Root of the sum of squares over the input channels."""
    # In float32 the square of a gradient of 1e-23 is zero.
    squares = np.square(filters, dtype=np.float64).sum(axis=1)
    return np.asarray(np.sqrt(squares), np.float32)


def _mean(filters: NDArray[Any]) -> NDArray[np.float32]:
    """Mean over the input channels, with their signs."""
    return np.asarray(filters.mean(axis=1, dtype=np.float64), np.float32)


def _absmean(filters: NDArray[Any]) -> NDArray[np.float32]:
    """Mean of the absolute values over the input channels."""
    return np.asarray(np.abs(filters).mean(axis=1, dtype=np.float64), np.float32)


def _only(filters: NDArray[Any], channel: int) -> NDArray[Any]:
    """Leave out all input channels but one, (filter, 1, k_row, k_col)."""
    count = filters.shape[1]
    if not 0 <= channel < count:
        raise CnnvisError(
            f"no input channel {channel}: a filter of this layer has {count}, counted from 0 "
            "within its group. Choose another channel, or another reduction."
        )
    return filters[:, channel : channel + 1]


def _first(filters: NDArray[Any]) -> NDArray[Any]:
    """The only input channel that is left."""
    return filters[:, 0]


def _binary(filters: NDArray[Any]) -> NDArray[np.uint8]:
    """Mean over the input channels, on a scale of its own from 0 to 1, rounded."""
    means = _mean(filters)
    return np.asarray(to_bytes(means, float(means.min()), float(means.max())) > 127, np.uint8)


def _tile(filters: NDArray[Any]) -> NDArray[Any]:
    """All input channels side by side along the columns, a gutter of zeros between two."""
    n, channels, rows, cols = filters.shape
    tiles = np.zeros((n, rows, channels, cols + GUTTER), filters.dtype)
    tiles[..., :cols] = filters.transpose(0, 2, 1, 3)
    return tiles.reshape(n, rows, -1)[..., :-GUTTER]


REDUCTIONS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "l2": _l2,
    "mean": _mean,
    "absmean": _absmean,
    "channel": _first,
    "tile": _tile,
    "binary": _binary,
}
"""What can become of the input channels of a filter, by name."""

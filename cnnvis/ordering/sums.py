"""Sums over the images of a set, and how the sums of two sets become those of both.

A method of ordering asks for a part of these sums (:class:`Part`) and gets it as products between
channels. Where the maps are at hand, a part is summed up when it is asked for
(:class:`SumsOnDemand`). Where there are too many to be read again for every method, or where they
lie in shards, all parts are summed up in one pass (:class:`KeptSums`), kept, and merged.

Slabs are maps of some images, (image, channel, row, col): where maps are small, products of many
images at once take a fraction of the time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from cnnvis.errors import OrderingError
from cnnvis.ordering.gram import (
    EPSILON,
    Gram,
    Matrix,
    Slab,
    checked,
    checked_slabs,
    one_thread,
    without_constants,
)
from cnnvis.ordering.slices import AXES, slice_axis, slice_index


@dataclass(frozen=True)
class Part:
    """One sum over images, mostly of products between channels.

    Args:
        kind: ``whole`` (products of maps), ``scatter`` (about the mean of each channel over all
            pixels), ``centred`` (about the mean over the channels of each pixel, with that mean as
            one more row), ``standardised`` (each pixel about its mean over the channels and divided
            by its standard deviation), ``slice`` (products of one row or col of maps), ``maps``
            (the maps themselves).
        axis: ``row`` or ``col`` for slices.
        index: which slice; None for a stack of all of them, of kind ``standardised``.
    """

    kind: str
    axis: str = ""
    index: int | None = None

    @property
    def name(self) -> str:
        """What it is called in a file.

        >>> Part("slice", "row", 27).name
        'slice_row_27'
        """
        index = "" if self.index is None else str(self.index)
        return "_".join(filter(None, (self.kind, self.axis, index)))


WHOLE, SCATTER, CENTRED = Part("whole"), Part("scatter"), Part("centred")
STANDARDISED, MAPS = Part("standardised"), Part("maps")
ALL_SLICES = tuple(Part("standardised", axis) for axis in AXES)
LASTING = (WHOLE, SCATTER, CENTRED, *ALL_SLICES, MAPS)
"""The parts from which every method follows, but for single slices of kind ``slice``."""


class Sums(Protocol):
    """Sums over the images of a set."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(channel, row, col) of the maps of one image."""
        ...

    @property
    def brightness(self) -> Matrix:
        """(channel,) the mean activation over all pixels of all images."""
        ...

    def gram(self, part: Part) -> Gram:
        """Return one part, and the brightness of the channels.

        Raises:
            OrderingError: this part is not there, or the maps cannot be ordered.
        """
        ...


@dataclass(frozen=True, eq=False)
class KeptSums:
    """Sums that are there, whatever becomes of the maps.

    Attributes:
        images: how many they are sums over.
        shape: (channel, row, col) of the maps of one image.
        brightness: (channel,) the mean activation over all pixels of all images.
        parts: the sums; of shape (channel, channel), but (channel + 1, channel + 1) for
            ``centred``, (row or col, channel, channel) for all slices along an axis, and
            (channel, row, col) for ``maps``.
    """

    images: int
    shape: tuple[int, ...]
    brightness: Matrix
    parts: Mapping[Part, Matrix]

    @property
    def pixels(self) -> int:
        """How many pixels of each channel there are, over all images."""
        return self.images * self.shape[1] * self.shape[2]

    def gram(self, part: Part) -> Gram:
        """Return one part; see :class:`Sums`.

        Of standardised slices one is picked from the stack, and all together are their sum.
        """
        found = Gram(self._found(part), self.brightness)
        return without_constants(found, self.pixels) if part == SCATTER else found

    def _found(self, part: Part) -> Matrix:
        if part in self.parts:
            return self.parts[part]
        stack = self.parts.get(Part(part.kind, part.axis or AXES[0]))
        if part.kind != STANDARDISED.kind or stack is None:
            raise OrderingError(
                f"these sums over {self.images} images lack {part.name!r}; they have "
                f"{', '.join(kept.name for kept in self.parts)}. Sum the maps up again with it."
            )
        return np.asarray(stack.sum(axis=0) if part.index is None else stack[part.index])


class OnePass:
    """Sums over maps that pass by: one part can be asked for, and is made then.

    Blocks (channel, row, col), one of each image, are taken one at a time and let go.
    """

    def __init__(self, blocks: Iterable[ArrayLike]) -> None:
        """Look at the first block.

        Raises:
            OrderingError: there is none, or it cannot be ordered.
        """
        rest = checked(blocks)
        first = next(rest)
        self._shape = first.shape
        self._blocks = chain([first], rest)

    @property
    def shape(self) -> tuple[int, ...]:
        """(channel, row, col) of the maps of one image."""
        return self._shape

    @property
    def brightness(self) -> Matrix:
        """(channel,) the mean activation over all pixels of all images."""
        return self._sum([]).brightness

    def gram(self, part: Part) -> Gram:
        """Sum one part up; see :class:`Sums`."""
        return self._sum([part]).gram(part)

    def _sum(self, parts: Sequence[Part]) -> KeptSums:
        return merged(of_slab(block[None], parts) for block in self._blocks)


def raw_slice(shape: tuple[int, ...], axis: str, index: int | None) -> Part:
    """Return the part that is one slice of maps of this shape; no index is the middle.

    Raises:
        OrderingError: no such axis or index.
    """
    return Part("slice", axis, slice_index(shape, axis, index))


def of(maps: Iterable[ArrayLike] | Sums) -> Sums:
    """Return sums over maps (channel, row, col), one block of each image, or sums as they are."""
    return OnePass(maps) if isinstance(maps, Iterable) else maps


Slices = Iterable[tuple[str, int | None]]
"""Single slices: ``row`` or ``col``, and which one; None is the middle."""


def sum_up(slabs: Iterable[Slab], slices: Slices = ()) -> KeptSums:
    """Return sums over the images of all slabs (image, channel, row, col), read once.

    Args:
        slabs: the maps of some images at a time.
        slices: those whose products are wanted beside :data:`LASTING`.

    Raises:
        OrderingError: no slab, maps that cannot be ordered, or a slice that they do not have.

    >>> kept = sum_up([np.ones((2, 3, 1, 4)), np.ones((1, 3, 1, 4))])
    >>> kept.images, kept.gram(WHOLE).products[0].tolist()
    (3, [12.0, 12.0, 12.0])
    """
    return merged(of_slab(slab, parts_of(slab, slices)) for slab in checked_slabs(slabs))


def parts_of(slab: Matrix, slices: Slices) -> tuple[Part, ...]:
    """Return all parts to keep of a slab (image, channel, row, col): :data:`LASTING` and slices.

    Raises:
        OrderingError: a slice that the maps do not have.
    """
    raw = [raw_slice(slab.shape[1:], axis, index) for axis, index in slices]
    return (*LASTING, *dict.fromkeys(raw))


def of_slab(slab: Matrix, parts: Iterable[Part]) -> KeptSums:
    """Return sums over the images of one slab (image, channel, row, col) in float64.

    Raises:
        OrderingError: a slice that the maps do not have.
    """
    known = _Slab(slab)
    with one_thread():
        brightness = known.pixels.mean(axis=1)
        made = {part: known.part(part) for part in parts}
    return KeptSums(len(slab), slab.shape[1:], brightness, made)


def merged(several: Iterable[KeptSums]) -> KeptSums:
    """Return the sums over all images of several sums, none of which is changed.

    They are taken one at a time and added from the first to the last, so that the same sums in the
    same order are the same bits. Products about means are joined as in Chan, Golub and LeVeque
    (1979), equation 2.1, so that a mean far from zero costs no digits.

    Raises:
        OrderingError: nothing to merge, or sums over maps of different shapes, or of other parts.
    """
    total: KeptSums | None = None
    for one in several:
        total = copied(one) if total is None else added(total, one)
    if total is None:
        raise OrderingError("no sums to merge: the set of images is empty.")
    return total


def copied(one: KeptSums) -> KeptSums:
    """Return a copy, to which others may be :func:`added`."""
    parts = {part: values.copy() for part, values in one.parts.items()}
    return KeptSums(one.images, one.shape, one.brightness, parts)


def added(total: KeptSums, one: KeptSums) -> KeptSums:
    """Return both sets of images as one; the arrays of ``total`` become those of the result.

    Raises:
        OrderingError: sums over maps of different shapes, or of other parts.
    """
    if (total.shape, total.parts.keys()) != (one.shape, one.parts.keys()):
        raise OrderingError(
            f"sums over maps {total.shape} with {_names(total)} cannot be merged with sums over "
            f"maps {one.shape} with {_names(one)}. Sum all images up from one layer, with the same "
            "options."
        )
    apart = one.brightness - total.brightness
    pixels = total.pixels + one.pixels
    for part, values in total.parts.items():
        values += one.parts[part]
        if part == SCATTER:
            values += np.outer(apart, apart) * (total.pixels * one.pixels / pixels)
    brightness = total.brightness + apart * (one.pixels / pixels)
    return KeptSums(total.images + one.images, total.shape, brightness, total.parts)


def _names(sums: KeptSums) -> str:
    return ", ".join(part.name for part in sums.parts) or "no part"


class _Slab:
    """Maps of some images, (image, channel, row, col), and what parts are made of."""

    def __init__(self, maps: Matrix) -> None:
        self._maps = maps

    @cached_property
    def pixels(self) -> Matrix:
        """(channel, pixel), those of one image after the other."""
        return _by_channel(self._maps)

    @cached_property
    def _standardised(self) -> Matrix:
        images, channels = self._maps.shape[:2]
        flat = standardised(self._maps.reshape(images, channels, -1))
        return flat.reshape(self._maps.shape)

    def part(self, part: Part) -> Matrix:
        """Return the sum over these images."""
        return _MAKERS[part.kind](self, part)

    def _whole(self, _: Part) -> Matrix:
        return _products(self.pixels)

    def _scatter(self, _: Part) -> Matrix:
        return _products(self.pixels - self.pixels.mean(axis=1)[:, None])

    def _centred(self, _: Part) -> Matrix:
        centre = self.pixels.mean(axis=0)
        # The mean goes along as a last row, for the part of it that lies on a component.
        return _products(np.vstack([self.pixels - centre, centre]))

    def _standard(self, part: Part) -> Matrix:
        maps = self._standardised
        if not part.axis:
            return _products(_by_channel(maps))
        if part.index is not None:
            return _products(_one_slice(maps, part.axis, part.index))
        slices = range(maps.shape[slice_axis(part.axis) + 1])
        return np.stack([_products(_one_slice(maps, part.axis, at)) for at in slices])

    def _slice(self, part: Part) -> Matrix:
        assert part.index is not None
        return _products(_one_slice(self._maps, part.axis, part.index))

    def _sum(self, _: Part) -> Matrix:
        return np.asarray(self._maps.sum(axis=0))


_MAKERS: dict[str, Callable[[_Slab, Part], Matrix]] = {
    WHOLE.kind: _Slab._whole,
    SCATTER.kind: _Slab._scatter,
    CENTRED.kind: _Slab._centred,
    STANDARDISED.kind: _Slab._standard,
    "slice": _Slab._slice,
    MAPS.kind: _Slab._sum,
}


def standardised(matrix: Matrix) -> Matrix:
    """Centre every column (..., channel, column) and divide it by its standard deviation.

    Constant columns become 0.
    """
    centred = matrix - matrix.mean(axis=-2, keepdims=True)
    spread = np.sqrt(np.mean(centred**2, axis=-2, keepdims=True))
    largest = np.abs(matrix).max(axis=-2, keepdims=True)
    varies = spread > matrix.shape[-2] * EPSILON * largest
    return np.asarray(np.divide(centred, spread, out=np.zeros_like(centred), where=varies))


def _products(rows: Matrix) -> Matrix:
    return rows @ rows.T


def _by_channel(maps: Matrix) -> Matrix:
    """Return maps (image, channel, ...) as (channel, number)."""
    return np.moveaxis(maps, 1, 0).reshape(maps.shape[1], -1)


def _one_slice(maps: Matrix, axis: str, index: int) -> Matrix:
    """Return one row or col of maps (image, channel, row, col) as (channel, number)."""
    return _by_channel(np.take(maps, index, axis=slice_axis(axis) + 1))

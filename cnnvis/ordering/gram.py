"""Products of channels: all that an ordering needs to know of the maps.

Let ``X`` be the matrix whose row ``c`` holds every pixel of channel ``c``, of one image or of many.
It may be far too wide to be held. But distances between rows, principal components and correlations
follow from the products of its rows alone, ``X X^T`` of shape (channel, channel), and that is a sum
over images (:mod:`cnnvis.ordering.sums`). So memory does not depend on the number of images.

Every sum here runs on one thread of the linear algebra library: with more of them the last bits of
a sum depend on how many there are.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import OrderingError

Matrix = NDArray[np.float64]
Slab = Sequence[ArrayLike] | NDArray[Any]
"""The maps of some images, one after the other: (image, channel, row, col)."""
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Gram:
    """What is kept of all maps.

    Attributes:
        products: (row, row) the products between the rows that were asked for.
        brightness: (channel,) the mean activation of each channel, over all pixels of all images.
    """

    products: Matrix
    brightness: Matrix


@contextmanager
def one_thread() -> Iterator[None]:
    """Let linear algebra run on one thread inside the block, and on as many as before after it."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        yield


def checked(blocks: Iterable[ArrayLike]) -> Iterator[Matrix]:
    """Yield each block of maps (channel, row, col) as float64.

    Raises:
        OrderingError: no block at all, one that is not (channel, row, col), one of another shape
            than the first, or one that holds NaN or infinity.
    """
    for slab in checked_slabs([block] for block in blocks):
        yield slab[0]


def checked_slabs(slabs: Iterable[Slab]) -> Iterator[Matrix]:
    """Yield each slab, the maps of some images one after the other, as float64.

    Slabs are (image, channel, row, col).

    Raises:
        OrderingError: as :func:`checked`.
    """
    shape: tuple[int, ...] = ()
    images = 0
    for slab in slabs:
        for block in slab:
            maps = np.asarray(block)
            _check_block(maps, images, shape or maps.shape)
            shape, images = maps.shape, images + 1
        yield np.array(slab, np.float64)
    if not shape:
        raise OrderingError("no maps to order: the set of images is empty.")


def correlations(scatter: Gram) -> Gram:
    """Return Pearson's correlation between channels, -1 to 1, from products about their means.

    A channel that is constant, dead for example, has none: its row and its diagonal are 0.
    """
    products = np.clip(unit_length(scatter.products), -1.0, 1.0)
    np.fill_diagonal(products, np.diag(scatter.products) > 0)
    return Gram(products, scatter.brightness)


def without_constants(scatter: Gram, pixels: int) -> Gram:
    """Put zero where a channel differs from its mean by rounding alone.

    Args:
        scatter: products about the mean of each channel, and the means.
        pixels: how many they are sums over.
    """
    products = scatter.products.copy()
    spread = np.sqrt(np.diag(products) / pixels)
    constant = spread <= 1e-12 * np.abs(scatter.brightness)
    products[constant, :] = 0.0
    products[:, constant] = 0.0
    return Gram(products, scatter.brightness)


def eigen(products: Matrix) -> tuple[Matrix, Matrix]:
    """Return eigenvalues, largest first, and eigenvectors as columns, of symmetric matrices.

    Takes (..., row, row) and returns (..., value) and (..., row, value).
    """
    with one_thread():
        values, vectors = np.linalg.eigh(products)
    return values[..., ::-1], vectors[..., ::-1]


def embedding(products: Matrix) -> Matrix:
    """Return points (row, dimension) with these products, hence with the distances of the rows.

    ``E E^T = X X^T``: whatever depends on distances only, such as k-means, may use ``E``, which has
    no more columns than rows, in place of ``X``.

    >>> points = embedding(np.array([[4.0, 0.0], [0.0, 9.0]]))
    >>> float(np.linalg.norm(points[0] - points[1]) ** 2).__round__(12)
    13.0
    """
    values, vectors = eigen(products)
    kept = values > len(values) * EPSILON * max(values[0], 0.0)
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def squared_distances(products: Matrix) -> Matrix:
    """Return (row, row): squared distances between the rows that have these products."""
    square = np.diag(products)
    return np.maximum(square[:, None] + square[None, :] - 2 * products, 0.0)


def unit_length(products: Matrix) -> Matrix:
    """Return the products of the rows after each is divided by its length; empty rows stay empty.

    >>> unit_length(np.array([[4.0, 6.0, 0.0], [6.0, 9.0, 0.0], [0.0, 0.0, 0.0]])).tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    square = np.diag(products)
    lengths = np.sqrt(np.outer(square, square))
    return np.asarray(np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0))


def _check_block(maps: NDArray[np.generic], i: int, shape: tuple[int, ...]) -> None:
    """Refuse a block of maps that cannot be ordered, or not together with those before it."""
    if maps.ndim != 3 or maps.size == 0 or maps.dtype.kind not in "biuf":
        raise OrderingError(
            f"maps to be ordered are real numbers (channel, row, col); image {i} has shape "
            f"{maps.shape} and type {maps.dtype}. Choose a layer with feature maps."
        )
    if maps.shape != shape:
        raise OrderingError(
            f"all maps of a set have one shape: image 0 has {shape}, image {i} has {maps.shape}. "
            "Take them from one layer, with photos prepared to one size."
        )
    bad = ~np.isfinite(maps).all(axis=(1, 2))
    if bad.any():
        raise OrderingError(
            f"maps to be ordered are finite; image {i} has NaN or infinity in channel "
            f"{int(np.argmax(bad))}, {int(bad.sum())} channels in all. Check the photo and weights."
        )

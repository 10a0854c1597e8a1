"""Channels sorted by a principal component of their maps, or of one slice of them."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from cnnvis.errors import OrderingError
from cnnvis.ordering.found import Blocks, Found, sorted_by
from cnnvis.ordering.gram import EPSILON, Matrix, accumulate, eigen, one_thread
from cnnvis.ordering.slices import flat, slice_axis, slice_view


def pca_image(blocks: Blocks, *, component: int = 0) -> Found:
    """Sort by a principal component of whole maps.

    Channels are the samples, pixels the variables: the mean over the channels is subtracted from
    each map, and the score is the projection of the map, un-centred, on the component. Its sign is
    such that bright channels come last.
    """

    def rows(maps: Matrix) -> Matrix:
        pixels = maps.reshape(len(maps), -1)
        centre = pixels.mean(axis=0)
        # The mean goes along as a last row, for the part of it that lies on the component.
        return np.vstack([pixels - centre, centre])

    gram = accumulate(blocks, rows)
    n = len(gram.brightness)
    total = float(np.trace(gram.products[:n, :n]) + n * gram.products[n, n])
    direction, length = _component(gram.products[:n, :n], component, total)
    if length == 0:
        return sorted_by(np.zeros(n), gram.brightness)
    shift = float(gram.products[n, :n] @ direction) / length
    return sorted_by(direction * length + shift, gram.brightness)


def pca_slice(
    blocks: Blocks,
    *,
    axis: str = "row",
    index: int | Literal["all"] | None = None,
    component: int = 0,
) -> Found:
    """Sort by a principal component of one row (or col) of every map, or of all of them together.

    Every pixel of the slice is centred over the channels and divided by its standard deviation; one
    that is the same in all channels says nothing and counts as zero. ``index=None`` is the middle,
    ``index="all"`` takes every slice, so that each pixel of the map weighs the same.
    Its sign is such that bright channels come last.
    """
    if index == "all":
        slice_axis(axis)
        view: Callable[[Matrix], Matrix] = flat
    else:
        blocks, view, index = slice_view(blocks, axis, index)
    gram = accumulate(blocks, lambda maps: _standardised(view(maps)))
    direction, length = _component(gram.products, component, float(np.trace(gram.products)))
    return sorted_by(direction * length, gram.brightness, {"index": index})


def every_slice(blocks: Blocks, *, axis: str = "row", component: int = 0) -> list[Found | None]:
    """Return what :func:`pca_slice` finds for every index, reading the maps once.

    A slice in which all channels are alike has no order: None.
    """
    along = slice_axis(axis)
    products, brightness, count = np.zeros(()), np.zeros(()), 0
    with one_thread():
        for maps in blocks:
            slices = _standardised(np.moveaxis(maps, along, 0))
            products = products + np.stack([one @ one.T for one in slices])
            brightness, count = brightness + maps.mean(axis=(1, 2)), count + 1
    found: list[Found | None] = []
    for index, (values, vectors) in enumerate(zip(*eigen(products), strict=True)):
        direction, length = _direction(values, vectors, component, float(values.sum()))
        settled = {"axis": axis, "index": index}
        order = sorted_by(direction * length, brightness / count, settled)
        found.append(order if length else None)
    return found


def _standardised(matrix: Matrix) -> Matrix:
    """Centre every column (..., channel, column) and divide it by its standard deviation.

    Constant columns become 0.
    """
    centred = matrix - matrix.mean(axis=-2, keepdims=True)
    spread = np.sqrt(np.mean(centred**2, axis=-2, keepdims=True))
    largest = np.abs(matrix).max(axis=-2, keepdims=True)
    varies = spread > matrix.shape[-2] * EPSILON * largest
    return np.asarray(np.divide(centred, spread, out=np.zeros_like(centred), where=varies))


def _component(products: Matrix, component: int, total: float) -> tuple[Matrix, float]:
    """Return an eigenvector (channel,) and the root of its eigenvalue: the spread along it.

    ``total`` is the sum of squares before anything was subtracted: what is left of it after
    rounding is no variance. Channels without any variance all score 0.
    """
    return _direction(*eigen(products), component, total)


def _direction(
    values: Matrix, vectors: Matrix, component: int, total: float
) -> tuple[Matrix, float]:
    """Choose the component of :func:`_component` from eigenvalues and eigenvectors."""
    n = len(values)
    if not 0 <= component < n:
        raise OrderingError(
            f"{n} channels have components 0 to {n - 1}; there is no component {component}."
        )
    least = n * EPSILON * max(float(values[0]), n * EPSILON * total)
    rank = int(np.count_nonzero(values > least))
    if rank == 0:
        return np.zeros(n), 0.0
    if component >= rank:
        raise OrderingError(
            f"component {component} has no variance: these {n} channels vary in {rank} directions. "
            f"Choose a component from 0 to {rank - 1}."
        )
    return vectors[:, component], float(np.sqrt(values[component]))

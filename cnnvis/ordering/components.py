"""Channels sorted by a principal component of their maps, or of one slice of them."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from cnnvis.errors import OrderingError
from cnnvis.ordering.found import Blocks, Found, sorted_by
from cnnvis.ordering.gram import EPSILON, Matrix, accumulate, eigen
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


def _standardised(matrix: Matrix) -> Matrix:
    """Centre every column and divide it by its standard deviation; constant columns become 0."""
    centred = matrix - matrix.mean(axis=0)
    spread = np.sqrt(np.mean(centred**2, axis=0))
    varies = spread > len(matrix) * EPSILON * np.abs(matrix).max(axis=0)
    return np.asarray(np.divide(centred, spread, out=np.zeros_like(centred), where=varies))


def _component(products: Matrix, component: int, total: float) -> tuple[Matrix, float]:
    """Return an eigenvector (channel,) and the root of its eigenvalue: the spread along it.

    ``total`` is the sum of squares before anything was subtracted: what is left of it after
    rounding is no variance. Channels without any variance all score 0.
    """
    n = len(products)
    if not 0 <= component < n:
        raise OrderingError(
            f"{n} channels have components 0 to {n - 1}; there is no component {component}."
        )
    values, vectors = eigen(products)
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

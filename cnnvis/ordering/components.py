"""Channels sorted by a principal component of their maps, or of one slice of them."""

from typing import Literal

import numpy as np

from cnnvis.errors import OrderingError
from cnnvis.ordering.found import Found, sorted_by
from cnnvis.ordering.gram import EPSILON, Matrix, eigen
from cnnvis.ordering.slices import slice_axis, slice_index
from cnnvis.ordering.sums import CENTRED, STANDARDISED, Part, Sums


def pca_image(sums: Sums, *, component: int = 0) -> Found:
    """Sort by a principal component of whole maps.

    Channels are the samples, pixels the variables: the mean over the channels is subtracted from
    each map, and the score is the projection of the map, un-centred, on the component. Its sign is
    such that bright channels come last.
    """
    gram = sums.gram(CENTRED)
    n = len(gram.brightness)
    total = float(np.trace(gram.products[:n, :n]) + n * gram.products[n, n])
    direction, length = _component(gram.products[:n, :n], component, total)
    if length == 0:
        return sorted_by(np.zeros(n), gram.brightness)
    shift = float(gram.products[n, :n] @ direction) / length
    return sorted_by(direction * length + shift, gram.brightness)


def pca_slice(
    sums: Sums,
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
        part = STANDARDISED
    else:
        index = slice_index(sums.shape, axis, index)
        part = Part(STANDARDISED.kind, axis, index)
    gram = sums.gram(part)
    direction, length = _component(gram.products, component, float(np.trace(gram.products)))
    return sorted_by(direction * length, gram.brightness, {"index": index})


def every_slice(sums: Sums, *, axis: str = "row", component: int = 0) -> list[Found | None]:
    """Return what :func:`pca_slice` finds for every index, from one sum.

    A slice in which all channels are alike has no order: None.
    """
    slice_axis(axis)
    gram = sums.gram(Part(STANDARDISED.kind, axis))
    found: list[Found | None] = []
    for index, products in enumerate(gram.products):
        values, vectors = eigen(products)
        direction, length = _direction(values, vectors, component, float(values.sum()))
        settled = {"axis": axis, "index": index}
        order = sorted_by(direction * length, gram.brightness, settled)
        found.append(order if length else None)
    return found


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

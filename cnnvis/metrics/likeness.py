"""How alike two maps of the same pixels are."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import MeasureError
from cnnvis.metrics.maps import Maps, checked

_WINDOW = 11
"""Pixels a side that a window of SSIM takes: 3.5 standard deviations of 1.5 each way."""


def pearson(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Return Pearson's r (..., image) between maps (..., image, row, col).

    A constant map, such as an empty one, says nothing about places: it correlates 0 with any.

    Raises:
        MeasureError: maps of different pixels, or NaN in them.

    >>> pearson([[[1.0, 2.0, 3.0]]], [[[2.0, 4.0, 6.0]]]).round(6).tolist()
    [1.0]
    """
    return _correlation(*_flat(a, b))


def spearman(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Return Spearman's rho (..., image): whether maps put the pixels in the same order.

    Ties share their mean rank. Otherwise as :func:`pearson`.

    >>> spearman([[[1.0, 2.0, 3.0]]], [[[2.0, 4.0, 600.0]]]).round(6).tolist()
    [1.0]
    """
    from scipy.stats import rankdata

    one, other = _flat(a, b)
    return _correlation(rankdata(one, axis=-1), rankdata(other, axis=-1))


def ssim(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Return the structural similarity (..., image) of maps, each scaled to 0 ... 1.

    Windows are Gaussian, 1.5 pixels wide. Two smooth maps are alike in most windows, whatever they
    show: read it beside the correlations.

    Raises:
        MeasureError: maps of different pixels, of fewer than 11 a side, or NaN in them.

    Source: Wang et al., "Image Quality Assessment", IEEE Trans. Image Processing 13, 2004, for
    attributions Adebayo et al., arXiv 1810.03292.
    """
    from skimage.metrics import structural_similarity

    one, other = (_scaled(values) for values in _pair(a, b))
    rows, cols = one.shape[-2:]
    if min(rows, cols) < _WINDOW:
        raise MeasureError(
            f"SSIM compares windows of {_WINDOW} x {_WINDOW} pixels; got maps of {rows} x {cols}."
        )
    each = [
        structural_similarity(  # type: ignore[no-untyped-call]
            p, q, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0
        )
        for p, q in zip(one.reshape(-1, rows, cols), other.reshape(-1, rows, cols), strict=True)
    ]
    return np.array(each).reshape(one.shape[:-2])


def change(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Return how far (..., image) maps ``b`` lie from ``a``, in lengths of ``a``: 0 for the same.

    Infinite where ``a`` is empty and ``b`` is not. It depends on scale and sign, which the measures
    of :data:`LIKENESS` do not.

    Raises:
        MeasureError: maps of different pixels, or NaN in them.

    Source: the sensitivity of Yeh et al., "On the (In)fidelity and Sensitivity of Explanations",
    arXiv 1901.09392, whose largest value over small changes of an image is taken.

    >>> change([[[3.0, 4.0]]], [[[3.0, 9.0]]]).tolist()
    [1.0]
    """
    one, other = _flat(a, b)
    length, apart = (np.linalg.norm(values, axis=-1) for values in (one, other - one))
    empty = np.where(apart > 0, np.inf, 0.0)
    return np.asarray(np.divide(apart, length, out=empty, where=length > 0))


Likeness = Callable[[ArrayLike, ArrayLike], NDArray[np.float64]]

LIKENESS: Mapping[str, Likeness] = MappingProxyType(
    {"spearman": spearman, "pearson": pearson, "ssim": ssim}
)
"""Every way to compare two maps, by name: 1 for the same maps, about 0 for unrelated ones."""


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[Maps, Maps]:
    """Return two stacks of maps with the same axes; one is repeated along axes it lacks."""
    one, other = checked(a), checked(b)
    try:
        shape = np.broadcast_shapes(one.shape, other.shape)
    except ValueError:
        shape = ()
    if one.shape[-3:] != other.shape[-3:] or not shape:
        raise MeasureError(
            f"maps are compared pixel by pixel; got the shapes {one.shape} and {other.shape}."
        )
    return np.broadcast_to(one, shape), np.broadcast_to(other, shape)


def _flat(a: ArrayLike, b: ArrayLike) -> tuple[Maps, Maps]:
    one, other = _pair(a, b)
    flat = (*one.shape[:-2], -1)
    return one.reshape(flat), other.reshape(flat)


def _correlation(a: Maps, b: Maps) -> NDArray[np.float64]:
    """Return r (...) of rows (..., pixel); 0 where one of them is constant."""
    one, other = _standard(a), _standard(b)
    return np.asarray(np.clip((one * other).sum(axis=-1), -1.0, 1.0))


def _standard(values: Maps) -> Maps:
    """Return rows of mean 0 and length 1; constant ones become 0."""
    spread = np.ptp(values, axis=-1, keepdims=True)
    # First scaled by the spread: squares of tiny numbers vanish.
    steps = np.zeros_like(values)
    np.divide(values - values.mean(axis=-1, keepdims=True), spread, out=steps, where=spread > 0)
    length = np.sqrt(np.square(steps).sum(axis=-1, keepdims=True))
    return np.asarray(np.divide(steps, length, out=steps, where=length > 0))


def _scaled(maps: Maps) -> Maps:
    """Return maps from 0 to 1; constant ones become 0."""
    low = maps.min(axis=(-2, -1), keepdims=True)
    spread = maps.max(axis=(-2, -1), keepdims=True) - low
    return np.asarray(np.divide(maps - low, spread, out=np.zeros_like(maps), where=spread > 0))

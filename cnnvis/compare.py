"""How alike channels are, and how alike orders and gradients are."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import OrderingError
from cnnvis.ordering import sums
from cnnvis.ordering.gram import Matrix, checked, correlations, one_thread, unit_length
from cnnvis.ordering.result import Ordering
from cnnvis.ordering.sums import SCATTER, Sums

if TYPE_CHECKING:
    import pandas as pd


def similarity(maps: ArrayLike) -> Matrix:
    """Return the Pearson correlation between channels of maps (channel, row, col), over all pixels.

    A channel that is constant, dead for example, correlates 0 with every other and 1 with itself.

    Raises:
        OrderingError: maps that are not (channel, row, col), or NaN or infinity in them.

    >>> similarity([[[0.0, 1.0]], [[3.0, 1.0]], [[2.0, 2.0]]]).tolist()
    [[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return similarity_set([maps])


def similarity_set(blocks: Iterable[ArrayLike] | Sums) -> Matrix:
    """Return the Pearson correlation between channels over all pixels of all images.

    Blocks (channel, row, col) are taken one at a time and let go; memory does not depend on their
    number. Sums over them may come in their place. Otherwise as :func:`similarity`.
    """
    correlation = correlations(sums.of(blocks).gram(SCATTER)).products
    np.fill_diagonal(correlation, 1.0)
    return correlation


def agreement(orderings: Sequence[Ordering]) -> Matrix:
    """Return (ordering, ordering): Spearman's \\|rho\\| between the places of the channels.

    1 where two orders are the same or each other's reverse, which show the same; about 0 where they
    have nothing to do with each other.

    Raises:
        OrderingError: no ordering, orderings of different numbers of channels, or of one channel.

    >>> forth, back = ([0, 1, 2], [2, 1, 0])
    >>> agreement([Ordering(p, None, None, "natural", {}, "image") for p in (forth, back)]).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    sizes = sorted({len(ordering) for ordering in orderings})
    if len(sizes) != 1 or sizes[0] < 2:
        raise OrderingError(
            "agreement is between orderings of the same two or more channels; "
            f"got orderings of {' and '.join(map(str, sizes)) or 'no'} channels."
        )
    n = sizes[0]
    place = np.array([ordering.inverse for ordering in orderings])
    # Sums of integers are exact: for a permutation, rho = 1 - 6 sum d^2 / (n^3 - n).
    square = n * (n - 1) * (2 * n - 1) // 6
    apart = 2 * (square - place @ place.T)
    return np.asarray(np.abs(1.0 - 6.0 * apart / (n**3 - n)))


def agreement_of_slices(orderings: Sequence[Ordering | None]) -> Matrix:
    """Return (slice, slice): :func:`agreement` between orders by slices; NaN where one has none.

    Raises:
        OrderingError: as :func:`agreement`.
    """
    there = [i for i, ordering in enumerate(orderings) if ordering is not None]
    every = np.full((len(orderings), len(orderings)), np.nan)
    if there:
        known = [ordering for ordering in orderings if ordering is not None]
        every[np.ix_(there, there)] = agreement(known)
    return every


def score_correlation(ordering: Ordering, values: ArrayLike) -> float:
    """Return Pearson's r between the scores of an order and values (channel,).

    NaN where the order has no scores, or where all channels have the same score or value.

    >>> sorted_by_hand = Ordering([1, 0], [2.0, 1.0], None, "brightness", {}, "image")
    >>> score_correlation(sorted_by_hand, [9.0, 4.0])
    1.0
    """
    if ordering.score is None:
        return float("nan")
    pair = np.stack([ordering.score, np.asarray(values, np.float64)])[:, None, :]
    found = similarity(pair)[0, 1]
    constant = np.ptp(pair, axis=2).min() == 0
    return float("nan") if constant else float(found)


def agreement_table(names: Sequence[str], matrix: Matrix) -> "pd.DataFrame":
    """Return agreement (order, order) with a column ``order`` of names and a column for each."""
    import pandas as pd

    return (
        pd.DataFrame(matrix, columns=list(names))
        .rename_axis(columns=None)
        .assign(order=list(names))[["order", *names]]
    )


def neighbour_distance(maps: ArrayLike, ordering: Ordering) -> float:
    """Return the mean distance between neighbouring maps of an order, in units of activation.

    The distance between two maps is the root of their mean squared difference over the pixels.

    Raises:
        OrderingError: fewer than two channels, or maps that do not fit the ordering.
    """
    (values,) = checked([maps])
    if len(values) < 2:
        raise OrderingError("neighbours need at least two channels; got one.")
    steps = np.diff(ordering.apply(values), axis=0)
    return float(np.sqrt((steps**2).mean(axis=(1, 2))).mean())


def cosine(a: ArrayLike, b: ArrayLike) -> float:
    """Return the cosine of the angle between two arrays of one shape; 0 where one is all zero.

    Raises:
        OrderingError: arrays of different shapes or of no size, or NaN or infinity in one.

    >>> cosine([[3.0, 0.0]], [[1.0, 1.0]]).__round__(6)
    0.707107
    """
    if np.shape(a) != np.shape(b):
        raise OrderingError(
            f"a cosine is between arrays of one shape; got {np.shape(a)} and {np.shape(b)}."
        )
    return float(cosine_matrix(np.stack([np.asarray(a), np.asarray(b)]))[0, 1])


def cosine_matrix(stack: ArrayLike) -> Matrix:
    """Return (n, n) cosines between the items of a stack (n, ...), such as gradients of images.

    An item that is all zero has no direction: 0 with every other, 1 with itself.

    Raises:
        OrderingError: no stack of items, or NaN or infinity in it.
    """
    items = _items(stack)
    largest = np.abs(items).max(axis=1, keepdims=True)
    # Gradients may be so small that their squares vanish.
    items = np.divide(items, largest, out=np.zeros_like(items), where=largest > 0)
    with one_thread():
        cosines = np.clip(unit_length(items @ items.T), -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    return cosines


def norms(stack: ArrayLike) -> Matrix:
    """Return (n,) the L2 norm of every item of a stack (n, ...), such as the filters of a gradient.

    Raises:
        OrderingError: no stack of items, or NaN or infinity in it.

    >>> norms([[[3.0, 4.0]], [[0.0, 1.0]]]).tolist()
    [5.0, 1.0]
    """
    items = _items(stack)
    return np.asarray(np.sqrt((items**2).sum(axis=1)))


def _items(stack: ArrayLike) -> NDArray[np.float64]:
    """Return a stack as (item, number), checked."""
    values = np.asarray(stack, np.float64)
    if values.ndim < 2 or values.size == 0:
        raise OrderingError(f"a stack is (item, ...), none of them 0; got shape {values.shape}.")
    items = values.reshape(len(values), -1)
    bad = np.flatnonzero(~np.isfinite(items).all(axis=1))
    if bad.size:
        raise OrderingError(
            f"a stack holds finite numbers; NaN or infinity in items {bad.tolist()}."
        )
    return items

"""How alike channels are, how well an order shows it, and how alike orders and gradients are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import OrderingError
from cnnvis.ordering.gram import Matrix, checked, correlations, one_thread, unit_length
from cnnvis.ordering.result import Ordering

if TYPE_CHECKING:
    import pandas as pd

_DRAWS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Quality:
    """How well an order puts alike channels together, against orders drawn at random.

    Attributes:
        neighbour_correlation: mean Pearson correlation between neighbours in the order.
        null_mean: the same, mean over random orders.
        null_std: the same, standard deviation over random orders.
        percentile: the share of random orders that do worse, in percent; half of those that tie.
        path_length: sum of ``1 - correlation`` between neighbours; shorter is better.
    """

    neighbour_correlation: float
    null_mean: float
    null_std: float
    percentile: float
    path_length: float


def similarity(maps: ArrayLike) -> Matrix:
    """Return the Pearson correlation between channels of maps (channel, row, col), over all pixels.

    A channel that is constant, dead for example, correlates 0 with every other and 1 with itself.

    Raises:
        OrderingError: maps that are not (channel, row, col), or NaN or infinity in them.

    >>> similarity([[[0.0, 1.0]], [[3.0, 1.0]], [[2.0, 2.0]]]).tolist()
    [[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return similarity_set([maps])


def similarity_set(blocks: Iterable[ArrayLike]) -> Matrix:
    """Return the Pearson correlation between channels over all pixels of all images.

    Blocks (channel, row, col) are taken one at a time and let go; memory does not depend on their
    number. Otherwise as :func:`similarity`.
    """
    correlation = correlations(checked(blocks)).products
    np.fill_diagonal(correlation, 1.0)
    return correlation


def neighbour_correlation(similarity: ArrayLike, permutation: ArrayLike) -> float:
    """Return the mean similarity (channel, channel) between neighbours in an order.

    Raises:
        OrderingError: fewer than two channels, or a matrix that does not fit the order.

    >>> neighbour_correlation([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]], [0, 1, 2])
    0.25
    """
    return float(_between_neighbours(similarity, permutation).mean())


def path_length(similarity: ArrayLike, permutation: ArrayLike) -> float:
    """Return the sum of ``1 - similarity`` between neighbours in an order; shorter is better.

    Raises:
        OrderingError: fewer than two channels, or a matrix that does not fit the order.
    """
    return float((1.0 - _between_neighbours(similarity, permutation)).sum())


def permutation_null(similarity: ArrayLike, *, draws: int = 1000, seed: int = 0) -> Matrix:
    """Return (draw,): the mean similarity between neighbours, in orders drawn at random.

    Raises:
        OrderingError: fewer than two channels, no square matrix, or no draw.
    """
    matrix = _square(similarity)
    if draws < 1:
        raise OrderingError(f"a null distribution needs at least one draw; got {draws}.")
    n = len(matrix)
    random = np.random.default_rng(seed)
    means = np.empty(draws)
    step = max(1, _DRAWS_AT_ONCE // n)
    for start in range(0, draws, step):
        count = min(step, draws - start)
        orders = random.permuted(np.tile(np.arange(n), (count, 1)), axis=1)
        means[start : start + count] = matrix[orders[:, :-1], orders[:, 1:]].mean(axis=1)
    return means


def quality(
    similarity: ArrayLike, ordering: Ordering, *, draws: int = 1000, seed: int = 0
) -> Quality:
    """Judge an ordering by a similarity (channel, channel), against ``draws`` random orders.

    Raises:
        OrderingError: fewer than two channels, or a matrix that does not fit the ordering.
    """
    return _judged(similarity, ordering, permutation_null(similarity, draws=draws, seed=seed))


def quality_table(
    similarity: ArrayLike, orderings: Mapping[str, Ordering], *, draws: int = 1000, seed: int = 0
) -> "pd.DataFrame":
    """Return one row per ordering: its :class:`Quality`, and its agreement with each other one.

    All are judged against the same random orders.

    Columns: method, the fields of :class:`Quality`, and ``agreement_with_<method>`` (Spearman's
    \\|rho\\|) for every method.

    Raises:
        OrderingError: no ordering, or one that does not fit the similarity.
    """
    import pandas as pd

    null = permutation_null(similarity, draws=draws, seed=seed)
    rho = agreement(list(orderings.values()))
    rows = [
        {"method": name}
        | asdict(_judged(similarity, ordering, null))
        | {f"agreement_with_{other}": rho[place, i] for i, other in enumerate(orderings)}
        for place, (name, ordering) in enumerate(orderings.items())
    ]
    table = pd.DataFrame(rows)
    numbers = table.columns[1:]
    table[numbers] = table[numbers].round(6)
    return table


def _judged(similarity: ArrayLike, ordering: Ordering, null: Matrix) -> Quality:
    """Judge an ordering against the neighbour correlations of random ones."""
    own = neighbour_correlation(similarity, ordering.permutation)
    tie = np.isclose(null, own, rtol=0.0, atol=1e-12)
    worse = np.count_nonzero((null < own) & ~tie) + 0.5 * np.count_nonzero(tie)
    return Quality(
        neighbour_correlation=own,
        null_mean=float(null.mean()),
        null_std=float(null.std()),
        percentile=float(100.0 * worse / len(null)),
        path_length=path_length(similarity, ordering.permutation),
    )


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
    apart = ((place[:, None, :] - place[None, :, :]) ** 2).sum(axis=2)
    return np.asarray(np.abs(1.0 - 6.0 * apart / (n**3 - n)))


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


def _between_neighbours(similarity: ArrayLike, permutation: ArrayLike) -> Matrix:
    """Return (channel - 1,) the similarity between every two neighbours in an order."""
    matrix = _square(similarity)
    order = np.asarray(permutation)
    if not np.array_equal(np.sort(order), np.arange(len(matrix))):
        raise OrderingError(
            f"a similarity of {len(matrix)} channels judges an order of all of them; got one of "
            f"shape {order.shape}. Use the ordering made for that layer."
        )
    return np.asarray(matrix[order[:-1], order[1:]])


def _square(similarity: ArrayLike) -> Matrix:
    """Return a similarity matrix as float64, checked."""
    matrix = np.asarray(similarity, np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise OrderingError(
            "a similarity is (channel, channel) of at least two channels; "
            f"got shape {matrix.shape}."
        )
    return matrix


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

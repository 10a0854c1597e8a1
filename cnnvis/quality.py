"""How well an order of channels puts alike ones together, against orders drawn at random.

Three criteria of seriation (Hahsler, Hornik and Buchta 2008, "Getting things in order", lists them)
on the similarity of the channels: two look at neighbours alone, the third at how alikeness falls
with the distance in the order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import OrderingError
from cnnvis.ordering.gram import Matrix
from cnnvis.ordering.result import Ordering

if TYPE_CHECKING:
    import pandas as pd

CRITERIA = ("neighbour_correlation", "path_length", "anti_robinson")
"""The criteria, as columns of a null distribution; more of the first one is better, less of others.
"""
WINDOW = 10
"""Places to either side within which anti-Robinson events are counted."""

_BETTER = np.array([1.0, -1.0, -1.0])
_PLACES_AT_ONCE = 1 << 17
_TIE = 1e-12


@dataclass(frozen=True)
class Judged:
    """A criterion of one order, and where it stands among random orders.

    Attributes:
        value: of the order.
        null_mean: mean over random orders.
        null_std: standard deviation over random orders.
        percentile: the share of random orders that do worse, in percent; half of those that tie.
    """

    value: float
    null_mean: float
    null_std: float
    percentile: float


@dataclass(frozen=True)
class Quality:
    """How well an order puts alike channels together.

    Attributes:
        neighbour_correlation: mean similarity between neighbours in the order; more is better.
        path_length: sum of ``1 - similarity`` between neighbours; less is better.
        anti_robinson: see :func:`anti_robinson`; less is better.
    """

    neighbour_correlation: Judged
    path_length: Judged
    anti_robinson: Judged


def neighbour_correlation(similarity: ArrayLike, permutation: ArrayLike) -> float:
    """Return the mean similarity (channel, channel) between neighbours in an order.

    Raises:
        OrderingError: fewer than two channels, or a matrix that does not fit the order.

    >>> neighbour_correlation([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]], [0, 1, 2])
    0.25
    """
    return float(_of_one(similarity, permutation)[0])


def path_length(similarity: ArrayLike, permutation: ArrayLike) -> float:
    """Return the sum of ``1 - similarity`` between neighbours in an order; shorter is better.

    Raises:
        OrderingError: fewer than two channels, or a matrix that does not fit the order.
    """
    return float(_of_one(similarity, permutation)[1])


def anti_robinson(
    similarity: ArrayLike, permutation: ArrayLike, *, window: int | None = WINDOW
) -> float:
    """Return the share of anti-Robinson events: of two others, the farther one is more alike.

    In the matrix of a perfect order similarity falls with every step away from the diagonal
    (Robinson 1951). Counted are, for every channel, the pairs of others on one side of it within
    ``window`` places (None: all places) where it does not: 0 is perfect, and where nothing ties
    random orders have about 0.5. This is the relative generalised anti-Robinson criterion of Tien,
    Lee, Wu and Chen (2008). Two channels have no such pair, and 0 events.

    Raises:
        OrderingError: fewer than two channels, no window, or a matrix that does not fit the order.

    >>> anti_robinson([[1.0, 0.2, 0.6], [0.2, 1.0, 0.4], [0.6, 0.4, 1.0]], [0, 1, 2])
    1.0
    """
    matrix, order = _checked(similarity, permutation)
    if window is not None and window < 2:
        raise OrderingError(f"anti-Robinson events need a window of two places; got {window}.")
    bands = _bands(matrix, order[None], len(matrix) if window is None else window)
    return float(_events(bands)[0])


def permutation_null(similarity: ArrayLike, *, draws: int = 1000, seed: int = 0) -> Matrix:
    """Return (draw, criterion): all :data:`CRITERIA` of orders drawn at random.

    Raises:
        OrderingError: fewer than two channels, no square matrix, or no draw.
    """
    matrix = _square(similarity)
    if draws < 1:
        raise OrderingError(f"a null distribution needs at least one draw; got {draws}.")
    n = len(matrix)
    random = np.random.default_rng(seed)
    step = max(1, _PLACES_AT_ONCE // n)
    found = []
    for start in range(0, draws, step):
        orders = np.tile(np.arange(n), (min(step, draws - start), 1))
        found.append(_criteria(matrix, random.permuted(orders, axis=1)))
    return np.concatenate(found)


def quality(
    similarity: ArrayLike, ordering: Ordering, *, draws: int = 1000, seed: int = 0
) -> Quality:
    """Judge an ordering by a similarity (channel, channel), against ``draws`` random orders.

    Raises:
        OrderingError: fewer than two channels, or a matrix that does not fit the ordering.
    """
    return judge(similarity, ordering, permutation_null(similarity, draws=draws, seed=seed))


def judge(similarity: ArrayLike, ordering: Ordering, null: Matrix) -> Quality:
    """Judge an ordering against the null distribution of :func:`permutation_null`.

    Raises:
        OrderingError: fewer than two channels, or a matrix that does not fit the ordering.
    """
    own = _of_one(similarity, ordering.permutation)
    tie = np.isclose(null, own, rtol=0.0, atol=_TIE)
    worse = (null - own) * _BETTER < 0
    share = np.where(tie, 0.5, worse).mean(axis=0)
    columns = zip(own, null.mean(axis=0), null.std(axis=0), 100.0 * share, strict=True)
    return Quality(*(Judged(*map(float, column)) for column in columns))


def table(qualities: Mapping[str, Quality]) -> "pd.DataFrame":
    """Return one row per order.

    Columns: method; each of :data:`CRITERIA`, and the same with ``_null_mean``, ``_null_std`` and
    ``_percentile`` behind its name.
    """
    import pandas as pd

    rows = []
    for name, found in qualities.items():
        row: dict[str, object] = {"method": name}
        for criterion in CRITERIA:
            judged: Judged = getattr(found, criterion)
            row[criterion] = judged.value
            row[f"{criterion}_null_mean"] = judged.null_mean
            row[f"{criterion}_null_std"] = judged.null_std
            row[f"{criterion}_percentile"] = judged.percentile
        rows.append(row)
    return pd.DataFrame(rows)


def from_row(row: Mapping[str, float | str]) -> Quality:
    """Return the quality that a row of :func:`table` holds."""
    parts = ("", "_null_mean", "_null_std", "_percentile")
    return Quality(*(Judged(*(float(row[name + part]) for part in parts)) for name in CRITERIA))


def _of_one(similarity: ArrayLike, permutation: ArrayLike) -> Matrix:
    """Return (criterion,) of one order."""
    matrix, order = _checked(similarity, permutation)
    return np.asarray(_criteria(matrix, order[None])[0])


def _criteria(matrix: Matrix, orders: NDArray[np.intp]) -> Matrix:
    """Return (order, criterion) of orders (order, place)."""
    bands = _bands(matrix, orders, WINDOW)
    near = bands[0].mean(axis=1)
    return np.stack([near, (1.0 - bands[0]).sum(axis=1), _events(bands)], axis=1)


def _bands(matrix: Matrix, orders: NDArray[np.intp], window: int) -> list[Matrix]:
    """Return, for every distance in places up to ``window``: (order, place) similarities."""
    far = min(window, len(matrix) - 1)
    return [matrix[orders[:, :-apart], orders[:, apart:]] for apart in range(1, far + 1)]


def _events(bands: list[Matrix]) -> Matrix:
    """Return (order,) the share of anti-Robinson events, from the similarities along the bands."""
    events = np.zeros(len(bands[0]))
    triples = 0
    for b, far in enumerate(bands):
        count, more = far.shape[1], far - _TIE
        for near, skipped in zip(bands[:b], range(b, 0, -1), strict=True):
            # Seen from the left end of the far pair, and from its right end.
            events += np.count_nonzero(near[:, :count] < more, axis=1)
            events += np.count_nonzero(near[:, skipped:] < more, axis=1)
            triples += 2 * count
    return events / max(triples, 1)


def _checked(similarity: ArrayLike, permutation: ArrayLike) -> tuple[Matrix, NDArray[np.intp]]:
    """Return a similarity and an order of all its channels."""
    matrix = _square(similarity)
    order = np.asarray(permutation)
    if not np.array_equal(np.sort(order), np.arange(len(matrix))):
        raise OrderingError(
            f"a similarity of {len(matrix)} channels judges an order of all of them; got one of "
            f"shape {order.shape}. Use the ordering made for that layer."
        )
    return matrix, order


def _square(similarity: ArrayLike) -> Matrix:
    """Return a similarity matrix as float64, checked."""
    matrix = np.asarray(similarity, np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise OrderingError(
            "a similarity is (channel, channel) of at least two channels; "
            f"got shape {matrix.shape}."
        )
    return matrix

"""The methods that order channels. To add one: write a function here and name it in ``METHODS``.

A method takes the maps of the images one after another, each (channel, row, col) in float64 and
already checked, and its options as keywords with defaults; it returns :class:`Found`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from cnnvis.errors import OrderingError
from cnnvis.ordering.gram import (
    EPSILON,
    Gram,
    Matrix,
    accumulate,
    eigen,
    embedding,
    one_thread,
    squared_distances,
    unit_length,
)
from cnnvis.ordering.leaves import shortest_chain

Blocks = Iterable[Matrix]

DIGITS = 9
"""Digits of a score, counted from its largest difference; what is closer is a tie. The others may
differ between two machines."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a method found: see :class:`cnnvis.ordering.Ordering`.

    ``settled`` holds the options that the maps had to settle, such as the index of the middle row.
    """

    permutation: NDArray[np.intp]
    score: Matrix | None = None
    cluster: NDArray[np.intp] | None = None
    settled: Mapping[str, object] = field(default_factory=dict)


def natural(blocks: Blocks) -> Found:
    """Leave the channels as the network numbers them."""
    return Found(np.arange(len(next(iter(blocks)))))


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
        return _sorted(np.zeros(n), gram.brightness)
    shift = float(gram.products[n, :n] @ direction) / length
    return _sorted(direction * length + shift, gram.brightness)


def pca_slice(
    blocks: Blocks, *, axis: str = "row", index: int | None = None, component: int = 0
) -> Found:
    """Sort by a principal component of one row (or col) of every map.

    Every pixel of the slice is centred over the channels and divided by its standard deviation; one
    that is the same in all channels says nothing and counts as zero. ``index=None`` is the middle.
    Its sign is such that bright channels come last.
    """
    blocks, view, index = _slice_view(blocks, axis, index)
    gram = accumulate(blocks, lambda maps: _standardised(view(maps)))
    direction, length = _component(gram.products, component, float(np.trace(gram.products)))
    return _sorted(direction * length, gram.brightness, {"index": index})


def kmeans(
    blocks: Blocks,
    *,
    view: str = "image",
    axis: str = "row",
    index: int | None = None,
    clusters: int = 7,
    restarts: int = 100,
    normalise: bool = True,
    seed: int = 0,
) -> Found:
    """Group whole maps, or one row (or col) of them, by k-means, alike groups next to each other.

    With ``normalise`` every channel is first brought to length 1, so that what counts is where a
    filter answers and not how strongly; a dead channel has no such direction and stays at zero.
    Groups follow the shortest chain of their centroids, by cosine, the bright end last; within a
    group channels keep their numbers. Where fewer channels differ than there are clusters, each
    that differs is a cluster.
    """
    gram, settled = cluster_gram(blocks, view=view, axis=axis, index=index, normalise=normalise)
    label = partition(gram, clusters=clusters, restarts=restarts, seed=seed)
    rank = _chain(gram.products, label)[label]
    if _sign(rank.astype(np.float64), gram.brightness) < 0:
        rank = rank.max() - rank
    return Found(np.argsort(rank, kind="stable"), None, rank, settled)


def cluster_gram(
    blocks: Blocks, *, view: str, axis: str, index: int | None, normalise: bool
) -> tuple[Gram, Mapping[str, object]]:
    """Return the products that :func:`kmeans` groups channels by, and the options settled.

    Raises:
        OrderingError: a view, axis or index that does not exist.
    """
    settled: Mapping[str, object] = {}
    if view == "slice":
        blocks, rows, index = _slice_view(blocks, axis, index)
        gram = accumulate(blocks, rows)
        settled = {"index": index}
    elif view == "image":
        gram = accumulate(blocks, lambda maps: maps.reshape(len(maps), -1))
    else:
        raise OrderingError(f"the view of kmeans is 'image' or 'slice'; got {view!r}.")
    return (Gram(unit_length(gram.products), gram.brightness) if normalise else gram), settled


def partition(gram: Gram, *, clusters: int, restarts: int, seed: int) -> NDArray[np.intp]:
    """Return (channel,) the k-means cluster of each channel; the numbers of clusters mean nothing.

    The best of ``restarts`` runs from k-means++ starts, Arthur and Vassilvitskii (2007).

    Raises:
        OrderingError: fewer channels than clusters, or no cluster or restart.
    """
    n = len(gram.products)
    if not 1 <= clusters <= n:
        raise OrderingError(
            f"{n} channels cannot be put into {clusters} clusters; choose clusters from 1 to {n}."
        )
    if restarts < 1 or not 0 <= seed < 2**32:
        raise OrderingError(
            "k-means needs at least one start, and a seed from 0 to 4294967295; "
            f"got restarts={restarts} and seed={seed}."
        )
    # Starts are drawn by position: in order of brightness they do not depend on channel numbers.
    position = np.argsort(_rounded(gram.brightness), kind="stable")
    label = np.empty(n, np.intp)
    label[position] = _lloyd(gram.products[np.ix_(position, position)], clusters, restarts, seed)
    return label


def _lloyd(products: Matrix, clusters: int, restarts: int, seed: int) -> NDArray[np.intp]:
    """Return the k-means label of rows with these products."""
    same = squared_distances(products) <= len(products) * EPSILON * np.diag(products).max()
    twin = np.argmax(same, axis=1)  # the first row equal to each, often itself
    kinds, kind = np.unique(twin, return_inverse=True)
    if len(kinds) <= clusters:
        return kind.astype(np.intp)
    from sklearn.cluster import KMeans

    method = KMeans(clusters, n_init=restarts, random_state=seed, tol=0.0, max_iter=1000)
    points = embedding(products)[twin]
    with one_thread():
        return np.asarray(method.fit(points).labels_, np.intp)


def _chain(products: Matrix, label: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return (cluster,) the place of each cluster in a chain of alike centroids."""
    member = (label == np.unique(label)[:, None]).astype(np.float64)
    mean = member / member.sum(axis=1, keepdims=True)
    cosine = unit_length(mean @ products @ mean.T)
    distance = np.maximum(1.0 - cosine, 0.0)
    np.fill_diagonal(distance, 0.0)
    return np.argsort(shortest_chain(_rounded(distance)))


def _slice_view(
    blocks: Blocks, axis: str, index: int | None
) -> tuple[Blocks, Callable[[Matrix], Matrix], int]:
    """Return the blocks, what takes a slice (channel, position) of one, and the index it takes."""
    if axis not in ("row", "col"):
        raise OrderingError(f"a slice is taken along axis 'row' or 'col'; got {axis!r}.")
    along = 1 if axis == "row" else 2
    rest = iter(blocks)
    first = next(rest)
    size = first.shape[along]
    at = size // 2 if index is None else index
    if not 0 <= at < size:
        raise OrderingError(
            f"no {axis} {at} in maps of {size} {axis}s; choose an index from 0 to {size - 1}, "
            "or none for the middle."
        )
    return chain([first], rest), lambda maps: np.take(maps, at, axis=along), at


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


def _sorted(
    score: Matrix, brightness: Matrix, settled: Mapping[str, object] | None = None
) -> Found:
    """Sort by score, ascending; its sign such that it rises with the brightness; ties by number."""
    score = _rounded(score * _sign(score, brightness))
    return Found(np.asarray(np.argsort(score, kind="stable")), score, None, settled or {})


def _sign(score: Matrix, brightness: Matrix) -> float:
    """Return the sign that makes a score correlate positively with brightness.

    Where they do not correlate, the value farthest from the mean becomes positive.
    """
    a, b = score - score.mean(), brightness - brightness.mean()
    product = float(a @ b)
    if abs(product) <= 1e-9 * float(np.linalg.norm(a) * np.linalg.norm(b)):
        product = float(a[np.argmax(np.abs(a))])
    return -1.0 if product < 0 else 1.0


def _rounded(values: Matrix) -> Matrix:
    """Round to ``DIGITS`` digits of the range of the values."""
    span = float(np.ptp(values))
    if span == 0:
        return values
    # Beyond 10^300 the factor that round multiplies by would overflow.
    return np.asarray(np.round(values, min(300, DIGITS - int(np.ceil(np.log10(span))))))


METHODS: dict[str, Callable[..., Found]] = {
    "natural": natural,
    "kmeans": kmeans,
    "pca_image": pca_image,
    "pca_slice": pca_slice,
}
"""The methods by name."""

"""Channels in clusters by k-means, alike clusters next to each other."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cnnvis.errors import OrderingError
from cnnvis.ordering.found import Found, by_brightness, rounded, sign
from cnnvis.ordering.gram import (
    EPSILON,
    Gram,
    Matrix,
    embedding,
    one_thread,
    squared_distances,
    unit_length,
)
from cnnvis.ordering.leaves import shortest_chain
from cnnvis.ordering.sums import WHOLE, Sums, raw_slice


def kmeans(
    sums: Sums,
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
    gram, settled = cluster_gram(sums, view=view, axis=axis, index=index, normalise=normalise)
    return clustered(gram, settled, clusters=clusters, restarts=restarts, seed=seed)


def clustered(
    gram: Gram, settled: Mapping[str, object], *, clusters: int, restarts: int, seed: int
) -> Found:
    """Return the clusters of channels with these products, in the order of :func:`kmeans`."""
    label = partition(gram, clusters=clusters, restarts=restarts, seed=seed)
    rank = _chain(gram.products, label)[label]
    if sign(rank.astype(np.float64), gram.brightness) < 0:
        rank = rank.max() - rank
    return Found(np.argsort(rank, kind="stable"), None, rank, settled)


def cluster_gram(
    sums: Sums, *, view: str, axis: str, index: int | None, normalise: bool
) -> tuple[Gram, Mapping[str, object]]:
    """Return the products that :func:`kmeans` groups channels by, and the options settled.

    Raises:
        OrderingError: a view, axis or index that does not exist.
    """
    settled: Mapping[str, object] = {}
    if view == "slice":
        part = raw_slice(sums.shape, axis, index)
        gram = sums.gram(part)
        settled = {"index": part.index}
    elif view == "image":
        gram = sums.gram(WHOLE)
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
    position = by_brightness(gram.brightness)
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
    return np.argsort(shortest_chain(rounded(distance)))

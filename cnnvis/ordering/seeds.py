"""How much of a clustering is in the maps, and how much in the seed it started from."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import OrderingError
from cnnvis.ordering.clusters import cluster_gram, partition
from cnnvis.ordering.gram import Matrix, checked, squared_distances
from cnnvis.ordering.result import Ordering


@dataclass(frozen=True)
class Stability:
    """How much of a clustering is in the maps, and how much in the seed.

    Attributes:
        rand_index: adjusted Rand index between the clusterings of two seeds, mean over all pairs
            of seeds: 1 where every seed finds the same clusters, about 0 where they share nothing
            beyond chance. Hubert and Arabie (1985).
        silhouette: mean silhouette of the clusters of the ordering, from -1 (in the wrong cluster)
            to 1 (far from every other cluster). Rousseeuw (1987).
    """

    rand_index: float
    silhouette: float


def stability(blocks: Iterable[ArrayLike], ordering: Ordering, *, seeds: int = 5) -> Stability:
    """Cluster the channels again from other seeds, and compare.

    ``blocks`` are the maps (channel, row, col) that ``ordering``, one of method ``kmeans``, was
    made from; for one image, a list of one. Its own seed is followed by ``seeds`` others.

    Raises:
        OrderingError: an ordering without clusters, or of other channels, or no other seed.
    """
    from sklearn.metrics import adjusted_rand_score

    if ordering.cluster is None or ordering.method != "kmeans" or seeds < 1:
        raise OrderingError(
            "stability needs an ordering of method 'kmeans' and at least one other seed; "
            f"got {ordering.method!r} and {seeds} seeds."
        )
    options: dict[str, Any] = dict(ordering.params)
    start = {name: options.pop(name) for name in ("clusters", "restarts", "seed")}
    gram, _ = cluster_gram(checked(blocks), **options)
    if len(gram.products) != len(ordering):
        raise OrderingError(
            f"an ordering of {len(ordering)} channels cannot be compared with maps of "
            f"{len(gram.products)}. Use the maps it was made from."
        )
    found = [ordering.cluster]
    for _ in range(seeds):
        start["seed"] += 1
        found.append(partition(gram, **start))
    rand = [adjusted_rand_score(a, b) for a, b in combinations(found, 2)]
    return Stability(float(np.mean(rand)), _silhouette(gram.products, ordering.cluster))


def _silhouette(products: Matrix, label: NDArray[np.intp]) -> float:
    """Return the mean silhouette of clusters; 0 where there is one, or one for every channel."""
    from sklearn.metrics import silhouette_score

    if not 1 < len(np.unique(label)) < len(label):
        return 0.0
    distance = np.sqrt(squared_distances(products))
    np.fill_diagonal(distance, 0.0)
    return float(silhouette_score(distance, label, metric="precomputed"))

"""How much of a clustering is in the maps, and how much in the seed it started from."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import OrderingError
from cnnvis.ordering import sums
from cnnvis.ordering.clusters import cluster_gram, clustered, partition
from cnnvis.ordering.gram import Gram, Matrix, squared_distances
from cnnvis.ordering.make import complete
from cnnvis.ordering.result import Ordering
from cnnvis.ordering.sums import Sums

if TYPE_CHECKING:
    import pandas as pd

_VIEW = ("view", "axis", "index", "normalise")
_START = ("clusters", "restarts", "seed")


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


def stability(
    blocks: Iterable[ArrayLike] | Sums, ordering: Ordering, *, seeds: int = 5
) -> Stability:
    """Cluster the channels again from other seeds, and compare.

    ``blocks`` are what ``ordering``, one of method ``kmeans``, was made from: maps (channel, row,
    col), for one image a list of one, or sums. Its own seed is followed by ``seeds`` others.

    Raises:
        OrderingError: an ordering without clusters, or of other channels, or no other seed.
    """
    if ordering.cluster is None or ordering.method != "kmeans" or seeds < 1:
        raise OrderingError(
            "stability needs an ordering of method 'kmeans' and at least one other seed; "
            f"got {ordering.method!r} and {seeds} seeds."
        )
    options: dict[str, Any] = dict(ordering.params)
    gram, _ = cluster_gram(sums.of(blocks), **{name: options[name] for name in _VIEW})
    if len(gram.products) != len(ordering):
        raise OrderingError(
            f"an ordering of {len(ordering)} channels cannot be compared with maps of "
            f"{len(gram.products)}. Use the maps it was made from."
        )
    return _stability(gram, ordering.cluster, {name: options[name] for name in _START}, seeds)


def cluster_series(
    blocks: Iterable[ArrayLike] | Sums,
    counts: Iterable[int],
    *,
    seeds: int = 3,
    source: str = "set",
    **options: object,
) -> dict[int, tuple[Ordering, Stability]]:
    """Order channels by k-means for several numbers of clusters, and say how stable each is.

    The maps are read once, or sums over them come in their place. Numbers above that of the
    channels are left out. Otherwise as :func:`cnnvis.ordering.order_set` with method ``kmeans`` and
    these options.

    Raises:
        OrderingError: an option or maps that cannot be.
    """
    params: dict[str, Any] = complete("kmeans", options)
    view = {name: params[name] for name in _VIEW}
    gram, settled = cluster_gram(sums.of(blocks), **view)
    found = {}
    for clusters in counts:
        if clusters > len(gram.products):
            continue
        start = {name: params[name] for name in _START} | {"clusters": clusters}
        one = clustered(gram, settled, **start)
        every = params | dict(settled) | {"clusters": clusters}
        order = Ordering(one.permutation, None, one.cluster, "kmeans", every, source)
        assert order.cluster is not None
        found[clusters] = order, _stability(gram, order.cluster, start, seeds)
    return found


def series_tables(
    found: Mapping[int, tuple[Ordering, Stability]],
) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Return a series of clusterings as two tables.

    The first has a row for every number of clusters: clusters; found, which is less where fewer
    channels differ; largest, the share of all channels in the largest cluster; rand_index and
    silhouette, see :class:`Stability`. The second a row for every place of every order: clusters,
    place, channel, cluster.
    """
    import pandas as pd

    rows, places = [], []
    for clusters, (order, stable) in found.items():
        assert order.cluster is not None
        sizes = np.bincount(order.cluster)
        rows.append(
            {"clusters": clusters, "found": len(sizes), "largest": sizes.max() / len(order)}
            | asdict(stable)
        )
        label = order.cluster[order.permutation]
        places += [
            (clusters, place, channel, label[place])
            for place, channel in enumerate(order.permutation)
        ]
    stability_of = pd.DataFrame(
        rows, columns=["clusters", "found", "largest", "rand_index", "silhouette"]
    )
    return stability_of, pd.DataFrame(places, columns=["clusters", "place", "channel", "cluster"])


def series_orders(table: "pd.DataFrame", *, source: str = "set") -> dict[int, Ordering]:
    """Return the orders that the second of :func:`series_tables` holds, by numbers of clusters."""
    orders = {}
    for clusters in map(int, table["clusters"].unique()):
        rows = table[table["clusters"] == clusters].sort_values("place")
        label = rows.sort_values("channel")["cluster"].to_numpy()
        params = {"clusters": clusters}
        orders[clusters] = Ordering(
            rows["channel"].to_numpy(), None, label, "kmeans", params, source
        )
    return orders


def _stability(
    gram: Gram, cluster: NDArray[np.intp], start: Mapping[str, Any], seeds: int
) -> Stability:
    """Cluster again from the seeds that follow, and compare."""
    from sklearn.metrics import adjusted_rand_score

    found = [cluster]
    for later in range(1, seeds + 1):
        found.append(partition(gram, **{**start, "seed": start["seed"] + later}))
    rand = [adjusted_rand_score(a, b) for a, b in combinations(found, 2)]
    return Stability(float(np.mean(rand)), _silhouette(gram.products, cluster))


def _silhouette(products: Matrix, label: NDArray[np.intp]) -> float:
    """Return the mean silhouette of clusters; 0 where there is one, or one for every channel."""
    from sklearn.metrics import silhouette_score

    if not 1 < len(np.unique(label)) < len(label):
        return 0.0
    distance = np.sqrt(squared_distances(products))
    np.fill_diagonal(distance, 0.0)
    return float(silhouette_score(distance, label, metric="precomputed"))

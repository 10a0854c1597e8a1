"""Orders of the channels of a layer along one axis, so that alike channels come to lie together.

Described by the Gram matrix of the channels (:mod:`cnnvis.ordering.gram`), found by a method
(:mod:`cnnvis.ordering.methods`), kept as a checked permutation (:mod:`cnnvis.ordering.result`).
"""

from cnnvis.ordering.make import order, order_set, order_slices
from cnnvis.ordering.methods import METHODS
from cnnvis.ordering.result import Ordering, provenance, read, write
from cnnvis.ordering.seeds import (
    Stability,
    cluster_series,
    series_orders,
    series_tables,
    stability,
)
from cnnvis.ordering.sums import KeptSums, Sums, sum_up

__all__ = [
    "METHODS",
    "KeptSums",
    "Ordering",
    "Stability",
    "Sums",
    "cluster_series",
    "order",
    "order_set",
    "order_slices",
    "provenance",
    "read",
    "series_orders",
    "series_tables",
    "stability",
    "sum_up",
    "write",
]

"""Which filters to remove in which order, and what the network makes of it, as a table.

A layer loses its filters in steps: those of least importance first, those of most, or in random
orders, which say what removing so many does whatever they are. To remove the least important ones
first is to remove all below a threshold, and the table has that threshold, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import ImportanceError

if TYPE_CHECKING:
    import pandas as pd

LEAST_FIRST, MOST_FIRST, RANDOM = "least first", "most first", "random"
SINGLE_LEAST, SINGLE_MOST = "single least", "single most"
MARGIN, ERROR = "margin", "error"
"""What is measured: the score of the class minus the best other, and the share of images that the
network takes for another class."""

COLUMNS = (
    "unit",
    "method",
    "order",
    "seed",
    "step",
    "removed",
    "share",
    "threshold",
    "relative",
    "measure",
    "images",
    "value",
)


@dataclass(frozen=True)
class Removal:
    """Filters that are removed together: one point of a curve.

    Args:
        filters: their numbers, ascending.
        method: the importance that orders them; ``random`` for none.
        order: one of the orders of this module.
        seed: of a random order; None otherwise.
        step: the place of the point on its curve, from 0; 0 for a single filter.
        threshold: the removed are those of at most this importance; None where they are not.
        relative: the threshold over the largest importance in the layer.
    """

    filters: tuple[int, ...]
    method: str
    order: str
    seed: int | None = None
    step: int = 0
    threshold: float | None = None
    relative: float | None = None


def counts(filters: int, steps: int) -> tuple[int, ...]:
    """Return how many filters are gone at every step, from none to all.

    Raises:
        ImportanceError: no filter, or no step.

    >>> counts(64, 4), counts(2, 8)
    ((0, 16, 32, 48, 64), (0, 1, 2))
    """
    if filters < 1 or steps < 1:
        raise ImportanceError(
            f"filters are removed in one step or more; got {filters} filters and {steps} steps."
        )
    return tuple(np.unique(np.rint(np.linspace(0, filters, steps + 1)).astype(int)).tolist())


def ranked(importance: ArrayLike) -> NDArray[np.intp]:
    """Return the filters from the least to the most important one; ties in the order of filters.

    Raises:
        ImportanceError: not (filter,), or NaN in it.
    """
    values = np.asarray(importance, float)
    if values.ndim != 1 or not values.size or np.isnan(values).any():
        raise ImportanceError(
            f"filters are ranked by one number each, (filter,), none of them NaN; got shape "
            f"{values.shape}."
        )
    return np.argsort(values, kind="stable")


def plan(importances: Mapping[str, ArrayLike], *, steps: int = 8, seeds: int = 10) -> list[Removal]:
    """Return every removal whose effect is to be measured, curve after curve.

    Args:
        importances: (filter,) by the name of the method.
        steps: of every curve, from no filter to all.
        seeds: random orders; they are the same for every method.

    Raises:
        ImportanceError: importances of different numbers of filters, or of none.
    """
    orders = {method: ranked(values) for method, values in importances.items()}
    sizes = sorted({len(order) for order in orders.values()})
    if len(sizes) != 1:
        raise ImportanceError(
            "a plan is for the filters of one layer; got importances of "
            f"{' and '.join(map(str, sizes)) or 'no'} filters."
        )
    points = counts(sizes[0], steps)
    made: list[Removal] = []
    for method, least in orders.items():
        values = np.asarray(importances[method], float)[least]
        rising = _curve(least, points, method, LEAST_FIRST)
        made += [_with_threshold(removal, values) for removal in rising]
        made += _curve(least[::-1], points, method, MOST_FIRST)
        made += [
            Removal((int(least[0]),), method, SINGLE_LEAST),
            Removal((int(least[-1]),), method, SINGLE_MOST),
        ]
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(sizes[0])
        made += _curve(order, points, RANDOM, RANDOM, seed)
    return made


def margins(scores: ArrayLike, target: int | Sequence[int]) -> NDArray[np.float64]:
    """Return the score of a class minus the best other, (..., image), of (..., image, class).

    Raises:
        ImportanceError: a network of a single class, or a class that it does not have.

    >>> margins([[3.0, 1.0, 2.5], [0.0, 1.0, 4.0]], 0).tolist()
    [0.5, -4.0]
    """
    values = np.asarray(scores, float)
    if values.ndim < 2 or values.shape[-1] < 2:
        raise ImportanceError(
            f"a margin is between two classes or more, (image, class); got shape {values.shape}."
        )
    wanted = np.broadcast_to(np.asarray(target), values.shape[-2:-1])
    if wanted.size and not 0 <= wanted.min() <= wanted.max() < values.shape[-1]:
        raise ImportanceError(f"class {target} is not among 0 ... {values.shape[-1] - 1}.")
    own = np.arange(values.shape[-1]) == wanted[:, None]
    others = np.where(own, -np.inf, values).max(axis=-1)
    return np.asarray(np.where(own, values, 0.0).sum(axis=-1) - others)


def table(
    removals: Sequence[Removal],
    found: ArrayLike,
    *,
    unit: int,
    filters: int,
    fewest_images: int = 50,
) -> "pd.DataFrame":
    """Return one row for every removal and measure; the mean margin, and the error.

    An error is a share of images: of two images it is 0, a half or 1, and no curve. It is left out
    below ``fewest_images``, where one image more or less would be a step to see. An image counts
    as taken for another class where its margin is not above 0.

    Args:
        removals: what :func:`plan` gives.
        found: (removal, image) margins.
        unit: the class of these images.
        filters: how many the layer has.
        fewest_images: that make an error worth giving.

    Raises:
        ImportanceError: margins that do not fit the removals, or of no image.
    """
    import pandas as pd

    values = np.asarray(found, float)
    if values.ndim != 2 or len(values) != len(removals) or not values.size:
        raise ImportanceError(
            f"{len(removals)} removals need margins (removal, image); got shape {values.shape}."
        )
    images = values.shape[1]
    measured = {MARGIN: values.mean(axis=1)}
    if images >= fewest_images:
        measured[ERROR] = (values <= 0).mean(axis=1)
    rows = [
        (
            unit,
            removal.method,
            removal.order,
            removal.seed,
            removal.step,
            len(removal.filters),
            round(len(removal.filters) / filters, 6),
            _six_digits(removal.threshold),
            _six_digits(removal.relative),
            measure,
            images,
            round(float(means[place]), 6),
        )
        for measure, means in measured.items()
        for place, removal in enumerate(removals)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"seed": "Int64"})


def joined(tables: Mapping[str, "pd.DataFrame"], *, network: str) -> "pd.DataFrame":
    """Return the tables of several layers as one, with columns ``network`` and ``layer`` before.

    Without a table, one of no rows.
    """
    import pandas as pd

    if not tables:
        return pd.DataFrame(columns=["network", "layer", *COLUMNS])
    whole = pd.concat(tables, names=["layer"]).reset_index(level="layer").reset_index(drop=True)
    whole.insert(0, "network", network)
    return whole


def pooled(made: "pd.DataFrame") -> "pd.DataFrame":
    """Return the table with the units taken together: means over the images of all of them.

    ``relative`` is the mean over the units; the columns ``unit`` and ``threshold`` are left out.
    """
    keys = ["method", "order", "seed", "step", "removed", "share", "measure"]
    weighted = made.assign(value=made["value"] * made["images"])
    groups = weighted.groupby(keys, sort=False, dropna=False)
    sums = groups.agg(
        relative=("relative", "mean"), images=("images", "sum"), value=("value", "sum")
    )
    return sums.assign(value=sums["value"] / sums["images"]).reset_index()


def _curve(
    order: ArrayLike, points: Sequence[int], method: str, name: str, seed: int | None = None
) -> list[Removal]:
    """Return the points of one curve: the first filters of an order, more at every step."""
    gone = np.asarray(order)
    return [
        Removal(tuple(sorted(gone[:count].tolist())), method, name, seed, step)
        for step, count in enumerate(points)
    ]


def _with_threshold(removal: Removal, ascending: NDArray[np.float64]) -> Removal:
    """Return a removal with its largest importance; without, where as large a one is kept."""
    count = len(removal.filters)
    if count == 0 or (count < len(ascending) and ascending[count] == ascending[count - 1]):
        return removal
    limit, largest = float(ascending[count - 1]), float(ascending[-1])
    return replace(removal, threshold=limit, relative=limit / largest if largest else None)


def _six_digits(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")

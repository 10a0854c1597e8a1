"""How alike backtracks are: the same pixels, densities that overlap, the same order of places."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import saliency
from cnnvis.errors import BacktrackError
from cnnvis.variants import Variants

if TYPE_CHECKING:
    import pandas as pd

CELLS = 56
"""Rows and columns of the densities that are compared, whatever the size of the input."""

DIGITS = 6
"""Digits after the point in tables."""

_VARIANT_COLUMNS = (
    *("kind", "variant", "winner", "position", "k", "points", "pixels", "arrived"),
    *("reference", "same_pixels", "overlap", "rank_correlation"),
)

Map = NDArray[np.float64]
Weighted = tuple[ArrayLike, ArrayLike]


def density(
    index: ArrayLike, weight: ArrayLike, shape: tuple[int, int], *, cells: int = CELLS
) -> Map:
    """Return the density (row, col) of fixations over the input, on so many cells a side.

    It adds up to 1; all 0 where nothing arrived. Densities of inputs of different sizes compare.

    Args:
        index: (point, [row, col]), pixels of the input.
        weight: (point,).
        shape: (rows, cols) of the input.
        cells: rows and columns of the density.

    >>> density([[0, 0]], [0.5], (224, 224)).sum().round(6)
    np.float64(1.0)
    """
    places = np.asarray(index, np.float64).reshape(-1, 2)
    found = saliency.from_points((places + 0.5) * cells / shape - 0.5, weight, shape=(cells, cells))
    total = found.sum()
    return found / total if total > 0 else found


def shared(a: ArrayLike, b: ArrayLike) -> float:
    """Return the share of two densities that lies at the same places: the sum of the smaller ones.

    1 where they are the same, 0 where they lie apart, NaN where one of them is empty.

    Source: Swain and Ballard, "Color Indexing", IJCV 7 (1991), the intersection of histograms.

    >>> shared([0.5, 0.5, 0.0], [0.0, 0.5, 0.5])
    0.5
    """
    one, other = _fitting(a, b)
    if not one.any() or not other.any():
        return float("nan")
    return float(np.minimum(one / one.sum(), other / other.sum()).sum())


def rank_correlation(a: ArrayLike, b: ArrayLike) -> float:
    """Return Spearman's rho between two densities: whether they put the places in the same order.

    NaN where one of them is constant, such as empty.

    >>> rank_correlation([1.0, 2.0, 4.0], [1.0, 3.0, 2.0])
    0.5
    """
    one, other = (_ranks(values) for values in _fitting(a, b))
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def same_pixels(a: Weighted, b: Weighted) -> float:
    """Return the share of the weight of two sets of fixations that lies on the same pixels.

    As :func:`shared`, without any smoothing: a step of one pixel is a miss.

    Args:
        a, b: index (point, [row, col]), no pixel twice, and weight (point,).

    >>> same_pixels(([[1, 2], [3, 4]], [0.2, 0.2]), ([[3, 4]], [0.7]))
    0.5
    """
    places = [np.asarray(index, np.int64).reshape(-1, 2) for index, _ in (a, b)]
    pixels, place = np.unique(np.concatenate(places), axis=0, return_inverse=True)
    both = np.split(place.reshape(-1), [len(places[0])])
    count = max(1, len(pixels))
    one, other = (
        np.bincount(at, np.asarray(weight, np.float64), count)
        for at, (_, weight) in zip(both, (a, b), strict=True)
    )
    return shared(one, other)


def pairs(
    found: Mapping[str, Sequence[Map]], classes: Mapping[str, Sequence[str]]
) -> "pd.DataFrame":
    """Return one row per image and pair of its classes: how alike their densities are.

    Columns: image, rank, other_rank, class, other_class, overlap, rank_correlation.

    Args:
        found: image -> densities by rank.
        classes: image -> names of the classes by rank.
    """
    import pandas as pd

    columns = ("image", "rank", "other_rank", "class", "other_class", "overlap", "rank_correlation")
    rows = [
        (
            image,
            i + 1,
            j + 1,
            classes[image][i],
            classes[image][j],
            shared(maps[i], maps[j]),
            rank_correlation(maps[i], maps[j]),
        )
        for image, maps in found.items()
        for i, j in combinations(range(len(maps)), 2)
    ]
    return pd.DataFrame(rows, columns=list(columns)).round(DIGITS)


def sensitivity(found: Mapping[str, Sequence[Map]], between: "pd.DataFrame") -> "pd.DataFrame":
    """Return one row per image: how far its backtracks depend on the class they begin at.

    Columns: image, classes (how many); ``overlap``, the mean over all pairs of its classes, and the
    ``lowest`` and ``highest`` of them; ``rank_correlation``, their mean; ``other_photos``, the mean
    overlap of its first class with the first classes of all other images, which says what overlap
    comes from places alone. Empty where there is nothing to compare.

    Args:
        found: image -> densities by rank.
        between: how alike they are, from :func:`pairs`.
    """
    import pandas as pd

    rows = []
    for image, maps in found.items():
        own = between[between["image"] == image]
        others = [shared(maps[0], rest[0]) for name, rest in found.items() if name != image]
        rows.append(
            {
                "image": image,
                "classes": len(maps),
                "overlap": own["overlap"].mean(),
                "lowest": own["overlap"].min(),
                "highest": own["overlap"].max(),
                "rank_correlation": own["rank_correlation"].mean(),
                "other_photos": pd.Series(others, dtype=float).mean(),
            }
        )
    return pd.DataFrame(rows).round(DIGITS)


def by_variant(variants: Variants | None) -> "pd.DataFrame":
    """Return one row per variant; none where nothing was compared.

    Columns: kind, variant, winner, position, k; points (units met in all layers), pixels (that it
    ended at), arrived (weight); reference, the variant it is compared with; same_pixels, overlap
    and rank_correlation with that one; empty where nothing arrived.
    """
    import pandas as pd

    if variants is None:
        return pd.DataFrame(columns=list(_VARIANT_COLUMNS))
    side = variants.frame.crop[2:]
    maps = [density(one.index, one.weight, side) for one in variants.found]
    by_variant = dict(zip(map(id, variants.found), maps, strict=True))
    rows = []
    for one, own in zip(variants.found, maps, strict=True):
        other = variants.reference(one.kind)
        against = by_variant[id(other)]
        rows.append(
            {
                "kind": one.kind,
                "variant": one.name,
                **one.choice,
                "points": one.points,
                "pixels": len(one.weight),
                "arrived": one.arrived,
                "reference": other.name,
                "same_pixels": same_pixels((one.index, one.weight), (other.index, other.weight)),
                "overlap": shared(own, against),
                "rank_correlation": rank_correlation(own, against),
            }
        )
    return pd.DataFrame(rows, columns=list(_VARIANT_COLUMNS)).round(DIGITS)


def _ranks(values: Map) -> Map:
    """Return the rank of every value, ties the mean of theirs (SciPy takes long to load)."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place.reshape(-1)])


def _fitting(a: ArrayLike, b: ArrayLike) -> tuple[Map, Map]:
    """Return two densities, once they are known to be of one shape and not negative."""
    one, other = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if one.shape != other.shape or not one.size or min(one.min(), other.min()) < 0:
        raise BacktrackError(
            "densities are compared place by place, and are not negative; got the shapes "
            f"{one.shape} and {other.shape}. Compute both over inputs of the same network."
        )
    return one, other

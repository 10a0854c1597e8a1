"""Means with intervals, differences of methods on the same photos, and what a sample can show.

Several images may come from one photo (crops, mosaics, classes): they are no independent samples.
So values are averaged by photo first, and photos are what is counted and drawn again.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import contrasts
from cnnvis.errors import MeasureError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

POWER = 0.8
"""How often a true difference of the detectable size would be found."""

COLUMNS = ("image", "photo", "method", "metric", "value")
"""The columns that a table of results has at least."""

DIGITS = 6
"""Digits after the point in tables."""

Photos = Sequence[Hashable]


@dataclass(frozen=True)
class Mean:
    """A mean over photos.

    Attributes:
        value: the mean of the photos' means.
        low, high: its bootstrap interval, see :func:`cnnvis.contrasts.interval`.
        standard_error: of the mean, from the spread between photos; NaN for a single one.
        detectable: how far from 0 a true mean has to be to be found, see :func:`detectable`.
        photos: how many there are.
    """

    value: float
    low: float
    high: float
    standard_error: float
    detectable: float
    photos: int

    @property
    def beyond(self) -> bool:
        """Whether the mean lies more than two standard errors from 0."""
        return bool(abs(self.value) > 2 * self.standard_error)


def by_photo(values: ArrayLike, photos: Photos) -> NDArray[np.float64]:
    """Return the mean of the values of each photo (photo,), in the order in which photos come.

    Args:
        values: (image,).
        photos: what photo each image comes from.

    Raises:
        MeasureError: not one photo for each value, or values that are not finite.

    >>> by_photo([1.0, 5.0, 3.0], ["cat", "dog", "cat"]).tolist()
    [2.0, 5.0]
    """
    numbers = np.asarray(values, np.float64)
    if numbers.shape != (len(photos),) or not numbers.size or not np.isfinite(numbers).all():
        raise MeasureError(
            f"values (image,) are finite, with one photo each; got shape {numbers.shape} and "
            f"{len(photos)} photos. A measure that has no value for an image cannot be averaged."
        )
    known = {photo: place for place, photo in enumerate(dict.fromkeys(photos))}
    places = [known[photo] for photo in photos]
    return np.asarray(np.bincount(places, numbers) / np.bincount(places))


def mean(values: ArrayLike, photos: Photos, *, level: float = 0.95, seed: int = 0) -> Mean:
    """Return the mean of values (image,) over photos, with its interval.

    Raises:
        MeasureError: as :func:`by_photo`.
    """
    each = by_photo(values, photos)
    low, high = contrasts.interval(each, level=level, seed=seed)
    error = float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else float("nan")
    return Mean(float(each.mean()), low, high, error, detectable(each, level=level), len(each))


def paired(
    values: ArrayLike, others: ArrayLike, photos: Photos, *, level: float = 0.95, seed: int = 0
) -> Mean:
    """Return by how much values (image,) exceed ``others`` (image,), measured on the same images.

    Subtracting image by image takes out what makes a photo easy or hard for both.

    Raises:
        MeasureError: as :func:`by_photo`, or values of different images.

    >>> found = paired([0.9, 0.5, 0.7], [0.8, 0.4, 0.6], ["a", "b", "c"])
    >>> round(found.value, 6), found.photos
    (0.1, 3)
    """
    one, other = np.asarray(values, np.float64), np.asarray(others, np.float64)
    if one.shape != other.shape:
        raise MeasureError(
            f"a difference is taken image by image; got values of shapes {one.shape} and "
            f"{other.shape}."
        )
    return mean(one - other, photos, level=level, seed=seed)


def detectable(values: ArrayLike, *, level: float = 0.95, power: float = POWER) -> float:
    """Return the smallest true mean that a sample of this size and spread would show.

    (t(1 - a/2) + t(power)) s / sqrt(n), with the quantiles t of Student's distribution with n - 1
    degrees of freedom, a = 1 - level, and s the standard deviation between photos: so far from 0 a
    mean must lie for a two-sided test at ``level`` to find it as often as ``power``. NaN for fewer
    than two photos.

    Args:
        values: (photo,), such as differences of two methods.
        level: 1 minus the chance of finding a difference where there is none.
        power: the chance of finding one of this size.

    Source: the usual approximation, such as Snedecor and Cochran, Statistical Methods, 8th edition,
    section 6.14.

    >>> round(detectable([0.0, 0.2, 0.1, 0.3] * 4), 3)
    0.087
    """
    from scipy.stats import t

    each = np.asarray(values, np.float64)
    if len(each) < 2:
        return float("nan")
    free = len(each) - 1
    reach = t.ppf(1 - (1 - level) / 2, free) + t.ppf(power, free)
    return float(reach * each.std(ddof=1) / np.sqrt(len(each)))


def summary(
    results: "pd.DataFrame", references: Sequence[str] = (), *, seed: int = 0
) -> "pd.DataFrame":
    """Return one row for each metric and method: its mean, and its differences to references.

    Columns: metric, method, photos, mean, low, high; for each reference its name with ``minus_``
    before and, behind it, ``_low``, ``_high``, ``_standard_error``, ``_detectable`` and ``_beyond``
    (whether the difference lies more than two standard errors from 0); of a metric that a reference
    was not measured by, these are empty.

    Args:
        results: one row for each image, method and metric, with the columns :data:`COLUMNS`.
        references: methods that all are compared with, on the same images.
        seed: of the bootstrap.

    Raises:
        MeasureError: a column or a reference is missing, or methods saw different images.
    """
    import pandas as pd

    _refuse_missing(results, references)
    rows = []
    for metric, of_metric in results.groupby("metric", sort=False):
        table = of_metric.pivot(index=["image", "photo"], columns="method", values="value")
        if table.isna().to_numpy().any():
            raise MeasureError(
                f"methods are compared on the same images; of {metric!r} some methods lack some "
                f"images or have no value there: {sorted(table.columns[table.isna().any()])}."
            )
        photos = list(table.index.get_level_values("photo"))
        for method in dict.fromkeys(of_metric["method"]):
            row: dict[str, object] = {"metric": metric, "method": method}
            row |= _columns(mean(table[method], photos, seed=seed))
            for name in (one for one in references if one in table):
                found = paired(table[method], table[name], photos, seed=seed)
                row |= _difference(f"minus_{name}", found)
            rows.append(row)
    return pd.DataFrame(rows).round(DIGITS)


def _columns(found: Mean) -> dict[str, object]:
    return {"photos": found.photos, "mean": found.value, "low": found.low, "high": found.high}


def _difference(name: str, found: Mean) -> dict[str, object]:
    return {
        name: found.value,
        f"{name}_low": found.low,
        f"{name}_high": found.high,
        f"{name}_standard_error": found.standard_error,
        f"{name}_detectable": found.detectable,
        f"{name}_beyond": found.beyond,
    }


def _refuse_missing(results: "pd.DataFrame", references: Sequence[str]) -> None:
    absent = [column for column in COLUMNS if column not in results]
    if absent:
        raise MeasureError(
            f"results have the columns {', '.join(COLUMNS)}; these lack {', '.join(absent)}."
        )
    methods = list(dict.fromkeys(results["method"]))
    for name in references:
        if name not in methods:
            raise MeasureError(
                f"no method {name!r} to compare with{did_you_mean(name, methods)}; the results are "
                f"of {', '.join(methods)}."
            )

"""What every method returns, and the rules that all of them keep: signs, ties, dead channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnnvis.ordering.gram import Matrix

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


def by_brightness(brightness: Matrix) -> NDArray[np.intp]:
    """Return the channels from dark to bright, equals by number.

    What depends on positions in this order does not depend on how the channels are numbered.
    """
    return np.argsort(rounded(brightness), kind="stable")


def sorted_by(
    score: Matrix,
    brightness: Matrix,
    settled: Mapping[str, object] | None = None,
    *,
    live: NDArray[np.bool_] | None = None,
) -> Found:
    """Sort by score, ascending; its sign such that it rises with the brightness; ties by number.

    Where only the ``live`` channels, (channel,), have a score, the others come before them.
    """
    settled = settled or {}
    if live is None:
        live = np.ones(len(brightness), bool)
    every = np.zeros(len(live))
    if live.any():
        known = rounded(score * sign(score, brightness[live]))
        every[live] = known
        every[~live] = known.min() - (np.ptp(known) or 1.0)
    return Found(np.argsort(every, kind="stable"), every, None, settled)


def sign(score: Matrix, brightness: Matrix) -> float:
    """Return the sign that makes a score correlate positively with brightness.

    Where they do not correlate, the value farthest from the mean becomes positive.
    """
    a, b = score - score.mean(), brightness - brightness.mean()
    product = float(a @ b)
    if abs(product) <= 1e-9 * float(np.linalg.norm(a) * np.linalg.norm(b)):
        product = float(a[np.argmax(np.abs(a))])
    return -1.0 if product < 0 else 1.0


def rounded(values: Matrix) -> Matrix:
    """Round to ``DIGITS`` digits of the range of the values."""
    span = float(np.ptp(values))
    if span == 0:
        return values
    # Beyond 10^300 the factor that round multiplies by would overflow.
    return np.asarray(np.round(values, min(300, DIGITS - int(np.ceil(np.log10(span))))))

"""How values become colours: one scale for all the tiles of a figure, with its words."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, FuncNorm, Normalize

from cnnvis.errors import CnnvisError, did_you_mean
from cnnvis.figures import style

Values = npt.NDArray[np.floating]

PERCENTILE = 99.5
"""Magnitudes above this percentile are clipped: single spikes would darken all the rest."""

NORMS = ("percentile", "global", "per_channel")
"""percentile: roots up to the 99.5th percentile; global: all values, linear; per_channel: each
channel up to its own largest value, linear."""


@dataclass(frozen=True, eq=False)
class Scale:
    """Colours for values, the ticks of their colour bar, and a sentence for the caption."""

    norm: Normalize
    colours: Colormap
    ticks: tuple[float, ...]
    words: str

    @property
    def mappable(self) -> ScalarMappable:
        """What a colour bar is made of."""
        return ScalarMappable(self.norm, self.colours)


def scale(values: npt.ArrayLike, norm: str = "percentile") -> Scale:
    """Return the scale of values under a norm; symmetric about zero where some are negative.

    Raises:
        CnnvisError: an unknown norm.

    >>> float(scale([0.0, 1.0, 4.0], "global").norm(2.0))
    0.5
    """
    if norm not in NORMS:
        known = ", ".join(NORMS)
        raise CnnvisError(f"no norm {norm!r}; there are {known}{did_you_mean(norm, NORMS)}.")
    data = np.asarray(values, float)
    signed = bool((data < 0).any())
    if norm == "per_channel":
        return _linear(1.0, signed, "Each channel has its own scale, up to its largest magnitude.")
    if norm == "global":
        most = float(np.abs(data).max())
        return _linear(most, signed, "One linear scale for all channels.")
    return _root(data, signed)


def root_scale(limit: float, *, signed: bool, words: str = "") -> Scale:
    """Return the scale of roots up to ``limit``, signed ones down to ``-limit`` too."""
    low = -limit if signed else 0.0
    norm = FuncNorm((_signed_root, _signed_square), vmin=low, vmax=limit)
    return Scale(norm, _colours(signed), _ticks(limit, signed), words)


def _root(data: Values, signed: bool) -> Scale:
    """Return the scale of roots up to a high percentile of the values that are not zero."""
    magnitudes = np.abs(data)
    limit = float(np.percentile(magnitudes, PERCENTILE)) or float(magnitudes.max()) or 1.0
    clipped = bool((magnitudes > limit).any())
    words = f"Colours go with the square root of the {'magnitude' if signed else 'value'}" + (
        f", up to the {PERCENTILE}th percentile ({limit:.3g}); larger ones are clipped."
        if clipped
        else "."
    )
    return root_scale(limit, signed=signed, words=words)


def _linear(limit: float, signed: bool, words: str) -> Scale:
    """Return a linear scale from zero, or from ``-limit``, to ``limit``."""
    most = limit or 1.0
    low = -most if signed else 0.0
    return Scale(Normalize(low, most), _colours(signed), _ticks(most, signed, linear=True), words)


def _colours(signed: bool) -> Colormap:
    """Return the colour map, with paper where there are no data."""
    return colormaps[style.SIGNED if signed else style.SEQUENTIAL].with_extremes(bad=style.PAPER)


def _ticks(limit: float, signed: bool, *, linear: bool = False) -> tuple[float, ...]:
    """Return round values up to the limit, at the middle and near the end of their side."""
    step = 10.0 ** np.floor(np.log10(limit))
    mantissas = (1, 2, 3, 4, 5, 6, 8) if linear else (1, 2, 4, 8)
    most = step * max(m for m in mantissas if m <= limit / step * (1 + 1e-9))
    middle = most / 2 if linear else most / 4
    parts = (float(f"{middle:.6g}"), float(f"{most:.6g}"))
    return (-parts[1], -parts[0], 0.0, *parts) if signed else (0.0, *parts)


def _signed_root(values: npt.ArrayLike) -> Values:
    """Return the root of the magnitude, with the sign."""
    array = np.asarray(values, float)
    return np.asarray(np.sign(array) * np.sqrt(np.abs(array)))


def _signed_square(values: npt.ArrayLike) -> Values:
    """Return the square of the magnitude, with the sign."""
    array = np.asarray(values, float)
    return np.asarray(np.sign(array) * array**2)

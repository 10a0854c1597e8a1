"""Maps over the pale photos they explain: one way to draw them, whatever method made them."""

import numpy as np
import numpy.typing as npt
from matplotlib import patheffects
from matplotlib.axes import Axes

from cnnvis.errors import CnnvisError
from cnnvis.figures import photos, style
from cnnvis.figures.photos import Colours, Pixels

PERCENTILE = 99.5
"""Values above this percentile have the last colour: a single pixel would darken all others."""

SCALED = (
    f"Maps are drawn where they are positive, each on its own scale up to its {PERCENTILE}th "
    "percentile."
)
"""For captions."""


def checked(values: npt.ArrayLike, name: str) -> npt.NDArray[np.float64]:
    """Return a map (row, col), or say what is wrong with it.

    Raises:
        CnnvisError: it is no map of finite numbers.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or array.size == 0 or not np.isfinite(array).all():
        raise CnnvisError(
            f"the map {name!r} has to be (row, col) of finite numbers; got shape {array.shape}."
            " Give one map for each photo."
        )
    return array


def over_photo(photo: Pixels, values: npt.NDArray[np.floating]) -> Colours:
    """Return a map over its pale photo (row, col, 3), 0 to 1; a map without a positive value shows
    the photo alone.

    Args:
        photo: (row, col, 3) of uint8.
        values: (row, col) of the same photo; it may be coarser or finer.
    """
    positive = np.maximum(values, 0)
    most = np.percentile(positive, PERCENTILE) or positive.max()
    shares = np.minimum(positive / most, 1) if most > 0 else positive
    return photos.under_map(photo, shares)


def write_in_corner(axes: Axes, words: str) -> None:
    """Write a few words into the lower left corner of a picture, seen on dark and on light."""
    text = axes.text(
        0.04, 0.05, words, size=style.TINY, color=style.PAPER, transform=axes.transAxes, va="bottom"
    )
    text.set_path_effects([patheffects.withStroke(linewidth=1.6, foreground=style.INK)])

"""Weighted points on a picture: larger and more opaque the more they weigh."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from cnnvis.figures import style

COLOUR = "#ffc20a"
LARGEST = 9.0
"""Diameter of the heaviest point, in points of letters."""

MOST = 2000
"""From so many points on they are drawn as a picture, for points would hide it and each other."""

_SMALLEST = 1.6
_INK = 0.3  # of the picture: no more is covered by points


def draw(
    axes: Axes, places: npt.ArrayLike, weights: npt.ArrayLike, *, largest: float = LARGEST
) -> None:
    """Draw weighted points, the heaviest on top; very many as a picture of their weights.

    Args:
        axes: whose positions are pixels, the first from 0 to 1.
        places: (point, [row, col]), pixel middles at whole numbers.
        weights: (point,) not negative; nothing is drawn where all are 0.
        largest: diameter of the heaviest, in points of letters; less where they are many.
    """
    weight = np.asarray(weights, float)
    at = np.asarray(places, float).reshape(-1, 2)
    if not np.any(weight > 0):
        return
    if len(weight) > MOST:
        _draw_weights(axes, at, weight)
        return
    order = np.argsort(weight, kind="stable")
    share = weight[order] / weight.max()
    dots = axes.scatter(
        at[order, 1] + 0.5,
        at[order, 0] + 0.5,
        s=_areas(axes, share, largest),
        c=COLOUR,
        alpha=0.35 + 0.55 * share,
        edgecolors=style.INK,
        linewidths=0.35,
        clip_on=True,
    )
    dots.set_rasterized(True)


def _areas(axes: Axes, share: npt.NDArray[np.floating], largest: float) -> npt.NDArray[np.floating]:
    """Return the squared diameters of points in proportion to their shares of the heaviest."""
    box = axes.get_window_extent()
    figure = axes.figure
    assert isinstance(figure, Figure)
    room = _INK * box.width * box.height * (72 / figure.dpi) ** 2
    ink = np.pi / 4 * largest**2 * share.sum()
    areas = share * largest**2 * min(1.0, room / ink)
    return np.asarray(np.maximum(areas, _SMALLEST**2))


def _draw_weights(
    axes: Axes, places: npt.NDArray[np.floating], weights: npt.NDArray[np.floating]
) -> None:
    """Draw the weight of every pixel as how much of the picture it covers."""
    right, bottom = axes.get_xlim()[1], axes.get_ylim()[0]
    shape = (round(bottom), round(right))
    pixel = np.clip(np.floor(places + 0.5).astype(int), 0, np.array(shape) - 1)
    flat = np.ravel_multi_index((pixel[:, 0], pixel[:, 1]), shape)
    total = np.bincount(flat, weights, shape[0] * shape[1]).reshape(shape)
    cover = np.zeros((*shape, 4))
    cover[..., :3] = to_rgb(COLOUR)
    cover[..., 3] = np.sqrt(total / total.max())
    axes.imshow(cover, extent=(0, right, bottom, 0), aspect="auto", interpolation="antialiased")

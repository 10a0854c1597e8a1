"""Photos as backgrounds: how large they are drawn, and how they look under a map."""

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from PIL import Image

from cnnvis.errors import CnnvisError
from cnnvis.figures import style

Pixels = npt.NDArray[np.uint8]
Colours = npt.NDArray[np.floating]

_GREY = np.array([0.299, 0.587, 0.114])  # how bright red, green and blue are (ITU-R BT.601)
_LARGEST = 900  # pixels: no photo is drawn larger than a page shows
_COVER = 0.85  # how much of the photo the densest place of a map hides


def checked(photo: npt.ArrayLike, name: str) -> Pixels:
    """Return a photo (row, col, 3) of bytes, or say what is wrong with it."""
    array = np.asarray(photo)
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0 or array.dtype != np.uint8:
        raise CnnvisError(
            f"photo {name!r} has to be (row, col, 3) of uint8; got {array.shape} of {array.dtype}."
        )
    return array


def fitted(shape: tuple[int, ...], width: float, height: float) -> tuple[float, float]:
    """Return the (width, height) of a photo of that shape, as large as fits into both.

    >>> fitted((100, 200, 3), 1.0, 1.0)
    (1.0, 0.5)
    """
    scale = min(width / shape[1], height / shape[0])
    return shape[1] * scale, shape[0] * scale


def small(photo: Pixels, largest: int = _LARGEST) -> Pixels:
    """Return the photo, or the means of blocks of its pixels, in no more pixels than a page shows.

    No side is longer than ``largest``.

    >>> small(np.zeros((2000, 100, 3), np.uint8)).shape
    (667, 34, 3)
    """
    factor = -(-max(photo.shape[:2]) // largest)
    return np.asarray(Image.fromarray(photo).reduce(factor)) if factor > 1 else photo


def show(axes: Axes, picture: npt.ArrayLike, shape: tuple[int, ...]) -> Axes:
    """Show a picture in axes whose positions are pixels of a photo of that shape.

    The first pixel reaches from 0 to 1.
    """
    style.bare(axes).imshow(
        np.asarray(picture),
        extent=(0, shape[1], shape[0], 0),
        aspect="auto",
        interpolation="antialiased",
    )
    axes.set(xlim=(0, shape[1]), ylim=(shape[0], 0))
    return axes


def pale(photo: Pixels) -> Colours:
    """Return the photo in light greys (row, col, 3), 0 to 1: a ground to draw on."""
    grey = (photo / 255.0) @ _GREY
    return np.repeat((0.25 + 0.7 * grey)[..., None], 3, axis=2)


def under_map(photo: Pixels, density: npt.ArrayLike) -> Colours:
    """Return the photo in greys under a map (row, col) of the same photo, as colours, 0 to 1.

    The map may be coarser than the photo. It is scaled by its largest value; where it is 0 only
    the photo is seen.
    """
    values = np.asarray(density, float)
    most = values.max() if values.size else 0.0
    share = values / most if most > 0 else np.zeros_like(values)
    rows, cols = (
        np.arange(size) * len_ // size for size, len_ in zip(photo.shape, share.shape, strict=False)
    )
    share = share[np.ix_(rows, cols)]
    cover = _COVER * np.sqrt(share)[..., None]
    colours = colormaps[style.SEQUENTIAL](share)[..., :3]
    return np.asarray(pale(photo) * (1 - cover) + colours * cover)

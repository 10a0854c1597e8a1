"""Still pictures of volumes: perspective, lit, in a box, computed with numpy alone.

The camera is fixed: volumes of one shape are seen from one place, so that their pictures can be
compared. Equal data give equal bytes.
"""

import numpy as np
import numpy.typing as npt
from matplotlib.colors import Colormap, LinearSegmentedColormap

from cnnvis import raycast
from cnnvis.camera import Camera, Floats, Spacing, camera
from cnnvis.errors import CnnvisError
from cnnvis.raycast import Singles, Transfer

Pixels = npt.NDArray[np.uint8]

GAMMA = 0.5
"""Colour and opacity go with the square root of the data: most activations are small."""

BACKGROUND = (18, 19, 24)
"""Red, green and blue of an empty picture, 0 to 255."""

HEAT: Colormap = LinearSegmentedColormap.from_list(
    "heat", ["#000000", "#7a0403", "#d7260f", "#ff7f11", "#ffd23f", "#ffffff"]
)
"""Black, red, yellow, white: data that are never negative."""

POLAR: Colormap = LinearSegmentedColormap.from_list(
    "polar", ["#d6f0ff", "#5cb8ff", "#1566c0", "#121318", "#b3541e", "#ff9f43", "#fff0d0"]
)
"""Blue below zero, black at zero, orange above: signed data, also for the colour-blind."""

_LEVELS = 1024  # steps of the transfer function
_EXTINCTION = 40.0  # of the largest value, per longest edge of the box
_MANY_PLANES = 64  # more of them are thin: each is made denser, so that single ones are seen
_CLEAR_BELOW = 0.1  # levels that are quite transparent: data below 1 % of the limit

FRAME = (150, 164, 184)
"""Red, green and blue of the near edges of the box."""

_NEAR_EDGE, _FAR_EDGE = 1.0, 0.35  # how much of the frame's colour an edge shows
_EDGE_WIDTH = 1.4  # pixels, in a picture of 450 rows
_EDGES = [  # pairs of corners of the box, numbered as Camera.corners gives them
    (corner, corner | bit) for corner in range(8) for bit in (1, 2, 4) if not corner & bit
]


def still(
    data: npt.ArrayLike,
    *,
    limits: tuple[float, float] | None = None,
    spacing: Spacing | None = None,
    size: tuple[int, int] = (600, 450),
    signed: bool = False,
    slices: int = raycast.SLICES,
) -> Pixels:
    """Return a picture (row, col, 3) of a volume (plane, row, col).

    Args:
        data: finite numbers.
        limits: the values that are quite transparent and most opaque; values outside are clipped.
            None: 0 and the largest. Signed data take (-limit, limit).
        spacing: distance between voxels along (plane, row, col). None: voxels are square in a
            plane, and the plane axis is 1.3 times as long as a plane, whatever their number.
        size: (cols, rows) of the picture in pixels.
        signed: negative values count as much as positive ones, in other colours.
        slices: how many a ray crosses; fewer are faster, and coarser.

    Raises:
        CnnvisError: the data are no finite volume, or limits or spacing do not suit them.

    >>> still(np.zeros((4, 5, 6)), size=(80, 60)).shape
    (60, 80, 3)
    """
    share = _share(data, limits, signed)
    view = camera(share.shape, spacing=spacing, size=size)
    share = _without_grain(share, view, slices)
    levels = np.sign(share) * np.abs(share) ** np.float32(GAMMA)
    entries = (levels + 1) * np.float32(_LEVELS / 2) if signed else levels * np.float32(_LEVELS)
    lamp = raycast.head_light(levels, view)
    look = transfer(signed=signed, planes=share.shape[0])
    light, clear = raycast.march(entries, lamp, view, look, slices=slices)
    picture = np.tile(np.array(BACKGROUND, np.float32) / np.float32(255), (size[1], size[0], 1))
    _draw_edges(picture, view, behind=True)
    picture = picture * clear[..., None] + light
    _draw_edges(picture, view, behind=False)
    return np.asarray(np.rint(np.clip(picture, 0, 1) * 255), np.uint8)


def transfer(*, signed: bool = False, planes: int = 1) -> Transfer:
    """Return colour and extinction of equally spaced levels, per longest edge of the box.

    Levels are roots of the data's share of the limit: 0 to 1 or, for signed data, -1 to 1. Data
    below 1 % of the limit are quite transparent. Volumes of more than 64 planes are denser by the
    root of their number.

    >>> float(transfer(signed=True).extinction[512])
    0.0
    """
    level = np.linspace(-1 if signed else 0, 1, _LEVELS + 1)
    colours = (POLAR if signed else HEAT)(np.linspace(0, 1, _LEVELS + 1))[:, :3]
    dense = np.clip((np.abs(level) - _CLEAR_BELOW) / (1 - _CLEAR_BELOW), 0, 1)
    extinction = _EXTINCTION * max(1.0, planes / _MANY_PLANES) ** 0.5
    return Transfer(colours.astype(np.float32), (extinction * dense**2).astype(np.float32))


def _share(data: npt.ArrayLike, limits: tuple[float, float] | None, signed: bool) -> Singles:
    """Return the data as a share of their limits: 0 to 1 or, if signed, -1 to 1."""
    values = np.asarray(data, dtype=np.float64)
    if values.ndim != 3 or values.size == 0 or not np.isfinite(values).all():
        raise CnnvisError(
            "a still picture needs a volume (plane, row, col) of finite numbers; got shape "
            f"{values.shape}{' with NaN or infinity in it' if values.ndim == 3 else ''}."
        )
    low, high = limits or _own_limits(values, signed)
    if not low <= high or (signed and low != -high):
        wanted = "(-limit, limit)" if signed else "(low, high)"
        raise CnnvisError(f"limits of this volume have to be {wanted}; got ({low}, {high}).")
    if high == low:
        return np.zeros(values.shape, np.float32)
    share = values / high if signed else (values - low) / (high - low)
    return np.asarray(np.clip(share, -1 if signed else 0, 1), np.float32)


def _own_limits(values: Floats, signed: bool) -> tuple[float, float]:
    """Return the limits that show all of a volume."""
    if signed:
        largest = float(np.abs(values).max())
        return -largest, largest
    return 0.0, max(float(values.max()), 0.0)


def _without_grain(share: Singles, view: Camera, slices: int) -> Singles:
    """Smooth along the planes where they are so thin that rays would step over some of them."""
    from scipy.ndimage import gaussian_filter1d

    stride = raycast.planes_per_slice(view, slices)
    if stride <= 1:
        return share
    return np.asarray(gaussian_filter1d(share, stride / 2, axis=0, mode="nearest"), np.float32)


def _draw_edges(picture: Singles, view: Camera, *, behind: bool) -> None:
    """Draw the edges of the box that lie behind the data, dimmer, or those before them."""
    corners = view.corners()
    seen = view.project(corners)
    farthest = int(np.argmax(view.distance(corners)))
    strength = _FAR_EDGE if behind else _NEAR_EDGE
    for one, other in _EDGES:
        if (farthest in (one, other)) == behind:
            _draw_line(picture, seen[one], seen[other], strength)


def _draw_line(picture: Singles, start: Floats, end: Floats, strength: float) -> None:
    """Blend a smooth line between two positions (row, col) into the picture."""
    half = max(0.5, _EDGE_WIDTH / 2 * picture.shape[0] / 450)
    low = np.maximum(np.floor(np.minimum(start, end) - half - 1), 0).astype(int)
    high = np.ceil(np.maximum(start, end) + half + 1).astype(int)
    part = picture[low[0] : high[0], low[1] : high[1]]
    rows, cols = np.indices(part.shape[:2]) + low[:, None, None] + 0.5
    way = end - start
    along = ((rows - start[0]) * way[0] + (cols - start[1]) * way[1]) / (way @ way)
    along = np.clip(along, 0, 1)
    away = np.hypot(rows - start[0] - along * way[0], cols - start[1] - along * way[1])
    cover = (strength * np.clip(half + 0.5 - away, 0, 1))[..., None].astype(np.float32)
    part += cover * (np.array(FRAME, np.float32) / np.float32(255) - part)

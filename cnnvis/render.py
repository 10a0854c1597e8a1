"""Still pictures of volumes: perspective, lit, emission and absorption, computed with numpy alone.

A ray leaves the eye through every pixel. Where it crosses the slices of the volume it reads the data by
trilinear interpolation, looks up a colour and an extinction, and adds up, front to back,

    colour = sum over slices of (T before - T after) * light * emission,   T = exp(-optical depth)

(N. Max, Optical models for direct volume rendering, IEEE TVCG 1(2), 1995). The camera is fixed:
volumes of one shape are seen from one place, so that their pictures can be compared. Equal data give
equal bytes.

Points are (plane, row, col) indices: voxel i has its middle at i and reaches half a voxel to either
side. In the picture the planes run from left to right, rows run downwards, and the first plane is seen
from its front, not mirrored.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.colors import Colormap, LinearSegmentedColormap

from cnnvis.errors import CnnvisError

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

GAMMA = 0.5
"""Colour and opacity go with the square root of the data: most activations are small."""

BACKGROUND = (18, 19, 24)
"""Colour of an empty picture, 0 to 255."""

HEAT: Colormap = LinearSegmentedColormap.from_list(
    "heat", ["#000000", "#7a0403", "#d7260f", "#ff7f0e", "#ffd23f", "#ffffff"]
)
"""Black, red, yellow, white: data that are never negative."""

POLAR: Colormap = LinearSegmentedColormap.from_list(
    "polar", ["#d6f0ff", "#5cb8ff", "#1566c0", "#121318", "#b3541e", "#ff9f43", "#fff0d0"]
)
"""Blue below zero, black at zero, orange above: signed data, safe for the colour-blind."""

_FRAME = (150, 164, 184)
_NEAR_EDGE, _FAR_EDGE = 1.0, 0.35  # how much of the frame's colour an edge shows
_EDGE_WIDTH = 1.4  # pixels, in a picture of 450 rows
_VIEW = (-1.0, 0.62, 1.45)  # from the centre of the box to the eye: along planes, up, along columns
_DISTANCE = 2.3  # of the eye from the centre of the box, in diagonals of the box
_MARGIN = 0.05  # left free round the box, share of the picture
_ORDER_EDGE = 1.3  # length of the plane axis where no spacing is given, in longer sides of a plane
_SLICES = 160  # that a ray crosses; the eye looks along the columns more than along any other axis
_LEVELS = 1024  # steps of the transfer function
_EXTINCTION = 40.0  # of the largest value, per longest edge of the box
_CLEAR_BELOW = 0.1  # levels that are quite transparent: data below 1 % of the largest
_AMBIENT = 0.35  # light on a surface seen edge-on
_SURFACE = 0.05  # slopes of one level in this length (world) and steeper are surfaces
_DARK = 0.01  # a ray ends where this share of the light is left
_SIEVE_EVERY = 12  # slices
_EDGES = [  # pairs of corners of the box, numbered as Camera.corners gives them
    (corner, corner | bit) for corner in range(8) for bit in (1, 2, 4) if not corner & bit
]


@dataclass(frozen=True)
class Camera:
    """Where the box of a volume stands in a picture. Made by :func:`camera`.

    Attributes:
        shape: voxels along (plane, row, col).
        edges: lengths of the box in the world along (plane, up, col); the longest is 1.
        size: (cols, rows) of the picture in pixels.
        eye: position of the eye in the world; the centre of the box is the origin.
        axes: (3, 3) unit vectors right, up and forward, one per row.
        zoom: pixels per unit of tangent.
        middle: (row, col) of the pixel position straight ahead.
    """

    shape: tuple[int, int, int]
    edges: Floats
    size: tuple[int, int]
    eye: Floats
    axes: Floats
    zoom: float
    middle: tuple[float, float]

    def world(self, points: npt.ArrayLike) -> Floats:
        """Return the world coordinates (point, 3) of voxel indices (point, 3)."""
        share = (np.asarray(points, float) + 0.5) / self.shape - 0.5
        return np.asarray(share * self.edges * (1.0, -1.0, 1.0))

    def project(self, points: npt.ArrayLike) -> Floats:
        """Return where voxel indices (point, 3) are seen: (point, 2) = (row, col) in pixels.

        Positions are continuous: the first pixel reaches from 0 to 1.
        """
        right, up, forward = self.axes @ (self.world(points) - self.eye).T
        row = self.middle[0] - self.zoom * up / forward
        col = self.middle[1] + self.zoom * right / forward
        return np.stack([row, col], axis=1)

    def distance(self, points: npt.ArrayLike) -> Floats:
        """Return how far voxel indices (point, 3) are from the eye, in world units."""
        return np.asarray(np.linalg.norm(self.world(points) - self.eye, axis=1))

    def rays(self) -> Floats:
        """Return the direction (row, col, 3), of length 1, of the ray through each pixel's middle."""
        cols, rows = self.size
        right = (np.arange(cols) + 0.5 - self.middle[1]) / self.zoom
        up = (self.middle[0] - np.arange(rows) - 0.5) / self.zoom
        rays = right[None, :, None] * self.axes[0] + up[:, None, None] * self.axes[1] + self.axes[2]
        return np.asarray(rays / np.linalg.norm(rays, axis=2, keepdims=True))

    def corners(self) -> Floats:
        """Return the eight corners of the box as voxel indices (8, 3), plane slowest."""
        far = np.array(self.shape) - 0.5
        return np.array([np.where(bits, far, -0.5) for bits in np.ndindex(2, 2, 2)])


def camera(
    shape: tuple[int, int, int],
    *,
    spacing: tuple[float, float, float] | None = None,
    size: tuple[int, int] = (600, 450),
) -> Camera:
    """Return the fixed camera for volumes of ``shape`` (plane, row, col), the box filling the picture.

    Args:
        shape: voxels along (plane, row, col).
        spacing: distance between voxels along (plane, row, col). None: voxels are square in a plane,
            and the plane axis is 1.3 times as long as a plane, however many planes there are.
        size: (cols, rows) of the picture in pixels.

    >>> view = camera((4, 6, 6), size=(200, 100))
    >>> rows, cols = view.project(view.corners()).T
    >>> bool(rows.min() >= 0 and rows.max() <= 100 and cols.min() >= 0 and cols.max() <= 200)
    True
    """
    steps = np.array(spacing or (_ORDER_EDGE * max(shape[1:]) / shape[0], 1.0, 1.0))
    edges = np.array(shape) * steps
    edges = edges / edges.max()
    towards_eye = np.array(_VIEW) / np.linalg.norm(_VIEW)
    right = np.cross((0.0, 1.0, 0.0), towards_eye)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(towards_eye, right), -towards_eye])
    eye = towards_eye * _DISTANCE * float(np.linalg.norm(edges))
    plain = Camera(shape, edges, size, eye, axes, 1.0, (0.0, 0.0))
    return _fitted(plain)


def _fitted(plain: Camera) -> Camera:
    """Return the camera with zoom and middle chosen so that the box fills the picture."""
    seen = plain.project(plain.corners())
    low, high = seen.min(axis=0), seen.max(axis=0)
    cols, rows = plain.size
    free = 1 - 2 * _MARGIN
    zoom = float(min(rows * free / (high - low)[0], cols * free / (high - low)[1]))
    row, col = np.array((rows, cols)) / 2 - zoom * (low + high) / 2
    return Camera(
        plain.shape, plain.edges, plain.size, plain.eye, plain.axes, zoom, (float(row), float(col))
    )


def transfer(*, signed: bool = False) -> tuple[Singles, Singles]:
    """Return the emission (level, 3), 0 to 1, and the extinction (level,) of equally spaced levels.

    Levels are roots of the data's share of the limit, from 0 to 1 or, for signed data, from -1 to 1.
    Extinction is per longest edge of the box, and exactly 0 where the data are below 1 % of the limit.
    """
    level = np.linspace(-1 if signed else 0, 1, _LEVELS + 1)
    colours = (POLAR if signed else HEAT)(np.linspace(0, 1, _LEVELS + 1))[:, :3]
    dense = np.clip((np.abs(level) - _CLEAR_BELOW) / (1 - _CLEAR_BELOW), 0, 1)
    return colours.astype(np.float32), (_EXTINCTION * dense**2).astype(np.float32)


def still(
    data: npt.ArrayLike,
    *,
    limits: tuple[float, float] | None = None,
    spacing: tuple[float, float, float] | None = None,
    size: tuple[int, int] = (600, 450),
    signed: bool = False,
) -> Pixels:
    """Return a picture (row, col, 3) of a volume (plane, row, col).

    Args:
        data: finite numbers.
        limits: the values that are quite transparent and most opaque; values outside are clipped.
            None: 0 and the largest. Signed data take (-limit, limit).
        spacing: distance between voxels along (plane, row, col); see :func:`camera`.
        size: (cols, rows) of the picture in pixels.
        signed: negative values count as much as positive ones, in other colours.

    Raises:
        CnnvisError: the data are no finite volume, or the limits do not suit them.

    >>> empty = still(np.zeros((4, 5, 6)), size=(80, 60))
    >>> empty.shape
    (60, 80, 3)
    """
    levels = _levels(data, limits, signed)
    view = camera(levels.shape, spacing=spacing, size=size)
    picture = np.tile(np.array(BACKGROUND, np.float32) / 255, (size[1], size[0], 1))
    _draw_edges(picture, view, hidden=True)
    light, clear = _march(levels, view, signed)
    picture = picture * clear[..., None] + light
    _draw_edges(picture, view, hidden=False)
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _levels(data: npt.ArrayLike, limits: tuple[float, float] | None, signed: bool) -> Singles:
    """Return the data as root levels: 0 to 1 or, if signed, -1 to 1."""
    values = np.asarray(data, dtype=np.float64)
    if values.ndim != 3 or values.size == 0 or not np.isfinite(values).all():
        raise CnnvisError(
            "a still picture needs a volume (plane, row, col) of finite numbers; got shape "
            f"{values.shape}{' with NaN or infinity in it' if values.ndim == 3 else ''}."
        )
    if limits is None:
        largest = float(np.abs(values).max() if signed else values.max())
        limits = (-largest if signed else 0.0, max(largest, 0.0))
    low, high = limits
    if high < low or (signed and low != -high):
        wanted = "(-limit, limit)" if signed else "(low, high)"
        raise CnnvisError(f"limits of this volume have to be {wanted}; got ({low}, {high}).")
    if high == low:
        return np.zeros(values.shape, np.float32)
    share = values / high if signed else (values - low) / (high - low)
    share = np.clip(share, -1 if signed else 0, 1)
    return (np.sign(share) * np.abs(share) ** GAMMA).astype(np.float32)


def _levels(data: npt.ArrayLike, limits: tuple[float, float] | None, signed: bool) -> Singles:
    """Return the data as root levels: 0 to 1 or, if signed, -1 to 1."""
    values = np.asarray(data, dtype=np.float64)
    if values.ndim != 3 or values.size == 0 or not np.isfinite(values).all():
        raise CnnvisError(
            "a still picture needs a volume (plane, row, col) of finite numbers; got shape "
            f"{values.shape}{' with NaN or infinity in it' if values.ndim == 3 else ''}."
        )
    if limits is None:
        largest = float(np.abs(values).max() if signed else values.max())
        limits = (-largest if signed else 0.0, max(largest, 0.0))
    low, high = limits
    if high < low or (signed and low != -high):
        wanted = "(-limit, limit)" if signed else "(low, high)"
        raise CnnvisError(f"limits of this volume have to be {wanted}; got ({low}, {high}).")
    if high == low:
        return np.zeros(values.shape, np.float32)
    share = values / high if signed else (values - low) / (high - low)
    share = np.clip(share, -1 if signed else 0, 1)
    return (np.sign(share) * np.abs(share) ** GAMMA).astype(np.float32)


def _shade(values: Singles, view: Camera) -> Singles:
    """Return the light each voxel sends to the eye, 0 to 1, from a lamp at the eye.

    Where the data rise steeply there is a surface, lit by the cosine to the lamp; where they are
    level there is only glow, which needs no lamp.
    """
    from scipy.ndimage import uniform_filter

    smooth = np.pad(uniform_filter(np.abs(values), 3, mode="nearest"), 1, mode="edge")
    inner = (slice(1, -1),) * 3
    per_world = (np.array(view.shape) / view.edges * (1, -1, 1)).astype(np.float32)
    slopes = [np.gradient(smooth, axis=axis)[inner] * per_world[axis] for axis in range(3)]
    lamp = (view.eye / np.linalg.norm(view.eye)).astype(np.float32)
    steepness = np.sqrt(slopes[0] ** 2 + slopes[1] ** 2 + slopes[2] ** 2)
    facing = np.abs(slopes[0] * lamp[0] + slopes[1] * lamp[1] + slopes[2] * lamp[2])
    cosine = facing / np.maximum(steepness, np.float32(1e-6))
    surface = np.minimum(steepness * np.float32(_SURFACE), 1)
    return np.asarray(1 - surface * np.float32(1 - _AMBIENT) * (1 - cosine), np.float32)


@dataclass(frozen=True)
class _Table:
    """The transfer function: colour (3, level) and extinction (level,)."""

    colour: Singles
    extinction: Singles


@dataclass(frozen=True)
class _Rays:
    """The rays that are still followed.

    Attributes:
        pixel: (ray,) the pixel of each, counted along the rows of the picture.
        plane, row: (ray,) how many planes and rows it passes on its way through one column.
        step: (ray,) its length in the world between two slices.
        light: (3, ray) red, green and blue gathered so far.
        clear: (ray,) the share of the light behind that still comes through.
    """

    pixel: npt.NDArray[np.intp]
    plane: Singles
    row: Singles
    step: Singles
    light: Singles
    clear: Singles

    def only(self, keep: npt.NDArray[np.bool_]) -> "_Rays":
        """Return the rays where ``keep`` is true."""
        return _Rays(
            self.pixel[keep],
            self.plane[keep],
            self.row[keep],
            self.step[keep],
            self.light[:, keep],
            self.clear[keep],
        )


def _rays(view: Camera, eye: Floats) -> _Rays:
    """Return the rays that hit the box, seen from ``eye``, given as a voxel index."""
    shape = np.array(view.shape)
    along = view.rays().reshape(-1, 3) * (1.0, -1.0, 1.0) * shape / view.edges
    sides = np.sort([(-0.5 - eye) / along, (shape - 0.5 - eye) / along], axis=0)
    pixel = np.flatnonzero(sides[0].max(axis=1) < sides[1].min(axis=1))
    plane, row, col = along[pixel].T
    return _Rays(
        pixel=pixel,
        plane=(plane / col).astype(np.float32),
        row=(row / col).astype(np.float32),
        step=np.abs(view.shape[2] / _SLICES / col).astype(np.float32),
        light=np.zeros((3, len(pixel)), np.float32),
        clear=np.ones(len(pixel), np.float32),
    )


def _march(levels: Singles, view: Camera, signed: bool) -> tuple[Singles, Singles]:
    """Return the light (row, col, 3) that reaches the eye and the share (row, col) left of what is behind.

    All rays cross one slice after the other, from the nearest column to the farthest.
    """
    eye = (view.eye * (1.0, -1.0, 1.0) / view.edges + 0.5) * view.shape - 0.5
    rays = _rays(view, eye)
    colours, extinction = transfer(signed=signed)
    table = _Table(np.ascontiguousarray(colours.T), extinction)
    places = (levels + 1) * np.float32(_LEVELS / 2) if signed else levels * np.float32(_LEVELS)
    data, lamp = _by_column(places), _by_column(_shade(levels, view))
    picture = np.zeros((4, view.size[0] * view.size[1]), np.float32)
    picture[3] = 1
    columns = (np.arange(_SLICES)[::-1] + 0.5) / _SLICES * view.shape[2] - 0.5
    for number, column in enumerate(columns):
        plane = rays.plane * np.float32(column - eye[2]) + np.float32(eye[0])
        row = rays.row * np.float32(column - eye[2]) + np.float32(eye[1])
        _cross(rays, plane, row, _between(data, column), _between(lamp, column), table)
        if number % _SIEVE_EVERY == 0:
            alive = rays.clear > _DARK
            _store(picture, rays.only(~alive))
            rays = rays.only(alive)
    _store(picture, rays)
    cols, rows = view.size
    return picture[:3].T.reshape(rows, cols, 3), picture[3].reshape(rows, cols)


def _store(picture: Singles, rays: _Rays) -> None:
    """Put what the rays have gathered into the picture (4, pixel)."""
    picture[:3, rays.pixel] = rays.light
    picture[3, rays.pixel] = rays.clear


def _by_column(block: Singles) -> Singles:
    """Return the volume as (col, plane, row), with a border of one round every slice."""
    return np.pad(np.moveaxis(block, 2, 0), ((0, 0), (1, 1), (1, 1)), mode="edge")


def _between(slices: Singles, position: float) -> Singles:
    """Return the slice at a position between two slices; the outermost reach to the sides."""
    inside = min(max(position, 0.0), len(slices) - 1.0)
    before = int(inside)
    after = min(before + 1, len(slices) - 1)
    share = np.float32(inside - before)
    return np.asarray((1 - share) * slices[before] + share * slices[after])


def _cross(
    rays: _Rays, plane: Singles, row: Singles, data: Singles, lamp: Singles, table: _Table
) -> None:
    """Let the rays cross a slice (plane, row), bordered, at the positions ``plane`` and ``row``."""
    planes, width = data.shape
    met = np.flatnonzero(
        (plane >= -0.5) & (plane < planes - 2.5) & (row >= -0.5) & (row < width - 2.5)
    )
    plane, row = plane[met] + 1, row[met] + 1  # the border
    plane_before, row_before = np.floor(plane), np.floor(row)
    corner = plane_before.astype(np.intp) * width + row_before.astype(np.intp)
    place = _bilinear(data.ravel(), corner, width, plane - plane_before, row - row_before)
    level = (place + np.float32(0.5)).astype(np.intp)
    extinction = table.extinction.take(level, mode="clip")
    seen = np.flatnonzero(extinction > 0)
    met, level = met[seen], level[seen]
    nearest = np.rint(plane[seen]).astype(np.intp) * width + np.rint(row[seen]).astype(np.intp)
    before = rays.clear[met]
    after = before * np.exp(-extinction[seen] * rays.step[met])
    sent = (before - after) * lamp.ravel().take(nearest, mode="clip")  # light varies slowly
    for light, colour in zip(rays.light, table.colour, strict=True):
        light[met] += sent * colour.take(level, mode="clip")
    rays.clear[met] = after


def _bilinear(
    slice_: Singles, corner: npt.NDArray[np.intp], width: int, down: Singles, right: Singles
) -> Singles:
    """Return a flattened slice's values ``down`` and ``right`` (0 to 1) of the corners given."""
    # Clipping never changes these indices; numpy takes without looking first.
    upper = slice_.take(corner, mode="clip")
    upper += right * (slice_.take(corner + 1, mode="clip") - upper)
    lower = slice_.take(corner + width, mode="clip")
    lower += right * (slice_.take(corner + width + 1, mode="clip") - lower)
    return np.asarray(upper + down * (lower - upper))


def _draw_edges(picture: Singles, view: Camera, *, hidden: bool) -> None:
    """Draw the edges of the box that lie behind the data (hidden), dimmer, or before them."""
    corners = view.corners()
    seen = view.project(corners)
    farthest = int(np.argmax(view.distance(corners)))
    strength = _FAR_EDGE if hidden else _NEAR_EDGE
    for one, other in _EDGES:
        if (farthest in (one, other)) == hidden:
            _draw_line(picture, seen[one], seen[other], strength)


def _draw_line(picture: Singles, start: Floats, end: Floats, strength: float) -> None:
    """Blend a smooth line between two positions (row, col) into the picture."""
    half = _EDGE_WIDTH / 2 * picture.shape[0] / 450
    low = np.maximum(np.floor(np.minimum(start, end) - half - 1), 0).astype(int)
    high = np.ceil(np.maximum(start, end) + half + 1).astype(int)
    part = picture[low[0] : high[0], low[1] : high[1]]
    rows, cols = np.indices(part.shape[:2]) + low[:, None, None] + 0.5
    way = end - start
    along = ((rows - start[0]) * way[0] + (cols - start[1]) * way[1]) / (way @ way)
    along = np.clip(along, 0, 1)
    away = np.hypot(rows - start[0] - along * way[0], cols - start[1] - along * way[1])
    cover = (strength * np.clip(half + 0.5 - away, 0, 1))[..., None].astype(np.float32)
    part += cover * (np.array(_FRAME, np.float32) / 255 - part)

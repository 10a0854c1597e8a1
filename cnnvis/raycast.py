"""Rays through a volume: light is emitted and absorbed on the way, computed with numpy alone.

A ray leaves the eye through every pixel. Where it crosses the slices of the volume it reads the
data by trilinear interpolation, looks up a colour and an extinction, and adds up, front to back,

    light = sum over slices of (T before - T after) * lamp * colour,   T = exp(-optical depth)

(N. Max, Optical models for direct volume rendering, IEEE TVCG 1(2), 1995). The slices are planes of
constant column, because that is the axis the fixed camera looks along most.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnvis.camera import Camera, Floats

Singles = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]

SLICES = 160
"""How many slices a ray crosses, evenly spread over the columns."""

AMBIENT = 0.35
"""Light that a surface sends to the eye when it is seen from its edge."""

_SURFACE = 0.05  # slopes of one level in this length (world), and steeper ones, are surfaces
_DARK = 0.01  # a ray ends where this share of the light is left
_SIEVE_EVERY = 12  # slices


@dataclass(frozen=True, eq=False)
class Transfer:
    """What data look like: colour (entry, 3), 0 to 1, and extinction (entry,) per length."""

    colour: Singles
    extinction: Singles


@dataclass(frozen=True, eq=False)
class _Rays:
    """The rays that are still followed.

    Attributes:
        pixel: (ray,) the pixel of each, counted along the rows of the picture.
        plane, row: (ray,) how many planes and rows it passes on its way through one column.
        step: (ray,) its length in the world between two slices.
        light: (3, ray) red, green and blue gathered so far.
        clear: (ray,) the share of the light from behind that still comes through.
    """

    pixel: Indices
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


def march(
    entries: Singles, lamp: Singles, view: Camera, transfer: Transfer, *, slices: int = SLICES
) -> tuple[Singles, Singles]:
    """Return the light (row, col, 3) at the eye, and the share (row, col) of what lies behind.

    Args:
        entries: (plane, row, col) places in the table of ``transfer``, fractions allowed.
        lamp: (plane, row, col) light on each voxel, 0 to 1.
        view: the camera.
        transfer: colour and extinction, the latter per unit of length in the world.
        slices: how many a ray crosses.
    """
    eye = view.index(view.eye)
    rays = _rays(view, eye, slices)
    blocks, lamps = _by_column(entries), _by_column(lamp)
    # One row per colour, so that looking up a colour reads neighbours in memory.
    colours = np.ascontiguousarray(transfer.colour.T)
    picture = np.zeros((4, view.size[0] * view.size[1]), np.float32)
    picture[3] = 1
    for number, column in enumerate(columns(view.shape[2], slices)):
        plane = rays.plane * np.float32(column - eye[2]) + np.float32(eye[0])
        row = rays.row * np.float32(column - eye[2]) + np.float32(eye[1])
        here = _between(blocks, column), _between(lamps, column)
        _cross(rays, (plane, row), here, colours, transfer.extinction)
        if number % _SIEVE_EVERY == 0:
            alive = rays.clear > _DARK
            _store(picture, rays.only(~alive))
            rays = rays.only(alive)
    _store(picture, rays)
    cols, rows = view.size
    return picture[:3].T.reshape(rows, cols, 3), picture[3].reshape(rows, cols)


def columns(count: int, slices: int = SLICES) -> Floats:
    """Return where the slices are, in indices of the columns, the nearest to the eye first."""
    return np.asarray((np.arange(slices)[::-1] + 0.5) / slices * count - 0.5)


def head_light(levels: Singles, view: Camera) -> Singles:
    """Return the light (plane, row, col) that each voxel sends to the eye from a lamp at the eye.

    Where the data rise steeply there is a surface, lit by the cosine of its normal to the lamp;
    where they are level there is only glow, which needs no lamp.
    """
    from scipy.ndimage import uniform_filter

    smooth = np.pad(uniform_filter(np.abs(levels), 3, mode="nearest"), 1, mode="edge")
    inner = (slice(1, -1),) * 3
    per_world = (np.array(view.shape) / view.edges * (1, -1, 1)).astype(np.float32)
    slopes = [np.gradient(smooth, axis=axis)[inner] * per_world[axis] for axis in range(3)]
    towards = (view.eye / np.linalg.norm(view.eye)).astype(np.float32)
    steepness = np.sqrt(slopes[0] ** 2 + slopes[1] ** 2 + slopes[2] ** 2)
    facing = np.abs(slopes[0] * towards[0] + slopes[1] * towards[1] + slopes[2] * towards[2])
    cosine = facing / np.maximum(steepness, np.float32(1e-6))
    surface = np.minimum(steepness * np.float32(_SURFACE), 1)
    return np.asarray(1 - surface * np.float32(1 - AMBIENT) * (1 - cosine), np.float32)


def planes_per_slice(view: Camera, slices: int = SLICES) -> float:
    """Return how many planes the ray straight ahead passes from one slice to the next."""
    along = view.axes[2] * view.shape / view.edges
    return float(abs(along[0] / along[2]) * view.shape[2] / slices)


def _rays(view: Camera, eye: Floats, slices: int) -> _Rays:
    """Return the rays that hit the box; ``eye`` is where they start, as a voxel index."""
    shape = np.array(view.shape)
    along = view.rays().reshape(-1, 3) * (1.0, -1.0, 1.0) * shape / view.edges
    with np.errstate(divide="ignore"):  # a ray along a side of the box meets it at infinity
        one, other = (-0.5 - eye) / along, (shape - 0.5 - eye) / along
    enter, leave = np.minimum(one, other).max(axis=1), np.maximum(one, other).min(axis=1)
    pixel = np.flatnonzero(enter < leave)
    plane, row, col = along[pixel].T
    return _Rays(
        pixel=pixel,
        plane=(plane / col).astype(np.float32),
        row=(row / col).astype(np.float32),
        step=np.abs(view.shape[2] / slices / col).astype(np.float32),
        light=np.zeros((3, len(pixel)), np.float32),
        clear=np.ones(len(pixel), np.float32),
    )


def _store(picture: Singles, rays: _Rays) -> None:
    """Put what the rays have gathered into the picture (4, pixel)."""
    picture[:3, rays.pixel] = rays.light
    picture[3, rays.pixel] = rays.clear


def _by_column(block: Singles) -> Singles:
    """Return the volume as (col, plane, row), with a border of one round every slice."""
    return np.pad(np.moveaxis(block, 2, 0), ((0, 0), (1, 1), (1, 1)), mode="edge")


def _between(slices: Singles, position: float) -> Singles:
    """Return the slice at a position between two slices; the outermost ones reach to the sides."""
    inside = min(max(position, 0.0), len(slices) - 1.0)
    before = int(inside)
    after = min(before + 1, len(slices) - 1)
    share = np.float32(inside - before)
    return np.asarray((1 - share) * slices[before] + share * slices[after])


def _cross(
    rays: _Rays,
    at: tuple[Singles, Singles],
    here: tuple[Singles, Singles],
    colours: Singles,
    extinction: Singles,
) -> None:
    """Let the rays cross one slice, and gather its light.

    Args:
        rays: changed in place.
        at: the plane and the row at which each ray crosses.
        here: the table entries and the lamp of the slice, (plane, row), with a border of one.
        colours: (3, entry).
        extinction: (entry,).
    """
    entries, lamp = here
    met, plane, row = _inside(at, entries.shape)
    width = entries.shape[1]
    above, left = np.floor(plane), np.floor(row)
    corner = above.astype(np.intp) * width + left.astype(np.intp)
    entry = _bilinear(entries.ravel(), corner, width, plane - above, row - left)
    level = (entry + np.float32(0.5)).astype(np.intp)
    thickness = extinction.take(level, mode="clip")
    seen = np.flatnonzero(thickness > 0)
    met, level = met[seen], level[seen]
    # The lamp varies slowly: that of the nearest voxel will do.
    nearest = np.rint(plane[seen]).astype(np.intp) * width + np.rint(row[seen]).astype(np.intp)
    before = rays.clear[met]
    after = before * np.exp(-thickness[seen] * rays.step[met])
    sent = (before - after) * lamp.ravel().take(nearest, mode="clip")
    for light, colour in zip(rays.light, colours, strict=True):
        light[met] += sent * colour.take(level, mode="clip")
    rays.clear[met] = after


def _inside(
    at: tuple[Singles, Singles], bordered: tuple[int, ...]
) -> tuple[Indices, Singles, Singles]:
    """Return which rays cross within the slice, and where, in indices of the bordered slice."""
    plane, row = at
    last_plane, last_row = bordered[0] - 2.5, bordered[1] - 2.5
    met = np.flatnonzero((plane >= -0.5) & (plane < last_plane) & (row >= -0.5) & (row < last_row))
    return met, plane[met] + 1, row[met] + 1


def _bilinear(flat: Singles, corner: Indices, width: int, down: Singles, right: Singles) -> Singles:
    """Return the values ``down`` and ``right`` (0 to 1) of the corners in a flattened slice."""
    # No index is ever clipped here: with this mode numpy takes without checking first.
    upper = flat.take(corner, mode="clip")
    upper += right * (flat.take(corner + 1, mode="clip") - upper)
    lower = flat.take(corner + width, mode="clip")
    lower += right * (flat.take(corner + width + 1, mode="clip") - lower)
    return np.asarray(upper + down * (lower - upper))

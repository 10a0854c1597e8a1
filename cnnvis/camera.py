"""Where the box of a volume stands in a still picture: one fixed view for all volumes of a shape.

Points are (plane, row, col) indices: voxel i has its middle at i and reaches half a voxel to either
side. In the picture the planes run from left to right, the rows downwards, and the first plane is
seen from its front, not mirrored.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cnnvis.errors import CnnvisError

Floats = npt.NDArray[np.float64]
Shape = tuple[int, int, int]
Spacing = tuple[float, float, float]

_VIEW = (-1.0, 0.62, 1.45)  # from the centre of the box to the eye: along planes, up, along columns
_DISTANCE = 2.3  # of the eye from the centre of the box, in diagonals of the box
_MARGIN = 0.085  # left free round the box, share of the picture

ORDER_EDGE = 1.3
"""Length of the plane axis where no spacing is given, in longer sides of a plane."""


@dataclass(frozen=True, eq=False)
class Camera:
    """A perspective view of the box of a volume. Made by :func:`camera`.

    Attributes:
        shape: voxels along (plane, row, col).
        edges: (3,) lengths of the box in the world along (plane, up, col); the longest is 1.
        size: (cols, rows) of the picture in pixels.
        eye: (3,) position of the eye in the world; the centre of the box is the origin.
        axes: (3, 3) unit vectors right, up and forward, one per row.
        zoom: pixels per unit of tangent.
        middle: (row, col) of the position straight ahead, in pixels.
    """

    shape: Shape
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

    def index(self, world: npt.ArrayLike) -> Floats:
        """Return the voxel indices (point, 3) of world coordinates (point, 3)."""
        share = np.asarray(world, float) * (1.0, -1.0, 1.0) / self.edges
        return np.asarray((share + 0.5) * self.shape - 0.5)

    def project(self, points: npt.ArrayLike) -> Floats:
        """Return where voxel indices (point, 3) are seen: (point, 2) = (row, col) in pixels.

        Positions are continuous: the first pixel reaches from 0 to 1.
        """
        right, up, forward = self.axes @ (self.world(points) - self.eye).T
        row = self.middle[0] - self.zoom * up / forward
        col = self.middle[1] + self.zoom * right / forward
        return np.stack([row, col], axis=1)

    def distance(self, points: npt.ArrayLike) -> Floats:
        """Return how far voxel indices (point, 3) are from the eye, in the world: (point,)."""
        return np.asarray(np.linalg.norm(self.world(points) - self.eye, axis=1))

    def rays(self) -> Floats:
        """Return the direction, of length 1, of the ray through each pixel: (row, col, 3)."""
        cols, rows = self.size
        right = (np.arange(cols) + 0.5 - self.middle[1]) / self.zoom
        up = (self.middle[0] - np.arange(rows) - 0.5) / self.zoom
        rays = right[None, :, None] * self.axes[0] + up[:, None, None] * self.axes[1] + self.axes[2]
        return np.asarray(rays / np.linalg.norm(rays, axis=2, keepdims=True))

    def corners(self) -> Floats:
        """Return the eight corners of the box as voxel indices (8, 3), the column fastest."""
        far = np.array(self.shape) - 0.5
        return np.array([np.where(bits, far, -0.5) for bits in np.ndindex(2, 2, 2)])


def camera(
    shape: Shape, *, spacing: Spacing | None = None, size: tuple[int, int] = (600, 450)
) -> Camera:
    """Return the camera for volumes of ``shape`` (plane, row, col); their box fills the picture.

    Args:
        shape: voxels along (plane, row, col).
        spacing: distance between voxels along (plane, row, col). None: voxels are square in a
            plane, and the plane axis is 1.3 times as long as a plane, whatever their number.
        size: (cols, rows) of the picture in pixels.

    Raises:
        CnnvisError: no volume, no picture, or a spacing that is not positive.

    >>> view = camera((4, 6, 6), size=(200, 100))
    >>> rows, cols = view.project(view.corners()).T
    >>> bool(rows.min() >= 0 and rows.max() <= 100 and cols.min() >= 0 and cols.max() <= 200)
    True
    """
    steps = spacing or (ORDER_EDGE * max(shape[1:]) / shape[0] if shape[0] else 0.0, 1.0, 1.0)
    if min(*shape, *size) < 1 or min(steps) <= 0:
        raise CnnvisError(
            "a picture of a volume needs voxels, pixels and a spacing above 0; got shape "
            f"{shape}, size {size} and spacing {spacing}."
        )
    edges = np.array(shape) * steps
    edges = edges / edges.max()
    towards_eye = np.array(_VIEW) / np.linalg.norm(_VIEW)
    right = np.cross((0.0, 1.0, 0.0), towards_eye)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(towards_eye, right), -towards_eye])
    eye = towards_eye * _DISTANCE * float(np.linalg.norm(edges))
    return _fitted(Camera(shape, edges, size, eye, axes, 1.0, (0.0, 0.0)))


def _fitted(plain: Camera) -> Camera:
    """Return the camera with zoom and middle chosen so that the box fills the picture."""
    seen = plain.project(plain.corners())
    low, high = seen.min(axis=0), seen.max(axis=0)
    cols, rows = plain.size
    free = 1 - 2 * _MARGIN
    zoom = float(min(rows * free / (high - low)[0], cols * free / (high - low)[1]))
    row, col = np.array((rows, cols)) / 2 - zoom * (low + high) / 2
    return replace(plain, zoom=zoom, middle=(float(row), float(col)))

"""Windows and places: which pixels a unit sees, and where an input pixel lies on the photo."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import ImageError


@dataclass(frozen=True)
class ReceptiveField:
    """What the units along one axis see of the image, in pixels, padding counted as pixels outside.

    Unit ``i`` sees the pixels from ``start + i * stride`` to ``start + i * stride + size - 1``.
    A stride of 0 says that every unit sees the same pixels.
    """

    size: int
    stride: int
    start: int

    def __post_init__(self) -> None:
        """Refuse an empty window."""
        if self.size < 1 or self.stride < 0:
            raise ValueError(f"a window has a size >= 1 and a stride >= 0, not {self}")

    def then(
        self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
    ) -> "ReceptiveField":
        """Return the field behind one more convolution or pooling; ``padding`` is the one before.

        >>> PIXEL.then(11, 4, 2).then(3, 2).then(5, 1, 2)  # the second convolution of AlexNet
        ReceptiveField(size=51, stride=8, start=-18)
        """
        return ReceptiveField(
            size=self.size + dilation * (kernel - 1) * self.stride,
            stride=self.stride * stride,
            start=self.start - padding * self.stride,
        )

    def centre(self, unit: int) -> float:
        """Return the middle of what ``unit`` sees, in pixels (the first pixel's middle is 0).

        >>> ReceptiveField(size=11, stride=4, start=-2).centre(1)
        7.0
        """
        return self.start + unit * self.stride + (self.size - 1) / 2

    def at_stride(self, stride: int, units: int) -> "ReceptiveField":
        """Return the smallest field of another stride in which each of ``units`` sees as much.

        >>> ReceptiveField(size=8, stride=0, start=0).at_stride(2, units=4)
        ReceptiveField(size=14, stride=2, start=-6)
        """
        # The distance between the two grids is linear in the unit: its extremes are at the ends.
        drift = (units - 1) * (self.stride - stride)
        return ReceptiveField(self.size + abs(drift), stride, self.start + min(0, drift))


PIXEL = ReceptiveField(size=1, stride=1, start=0)
"""The field of a pixel of the image itself."""


def widest(*fields: ReceptiveField, units: int = 1) -> ReceptiveField:
    """Return the smallest field that covers all ``fields``, for operations that join branches.

    Branches of different strides (a gate computed from the whole image, multiplied onto a map) are
    brought to the largest of these strides, which takes the number of ``units`` along the axis.

    >>> widest(ReceptiveField(3, 2, -1), ReceptiveField(7, 2, -3))
    ReceptiveField(size=7, stride=2, start=-3)
    """
    stride = max(field.stride for field in fields)
    level = [field.at_stride(stride, units) for field in fields]
    start = min(field.start for field in level)
    end = max(field.start + field.size for field in level)
    return ReceptiveField(end - start, stride, start)


@dataclass(frozen=True)
class Frame:
    """The way from a photo to the network's input: resized, then cropped.

    ``photo`` and ``resized`` are (rows, cols), ``crop`` is (top, left, rows, cols) in the resized
    photo. Places are the middles of pixels, so that resizing keeps the borders of the photo where
    they are: ``photo = (input + top + 0.5) * photo_rows / resized_rows - 0.5``.

    Raises:
        ImageError: a size is not positive, or the crop leaves the resized photo.

    >>> frame = Frame(photo=(600, 400), resized=(300, 200), crop=(10, 20, 100, 100))
    >>> frame.to_photo([[0, 0]])
    array([[20.5, 40.5]])
    >>> frame.to_input(frame.to_photo([[3, 99]]))
    array([[ 3., 99.]])
    """

    photo: tuple[int, int]
    resized: tuple[int, int]
    crop: tuple[int, int, int, int]

    def __post_init__(self) -> None:
        """Refuse what cannot have come from resizing and cropping."""
        top, left, rows, cols = self.crop
        inside = 0 <= top <= self.resized[0] - rows and 0 <= left <= self.resized[1] - cols
        if min(*self.photo, *self.resized, rows, cols) < 1 or not inside:
            raise ImageError(
                f"{self} is no frame: sizes are at least 1, and the crop (top, left, rows, cols) "
                "lies inside the resized photo. Choose a crop no larger than the resized photo."
            )

    def to_photo(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return input places (point, [row, col]) as places on the photo."""
        return (_points(points) + self._corner + 0.5) * self._scale - 0.5

    def to_input(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return places on the photo (point, [row, col]) as places on the input, or beside it."""
        return (_points(points) + 0.5) / self._scale - 0.5 - self._corner

    @property
    def numbers(self) -> tuple[int, ...]:
        """The eight numbers of the frame, for files: photo, resized, crop."""
        return (*self.photo, *self.resized, *self.crop)

    @classmethod
    def from_numbers(cls, numbers: Sequence[int]) -> "Frame":
        """Return the frame that :attr:`numbers` came from."""
        a, b, c, d, top, left, rows, cols = (int(number) for number in numbers)
        return cls(photo=(a, b), resized=(c, d), crop=(top, left, rows, cols))

    @property
    def _corner(self) -> NDArray[np.float64]:
        return np.array(self.crop[:2], dtype=np.float64)

    @property
    def _scale(self) -> NDArray[np.float64]:
        return np.divide(self.photo, self.resized)


def _points(points: ArrayLike) -> NDArray[np.float64]:
    return np.array(points, dtype=np.float64).reshape(-1, 2)

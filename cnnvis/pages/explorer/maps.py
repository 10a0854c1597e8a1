"""Feature maps as bytes, each channel on a scale of its own, and statistics over all images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnvis.pages.explorer.packing import packed, rounded

LIMIT = 99.5
"""The percentile of magnitudes up to which colours go: single spikes would darken all the rest."""
PHOTOS = 3
"""How many of the images are named that a channel answers most to."""

Maps = NDArray[np.floating[Any]]


def as_bytes(maps: Maps) -> dict[str, Any]:
    """Return maps (channel, row, col) as bytes from 0 to 255, with the scale of each channel.

    ``low`` and ``high`` (channel,) are what 0 and 255 stand for: a value is known to 1/510 of the
    range of its own channel in this image.

    >>> as_bytes(np.array([[[0.0, 1.0]], [[3.0, 3.0]]]))["high"]["shape"]
    [2]
    """
    low, high = (part.astype(np.float32) for part in (maps.min((1, 2)), maps.max((1, 2))))
    least = low.astype(np.float64)[:, None, None]  # 255 / span may be too large for float32
    span = np.where(high > low, high - least[:, 0, 0], 1)[:, None, None]
    levels = np.rint((maps - least) * (255 / span)).clip(0, 255)
    return {
        "maps": packed(levels.astype(np.uint8), "uint8"),
        "low": packed(low, "float32"),
        "high": packed(high, "float32"),
    }


@dataclass
class Statistics:
    """What channels do over a set of images, added up image by image.

    Args:
        total, on: (channel,) the sum of all values, and the number of units above 0.
        peaks: of every image (channel,), the largest values.
        units: of a channel in an image.
        limits: of every image, the :data:`LIMIT` percentile of the magnitudes.
        signed: whether a value is below 0.
    """

    total: NDArray[np.float64]
    on: NDArray[np.float64]
    peaks: list[NDArray[np.float64]]
    units: int
    limits: list[float]
    signed: bool = False

    @classmethod
    def of(cls, channels: int, units: int) -> "Statistics":
        """Begin before the first image."""
        return cls(np.zeros(channels), np.zeros(channels), [], units, [])

    def add(self, maps: Maps) -> None:
        """Add the maps (channel, row, col) of the next image."""
        self.total += maps.sum((1, 2), dtype=np.float64)
        self.on += np.count_nonzero(maps > 0, axis=(1, 2))
        self.peaks.append(maps.max((1, 2)).astype(np.float64))
        magnitudes = np.abs(maps)
        self.limits.append(float(np.percentile(magnitudes, LIMIT)) or float(magnitudes.max()))
        self.signed = self.signed or bool((maps < 0).any())

    def summary(self, shown: Sequence[int]) -> dict[str, Any]:
        """Return the statistics of every channel, and the limit up to which colours go.

        ``mean``, ``maximum`` and ``on`` (the share of units above 0) are over all images, and the
        limit is the largest of all images'. ``photos`` (channel, some) are those of the images at
        the places ``shown`` with the largest values, counted among them; ``peaks`` are the values.
        """
        count = len(self.peaks) * self.units
        peaks = np.stack(self.peaks, axis=1)
        some = peaks[:, list(shown)]
        most = np.argsort(-some, axis=1, kind="stable")[:, :PHOTOS]
        return {
            "limit": rounded(max(self.limits) or 1.0),
            "signed": self.signed,
            "mean": rounded(self.total / count),
            "maximum": rounded(peaks.max(axis=1)),
            "on": rounded(self.on / count),
            "photos": most.tolist(),
            "peaks": rounded(np.take_along_axis(some, most, axis=1)),
        }

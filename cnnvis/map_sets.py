"""Maps of several methods for the same images, with what the network was shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnvis.boxes import NO_BOX, Box
from cnnvis.errors import MeasureError

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class MapSet:
    """Maps of images.

    Args:
        ids: (image,) names.
        photos: (image,) the photo that each image is of, or that is sought in it.
        targets: (image,) the class that is explained.
        methods: (method,) names.
        maps: (method, image, row, col).
        pictures: (image, row, col, 3), what the network was shown.
        marked: (image,) a box of each, such as the cell that is sought; :data:`NO_BOX` for none.

    Raises:
        MeasureError: they do not fit.
    """

    ids: tuple[str, ...]
    photos: tuple[str, ...]
    targets: tuple[int, ...]
    methods: tuple[str, ...]
    maps: NDArray[np.floating[Any]]
    pictures: Bytes
    marked: tuple[Box, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what does not fit; no mark stands for none at all."""
        if not self.marked:
            object.__setattr__(self, "marked", (NO_BOX,) * len(self.ids))
        count = len(self.ids)
        size = self.maps.shape[2:]
        lengths = [len(one) for one in (self.photos, self.targets, self.marked)]
        if (
            lengths != [count] * 3
            or self.maps.shape[:2] != (len(self.methods), count)
            or self.pictures.shape != (count, *size, 3)
        ):
            raise MeasureError(
                f"{len(self.methods)} methods and {count} images need maps (method, image, row, "
                f"col), pictures (image, row, col, 3), and a photo, a target and a box each; got "
                f"maps {self.maps.shape}, pictures {self.pictures.shape} and {lengths}."
            )

    def map_of(self, method: str, image: str) -> NDArray[np.float64]:
        """Return one map (row, col)."""
        place = self.methods.index(method), self.ids.index(image)
        return np.asarray(self.maps[place], np.float64)

    def only(self, images: Sequence[str], methods: Sequence[str] | None = None) -> "MapSet":
        """Return the maps of some images, in that order, by all methods or some."""
        places = [self.ids.index(one) for one in images]
        rows = [self.methods.index(one) for one in methods or self.methods]
        return replace(
            self,
            ids=tuple(images),
            photos=tuple(self.photos[place] for place in places),
            targets=tuple(self.targets[place] for place in places),
            methods=tuple(self.methods[row] for row in rows),
            maps=self.maps[np.ix_(rows, places)],
            pictures=self.pictures[places],
            marked=tuple(self.marked[place] for place in places),
        )


def on_bytes(values: NDArray[np.floating[Any]]) -> Bytes:
    """Return grey images (image, row, col) from 0 to 1 as pictures (image, row, col, 3).

    >>> on_bytes(np.array([[[0.0, 1.0]]])).tolist()
    [[[[0, 0, 0], [255, 255, 255]]]]
    """
    grey = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)

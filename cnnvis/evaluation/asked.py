"""The images of a study as they are put to the test, and the class of each that is explained."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnvis import images, network
from cnnvis.geometry import Frame
from cnnvis.inputs import Inputs
from cnnvis.map_sets import Bytes


@dataclass(frozen=True, eq=False)
class Asked:
    """Images, all of them in memory.

    Args:
        ids: (image,) their names.
        pixels: (image, channel, row, col), prepared for the network.
        pictures: (image, row, col, 3), the same for people.
        frames: (image,) how each photo became the input.
        truth: (image,) the class that each truly is of; None where that is not known.
        best: (image,) the class that the network sees, which is explained.
    """

    ids: tuple[str, ...]
    pixels: NDArray[np.float32]
    pictures: Bytes
    frames: tuple[Frame, ...]
    truth: tuple[int | None, ...]
    best: tuple[int, ...]

    def some(self, count: int, first: str) -> "Asked":
        """Return so many images, evenly spaced, with one of them first.

        Args:
            count: images, or all there are.
            first: the id of one that is among them in any case.
        """
        others = [place for place, name in enumerate(self.ids) if name != first]
        spaced = np.linspace(0, len(others) - 1, min(count - 1, len(others))).round().astype(int)
        places = [self.ids.index(first), *(others[place] for place in spaced)]
        return Asked(
            ids=tuple(self.ids[place] for place in places),
            pixels=self.pixels[places],
            pictures=self.pictures[places],
            frames=tuple(self.frames[place] for place in places),
            truth=tuple(self.truth[place] for place in places),
            best=tuple(self.best[place] for place in places),
        )


def ask(given: Inputs, *, batch: int = 4) -> Asked:
    """Return the images of a study with the class that the network sees in each.

    Raises:
        ImageError: a photo cannot be read.
        NetworkError: the network gives no finite scores.
    """
    parts = list(given.batches(batch))
    scores = [
        network.record(given.net, part.pixels, [given.net.scores])[given.net.scores]
        for part in parts
    ]
    return Asked(
        ids=tuple(name for part in parts for name in part.names),
        pixels=np.concatenate([part.pixels for part in parts]),
        pictures=np.stack(list(_pictures(given, parts))),
        frames=tuple(frame for part in parts for frame in part.frames),
        truth=tuple(label.class_index for label in given.labels),
        best=tuple(int(unit) for part in scores for unit in part.flatten(1).argmax(dim=1)),
    )


def _pictures(given: Inputs, parts: list[images.Batch]) -> Iterator[NDArray[Any]]:
    """Yield what the network sees of each photo, as a photo."""
    photos, interpolation = images.Photos(given.rows), given.preprocessing.interpolation
    for part in parts:
        for name, frame in zip(part.names, part.frames, strict=True):
            yield images.shown(photos[name], frame, interpolation=interpolation)

"""Starts: the units that backtracks begin at."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from cnnvis.backtrack.points import Ints
from cnnvis.backtrack.record import Values, as_array
from cnnvis.errors import BacktrackError


@dataclass(frozen=True, eq=False)
class Starts:
    """Units that backtracks begin at, each on its own.

    Args:
        image: (start,) int64, the image of the batch.
        index: (start, dimension) int64, the unit: (channel, row, col), or (unit,).
        node: name of the node that the units belong to.
    """

    image: Ints
    index: Ints
    node: str

    @classmethod
    def of(cls, node: str, *, image: ArrayLike, index: ArrayLike) -> "Starts":
        """Return starts from plain lists.

        >>> len(Starts.of("features.3", image=[0, 0], index=[[5, 1, 2], [5, 1, 3]]))
        2
        """
        return cls(np.asarray(image, dtype=np.int64), np.asarray(index, dtype=np.int64), node)

    @classmethod
    def ranked(cls, node: str, targets: ArrayLike) -> "Starts":
        """Return the units of a vector, several for each image of a batch, image after image.

        Args:
            node: whose units they are, such as the scores.
            targets: (image, rank).

        >>> starts = Starts.ranked("fc", [[7, 3], [5, 0]])
        >>> starts.image.tolist(), starts.index.tolist()
        ([0, 0, 1, 1], [[7], [3], [5], [0]])
        """
        units = np.asarray(targets, dtype=np.int64)
        images, ranks = units.shape
        return cls(np.repeat(np.arange(images), ranks), units.reshape(-1, 1), node)

    @classmethod
    def best(cls, record: Mapping[str, Tensor], node: str, *, count: int = 1) -> "Starts":
        """Return the units with the highest activations of each image, the highest first.

        Args:
            record: node name -> activations (image, unit), from :func:`cnnvis.network.record`.
            node: whose units they are, such as the scores.
            count: units of each image; of equal ones the first counts.

        Raises:
            BacktrackError: the node was not recorded, has maps, or has fewer units.

        >>> scores = Tensor([[0.0, 3.0, 2.0], [5.0, 1.0, 1.0]])
        >>> Starts.best({"fc": scores}, "fc", count=2).index.tolist()
        [[1], [2], [0], [1]]
        """
        values = as_array(recorded(record, node))
        if values.ndim != 2 or not 1 <= count <= values.shape[1]:
            raise BacktrackError(
                f"the best units are counted from 1 to all of a vector; {node!r} has the shape "
                f"{values.shape[1:]}, and {count} were asked for"
            )
        return cls.ranked(node, np.argsort(-values, axis=1, kind="stable")[:, :count])

    @classmethod
    def channel(cls, record: Mapping[str, Tensor], node: str, *, channel: int) -> "Starts":
        """Return every unit of one channel that is on (above 0), in all images, each on its own.

        Args:
            record: node name -> maps (image, channel, row, col), of :func:`cnnvis.network.record`.
            node: whose channel it is.
            channel: its number.

        Raises:
            BacktrackError: the node was not recorded, has no maps or no such channel, or the
                channel is on nowhere.

        >>> maps = Tensor([[[[0.0, 2.0]], [[1.0, 0.0]]]])
        >>> Starts.channel({"conv": maps}, "conv", channel=1).index.tolist()
        [[1, 0, 0]]
        """
        maps = as_array(recorded(record, node))
        if maps.ndim != 4 or not 0 <= channel < maps.shape[1]:
            raise BacktrackError(f"{node!r} of shape {maps.shape[1:]} has no channel {channel}")
        image, row, col = (maps[:, channel] > 0).nonzero()
        if not len(image):
            raise BacktrackError(f"channel {channel} of {node!r} is on nowhere in these images")
        return cls(image, np.column_stack([np.full_like(row, channel), row, col]), node)

    @classmethod
    def highest(cls, record: Mapping[str, Tensor], node: str, *, count: int = 1) -> "Starts":
        """Return the highest units of every channel, in all images, each on its own.

        Image after image, channel after channel, the highest first; of equal ones the first counts.
        A channel has no more of them than are on (above 0): one that is on nowhere has none.

        Args:
            record: node name -> maps (image, channel, row, col), of :func:`cnnvis.network.record`.
            node: whose channels they are.
            count: units of each channel, at most.

        Raises:
            BacktrackError: the node was not recorded or has no maps, or no unit was asked for.

        >>> maps = Tensor([[[[0.0, 2.0, 3.0]], [[0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]]]])
        >>> Starts.highest({"conv": maps}, "conv", count=2).index.tolist()
        [[0, 0, 2], [0, 0, 1], [2, 0, 0]]
        """
        maps = as_array(recorded(record, node))
        if maps.ndim != 4 or count < 1:
            raise BacktrackError(
                f"the highest units of channels are counted from 1 up, in maps; {node!r} has the "
                f"shape {maps.shape[1:]}, and {count} were asked for"
            )
        place, value = _largest(maps.reshape(*maps.shape[:2], -1), count)
        on = ~(value <= 0)  # NaN counts as on, for the walk to refuse it
        image, channel, _ = on.nonzero()
        row, col = np.divmod(place[on], maps.shape[3])
        return cls(image, np.column_stack([channel, row, col]), node)

    def __len__(self) -> int:
        """Count the starts."""
        return len(self.image)


def _largest(values: Values, count: int) -> tuple[Ints, Values]:
    """Return where the largest values along the last axis are, the largest first, and the values.

    One after the other: they are few, and sorting all others takes longer.
    """
    left = values
    places: list[Ints] = []
    found: list[Values] = []
    for number in range(min(count, values.shape[-1])):
        if number:
            left = left.copy() if number == 1 else left
            np.put_along_axis(left, places[-1], -np.inf, axis=-1)
        places.append(left.argmax(axis=-1, keepdims=True))
        found.append(np.take_along_axis(left, places[-1], axis=-1))
    return np.concatenate(places, axis=-1), np.concatenate(found, axis=-1)


def recorded(record: Mapping[str, Tensor], name: str) -> Tensor:
    """Return the activations of the node that a walk starts at.

    Raises:
        BacktrackError: they were not recorded.
    """
    if name not in record:
        raise BacktrackError(
            f"a walk that starts at {name!r} needs its activations; recorded are "
            f"{', '.join(map(repr, record)) or 'none'}. Record the nodes that "
            "cnnvis.backtrack.needed(net, start_node) lists"
        )
    return record[name]


def check(starts: Starts, activations: Tensor) -> None:
    """Refuse starts that do not exist, or whose activation is no finite number.

    Raises:
        BacktrackError: saying which.
    """
    dimensions = activations.ndim - 1
    if starts.index.shape != (len(starts), dimensions) or len(starts) == 0:
        raise BacktrackError(
            f"starts at {starts.node!r} are one image and one unit of {dimensions} numbers each, "
            f"one start or more; got images of shape {starts.image.shape} and units of shape "
            f"{starts.index.shape}"
        )
    where = np.column_stack([starts.image, starts.index])
    outside = ((where < 0) | (where >= activations.shape)).any(1)
    if outside.any():
        raise BacktrackError(
            f"no (image, unit) {tuple(where[outside][0].tolist())} at {starts.node!r}, whose last "
            f"one is {tuple(size - 1 for size in activations.shape)}"
        )
    value = as_array(activations)[tuple(where.T)]
    strange = ~np.isfinite(value)
    if strange.any():
        raise BacktrackError(
            f"the activation of a start at {starts.node!r} is {value[strange][0]}: look for "
            "NaN and inf in the weights and in the images"
        )

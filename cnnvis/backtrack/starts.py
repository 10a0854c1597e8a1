"""Starts: the units that backtracks begin at."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from cnnvis.backtrack.points import Ints
from cnnvis.backtrack.record import as_array
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

    def __len__(self) -> int:
        """Count the starts."""
        return len(self.image)


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

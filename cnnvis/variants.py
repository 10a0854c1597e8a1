"""Variants: one photo walked back with several choices of the method."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnvis.errors import BacktrackError
from cnnvis.geometry import Frame

OWN, WINNER, KEPT = "own", "winner", "k"
"""Why a variant is there: it is what the study itself chose, or one of the compared choices."""


@dataclass(frozen=True, eq=False)
class Variant:
    """One backtrack of the photo.

    Args:
        kind: :data:`OWN`, :data:`WINNER` or :data:`KEPT`.
        name: what tells it from the others of its kind.
        choice: winner, position and k, as words.
        index: (point, [row, col]), the pixels of the network's input that it ended at.
        weight: (point,) of the 1 that it began with.
        points: how many units it came to, in all layers together.
    """

    kind: str
    name: str
    choice: Mapping[str, str]
    index: NDArray[np.int64]
    weight: NDArray[np.float64]
    points: int

    @property
    def arrived(self) -> float:
        """The weight that reached the pixels."""
        return float(self.weight.sum())


@dataclass(frozen=True, eq=False)
class Milestone:
    """A node at which a walk is shown.

    Args:
        kind: its operation, such as Conv2d.
        mean: (row, col), the mean map over the channels; None where there are no rows and columns.
    """

    kind: str
    mean: NDArray[np.float32] | None


@dataclass(frozen=True, eq=False)
class Variants:
    """All variants of one photo.

    Args:
        image: its id.
        target: the class that they begin at.
        frame: how the photo became the input.
        found: the variants; the study's own is the first.
        milestones: the nodes at which a walk is shown, by their names, from the input on.
    """

    image: str
    target: int
    frame: Frame
    found: tuple[Variant, ...]
    milestones: Mapping[str, Milestone]

    def __post_init__(self) -> None:
        """Refuse variants of which the first is not the study's own, or that no node shows."""
        if not self.found or self.found[0].kind != OWN or not self.milestones:
            raise BacktrackError(
                "variants begin with the study's own, and are shown at one node or more; got the "
                f"kinds {[one.kind for one in self.found]} and {len(self.milestones)} nodes."
            )

    @property
    def own(self) -> Variant:
        """What the study itself chose."""
        return self.found[0]

    @property
    def k_matters(self) -> bool:
        """Whether any k leads to other pixels than another: whether a layer on the way uses it."""
        first, *others = self.of(KEPT) or (self.own,)
        return any(
            not np.array_equal(one.index, first.index)
            or not np.array_equal(one.weight, first.weight)
            for one in others
        )

    def of(self, kind: str) -> tuple[Variant, ...]:
        """Return the variants of one kind, in their order."""
        return tuple(one for one in self.found if one.kind == kind)

    def reference(self, kind: str) -> Variant:
        """Return what the variants of a kind are compared with.

        It is the study's own variant for winners; for k the one that keeps most: all, or the last.
        """
        members = self.of(kind)
        if kind != KEPT or not members:
            return self.own
        return next((one for one in members if one.choice["k"] == "all"), members[-1])

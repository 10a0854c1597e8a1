"""What is measured of an attribution map, as a table: names, which end is good, what chance gives.

The rows of a result name a metric by its key here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

HIGH, LOW, NEITHER = "high", "low", ""
"""Which values are good; sparseness is no merit."""

CHANCE, CENTRED_BOX = "chance", "centred_box"
"""In the place of a method: what a map of nothing reaches, and a box in the middle of a photo."""

PERTURBATION, PLACE, SHAPE = "perturbation", "place", "shape"
"""Kinds: what pixels do to the score, whether the object is found, how sharp a map is."""


@dataclass(frozen=True)
class Measure:
    """A metric of maps.

    Args:
        kind: of :data:`PERTURBATION`, :data:`PLACE` and :data:`SHAPE`.
        title: what it is called in a figure.
        better: which values are good, of :data:`HIGH`, :data:`LOW` and :data:`NEITHER`.
        asks: what it asks, in a few words.
    """

    kind: str
    title: str
    better: str
    asks: str


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "deletion": Measure(
            PERTURBATION, "deletion", LOW, "does the class go with the pixels marked first?"
        ),
        "insertion": Measure(
            PERTURBATION, "insertion", HIGH, "does the class come with the pixels marked first?"
        ),
        "morf": Measure(PERTURBATION, "MoRF", LOW, "the same as deletion, by squares of noise"),
        "lerf": Measure(
            PERTURBATION, "LeRF", HIGH, "does the class stay without the pixels marked last?"
        ),
        "road_morf": Measure(
            PERTURBATION, "ROAD, MoRF", LOW, "does the class go with pixels made up from the rest?"
        ),
        "road_lerf": Measure(
            PERTURBATION, "ROAD, LeRF", HIGH, "does the class stay with pixels made up?"
        ),
        "energy": Measure(PLACE, "energy on the object", HIGH, "how much of the map lies on it?"),
        "pointing": Measure(PLACE, "pointing game", HIGH, "does its largest value lie on it?"),
        "grid_pointing": Measure(
            PLACE, "grid pointing", HIGH, "among four photos, how much lies on that of the class?"
        ),
        "localisation": Measure(
            PLACE, "box right at overlap .5", HIGH, "does a box round its high values fit?"
        ),
        "max_box_accuracy": Measure(
            PLACE, "box right, mean of .3, .5, .7", HIGH, "the same at three overlaps"
        ),
        "gini": Measure(SHAPE, "sparseness (Gini)", NEITHER, "how few pixels hold what it says?"),
    }
)
"""The metrics by name."""


def is_better(metric: str, one: float, other: float) -> bool:
    """Tell whether the first of two values is the better one.

    >>> is_better("deletion", 0.1, 0.2), is_better("insertion", 0.1, 0.2), is_better("gini", 1, 0)
    (True, False, False)
    """
    sign = {HIGH: 1.0, LOW: -1.0, NEITHER: 0.0}[MEASURES[metric].better]
    return sign * (one - other) > 0

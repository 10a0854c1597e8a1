"""What was measured of explanations, in the form that figures take."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnvis import map_file, method_names, metrics
from cnnvis.boxes import NO_BOX
from cnnvis.map_sets import MapSet
from cnnvis.metrics.measures import CHANCE, MEASURES
from cnnvis.predictions import class_name

if TYPE_CHECKING:
    import pandas as pd


CONTROLS = ("centre", "edges", CHANCE)
"""What stands beside the methods compared in every case, where it was measured."""


def cases(
    path: str | os.PathLike[str] | None,
    measures: "pd.DataFrame",
    metric: str,
    names: Sequence[str],
    drawn: Sequence[str],
) -> list[dict[str, Any]]:
    """Return every image with its picture, some of its maps, and what they reach on it.

    Args:
        path: of a maps file; None for none.
        measures: a row for each image, method and metric.
        metric: whose values are wanted.
        names: of the classes.
        drawn: methods whose maps are wanted, as far as they are in the file.

    Returns:
        The fields of :class:`cnnvis.figures.cases.Case`, one image each, with the values of these
        methods and of :data:`CONTROLS`; none where none of the methods is in the file, or where
        the metric was not measured.
    """
    if path is None:
        return []
    maps = map_file.read(path)
    methods = [name for name in drawn if name in maps.methods]
    rows = measures[measures["metric"] == metric]
    found = []
    for place, image in enumerate(maps.ids):
        own = rows[rows["image"] == image]
        if methods and not own.empty:
            box = maps.marked[place]
            found.append(
                {
                    "title": _title(image, maps.photos[place], maps.targets[place], names),
                    "photo": maps.pictures[place],
                    "maps": {name: maps.map_of(name, image) for name in methods},
                    "values": {
                        name: value
                        for name, value in zip(own["method"], own["value"], strict=True)
                        if name in (*drawn, *CONTROLS)
                    },
                    "box": None if box == NO_BOX else box,
                }
            )
    return found


def _title(image: str, photo: str, target: int, names: Sequence[str]) -> str:
    """Return what an image is called: itself, or what is sought in it, and the class."""
    what = image if image == photo else f"{photo} in {image}"
    return f"{what}: {class_name(target, names)}"


def drawn(methods: Sequence[str], references: Sequence[str]) -> list[str]:
    """Return the methods whose maps stand side by side: the first, and references that look.

    >>> drawn(["backtrack", "centre", "grad_cam"], ["grad_cam", "centre"])
    ['backtrack', 'grad_cam']
    """
    looking = [name for name in references if method_names.looks_at_the_network(name)]
    return [name for name in dict.fromkeys([methods[0], *looking]) if name in methods]


def pair(cases: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the method of cases, and the reference to compare it with; "" where there is none."""
    first, *others = cases[0]["maps"]
    return {"method": first, "reference": others[0] if others else ""}


def title_of_cases(where: str, metric: str, cases: Sequence[Mapping[str, Any]]) -> str:
    """Return the title of a figure of cases.

    >>> title_of_cases("vgg16", "grid_pointing", [{"maps": {"backtrack": 0}}])
    'vgg16, grid pointing: where backtracking does best, and where worst'
    """
    method = method_names.title(pair(cases)["method"])
    return f"{where}, {MEASURES[metric].title}: where {method} does best, and where worst"


def likeness(stages: MapSet) -> dict[str, NDArray[np.float64]]:
    """Return Spearman's correlation (stage,) of each method's maps with the first stage's."""
    return {
        method: metrics.spearman(np.broadcast_to(maps[:1], maps.shape), maps)
        for method, maps in zip(stages.methods, stages.maps, strict=True)
    }

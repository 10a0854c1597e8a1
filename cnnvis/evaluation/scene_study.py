"""Explanations of a small network on scenes whose truth is known, pixel by pixel."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cnnvis import metrics, network, scenes
from cnnvis.errors import NetworkError
from cnnvis.evaluation import photos
from cnnvis.evaluation.chosen import Chosen
from cnnvis.evaluation.explaining import explain
from cnnvis.map_sets import MapSet, on_bytes
from cnnvis.network.graph import Network
from cnnvis.perturbation import Protocol
from cnnvis.progress import Watch, unwatched
from cnnvis.scenes import Scenes

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1.0
"""Of the pointing game, in pixels: scenes are small, and digits in them apart."""


def measured(
    net: Network,
    shown: Scenes,
    methods: Sequence[Chosen],
    protocols: Mapping[str, Protocol],
    *,
    seed: int = 0,
    watch: Watch[int] = unwatched,
) -> tuple["pd.DataFrame", "pd.DataFrame", MapSet, Mapping[str, str]]:
    """Return what is measured of every method on those scenes that the network names rightly.

    Where it is wrong the target's digit is not the reason for what it says.

    Args:
        net: the network.
        shown: scenes that it was not trained on.
        methods: those to measure.
        protocols: by the names that they have in the tables.
        seed: of the order of equal pixels and of noise.
        watch: is passed the places of the scenes.

    Returns:
        Tables as :func:`cnnvis.evaluation.photos.by_pixels` gives them, the first with all metrics;
        the maps; and why methods were refused.

    Raises:
        NetworkError: no scene is named rightly.
    """
    import pandas as pd

    scores = network.record(net, shown.images, [net.scores])[net.scores]
    right = np.flatnonzero(scores.argmax(dim=1).numpy() == shown.labels)
    if not len(right):
        raise NetworkError(
            f"the network names none of {len(shown)} scenes rightly; train it on more scenes."
        )
    ids = tuple(scenes.name(place) for place in right.tolist())
    pixels, labels = shown.images[right], shown.labels[right]
    found = explain(net, pixels, labels, methods)
    maps = MapSet(
        ids=ids,
        photos=ids,
        targets=tuple(labels.tolist()),
        methods=found.names,
        maps=found.maps,
        pictures=on_bytes(pixels[:, 0]),
    )
    areas, curves = photos.by_pixels(
        net,
        photos.Shown(ids, pixels, maps.targets, found.names, found.maps),
        protocols,
        seed=seed,
        watch=watch,
    )
    boxes = {name: (_box(shown, place),) for name, place in zip(ids, right.tolist(), strict=True)}
    masks = {name: shown.masks[place] for name, place in zip(ids, right, strict=True)}
    other = metrics.energy(found.maps, shown.distractors[right])
    tables = [
        areas,
        photos.by_place(ids, found.names, found.maps, boxes, masks, tolerance=TOLERANCE),
        photos.rows(ids, ids, found.names, "energy_on_others", other),
        photos.by_shape(ids, found.names, found.maps),
    ]
    return pd.concat(tables, ignore_index=True), curves, maps, found.refused


def _box(shown: Scenes, place: int) -> tuple[int, int, int, int]:
    row0, col0, row1, col1 = shown.boxes[place].tolist()
    return row0, col0, row1, col1

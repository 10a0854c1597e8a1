"""Maps measured on photos: what their pixels do to the class, and whether they find the object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnvis import metrics, perturbation
from cnnvis.boxes import Box
from cnnvis.metrics.maps import Maps, checked
from cnnvis.metrics.measures import CENTRED_BOX, CHANCE
from cnnvis.network.graph import Network
from cnnvis.perturbation import Protocol
from cnnvis.progress import Watch, unwatched

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 6
"""Digits after the point in tables."""

COLUMNS = ("image", "photo", "method", "metric", "value")
"""What a table of measures has in a row; a mosaic is an image, the photo the one sought in it."""

CURVE_COLUMNS = ("image", "photo", "method", "protocol", "share", "value")


@dataclass(frozen=True, eq=False)
class Shown:
    """Images as a network is shown them, with their maps.

    Args:
        ids: (image,) their names.
        pixels: (image, channel, row, col).
        targets: (image,) the class that is explained.
        methods: (method,) names.
        maps: (method, image, row, col).
    """

    ids: tuple[str, ...]
    pixels: NDArray[np.floating[Any]]
    targets: tuple[int, ...]
    methods: tuple[str, ...]
    maps: Maps


def by_pixels(
    net: Network,
    shown: Shown,
    protocols: Mapping[str, Protocol],
    *,
    seed: int = 0,
    watch: Watch[int] = unwatched,
) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Return the areas under the curves of all protocols, and the curves themselves.

    Args:
        net: the network.
        shown: images and maps.
        protocols: by the names that they have in the tables.
        seed: of the order of equal pixels and of noise.
        watch: is passed the places of the images.

    Returns:
        A row for each image, method and protocol (columns :data:`COLUMNS`), and a row for each of
        their steps (columns :data:`CURVE_COLUMNS`).

    Raises:
        MeasureError: maps and images do not fit.
    """
    import pandas as pd

    areas: list[pd.DataFrame] = []
    steps: list[tuple[str, str, str, str, float, float]] = []
    for image in watch(range(len(shown.ids)), "photos"):
        names, part = shown.ids[image : image + 1], slice(image, image + 1)
        for protocol, how in protocols.items():
            found = perturbation.curves(
                net, shown.pixels[part], shown.maps[:, part], shown.targets[part], how, seed=seed
            )
            areas.append(rows(names, names, shown.methods, protocol, found.area))
            steps += [
                (*names, *names, method, protocol, share, value)
                for method, of_method in zip(shown.methods, found.values[:, 0], strict=True)
                for share, value in zip(found.shares.tolist(), of_method.tolist(), strict=True)
            ]
    return (
        pd.concat(areas, ignore_index=True),
        pd.DataFrame(steps, columns=list(CURVE_COLUMNS)).round(DIGITS),
    )


def by_place(
    ids: Sequence[str],
    methods: Sequence[str],
    maps: Maps,
    truth: Mapping[str, Sequence[Box]],
    masks: Mapping[str, NDArray[np.bool_]] | None = None,
    *,
    tolerance: float = metrics.TOLERANCE,
) -> "pd.DataFrame":
    """Return whether maps find the objects of those images in which they are known.

    Beside the methods stand chance, wherever it has a value, and a box in the middle. The level at
    which an image's map is cut is chosen on the other images, for each method and each overlap, and
    so is the size of the box in the middle.

    Args:
        ids: (image,) names.
        methods: (method,) names.
        maps: (method, image, row, col).
        truth: boxes of the objects by the name of the image, in pixels of the map.
        masks: (row, col) the pixels of the objects, where they are known better than by boxes.
        tolerance: of the pointing game, see :func:`cnnvis.metrics.pointing`.

    Returns:
        A row for each image, method and metric (columns :data:`COLUMNS`); none without boxes.
    """
    import pandas as pd

    known = [place for place, name in enumerate(ids) if truth.get(name)]
    if not known:
        return pd.DataFrame(columns=list(COLUMNS))
    some, boxes = checked(maps)[:, known], [truth[ids[place]] for place in known]
    shape = (some.shape[-2], some.shape[-1])
    objects = metrics.masks(boxes, shape)
    if masks is not None:
        objects = np.stack([masks[ids[place]] for place in known])
    found = {
        "energy": (
            (*methods, CHANCE),
            _with(metrics.energy(some, objects), metrics.energy_chance(objects)),
        ),
        "pointing": (
            (*methods, CHANCE),
            _with(
                metrics.pointing(some, objects, tolerance=tolerance),
                metrics.pointing_chance(objects, tolerance=tolerance),
            ),
        ),
    }
    if len(known) > 1:  # else there are no others to choose a level on
        for metric, values in _boxes_right(some, boxes, shape).items():
            found[metric] = (*methods, CENTRED_BOX), values
    names = [ids[place] for place in known]
    return pd.concat(
        [rows(names, names, of, metric, values) for metric, (of, values) in found.items()],
        ignore_index=True,
    )


def _boxes_right(
    maps: Maps, boxes: Sequence[Sequence[Box]], shape: tuple[int, int]
) -> dict[str, NDArray[np.float64]]:
    """Return (method, image) how right boxes are by metric, the box in the middle as the last."""
    right = metrics.left_out_accuracy(metrics.overlaps(maps, boxes))
    centred = metrics.left_out_accuracy(metrics.centred_overlaps(boxes, shape))
    half = metrics.BARS.index(0.5)
    return {
        "localisation": _with(right[..., half], centred[..., half]),
        "max_box_accuracy": _with(right.mean(axis=-1), centred.mean(axis=-1)),
    }


def by_shape(ids: Sequence[str], methods: Sequence[str], maps: Maps) -> "pd.DataFrame":
    """Return how sparse maps (method, image, row, col) are, a row for each image and method."""
    return rows(ids, ids, methods, "gini", metrics.gini(maps))


def rows(
    images: Sequence[str],
    photos: Sequence[str],
    methods: Sequence[str],
    metric: str,
    values: NDArray[np.float64],
) -> "pd.DataFrame":
    """Return values (method, image) of one metric as rows, with the columns :data:`COLUMNS`.

    >>> rows(["a"], ["a"], ["centre"], "gini", np.array([[0.5]])).to_dict("records")
    [{'image': 'a', 'photo': 'a', 'method': 'centre', 'metric': 'gini', 'value': 0.5}]
    """
    import pandas as pd

    found = [
        (image, photo, method, metric, float(value))
        for method, of_method in zip(methods, values, strict=True)
        for image, photo, value in zip(images, photos, of_method, strict=True)
    ]
    return pd.DataFrame(found, columns=list(COLUMNS)).round(DIGITS)


def _with(values: NDArray[np.float64], control: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values (method, image) with a control (image,) as the last method."""
    return np.concatenate([values, control[None]])

"""Sanity checks of several methods: random layers, other classes, small changes of the images."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnvis import attribution, metrics, sanity
from cnnvis.evaluation.asked import Asked
from cnnvis.evaluation.chosen import Chosen
from cnnvis.map_sets import MapSet
from cnnvis.network.graph import Network
from cnnvis.progress import Watch, unwatched
from cnnvis.sanity import Pair

if TYPE_CHECKING:
    import pandas as pd

INTACT = "intact"
"""The stage of a cascade at which no layer is random yet."""

CLASSES, STABILITY = "other_classes", "stability"
CHECKS = (*sanity.ORDERS, CLASSES, STABILITY)
"""The names of the checks in a table."""

COLUMNS = ("check", "step", "change", "image", "method", "measure", "value")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is checked.

    Args:
        stages: layers, evenly spaced, at which a network with random ones is looked at.
        classes: other classes that maps are compared with.
        shift: pixels that images are shifted by, down and to the right.
        noise: standard deviation of noise, in those of each image.
        measures: of :data:`cnnvis.metrics.LIKENESS`.
        seed: of everything that is drawn.
    """

    stages: int = 6
    classes: int = 3
    shift: int = 8
    noise: float = 0.1
    measures: tuple[str, ...] = ("spearman", "ssim")
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Cascade:
    """Maps of one image while more and more layers become random.

    Args:
        stages: (stage,) the layer that became random last; the first is :data:`INTACT`.
        maps: (stage, row, col) by the name of the method.
    """

    stages: tuple[str, ...]
    maps: Mapping[str, NDArray[np.float64]]


def check(
    net: Network,
    pixels: NDArray[np.floating[Any]],
    targets: Sequence[int],
    ids: Sequence[str],
    methods: Sequence[Chosen],
    *,
    plan: Plan | None = None,
    keep: int = 0,
    watch: Watch[Chosen] = unwatched,
) -> tuple["pd.DataFrame", Cascade]:
    """Return how alike maps stay under every check, and the maps of one image on the way.

    Args:
        net: the network; it is left as it is.
        pixels: (image, channel, row, col), prepared for the network.
        targets: (image,) the class of each map.
        ids: (image,) names.
        methods: those to check; they have to be had on the network.
        plan: what is checked.
        keep: place of the image whose maps are kept.
        watch: is passed the methods.

    Returns:
        A row for each check, change, image, method and measure (columns :data:`COLUMNS`), and the
        maps of the cascade.

    Raises:
        AttributionError, BacktrackError: a method cannot be had.
        MeasureError: fewer classes than asked for.
    """
    import pandas as pd

    how = plan or Plan()
    tables, kept, layers = [], {}, sanity.stages(net, how.stages)
    for one in watch(methods, "methods"):
        seen: list[NDArray[np.float64]] = []
        for name, pairs in _pairs(net, pixels, targets, one, how, layers):
            noted = _kept(pairs, seen, keep) if name == sanity.CASCADE else pairs
            measures = {measure: metrics.LIKENESS[measure] for measure in how.measures}
            table = sanity.table(noted, ids, measures=measures)
            table.insert(0, "check", name)
            table.insert(1, "step", pd.factorize(table["change"])[0] + 1)
            table.insert(4, "method", one.name)
            tables.append(table)
        kept[one.name] = np.stack(seen)
    return (
        pd.concat(tables, ignore_index=True)[list(COLUMNS)],
        Cascade((INTACT, *layers), kept),
    )


def as_maps(cascade: Cascade, asked: Asked, image: str) -> MapSet:
    """Return the maps of a cascade as those of one image at every stage, which the names say.

    Args:
        cascade: the maps.
        asked: the images.
        image: the one whose maps they are.
    """
    place, stages = asked.ids.index(image), len(cascade.stages)
    return MapSet(
        ids=cascade.stages,
        photos=(image,) * stages,
        targets=(asked.best[place],) * stages,
        methods=tuple(cascade.maps),
        maps=np.stack(list(cascade.maps.values())),
        pictures=np.repeat(asked.pictures[place][None], stages, axis=0),
    )


def _pairs(
    net: Network,
    pixels: NDArray[np.floating[Any]],
    targets: Sequence[int],
    one: Chosen,
    how: Plan,
    layers: Sequence[str],
) -> Iterator[tuple[str, Iterable[Pair]]]:
    """Yield the name of every check, and the pairs of maps that it makes."""

    def on(of: Network, images: NDArray[Any], classes: Sequence[int]) -> NDArray[np.float64]:
        return attribution.maps(of, images, list(classes), one.method, **one.options)

    def explain(images: NDArray[Any], classes: Sequence[int]) -> NDArray[np.float64]:
        return on(net, images, classes)

    for order in sanity.ORDERS:
        yield (
            order,
            sanity.randomisation(on, net, pixels, targets, order, at=layers, seed=how.seed),
        )
    number = (net.node(net.scores).shape or (0,))[0]
    yield (
        CLASSES,
        sanity.other_classes(
            explain, pixels, targets, number, count=min(how.classes, number - 1), seed=how.seed
        ),
    )
    yield (
        STABILITY,
        sanity.stability(
            explain,
            pixels,
            targets,
            shifts=((how.shift, 0), (0, how.shift)),
            noises=(how.noise,),
            seed=how.seed,
        ),
    )


def _kept(pairs: Iterable[Pair], seen: list[NDArray[np.float64]], place: int) -> Iterator[Pair]:
    """Yield pairs, and keep what they show of one image: before, then after every change."""
    for change, before, after in pairs:
        if not seen:
            seen.append(before[place])
        seen.append(after[place])
        yield change, before, after

"""Maps of several methods, and which methods cannot be had on a network, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import attribution, metrics
from cnnvis.attribution import METHODS
from cnnvis.errors import AttributionError, BacktrackError
from cnnvis.evaluation.asked import Asked
from cnnvis.evaluation.chosen import Chosen
from cnnvis.network.graph import Network
from cnnvis.progress import Watch, unwatched

SAME = 1 - 1e-6
"""Correlation from which maps of two methods are the same."""

_GRADIENT = "gradient"


@dataclass(frozen=True, eq=False)
class Explained:
    """Maps of several methods.

    Args:
        names: (method,) what the methods are called.
        maps: (method, image, row, col) float64.
        refused: why there are no maps, by the names of the other methods.
    """

    names: tuple[str, ...]
    maps: NDArray[np.float64]
    refused: Mapping[str, str]


def explain(
    net: Network,
    pixels: NDArray[np.floating[Any]],
    targets: ArrayLike,
    methods: Sequence[Chosen],
    *,
    watch: Watch[Chosen] = unwatched,
) -> Explained:
    """Return the maps of all methods that can be had on a network.

    A method is refused where it says so itself, and where all its maps are those of the gradient,
    of which it claims to be different.

    Args:
        net: the network.
        pixels: (image, channel, row, col), what it is shown.
        targets: (image,) an output unit each.
        methods: see :func:`cnnvis.evaluation.chosen`.
        watch: is passed the methods, see :mod:`cnnvis.progress`.

    Raises:
        ConfigError: a method has no such option.
        NetworkError: the images or targets do not fit the network.
        AttributionError: no method can be had.
    """
    found: dict[str, NDArray[np.float64]] = {}
    refused: dict[str, str] = {}
    for one in watch(methods, "methods"):
        try:
            found[one.name] = attribution.maps(net, pixels, targets, one.method, **one.options)
        except (AttributionError, BacktrackError) as error:
            refused[one.name] = str(error)
    for name in _copies(found, methods):
        del found[name]
        refused[name] = (
            "its maps are those of the plain gradient on this network: what it changes in the "
            "derivative is not there."
        )
    if not found:
        raise AttributionError(
            "no method can be had on this network: "
            + " ".join(f"{name}: {reason}" for name, reason in refused.items())
        )
    return Explained(tuple(found), np.stack(list(found.values())), refused)


def had(
    net: Network, asked: Asked, methods: Sequence[Chosen], names: Sequence[str]
) -> tuple[Chosen, ...]:
    """Return those methods, of some names, that can be had on a network.

    Args:
        net: the network.
        asked: images, of which the first is tried.
        methods: all methods of a study.
        names: of those that are wanted; methods that the study does not have are left out.

    Raises:
        AttributionError: none can be had.
    """
    wanted = [one for one in methods if one.name in names]
    found = explain(net, asked.pixels[:1], asked.best[:1], wanted)
    return tuple(one for one in wanted if one.name in found.names)


def _copies(found: Mapping[str, NDArray[np.float64]], methods: Sequence[Chosen]) -> list[str]:
    """Return the other methods whose maps are those of the gradient in every image."""
    plain = next(
        (found[one.name] for one in methods if one.method == _GRADIENT and one.name in found), None
    )
    if plain is None:
        return []
    return [
        one.name
        for one in methods
        if one.name in found
        and one.method != _GRADIENT
        and METHODS[one.method].kind == "gradient"
        and (metrics.pearson(found[one.name], plain) > SAME).all()
    ]

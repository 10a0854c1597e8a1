"""How much a score hangs on each filter of a layer, from the gradients of single images.

The importance of a filter is a number for each image, averaged over the images of a group. Three
measures, of a filter with weights w and gradient g = d(score)/dw for one image:

* ``l2``: the length of g, which CNN-VIS (D. Jain and others, 2016) draws as a grid.
* ``taylor``: \\|sum(w * g)\\|, to first order how far the score moves without the filter: the
  criterion of P. Molchanov and others (Pruning Convolutional Neural Networks for Resource Efficient
  Inference, ICLR 2017), which they take over the activations of the filter's map. The magnitude is
  that of the sum over the weights, for one image; the mean over the images comes after it. So
  weights may cancel each other, and images may not. The bias does not count.
* ``random``: numbers of a seeded generator. What they show, no measure has found.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import ImportanceError
from cnnvis.labels import Image, places_of_roles

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]

METHODS = ("l2", "taylor", "random")
"""The measures; the last is the control."""

SAME, OTHER = "same class", "other class"
"""The groups of images: of the inspected class, and of classes it may be taken for or not."""

COLUMNS = ("unit", "filter", "method", "group", "images", "importance")


def l2(gradient: ArrayLike) -> Matrix:
    """Return (filter,): the length of each filter's part of a gradient (filter, ...).

    Raises:
        ImportanceError: no gradient of filters, or NaN or infinity in it.

    >>> l2([[3.0, 4.0], [0.0, 1.0]]).tolist()
    [5.0, 1.0]
    """
    return np.asarray(np.sqrt((_filters(gradient) ** 2).sum(axis=1)))


def taylor(gradient: ArrayLike, weights: ArrayLike) -> Matrix:
    """Return (filter,): \\|sum(w * g)\\| of each filter, from a gradient and weights (filter, ...).

    Raises:
        ImportanceError: the weights do not fit the gradient, or NaN or infinity in one of them.

    >>> taylor([[3.0, 4.0], [0.0, 1.0]], [[1.0, -1.0], [5.0, 2.0]]).tolist()
    [1.0, 2.0]
    """
    if np.shape(gradient) != np.shape(weights):
        raise ImportanceError(
            f"the Taylor importance is of a gradient and the weights it was made for; got the "
            f"shapes {np.shape(gradient)} and {np.shape(weights)}. Take both from the same layer."
        )
    return np.asarray(np.abs((_filters(gradient) * _filters(weights)).sum(axis=1)))


def by_image(gradients: Iterable[ArrayLike], weights: ArrayLike) -> dict[str, Matrix]:
    """Return ``l2`` and ``taylor``, each (image, filter), of the gradients of several images.

    Gradients (filter, ...) are taken one at a time and let go: memory goes with the filters.

    Raises:
        ImportanceError: no image, or what :func:`l2` and :func:`taylor` raise.
    """
    rows = [(l2(gradient), taylor(gradient, weights)) for gradient in gradients]
    if not rows:
        raise ImportanceError("importance is averaged over images; got none.")
    lengths, changes = zip(*rows, strict=True)
    return {"l2": np.stack(lengths), "taylor": np.stack(changes)}


def random(filters: int, *, seed: int = 0) -> Matrix:
    """Return (filter,): numbers between 0 and 1 that depend on the seed alone."""
    return np.random.default_rng(seed).random(filters)


def by_group(
    found: Mapping[str, ArrayLike], groups: Mapping[str, Sequence[int]], *, seed: int = 0
) -> dict[str, dict[str, Matrix]]:
    """Return the importance (filter,) by group and method: means over images, and the control.

    Args:
        found: what :func:`by_image` gives.
        groups: the places of the images of each group; the control draws anew for each.
        seed: of the control in the first group, one more in the next.

    Raises:
        ImportanceError: a group without an image.
    """
    empty = [name for name, places in groups.items() if not len(places)]
    if empty or not groups:
        raise ImportanceError(
            f"importance is averaged over the images of a group; {' and '.join(empty) or 'none'} "
            "has any. Give images the roles of gradients.roles in the sheet."
        )
    means: dict[str, dict[str, Matrix]] = {}
    for number, (name, places) in enumerate(groups.items()):
        chosen = {method: np.asarray(values)[list(places)] for method, values in found.items()}
        means[name] = {method: values.mean(axis=0) for method, values in chosen.items()}
        filters = len(next(iter(means[name].values())))
        means[name]["random"] = random(filters, seed=seed + number)
    return means


def groups_of(images: Sequence[Image], roles: Sequence[str]) -> dict[str, list[int]]:
    """Return the places of the images of the inspected class, the first role, and of the others.

    Raises:
        ImageError: fewer than two roles, or no image plays one of them.

    >>> cats = [Image("a", role="similar"), Image("b", role="reference")]
    >>> groups_of(cats, ["reference", "similar"])
    {'same class': [1], 'other class': [0]}
    """
    places = places_of_roles(images, roles)
    same = [place for place in places if images[place].role == roles[0]]
    return {SAME: same, OTHER: [place for place in places if place not in same]}


def agreement(one: ArrayLike, other: ArrayLike) -> float:
    """Return Spearman's rho between the importance (filter,) in two groups; 0 where one is flat.

    >>> agreement([1.0, 2.0, 5.0], [10.0, 11.0, 12.0])
    1.0
    """
    ranks = np.stack([_ranks(one), _ranks(other)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    squares = float((ranks**2).sum(axis=1).prod())
    return float(ranks[0] @ ranks[1] / np.sqrt(squares)) if squares else 0.0


def table(
    means: Mapping[str, Mapping[str, Matrix]], groups: Mapping[str, Sequence[int]], *, unit: int
) -> "pd.DataFrame":
    """Return one row for each method, group and filter: unit, filter, method, group, images, value.

    Args:
        means: what :func:`by_group` gives.
        groups: the images of each group, which are counted.
        unit: the output unit whose score was derived.
    """
    import pandas as pd

    rows = [
        (unit, number, method, group, len(groups[group]), value)
        for method in METHODS
        for group, methods in means.items()
        for number, value in enumerate(methods[method])
    ]
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    # Six digits that tell something, for gradients may be small: no rounding to decimals.
    made["importance"] = [float(f"{value:.6g}") for value in made["importance"]]
    return made


def first_unit(made: "pd.DataFrame") -> tuple[dict[str, dict[str, Matrix]], dict[str, int], int]:
    """Return what a table says of its first unit: means by group and method, images, the unit.

    Raises:
        ImportanceError: the table has no row.
    """
    if made.empty:
        raise ImportanceError("a table of importance without a row says nothing of any unit.")
    unit = int(made["unit"].iloc[0])
    own = made[made["unit"] == unit].sort_values("filter", kind="stable")
    means: dict[str, dict[str, Matrix]] = {}
    for (group, method), rows in own.groupby(["group", "method"], sort=False):
        means.setdefault(str(group), {})[str(method)] = rows["importance"].to_numpy(float)
    images = {str(group): int(rows.iloc[0]) for group, rows in own.groupby("group")["images"]}
    return means, images, unit


def _ranks(values: ArrayLike) -> Matrix:
    """Return the place of each value among all, from 1; equal ones share their mean place."""
    _, places, counts = np.unique(
        np.asarray(values, float), return_inverse=True, return_counts=True
    )
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[places])


def _filters(values: ArrayLike) -> Matrix:
    """Return (filter, number), checked."""
    array = np.asarray(values, np.float64)
    if array.ndim < 2 or array.size == 0:
        raise ImportanceError(
            f"filters are (filter, ...), none of them 0; got shape {array.shape}. Pass the "
            "gradient of one image at a time."
        )
    flat = array.reshape(len(array), -1)
    if not np.isfinite(flat).all():
        bad = np.flatnonzero(~np.isfinite(flat).all(axis=1)).tolist()
        raise ImportanceError(f"importance is of finite numbers; NaN or infinity in filters {bad}.")
    return flat

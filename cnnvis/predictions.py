"""What a network says of each image: its best classes, with probabilities, as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.classes import best_count, index_of
from cnnvis.errors import CnnvisError, ConfigError

if TYPE_CHECKING:
    import pandas as pd

BEST = 5
"""How many classes a table lists for each image."""


def probabilities(scores: ArrayLike) -> NDArray[np.float64]:
    """Return the softmax of scores (image, class) over the classes.

    Raises:
        CnnvisError: no (image, class) array, or NaN or infinity in it.

    >>> probabilities([[0.0, 0.0], [1000.0, 0.0]]).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    values = np.asarray(scores, np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise CnnvisError(
            f"scores are finite numbers (image, class); got shape {values.shape} or NaN in it."
        )
    odds = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def best(scores: ArrayLike, *, count: int = BEST) -> NDArray[np.intp]:
    """Return (image, rank) the classes with the highest scores; of equal ones the first counts.

    >>> best([[1.0, 3.0, 3.0]], count=2).tolist()
    [[1, 2]]
    """
    order = np.argsort(-np.asarray(scores, np.float64), axis=1, kind="stable")
    return order[:, :count]


def targets(wanted: str | int, scores: ArrayLike, classes: str | None) -> NDArray[np.intp]:
    """Return (image, rank) the classes to explain.

    Args:
        wanted: ``top1`` for the best class of each image, ``top5`` for the five best, the best
            first, and so on; or one class for all, by its name or index.
        scores: (image, class).
        classes: how the classes are named, see :func:`cnnvis.classes.names_of`.

    Raises:
        ConfigError: there is no such class, or there are not so many.

    >>> scores = [[0.0, 2.0, 1.0], [1.0, 0.0, 3.0]]
    >>> targets("top2", scores, None).tolist(), targets(0, scores, None).tolist()
    ([[1, 2], [2, 0]], [[0], [0]])
    """
    values = np.asarray(scores)
    has = values.shape[1]
    count = best_count(wanted)
    if count is not None:
        if count > has:
            raise ConfigError(f"no {count} best classes: the network has {has} in all.")
        return best(values, count=count)
    index = index_of(wanted, classes)
    if index >= has:
        raise ConfigError(f"no class {index}: the network has {has}, counted from 0.")
    return np.full((len(values), 1), index)


def class_name(index: int, names: Sequence[str]) -> str:
    """Return the name of a class, or its number where the classes have no names.

    >>> class_name(1, ["cat", "dog"]), class_name(3, [])
    ('dog', 'class 3')
    """
    return names[index] if index < len(names) else f"class {index}"


def table(
    ids: Sequence[str],
    true_classes: Sequence[int | None],
    roles: Sequence[str],
    scores: ArrayLike,
    names: Sequence[str],
) -> "pd.DataFrame":
    """Return one row per image and rank: what the network says, and how sure it is.

    Columns: image, role, true_class, true_name (empty where unknown), rank (from 1), class, name,
    score, probability, correct (whether the row names the true class; empty where unknown).
    """
    import pandas as pd

    values = np.asarray(scores, np.float64)
    chances = probabilities(values)
    top = best(values)
    rows = [
        {
            "image": image,
            "role": role,
            "true_class": "" if true is None else true,
            "true_name": "" if true is None else class_name(true, names),
            "rank": rank,
            "class": index,
            "name": class_name(index, names),
            "score": f"{values[place, index]:.4f}",
            "probability": f"{chances[place, index]:.4f}",
            "correct": "" if true is None else ("yes" if index == true else "no"),
        }
        for place, (image, true, role) in enumerate(zip(ids, true_classes, roles, strict=True))
        for rank, index in enumerate(top[place].tolist(), start=1)
    ]
    return pd.DataFrame(rows)

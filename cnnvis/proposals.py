"""Proposals: boxes that may hold an object, from several starts, scales and levels, ranked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import attention, boxes, saliency
from cnnvis.boxes import Box
from cnnvis.errors import CnnvisError
from cnnvis.geometry import Frame
from cnnvis.predictions import class_name

if TYPE_CHECKING:
    import pandas as pd

SIGMAS = (0.03, 0.06, 0.09)
"""Widths of the density, in sides of the input: from parts of things to whole ones."""

LEVELS = (0.1, 0.2, 0.35, 0.5, 0.7)
"""Shares of the highest density at which boxes are cut."""

DIGITS = 4
"""Digits behind the point in tables."""

COLUMNS = (
    "image", "place", "score", "row0", "col0", "row1", "col1", "rank", "class", "name", "sigma",
    "level",
)  # fmt: skip
"""Columns of a table of proposals."""

_COARSE = 2  # pixels of the network's view in one of the density: boxes need no finer ones


@dataclass(frozen=True, eq=False)
class Start:
    """What a walk from one class found: pixels of the input with their weights.

    Args:
        rank: of the class among those walked back from, from 1.
        target: the class index.
        index: (point, [row, col]).
        weight: (point,).
    """

    rank: int
    target: int
    index: NDArray[np.int64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A box that may hold an object, in pixels of the photo, and where it comes from.

    Args:
        box: all of it inside of the photo.
        score: the share of the weight in the box minus its share of the photo, see
            :func:`cnnvis.boxes.contrast`.
        rank, target: the start it comes from.
        sigma: width of the density it was cut from.
        level: at which it was cut.
    """

    box: Box
    score: float
    rank: int
    target: int
    sigma: float
    level: float


def propose(
    starts: Iterable[Start],
    frame: Frame,
    *,
    sigmas: Sequence[float] = SIGMAS,
    levels: Sequence[float] = LEVELS,
    parts: int = 3,
    most: float = 0.7,
    count: int = 10,
    near: float = 0.1,
    share: float = 0.05,
) -> tuple[Proposal, ...]:
    """Return boxes of one photo that may hold objects, the best first.

    Every start, width and level gives a box round each of the largest parts of its region. A box
    is scored by how much more of its start's weight it holds than a box of its size holds by
    chance; of boxes that overlap far the best stays.

    Args:
        starts: what was found from each class.
        frame: how the photo became the input.
        sigmas: widths of the density, in sides of the input.
        levels: shares of the highest density.
        parts: boxes at each level, at most.
        most: the overlap above which the worse of two boxes goes.
        count: boxes returned, at most.
        near, share: the outlier rule, see :func:`cnnvis.saliency.inliers`.

    Raises:
        BacktrackError: a point lies outside of the input, or an option means nothing.
    """
    found = [
        one
        for start in starts
        for sigma in sigmas
        for one in _of_scale(start, frame, sigma, levels, parts, (near, share))
    ]
    kept = boxes.suppress([one.box for one in found], [one.score for one in found], most=most)
    return tuple(found[place] for place in kept[:count])


def _of_scale(
    start: Start,
    frame: Frame,
    sigma: float,
    levels: Sequence[float],
    parts: int,
    outliers: tuple[float, float],
) -> list[Proposal]:
    """Return the boxes of one start at one width, at all levels."""
    rows, cols = frame.resized
    grid = (-(-rows // _COARSE), -(-cols // _COARSE))
    near, share = outliers
    seen = attention.on_photo(
        start.index, start.weight, frame, sigma=sigma, shape=grid, near=near, share=share
    )
    cut = saliency.sweep(seen.density, levels, parts=parts)
    places = [attention.scaled(one, seen.density.shape, frame.photo) for _, one in cut]
    kept = seen.kept
    score = boxes.contrast(places, seen.points[kept], seen.weight[kept], frame.photo)
    return [
        Proposal(
            box=place,
            score=float(value),
            rank=start.rank,
            target=start.target,
            sigma=sigma,
            level=level,
        )
        for place, value, (level, _) in zip(places, score, cut, strict=True)
    ]


def recall(proposed: ArrayLike, known: ArrayLike, *, overlap: float = 0.5) -> float:
    """Return the share of known boxes that some proposed box overlaps far enough.

    Raises:
        CnnvisError: no box is known, or the overlap is none.

    >>> recall([[0, 0, 4, 4]], [[0, 0, 4, 5], [6, 6, 9, 9]])
    0.5
    """
    true = boxes.checked(known)
    if not len(true) or not 0 < overlap <= 1:
        raise CnnvisError(
            f"recall needs known boxes and an overlap above 0, up to 1; got {len(true)} boxes and "
            f"{overlap}."
        )
    shared = boxes.overlap(true, proposed)
    return float((shared.max(axis=1, initial=0) >= overlap).mean())


def recalls(
    proposed: Mapping[str, Sequence[Proposal]],
    known: Mapping[str, Sequence[Box]],
    shapes: Mapping[str, Sequence[int]],
    *,
    count: int = 10,
    overlap: float = 0.5,
    draws: int = 10,
) -> "pd.DataFrame":
    """Return how many known boxes are found within the first boxes, beside boxes by chance.

    Columns: boxes (how many of the first), proposals, centred (as many boxes of growing size in the
    middle of the photo) and random (as many random boxes, mean of ``draws``): the share of a
    photo's known boxes that are found, mean over the photos. No row where no box is known.
    """
    import pandas as pd

    photos = [name for name in proposed if known.get(name)]
    rows = []
    for first in range(1, count + 1) if photos else ():
        tried: dict[str, list[float]] = {"proposals": [], "centred": [], "random": []}
        for name in photos:
            true, shape = known[name], shapes[name]
            own = [one.box for one in proposed[name][:first]]
            middle = [boxes.centred(shape, (k + 0.5) / first) for k in range(first)]
            chance = [
                recall(boxes.scattered(shape, first, seed=seed), true, overlap=overlap)
                for seed in range(draws)
            ]
            tried["proposals"].append(recall(own, true, overlap=overlap))
            tried["centred"].append(recall(middle, true, overlap=overlap))
            tried["random"].append(float(np.mean(chance)))
        means = {way: round(float(np.mean(values)), DIGITS) for way, values in tried.items()}
        rows.append({"boxes": first} | means)
    return pd.DataFrame(rows, columns=["boxes", "proposals", "centred", "random"])


def table(proposed: Mapping[str, Sequence[Proposal]], names: Sequence[str]) -> "pd.DataFrame":
    """Return one row per photo and proposal, the best of each photo first.

    Columns: image, place (from 1), score, row0, col0, row1, col1, rank and class and name (of the
    start), sigma, level.
    """
    import pandas as pd

    rows = [
        {
            "image": image,
            "place": place,
            "score": round(one.score, DIGITS),
            **dict(zip(("row0", "col0", "row1", "col1"), one.box, strict=True)),
            "rank": one.rank,
            "class": one.target,
            "name": class_name(one.target, names),
            "sigma": one.sigma,
            "level": one.level,
        }
        for image, some in proposed.items()
        for place, one in enumerate(some, start=1)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))

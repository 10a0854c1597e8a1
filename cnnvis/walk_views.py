"""What figures of the walk show: fixations of every class, the path through the layers."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnvis import backtrack_file, overlap, table_file
from cnnvis.attention import OnObject
from cnnvis.backtrack_file import BacktrackImage
from cnnvis.backtrack_writer import Weighted
from cnnvis.predictions import class_name
from cnnvis.variants import Variants

if TYPE_CHECKING:
    import pandas as pd

Path = str | os.PathLike[str]

DIGITS = 6
"""Digits after the point in tables."""


@dataclass(frozen=True, eq=False)
class Classes:
    """The backtracks of one image from several classes.

    Args:
        image: what the file says of it.
        names: of the classes, by rank.
        probabilities: of the classes; None where the table of predictions does not list them.
        fixations: index (point, [row, col]) in pixels of the input, and weight (point,).
    """

    image: BacktrackImage
    names: tuple[str, ...]
    probabilities: tuple[float | None, ...]
    fixations: tuple[Weighted, ...]


def classes(path: Path, predictions: Path, wanted: str, names: Sequence[str]) -> Classes:
    """Return the backtracks of one image, ``first`` for the first one, from all its classes.

    Args:
        path: the backtrack file.
        predictions: the table that :func:`cnnvis.predictions.table` made.
        wanted: id of the image.
        names: of all classes of the network; numbers stand where there are none.

    Raises:
        FileError, StoreError: there is no such file or image.
    """
    image = backtrack_file.image(path, wanted)
    chances = {
        int(row["class"]): float(row["probability"])
        for row in table_file.rows(predictions)
        if row["image"] == image.id
    }
    return Classes(
        image,
        tuple(class_name(start.target, names) for start in image.starts),
        tuple(chances.get(start.target) for start in image.starts),
        tuple(
            backtrack_file.fixations(path, image=image.id, rank=start.rank)
            for start in image.starts
        ),
    )


def tables(path: Path, names: Sequence[str]) -> "dict[str, pd.DataFrame]":
    """Return how alike the backtracks of every image are from class to class, as two tables.

    ``sensitivity`` has a row per image, ``pairs`` one per image and pair of classes; see
    :func:`cnnvis.overlap.sensitivity` and :func:`cnnvis.overlap.pairs`.

    Raises:
        FileError, StoreError: there is no such file.
    """
    maps, named = {}, {}
    for image in backtrack_file.images(path):
        _, _, rows, cols = image.frame.crop
        found = [
            backtrack_file.fixations(path, image=image.id, rank=start.rank)
            for start in image.starts
        ]
        maps[image.id] = [overlap.density(*one, (rows, cols)) for one in found]
        named[image.id] = [class_name(start.target, names) for start in image.starts]
    pairs = overlap.pairs(maps, named)
    return {"sensitivity": overlap.sensitivity(maps, pairs), "pairs": pairs}


def walks(
    path: Path, names: Sequence[str], on_object: Mapping[str, OnObject | None]
) -> "pd.DataFrame":
    """Return a row for every image and class: what arrived at how many pixels, and what was lost.

    Columns: image, rank (from 1), class, name, score, arrived, lost, pixels; and of the best class,
    where the object is known, the share of the density ``on_object``, that of a map of nothing
    (``area``) and of a ``blob`` in the middle of the photo.

    Args:
        path: the backtrack file.
        names: of all classes; numbers stand where there are none.
        on_object: of the best class of each image, see :func:`cnnvis.attention.on_object`.

    Raises:
        FileError, StoreError: there is no such file.
    """
    import pandas as pd

    rows = []
    for image in backtrack_file.images(path):
        for start in image.starts:
            _, weight = backtrack_file.fixations(path, image=image.id, rank=start.rank)
            arrived = min(1.0, float(start.arrived))
            row = {
                "image": image.id,
                "rank": start.rank,
                "class": start.target,
                "name": class_name(start.target, names),
                "score": round(float(start.score), DIGITS),
                "arrived": round(arrived, DIGITS),
                "lost": round(1.0 - arrived, DIGITS),
                "pixels": len(weight),
            }
            one = on_object.get(image.id) if start is image.starts[0] else None
            shares = (one.share, one.area, one.centre) if one else (None, None, None)
            row |= dict(zip(("on_object", "area", "blob"), shares, strict=True))
            rows.append(row)
    return pd.DataFrame(rows).round(DIGITS)


def steps(path: Path, variants: Variants) -> list[tuple[Any, ...]]:
    """Return the path of the image's first backtrack through the milestones.

    Each is (node, kind, shape, index (point, axis), weight (point,), mean map or None), which is
    what :class:`cnnvis.figures.path.Step` takes.

    Raises:
        FileError, StoreError: there is no such file, or it is of another network or image.
    """
    shapes = backtrack_file.nodes(path)
    image = variants.image
    return [
        (
            node,
            milestone.kind,
            shapes.get(node, ()),
            *backtrack_file.points(path, node=node, image=image),
            milestone.mean,
        )
        for node, milestone in variants.milestones.items()
    ]

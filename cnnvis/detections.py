"""Detection: which classes a network sees in a photo, where, and how probable each is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnvis import boxes
from cnnvis.boxes import NO_BOX, Box

if TYPE_CHECKING:
    import pandas as pd

HIT = 0.5
"""The overlap with a known box from which on a box is right, as is usual."""

DIGITS = 4
"""Digits behind the point in tables."""


@dataclass(frozen=True, kw_only=True)
class Detection:
    """A class, and where a network sees it.

    Args:
        image: id of the photo.
        rank: of the class among those that were walked back from, from 1.
        target: the class index.
        name: of the class.
        probability: of the class, after the softmax over all classes.
        box: in pixels of the photo; all 0 where no path reached a pixel.
    """

    image: str
    rank: int
    target: int
    name: str
    probability: float
    box: Box


def distinct(found: Sequence[Detection], *, most: float = HIT) -> tuple[Detection, ...]:
    """Return the detections of one photo that name a place of their own, the most probable first.

    Of boxes that overlap by more than ``most`` the most probable one stays: several classes that
    point at one object, as breeds of cats do, are one detection.

    >>> def seen(name, chance, box):
    ...     return Detection(image="a", rank=1, target=0, name=name, probability=chance, box=box)
    >>> both = [seen("lynx", 0.3, (0, 0, 9, 8)), seen("cat", 0.6, (0, 0, 9, 9))]
    >>> [one.name for one in distinct(both)]
    ['cat']
    """
    seen = [one for one in found if one.box != NO_BOX]
    kept = boxes.suppress([one.box for one in seen], [one.probability for one in seen], most=most)
    return tuple(seen[place] for place in kept)


def best_overlap(box: Box, known: Sequence[Box]) -> float:
    """Return the overlap of a box with the known box it fits best; NaN where none is known."""
    return float(boxes.overlap([box], known).max()) if len(known) else float("nan")


def table(
    found: Iterable[Detection],
    shapes: Mapping[str, Sequence[int]],
    known: Mapping[str, Sequence[Box]],
) -> "pd.DataFrame":
    """Return one row per photo and class.

    Columns: image, rank, class, name, probability, row0, col0, row1, col1 (pixels of the photo, the
    ends just outside; all 0 where nothing was found), distinct (yes, or no where a more probable
    box lies there), overlap (with the known box that fits best) and centred_overlap (that of a box
    in the middle of the photo), the last two empty where no box is known.

    Args:
        found: the detections, the photos in order.
        shapes: (rows, cols) of each photo.
        known: the true boxes of photos.
    """
    import pandas as pd

    by_image: dict[str, list[Detection]] = {}
    for one in found:
        by_image.setdefault(one.image, []).append(one)
    rows = []
    for image, some in by_image.items():
        apart = distinct(some)
        true = known.get(image, ())
        middle = best_overlap(boxes.centred(shapes[image]), true)
        for one in some:
            row0, col0, row1, col1 = one.box
            rows.append(
                {
                    "image": image,
                    "rank": one.rank,
                    "class": one.target,
                    "name": one.name,
                    "probability": round(one.probability, DIGITS),
                    "row0": row0,
                    "col0": col0,
                    "row1": row1,
                    "col1": col1,
                    "distinct": "yes" if one in apart else "no",
                    "overlap": round(best_overlap(one.box, true), DIGITS),
                    "centred_overlap": round(middle, DIGITS),
                }
            )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Verdict:
    """How often boxes were right, and how often one in the middle was.

    Args:
        photos: with known boxes.
        right: of them, where the box of the first class overlaps a known box far enough.
        centred: of them, where the centred box does.
        overlap: mean overlap of the boxes.
        centred_overlap: mean overlap of the centred boxes.
    """

    photos: int
    right: int
    centred: int
    overlap: float
    centred_overlap: float

    @property
    def words(self) -> str:
        """The result in words, plain about a box that is no better than the middle."""
        if not self.photos:
            return "No box is known of these photos, so nothing says how good these are."
        said = (
            f"The box of the first class overlaps a known box by half or more in {self.right} of "
            f"{self.photos} photos, a box in the middle of the photo in {self.centred} (mean "
            f"overlap {self.overlap:.2f} and {self.centred_overlap:.2f})"
        )
        if self.right > self.centred and self.overlap > self.centred_overlap:
            return f"{said}."
        return f"{said}: here the boxes found are no better than one that knows nothing."


def verdict(rows: "pd.DataFrame") -> Verdict:
    """Compare the first box of each photo of a :func:`table` with the centred one."""
    first = rows[(rows["rank"] == 1) & rows["overlap"].notna()]
    own, middle = (np.asarray(first[name], float) for name in ("overlap", "centred_overlap"))
    return Verdict(
        photos=len(first),
        right=int((own >= HIT).sum()),
        centred=int((middle >= HIT).sum()),
        overlap=float(own.mean()) if len(own) else float("nan"),
        centred_overlap=float(middle.mean()) if len(own) else float("nan"),
    )

"""What to keep in mind before believing: wrong predictions, lost weight, few images, weak controls.

Every sentence follows a table of the results; where a table warns of nothing, nothing is said.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cnnvis import detections, table_file

if TYPE_CHECKING:
    import pandas as pd

FEW = 10
"""Images of a role below which means are illustrations."""

LOST = 0.05
"""Share of the weight of a walk from which its loss is worth a word."""

_NAMED = 4  # images named in a sentence, at most


def found(
    folder: Path, *, filters: tuple[str, ...] = (), uncompared: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return what to keep in mind about one network and image set.

    Args:
        folder: of their results.
        filters: layers whose gradients were compared.
        uncompared: layers whose gradients were not compared, for want of two roles.
    """
    return tuple(
        words
        for said in (
            _wrong(folder / "predictions.tsv"),
            _lost(folder / "backtracks.tsv"),
            _beside_a_blob(folder / "backtracks.tsv"),
            _boxes(folder / "detections.tsv"),
            _alike(folder / "class_sensitivity.tsv"),
            _without_roles(uncompared),
            _few(folder / "predictions.tsv", bool(filters)),
            _tests(folder, filters),
        )
        for words in said
    )


def _wrong(path: Path) -> Iterator[str]:
    rows = table_file.read(path)
    first = rows[(rows["rank"] == 1) & rows["correct"].notna()]
    wrong = list(first[first["correct"] == "no"]["image"])
    if wrong:
        yield (
            f"{len(wrong)} of {len(first)} images are misclassified: {_some(wrong)}. What is shown "
            "of them explains a wrong answer."
        )
    unlabelled = rows[rows["rank"] == 1]["correct"].isna().sum()
    if unlabelled:
        yield f"{unlabelled} images have no class: whether the network is right there is not known."


def _lost(path: Path) -> Iterator[str]:
    rows = _firsts(path)
    lost = rows[rows["lost"] > LOST]
    if len(lost):
        yield (
            f"In {len(lost)} of {len(rows)} images more than {LOST:.0%} of the weight is lost on "
            f"the way to the pixels: {_some(list(lost['image']))}, at most "
            f"{lost['lost'].max():.0%}. The pixels shown are not all that made the score."
        )


def _beside_a_blob(path: Path) -> Iterator[str]:
    known = _firsts(path).dropna(subset=["on_object"])
    worse = known[known["on_object"] <= known["blob"]]
    if len(worse):
        yield (
            f"In {len(worse)} of {len(known)} photos whose object is known, no more of the density "
            f"lies on it than of a blob in the middle, which knows nothing: "
            f"{_some(list(worse['image']))}."
        )


def _boxes(path: Path) -> Iterator[str]:
    verdict = detections.verdict(table_file.read(path))
    if verdict.photos and (
        verdict.right <= verdict.centred or verdict.overlap <= verdict.centred_overlap
    ):
        yield f"Boxes: {verdict.words[0].lower()}{verdict.words[1:]}"


def _alike(path: Path) -> Iterator[str]:
    rows = table_file.read(path)
    if not len(rows):
        return
    own, others = rows["overlap"].mean(), rows["other_photos"].mean()
    if own > others + 0.1:
        yield (
            f"Densities of several classes of a photo overlap by {own:.2f}, those of different "
            f"photos by {others:.2f}: they say what the network looks at more than why it is that "
            "class."
        )


def _without_roles(layers: tuple[str, ...]) -> Iterator[str]:
    if layers:
        yield (
            "Images have no roles to compare, so gradients by the filters of "
            f"{', '.join(layers)} are not compared, and how important the filters are is not "
            "measured. A sheet gives images roles, two of gradients.roles at least; snakemake "
            "gradients computes the gradients without them."
        )


def _few(path: Path, compared: bool) -> Iterator[str]:
    rows = table_file.read(path)
    roles = rows[(rows["rank"] == 1) & rows["role"].notna()].groupby("role", sort=False).size()
    small = roles[roles < FEW]
    if compared and len(small):
        counts = ", ".join(f"{count} {role}" for role, count in small.items())
        yield (
            f"Roles have few images ({counts}): what is compared between them illustrates, and "
            "proves nothing."
        )


def _tests(folder: Path, filters: tuple[str, ...]) -> Iterator[str]:
    hopeless = []
    for layer in filters:
        rows = table_file.read(folder / f"gradients/{layer}/tests.tsv")
        hopeless += list(rows[rows["smallest_p"] > 0.05]["question"])
    if hopeless:
        questions = list(dict.fromkeys(hopeless))
        yield (
            "Too few images for any test to come out, whatever the gradients are: "
            f"{'; '.join(questions)}."
        )


def _firsts(path: Path) -> "pd.DataFrame":
    """Return the rows of the best classes."""
    rows = table_file.read(path)
    return rows[rows["rank"] == 1]


def _some(images: list[str]) -> str:
    """Return the names of some images.

    >>> _some(["a", "b"]), _some(list("abcdefg"))
    ('a, b', 'a, b, c, d and 3 more')
    """
    named = ", ".join(images[:_NAMED])
    more = len(images) - _NAMED
    return f"{named} and {more} more" if more > 0 else named

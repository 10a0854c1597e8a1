"""The page of a study: what a run left in its results folder, as parts of the index page."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

from cnnvis import table_file
from cnnvis.pages import cautions, digit_section, layer_sections, photo_sections
from cnnvis.pages.index import Care, Link, Page, Prediction, Section
from cnnvis.pages.look import Look

LEAD = (
    "Feature maps in several orders, gradients of a class score by filter weights, and the pixels "
    "that predictions go back to. Begin with the predictions: they show that the weights are real. "
    "How good explanations are is measured by snakemake evaluation, which writes "
    "evaluation.html beside this page."
)


EXPLORER = Link(
    "explorer/index.html",
    "Look around",
    "every channel on every photo, in every order, and the pixels that each goes back to",
)


_LISTED = 20
"""Images left out that the page lists one by one, of each set."""


def page(
    results: Path,
    looks: Sequence[Look],
    provenance: Mapping[str, str],
    *,
    digits: bool = False,
    explored: bool = False,
    left_out: Mapping[str, Path] | None = None,
) -> Page:
    """Return the page of a results folder that holds everything that ``looks`` name.

    Args:
        results: the folder.
        looks: what was looked at.
        provenance: facts for the foot of the page.
        digits: whether the classifier of digits was studied, too.
        explored: whether there is an explorer to look around in.
        left_out: the table of images that could not be used, for each image set.
    """
    tables = (left_out or {}).items()
    cares = [
        *(_missing(name, table) for name, table in tables),
        *map(partial(_care, results), looks),
    ]
    networks = ", ".join(dict.fromkeys(look.network for look in looks))
    images = ", ".join(dict.fromkeys(look.images for look in looks))
    return Page(
        title=f"What {networks} see in {images}",
        lead=LEAD,
        sections=(
            *(section for look in looks for section in _sections(results, look)),
            *((digit_section.section(results),) if digits else ()),
        ),
        predictions=tuple(row for look in looks for row in _predictions(results, look)),
        next_steps=(*((EXPLORER,) if explored else ()), *_next_steps(looks[0])),
        cautions=tuple(care for care in cares if care.sentences),
        provenance=provenance,
    )


def _care(results: Path, look: Look) -> Care:
    """Return what to keep in mind about one network and image set."""
    sentences = cautions.found(
        results / look.folder, filters=look.filters, uncompared=look.uncompared
    )
    return Care(look.where, sentences)


def _missing(images: str, table: Path) -> Care:
    """Return which images of a set are on no page, and why."""
    rows = table_file.rows(table)
    sentences = [f"{row['image']}: {row['reason']}" for row in rows[:_LISTED]]
    if rows:
        what = "1 image" if len(rows) == 1 else f"{len(rows)} images"
        sentences.insert(0, f"{what} could not be used; no figure and no number is about them.")
    if len(rows) > _LISTED:
        sentences.append(f"{len(rows) - _LISTED} more: {table}")
    return Care(f"Images left out of {images}", tuple(sentences))


def _sections(results: Path, look: Look) -> Iterator[Section]:
    """Yield the parts about one network and image set."""
    yield from photo_sections.sections(results, look)
    yield from layer_sections.sections(results, look)


def _predictions(results: Path, look: Look) -> Iterator[Prediction]:
    """Yield what the network says of every image, from its table."""
    table = results / look.folder / "predictions.tsv"
    rows = table_file.rows(table)
    for image, group in groupby(rows, key=lambda row: row["image"]):
        best = list(group)
        right = [place for place, row in enumerate(best) if row["correct"] == "yes"]
        yield Prediction(
            network=look.network,
            image=image,
            role=best[0]["role"],
            truth=best[0]["true_name"],
            best=tuple((row["name"], float(row["probability"])) for row in best),
            place=right[0] if right else None,
        )


def _next_steps(look: Look) -> tuple[Link, ...]:
    """Name what to open after the page."""
    return (
        Link(
            "orders.html",
            "Which order of the channels is best",
            "for every layer, against random orders",
        ),
        Link(
            f"{look.folder}/figures/backtracks/all_photos.png",
            "Where predictions come from",
            "every photo under the density of the pixels found",
        ),
        Link(
            layer_sections.VOLUMES.path,
            layer_sections.VOLUMES.title,
            "maps in every order, gradients by role, side by side",
        ),
        Link(
            f"{look.folder}/activations.h5",
            "The feature maps themselves",
            "opens in h5py, xarray, or any HDF5 viewer",
        ),
    )

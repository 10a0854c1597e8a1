"""Parts of the page of a study about its photos: what they are, what was found on them."""

from collections.abc import Iterator
from pathlib import Path

from cnnvis.pages import pictures
from cnnvis.pages.index import Link, Picture, Section
from cnnvis.pages.look import Look

WALKS = {
    "path": "the path of a backtrack through the layers",
    "classes": "backtracks from several classes",
    "winners": "backtracks by each winner",
    "k": "backtracks with several k",
}
"""The figures of the walk, and what they show."""


def sections(results: Path, look: Look) -> Iterator[Section]:
    """Yield the parts about one network and image set, in their order.

    Args:
        results: the folder of the results.
        look: the network and the image set.
    """
    yield _prediction_section(results, look)
    yield _backtrack_section(results, look)
    yield _walk_section(results, look)
    yield from _object_sections(results, look)


def _prediction_section(results: Path, look: Look) -> Section:
    """Return the part about the classes that the network sees."""
    return Section(
        f"{look.anchor}-predictions",
        f"{look.where}: what it says",
        "The best classes of every photo, with their probabilities.",
        pictures.of_look(
            results, look, "predictions", ["best_classes"], "photos with their best classes"
        ),
        (Link(f"{look.folder}/predictions.tsv", "predictions.tsv", "the same as a table"),),
    )


def _backtrack_section(results: Path, look: Look) -> Section:
    """Return the part about the pixels that predictions go back to."""
    return Section(
        f"{look.anchor}-backtracks",
        f"{look.where}: which pixels predictions go back to",
        "From the best class of each photo back through the network, layer by layer.",
        pictures.of_look(
            results, look, "backtracks", ["all_photos"], "photos with the pixels found"
        ),
        (
            Link(f"{look.folder}/figures/backtracks", "A figure for every photo"),
            Link(f"{look.folder}/backtracks.tsv", "backtracks.tsv", "what arrived, what was lost"),
            Link(f"{look.folder}/backtracks.h5", "backtracks.h5", "points of every layer"),
        ),
    )


def _walk_section(results: Path, look: Look) -> Section:
    """Return the part about the walk itself, with the figures of what was compared."""
    drawn = [
        name for name in WALKS if (results / look.folder / f"figures/walk/{name}.png").exists()
    ]
    tables = (
        ("class_sensitivity.tsv", "how far the pixels depend on the class, for every photo"),
        ("class_pairs.tsv", "every two classes"),
        *((("variants.tsv", "every winner and k"),) if "path" in drawn else ()),
    )
    return Section(
        f"{look.anchor}-walk",
        f"{look.where}: how the walk goes",
        "One photo: the way through the layers, and what depends on the class and on choices.",
        tuple(
            picture
            for name in drawn
            for picture in pictures.of_look(results, look, "walk", [name], WALKS[name])
        ),
        tuple(Link(f"{look.folder}/{name}", name, words) for name, words in tables),
    )


def _object_sections(results: Path, look: Look) -> Iterator[Section]:
    """Yield the parts about boxes: on photos, and through the frames of sequences."""
    yield Section(
        f"{look.anchor}-objects",
        f"{look.where}: boxes",
        "Where the best classes lie, and boxes that may hold objects, beside one in the middle.",
        (
            *pictures.of_look(
                results, look, "objects", ["detections"], "photos with the boxes of classes"
            ),
            *pictures.of_look(results, look, "objects", ["proposals"], "photos with ranked boxes"),
        ),
        (
            Link(f"{look.folder}/detections.tsv", "detections.tsv", "a row for every class"),
            Link(f"{look.folder}/proposals.tsv", "proposals.tsv", "a row for every box"),
            Link(f"{look.folder}/recalls.tsv", "recalls.tsv", "how many objects they find"),
        ),
    )
    if look.sequences:
        yield Section(
            f"{look.anchor}-tracks",
            f"{look.where}: objects followed through frames",
            "Boxes of all frames, linked into tracks, beside one that stays and one in the middle.",
            tuple(
                picture
                for name in look.sequences
                for picture in _track_pictures(results, look, name)
            ),
            (
                Link(f"{look.folder}/tracks/scores.tsv", "scores.tsv", "how good the tracks are"),
                Link(f"{look.folder}/tracks", "Tracks as tables", "in the format of MOT Challenge"),
            ),
        )


def _track_pictures(results: Path, look: Look, name: str) -> Iterator[Picture]:
    """Yield the stills and the film of a sequence."""
    seen = f"the sequence {name} with true and found boxes"
    yield from pictures.of_look(results, look, "tracks", [name], seen)
    film = f"{look.folder}/figures/tracks/{name}.gif"
    yield Picture(film, f"{look.network}, tracks: {seen}", name, {}, wide=False)

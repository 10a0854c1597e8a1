"""Figures of a results folder, as a page of a study names them."""

from collections.abc import Sequence
from pathlib import Path

from cnnvis.pages.index import Picture
from cnnvis.pages.look import Look


def of_look(
    results: Path, look: Look, kind: str, names: Sequence[str], seen: str, *, wide: bool = True
) -> tuple[Picture, ...]:
    """Return the named figures of one network and image set, each with its other formats.

    Args:
        results: the folder of the results.
        look: the network and the image set.
        kind: the folder among their figures.
        names: of the figures, without the ending.
        seen: what they show, in words.
        wide: whether each needs the whole width of the page; else its name stands under it.
    """
    folder = f"{look.folder}/figures/{kind}"
    alt = f"{look.network}, {kind}: {seen}"
    return in_folder(results, folder, names, alt, wide=wide)


def in_folder(
    results: Path, folder: str, names: Sequence[str], seen: str, *, wide: bool = True
) -> tuple[Picture, ...]:
    """Return the named figures of a folder of the results, each with its other formats.

    Args:
        results: the folder of the results.
        folder: that of the figures, relative to it.
        names: of the figures, without the ending.
        seen: what they show, in words.
        wide: as of :func:`of_look`.
    """
    found = []
    for name in names:
        others = {
            file.suffix[1:].upper(): f"{folder}/{file.name}"
            for file in sorted((results / folder).glob(f"{name}.*"))
            if file.suffix not in (".png", ".gif")
        }
        alt = seen if wide else f"{seen} {name}"
        found.append(Picture(f"{folder}/{name}.png", alt, "" if wide else name, others, wide))
    return tuple(found)

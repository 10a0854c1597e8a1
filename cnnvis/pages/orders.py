"""The page about the orders of channels: which is best, and what each one shows, in plain words."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnvis.files import write_text
from cnnvis.pages import findings
from cnnvis.pages.findings import Layer
from cnnvis.pages.index import Link, Picture, environment

DATA_FILES = (
    "pages/templates/orders.html",
    "pages/templates/index.css",
    "pages/templates/colours.css",
)


@dataclass(frozen=True)
class Part:
    """A layer on the page: its sentences, its table (``layer.ranked``), its pictures and links."""

    anchor: str
    title: str
    layer: Layer
    sentences: tuple[str, ...]
    pictures: tuple[Picture, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Orders:
    """All that the page shows: what holds for all layers, then layer by layer."""

    title: str
    summary: tuple[str, ...]
    parts: tuple[Part, ...]
    sure: float = findings.SURE


def page(results: Path, looks: Sequence[tuple[str, str, str]], source: str) -> Orders:
    """Return the page of a results folder.

    Args:
        results: the folder.
        looks: (network, images, layer) of everything that was ordered.
        source: what the orders were made from.
    """
    parts = tuple(_part(results, *look, source) for look in looks)
    layers = [part.layer for part in parts]
    made = {"set": "all images", "mean": "the mean over all images"}.get(source, source)
    summary = (
        findings.overall(layers),
        findings.pca_overall(layers),
        f"The orders were made from {made}; correlations are over all pixels of the same.",
    )
    return Orders("Which order of the channels is best?", tuple(filter(None, summary)), parts)


def _part(results: Path, network: str, images: str, layer: str, source: str) -> Part:
    """Return what the page shows of one layer."""
    folder = f"{network}/{images}"
    tables = f"{folder}/orders/{layer}/{source}"
    found = findings.read(results / tables, network=network, layer=layer)
    say = (findings.best, findings.pca, findings.slices, findings.clusters)
    where = f"{network} on {images}, {layer}"
    figures = f"{folder}/figures/orderings/{layer}"
    seen = {
        "quality": "every order against random ones",
        "slice": "one slice of all maps in several orders",
        "agreement": "agreement of methods and of slices",
    }
    names = ("quality", "agreement", "agreement_rows", "agreement_cols", "stability")
    return Part(
        anchor=f"{network}-{images}-{layer}",
        title=where,
        layer=found,
        sentences=tuple(filter(None, (words(found) for words in say))),
        pictures=tuple(
            Picture(f"{figures}/{name}.png", f"{where}: {words}") for name, words in seen.items()
        ),
        links=tuple(Link(f"{tables}/{name}.tsv", f"{name}.tsv") for name in names),
    )


def render(orders: Orders) -> str:
    """Return the page as HTML; all text in it is taken as text, never as HTML."""
    templates = environment()
    templates.filters["two"] = findings.two
    return templates.get_template("orders.html").render(page=orders)


def write(path: str | os.PathLike[str], orders: Orders) -> None:
    """Write the page, whole or not at all.

    Raises:
        FileError: the disk is full, or the folder is read-only.
    """
    write_text(path, render(orders))

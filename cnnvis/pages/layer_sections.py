"""Parts of the page of a study about layers: their kernels, maps, gradients and filters."""

from collections.abc import Iterator
from pathlib import Path

from cnnvis.pages import pictures
from cnnvis.pages.index import Link, Picture, Section
from cnnvis.pages.look import Look

TABLES = {
    "norms": "length of every gradient",
    "cosines": "between every two images",
    "roles": "means with intervals",
    "tests": "do the roles differ?",
}
"""The tables beside the gradients of a layer, and what they hold."""

VOLUMES = Link("volumes.html", "Volumes to turn and to cut", "in the browser")
"""The page of volumes."""


def sections(results: Path, look: Look) -> Iterator[Section]:
    """Yield the parts about the layers of one network, with one image set, in their order.

    Args:
        results: the folder of the results.
        look: the network, its layers and the image set.
    """
    for layer in look.kernels:
        yield _kernel_section(results, look, layer)
    yield _through_section(results, look)
    for layer in look.layers:
        yield _layer_section(results, look, layer)
    for layer in look.filters:
        yield _gradient_section(results, look, layer)
    if look.filters:
        yield _importance_section(results, look)


def _kernel_section(results: Path, look: Look, layer: str) -> Section:
    """Return the part about the kernels of a first layer, which no image set changes."""
    folder = f"{look.network}/kernels/{layer}"
    alt = f"{look.network}, kernels of {layer} as colours"
    return Section(
        f"{look.anchor}-kernels-{layer}",
        f"{look.network}: the kernels of {layer}",
        "What the first layer answers to: stripes of some direction and width, blobs, colours.",
        pictures.in_folder(results, folder, ["kernels"], alt),
        (Link(f"{folder}.tsv", f"{layer}.tsv", "orientation, frequency and colour of each"),),
    )


def _through_section(results: Path, look: Look) -> Section:
    """Return the part about one photo as all layers answer to it."""
    return Section(
        f"{look.anchor}-through",
        f"{look.where}: one photo through the layers",
        "The same photo as every layer answers to it, its maps stacked into a volume.",
        pictures.of_look(results, look, "through", ["layers"], "volumes of all layers"),
        (VOLUMES, Link(f"{look.folder}/volumes", "Volumes for 3D viewers")),
    )


def _layer_section(results: Path, look: Look, layer: str) -> Section:
    """Return the part about the maps of one layer, in several orders."""
    orders = f"{look.folder}/orders/{layer}/{look.source}"
    methods = sorted(
        path.stem for path in (results / look.folder).glob(f"figures/channels/{layer}/*.png")
    )
    return Section(
        f"{look.anchor}-{layer}",
        f"{look.where}: the channels of {layer}",
        "The same maps in several orders: as volumes, side by side with their likeness, and each.",
        (
            *pictures.of_look(results, look, f"volumes/{layer}", ["stills"], "volumes of the maps"),
            *pictures.of_look(
                results, look, f"orderings/{layer}", ["side_by_side", "slice"], "orders compared"
            ),
            *pictures.of_look(
                results, look, f"channels/{layer}", methods, "all maps in the order", wide=False
            ),
        ),
        (
            Link("orders.html", "Which order is best", "in words and numbers"),
            Link(f"{orders}/quality.tsv", "quality.tsv", "how good each order is"),
            Link(orders, "Orders as JSON"),
            VOLUMES,
            Link(f"{look.folder}/volumes/{layer}/{look.source}", "Volumes for 3D viewers"),
        ),
    )


def _gradient_section(results: Path, look: Look, layer: str) -> Section:
    """Return the part about the gradients by the filters of one layer."""
    return Section(
        f"{look.anchor}-gradients-{layer}",
        f"{look.where}: gradients of the filters of {layer}",
        "How the score of the inspected class would change with every weight, for each image.",
        _gradient_pictures(results, look, layer),
        (
            *(
                Link(f"{look.folder}/gradients/{layer}/{name}.tsv", f"{name}.tsv", what)
                for name, what in TABLES.items()
            ),
            VOLUMES,
            Link(f"{look.folder}/gradients/{layer}/volumes", "Volumes for 3D viewers"),
            Link(f"{look.folder}/gradients/{layer}.h5", f"gradients/{layer}.h5"),
        ),
    )


def _gradient_pictures(results: Path, look: Look, layer: str) -> tuple[Picture, ...]:
    """Return what was drawn of the gradients of each inspected unit, which is in the file names."""
    kind = f"gradients/{layer}"
    found = (results / look.folder / "figures" / kind).glob("by_role_*.png")
    units = sorted((path.stem.removeprefix("by_role_") for path in found), key=int)
    parts: list[Picture] = []
    for unit in units:
        of = f"gradients of unit {unit}"
        parts += pictures.of_look(results, look, kind, [f"by_role_{unit}"], f"{of} by role")
        parts += pictures.of_look(
            results, look, kind, [f"stills_{unit}"], f"{of}, mean of each role"
        )
        film = f"{look.folder}/figures/{kind}/film_{unit}.gif"
        alt = f"{look.network}, {kind}: {of}, image after image"
        parts.append(Picture(film, alt, "image after image", {}, wide=False))
    return tuple(parts)


def _importance_section(results: Path, look: Look) -> Section:
    """Return the part about what filters are worth, with the figures of all layers."""
    return Section(
        f"{look.anchor}-importance",
        f"{look.where}: how important each filter is",
        "How far the score of the inspected class hangs on every filter, and what it is worth "
        "without them.",
        tuple(
            picture for layer in look.filters for picture in _importance_of(results, look, layer)
        ),
        (
            Link(f"{look.folder}/importance", "Importance of the filters", "a table a layer"),
            Link(f"{look.folder}/ablation.tsv", "ablation.tsv", "every removal measured"),
        ),
    )


def _importance_of(results: Path, look: Look, layer: str) -> tuple[Picture, ...]:
    """Return the figures of one layer; only some layers lose filters."""
    kind = f"importance/{layer}"
    removed = (results / look.folder / f"figures/{kind}/ablation.png").exists()
    seen = {"importance": "importance of every filter", "ablation": "curves of filters removed"}
    return tuple(
        picture
        for name, words in seen.items()
        if name == "importance" or removed
        for picture in pictures.of_look(results, look, kind, [name], words)
    )

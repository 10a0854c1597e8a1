"""The page of a study: what a run left in its results folder, as parts of the index page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from cnnvis import table_file
from cnnvis.pages import cautions
from cnnvis.pages.index import Care, Link, Page, Picture, Prediction, Section

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


DIGITS = "digit_classifier"
"""The folder of the classifier of digits."""


TABLES = {
    "norms": "length of every gradient",
    "cosines": "between every two images",
    "roles": "means with intervals",
    "tests": "do the roles differ?",
}
"""The tables beside the gradients of a layer, and what they hold."""


VOLUMES = Link("volumes.html", "Volumes to turn and to cut", "in the browser")
"""The page of volumes."""


WALKS = {
    "path": "the path of a backtrack through the layers",
    "classes": "backtracks from several classes",
    "winners": "backtracks by each winner",
    "k": "backtracks with several k",
}
"""The figures of the walk, and what they show."""


@dataclass(frozen=True)
class Look:
    """What a study looks at in one network with one image set.

    Args:
        network, images: their names, which are folders of the results.
        layers: whose maps were ordered and drawn.
        filters: whose gradients were computed.
        source: what the orders were made from.
        kernels: convolutions whose kernels were drawn.
        sequences: through which objects were followed.
    """

    network: str
    images: str
    layers: tuple[str, ...]
    filters: tuple[str, ...]
    source: str
    kernels: tuple[str, ...] = ()
    sequences: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Where its results are, relative to the page."""
        return f"{self.network}/{self.images}"


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
            *((_digits_section(results),) if digits else ()),
        ),
        predictions=tuple(row for look in looks for row in _predictions(results, look)),
        next_steps=(*((EXPLORER,) if explored else ()), *_next_steps(looks[0])),
        cautions=tuple(care for care in cares if care.sentences),
        provenance=provenance,
    )


def _care(results: Path, look: Look) -> Care:
    """Return what to keep in mind about one network and image set."""
    sentences = cautions.found(results / look.folder, filters=look.filters)
    return Care(f"{look.network} on {look.images}", sentences)


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
    where = f"{look.network} on {look.images}"
    anchor = f"{look.network}-{look.images}"
    yield Section(
        f"{anchor}-predictions",
        f"{where}: what it says",
        "The best classes of every photo, with their probabilities.",
        _pictures(results, look, "predictions", ["best_classes"], "photos with their best classes"),
        (Link(f"{look.folder}/predictions.tsv", "predictions.tsv", "the same as a table"),),
    )
    yield Section(
        f"{anchor}-backtracks",
        f"{where}: which pixels predictions go back to",
        "From the best class of each photo back through the network, layer by layer.",
        _pictures(results, look, "backtracks", ["all_photos"], "photos with the pixels found"),
        (
            Link(f"{look.folder}/figures/backtracks", "A figure for every photo"),
            Link(f"{look.folder}/backtracks.tsv", "backtracks.tsv", "what arrived, what was lost"),
            Link(f"{look.folder}/backtracks.h5", "backtracks.h5", "points of every layer"),
        ),
    )
    yield _walk_section(results, look, where, anchor)
    yield from _object_sections(results, look, anchor, where)
    for layer in look.kernels:
        yield _kernel_section(results, look, layer)
    yield Section(
        f"{anchor}-through",
        f"{where}: one photo through the layers",
        "The same photo as every layer answers to it, its maps stacked into a volume.",
        _pictures(results, look, "through", ["layers"], "volumes of all layers"),
        (VOLUMES, Link(f"{look.folder}/volumes", "Volumes for 3D viewers")),
    )
    for layer in look.layers:
        yield _layer_section(results, look, layer, anchor, where)
    for layer in look.filters:
        yield Section(
            f"{anchor}-gradients-{layer}",
            f"{where}: gradients of the filters of {layer}",
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
    if look.filters:
        yield Section(
            f"{anchor}-importance",
            f"{where}: how important each filter is",
            "How far the score of the inspected class hangs on every filter, and what it is worth "
            "without them.",
            tuple(
                picture
                for layer in look.filters
                for picture in _importance_of(results, look, layer)
            ),
            (
                Link(f"{look.folder}/importance", "Importance of the filters", "a table a layer"),
                Link(f"{look.folder}/ablation.tsv", "ablation.tsv", "every removal measured"),
            ),
        )


def _walk_section(results: Path, look: Look, where: str, anchor: str) -> Section:
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
        f"{anchor}-walk",
        f"{where}: how the walk goes",
        "One photo: the way through the layers, and what depends on the class and on choices.",
        tuple(
            picture
            for name in drawn
            for picture in _pictures(results, look, "walk", [name], WALKS[name])
        ),
        tuple(Link(f"{look.folder}/{name}", name, words) for name, words in tables),
    )


def _object_sections(results: Path, look: Look, anchor: str, where: str) -> Iterator[Section]:
    """Yield the parts about boxes: on photos, and through the frames of sequences."""
    yield Section(
        f"{anchor}-objects",
        f"{where}: boxes",
        "Where the best classes lie, and boxes that may hold objects, beside one in the middle.",
        (
            *_pictures(
                results, look, "objects", ["detections"], "photos with the boxes of classes"
            ),
            *_pictures(results, look, "objects", ["proposals"], "photos with ranked boxes"),
        ),
        (
            Link(f"{look.folder}/detections.tsv", "detections.tsv", "a row for every class"),
            Link(f"{look.folder}/proposals.tsv", "proposals.tsv", "a row for every box"),
            Link(f"{look.folder}/recalls.tsv", "recalls.tsv", "how many objects they find"),
        ),
    )
    if look.sequences:
        yield Section(
            f"{anchor}-tracks",
            f"{where}: objects followed through frames",
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
    yield from _pictures(results, look, "tracks", [name], seen)
    film = f"{look.folder}/figures/tracks/{name}.gif"
    yield Picture(film, f"{look.network}, tracks: {seen}", name, {}, wide=False)


def _importance_of(results: Path, look: Look, layer: str) -> tuple[Picture, ...]:
    """Return the figures of one layer; only some layers lose filters."""
    kind = f"importance/{layer}"
    removed = (results / look.folder / f"figures/{kind}/ablation.png").exists()
    seen = {"importance": "importance of every filter", "ablation": "curves of filters removed"}
    return tuple(
        picture
        for name, words in seen.items()
        if name == "importance" or removed
        for picture in _pictures(results, look, kind, [name], words)
    )


def _digits_section(results: Path) -> Section:
    """Return the part about the classifier of digits, whose errors have images enough."""
    layers = sorted(path.parent.name for path in results.glob(f"{DIGITS}/figures/*/ablation.png"))
    pictures = tuple(
        picture
        for layer in layers
        for name in ("ablation", "importance")
        for picture in _folder_pictures(
            results, f"{DIGITS}/figures/{layer}", [name], f"digits, {layer}: {name} of the filters"
        )
    )
    return Section(
        "digits-importance",
        "Digits: the true error without some filters",
        "A small network trained here, on handwritten digits: enough labelled images for an error "
        "to mean something, which a dozen photos are not.",
        pictures,
        (
            Link(f"{DIGITS}/ablation.tsv", "ablation.tsv", "every removal measured"),
            Link(f"{DIGITS}/accuracy.tsv", "accuracy.tsv", "how well it was trained"),
        ),
    )


def _kernel_section(results: Path, look: Look, layer: str) -> Section:
    """Return the part about the kernels of a first layer, which no image set changes."""
    folder = f"{look.network}/kernels/{layer}"
    alt = f"{look.network}, kernels of {layer} as colours"
    return Section(
        f"{look.network}-{look.images}-kernels-{layer}",
        f"{look.network}: the kernels of {layer}",
        "What the first layer answers to: stripes of some direction and width, blobs, colours.",
        _folder_pictures(results, folder, ["kernels"], alt),
        (Link(f"{folder}.tsv", f"{layer}.tsv", "orientation, frequency and colour of each"),),
    )


def _gradient_pictures(results: Path, look: Look, layer: str) -> tuple[Picture, ...]:
    """Return what was drawn of the gradients of each inspected unit, which is in the file names."""
    kind = f"gradients/{layer}"
    found = (results / look.folder / "figures" / kind).glob("by_role_*.png")
    units = sorted((path.stem.removeprefix("by_role_") for path in found), key=int)
    parts: list[Picture] = []
    for unit in units:
        of = f"gradients of unit {unit}"
        parts += _pictures(results, look, kind, [f"by_role_{unit}"], f"{of} by role")
        parts += _pictures(results, look, kind, [f"stills_{unit}"], f"{of}, mean of each role")
        film = f"{look.folder}/figures/{kind}/film_{unit}.gif"
        alt = f"{look.network}, {kind}: {of}, image after image"
        parts.append(Picture(film, alt, "image after image", {}, wide=False))
    return tuple(parts)


def _layer_section(results: Path, look: Look, layer: str, anchor: str, where: str) -> Section:
    orders = f"{look.folder}/orders/{layer}/{look.source}"
    methods = sorted(
        path.stem for path in (results / look.folder).glob(f"figures/channels/{layer}/*.png")
    )
    return Section(
        f"{anchor}-{layer}",
        f"{where}: the channels of {layer}",
        "The same maps in several orders: as volumes, side by side with their likeness, and each.",
        (
            *_pictures(results, look, f"volumes/{layer}", ["stills"], "volumes of the maps"),
            *_pictures(
                results, look, f"orderings/{layer}", ["side_by_side", "slice"], "orders compared"
            ),
            *_pictures(
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


def _pictures(
    results: Path, look: Look, kind: str, names: Sequence[str], seen: str, *, wide: bool = True
) -> tuple[Picture, ...]:
    """Return the figures of one folder, each with its other formats."""
    folder = f"{look.folder}/figures/{kind}"
    alt = f"{look.network}, {kind}: {seen}"
    return _folder_pictures(results, folder, names, alt, wide=wide)


def _folder_pictures(
    results: Path, folder: str, names: Sequence[str], seen: str, *, wide: bool = True
) -> tuple[Picture, ...]:
    """Return the named figures of a folder of the results, each with its other formats."""
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
        Link(VOLUMES.path, VOLUMES.title, "maps in every order, gradients by role, side by side"),
        Link(
            f"{look.folder}/activations.h5",
            "The feature maps themselves",
            "opens in h5py, xarray, or any HDF5 viewer",
        ),
    )

"""Small studies for the explorer: result files as a run leaves them, without a network."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from PIL import Image as Picture
from safetensors.numpy import save_file

from cnnvis import backtrack_file, ordering, provenance, quality, store
from cnnvis.files import sha256
from cnnvis.geometry import Frame
from cnnvis.labels import Image
from cnnvis.pages.explorer import export, site

SIDE = 64
"""Rows and columns of the input."""
FRAME = Frame(photo=(90, 120), resized=(66, 88), crop=(1, 12, SIDE, SIDE))
SALIENCY = {"sigma": 0.05, "near": 0.1, "share": 0.05, "level": 0.3, "box": "tight"}
CLASSES = ("tabby", "Egyptian cat", "coffee mug", "goose")
METHODS, CONTROLS = ("natural", "kmeans", "optimal_leaf"), ("random",)
UNITS = 1
MADE = provenance.of("test", params={}, inputs={}, source="code")


def layer(name="conv", channels=8, side=16, *, signed=False, convolution="", op="ReLU"):
    """A layer whose units lie evenly over the input; ``signed``: half its values are below 0."""
    step = SIDE / side
    centres = tuple(step * (place + 0.5) - 0.5 for place in range(side))
    spec = store.LayerSpec(
        name, (channels, side, side), "float32", op, (9, 9), (int(step), int(step)), centres,
        centres, convolution,
    )  # fmt: skip
    return SimpleNamespace(spec=spec, signed=signed)


def maps(layer, number):
    """Maps of an image: one hill in each, its place and its height known.

    Channel ``c`` peaks at :func:`peak` with the value ``1 + c / 10`` in every image.
    """
    channels, rows, cols = layer.spec.shape
    row, col = np.mgrid[:rows, :cols]
    found = np.empty(layer.spec.shape, np.float32)
    for channel in range(channels):
        at = peak(layer, number, channel)
        far = (row - at[0]) ** 2 + (col - at[1]) ** 2
        found[channel] = (1 + channel / 10) * np.exp(-far / (rows / 2))
    return found - np.float32(0.4) if layer.signed else found


def peak(layer, number, channel):
    """Where a channel answers most to image ``number``: (row, col); pairs are alike."""
    _, rows, cols = layer.spec.shape
    pair = channel // 2
    return (3 * pair + number) % rows, (5 * pair + 2 * number) % cols


def pixels(number):
    """A photo, each of its own colour."""
    rows, cols = FRAME.photo
    row, col = np.mgrid[:rows, :cols]
    hue = np.stack([row * 2, col * 2, np.full_like(row, 40 * number)], axis=-1)
    return (hue % 256).astype(np.uint8)


def write_study(
    root,
    *,
    ids=("cat", "mug"),
    layers=None,
    classes=CLASSES,
    network="net",
    images="photos",
    units=UNITS,
    refused=None,
    wanted=None,
):
    """Write result files below ``root``, and from them the data of the explorer; return its folder.

    Image ``n`` is truly of class ``n % 4`` and taken for it, but for every third image.
    """
    root = Path(root)
    source = root / "files" / network / images
    source.mkdir(parents=True)
    chosen = layers or [layer(convolution="conv1")]
    rows = [Image(id, f"{n:064x}", n % len(classes), "reference") for n, id in enumerate(ids)]
    _write_activations(source / "activations.h5", chosen, rows, len(classes))
    _write_walks(source / "walks.h5", chosen, rows, len(classes), units, refused or {})
    _write_manifest(source, rows)
    weights = {
        f"{one.spec.convolution}.weight": np.random.default_rng(1).standard_normal(
            (one.spec.shape[0], 3, 5, 5), np.float32
        )
        for one in chosen
        if one.spec.convolution
    }
    save_file(weights, source / "weights.safetensors")
    for one in chosen:
        write_orders(source / "orders" / one.spec.name, one, len(rows))
    study = export.Study(
        network=network,
        images=images,
        activations=str(source / "activations.h5"),
        walks=str(source / "walks.h5"),
        weights=str(source / "weights.safetensors"),
        manifest=str(source / "manifest.csv"),
        orders={one.spec.name: str(source / "orders" / one.spec.name) for one in chosen},
        methods=METHODS,
        controls=CONTROLS,
    )
    choices = export.Choices(wanted, classes, "set", "bilinear", SALIENCY)
    export.write_all(root / "explorer/data", study, choices, "made so")
    return root / "explorer"


def write_site(root, studies=(("net", "photos"),)):
    """Write the page beside data that :func:`write_study` wrote; return its address."""
    site.write_site(Path(root) / "explorer")
    site.write_contents(Path(root) / "explorer/data", list(studies))
    return (Path(root) / "explorer/index.html").as_uri()


def _write_activations(path, layers, rows, classes):
    scores = np.zeros((len(rows), classes), np.float32)
    for number in range(len(rows)):
        best = (number + (number % 3 == 2)) % classes
        scores[number] = np.roll(np.arange(classes, 0, -1), best)
    with store.create(
        path, layers=[one.spec for one in layers], images=rows, provenance=MADE, n_classes=classes
    ) as writer:
        for number, row in enumerate(rows):
            found = {one.spec.name: maps(one, number)[None] for one in layers}
            writer.append([row.id], found, scores[number : number + 1])


def _write_walks(path, layers, rows, classes, units, refused):
    """Write walks that are known: from a class to the middle, from a channel to its own peak."""
    ranks = min(2, classes)
    nodes = {
        "image": (3, SIDE, SIDE),
        **{one.spec.name: one.spec.shape for one in layers},
        "scores": (classes,),
    }
    starts = ["scores"] * ranks + [
        one.spec.name for one in layers for _ in range(units * one.spec.shape[0])
    ]
    seen = {
        "op": "ReLU", "receptive_field": [9, 9], "start": [-4, -4]
    }  # fmt: skip
    described = {
        "image": {"op": "input", "receptive_field": [1, 1], "stride": [1, 1], "start": [0, 0]},
        **{one.spec.name: {**seen, "stride": list(one.spec.stride)} for one in layers},
        "scores": {"op": "Linear"},
    }
    with backtrack_file.create(
        path,
        nodes=nodes,
        image_node="image",
        images=rows,
        provenance=MADE,
        ranks=len(starts),
        start_nodes=starts,
        node_attrs=described,
        attrs={"model": "tiny", "scores_node": "scores", "units": units, "refused": refused},
    ) as writer:
        for number, row in enumerate(rows):
            found = _walks(layers, number, ranks, classes, units, refused)
            writer.append(
                [row.id], found, target=[found.target], score=[found.score], frames=[FRAME],
                place=[found.place],
            )  # fmt: skip


def _walks(layers, number, ranks, classes, units, refused):
    points = {"image": [], **{one.spec.name: [] for one in layers}, "scores": []}
    best = (number + (number % 3 == 2)) % classes
    target, score, place = [], [], []
    for rank in range(ranks):
        start = len(target)
        target.append((best + rank) % classes)
        score.append(float(classes - rank))
        place.append((-1, -1))
        if "scores" in refused:
            continue
        points["scores"].append(((target[-1],), 1.0, start))
        for one in layers:
            channel = (number + rank) % one.spec.shape[0]
            points[one.spec.name].append(((channel, *peak(one, number, channel)), 1.0, start))
        for place_of in range(6):
            points["image"].append(((0, 30 + place_of + 8 * rank, 20 + place_of), 0.1, start))
    for one in layers:
        for channel in range(one.spec.shape[0]):
            for _ in range(units):
                start = len(target)
                row, col = peak(one, number, channel)
                target.append(channel)
                score.append(1 + channel / 10)
                place.append((row, col))
                points[one.spec.name].append(((channel, row, col), 1.0, start))
                step = one.spec.stride[0]
                pixel = (1, min(SIDE - 1, row * step), min(SIDE - 1, col * step))
                points["image"].append((pixel, 1.0, start))
    return SimpleNamespace(
        points={node: _points(some) for node, some in points.items() if some},
        lost={node: np.zeros(len(target)) for node in points},
        arrived=_arrived(points["image"], len(target)),
        target=target,
        score=score,
        place=place,
    )


def _arrived(pixels, starts):
    weight, start = [weight for _, weight, _ in pixels], [start for *_, start in pixels]
    return np.bincount(np.array(start, int), weight, starts)


def _points(some):
    index, weight, start = zip(*some, strict=True)
    return SimpleNamespace(index=np.array(index), weight=np.array(weight), start=np.array(start))


def _write_manifest(source, rows):
    lines = []
    for number, row in enumerate(rows):
        path = source / f"{number}.png"
        Picture.fromarray(pixels(number)).save(path)
        lines.append({
            "id": row.id, "path": str(path), "sha256": sha256(path), "class": str(row.class_index),
            "role": row.role, "rows": FRAME.photo[0], "cols": FRAME.photo[1],
        })  # fmt: skip
    pd.DataFrame(lines).to_csv(source / "manifest.csv", index=False)


def write_orders(folder, layer, images):
    """Write the orders of a layer, made from its maps, with how good they are."""
    folder.mkdir(parents=True)
    blocks = [maps(layer, number) for number in range(images)]
    channels = len(blocks[0])
    flat = np.concatenate([block.reshape(channels, -1) for block in blocks], axis=1)
    likeness = np.corrcoef(flat) if channels > 1 else np.ones((1, 1))
    np.save(folder / "similarity.npy", likeness)
    clusters = np.sort(np.arange(channels) % min(3, channels))
    found = {
        "natural": ordering.order_set(blocks, "natural"),
        "kmeans": ordering.Ordering(np.arange(channels), None, clusters, "kmeans", {}, "set"),
        "optimal_leaf": leaves(blocks),
        "random": ordering.order_set(blocks, "random"),
    }
    for name, order in found.items():
        ordering.write(folder / f"{name}.json", order, MADE.to_json())
    write_quality(folder, likeness, found)


def leaves(blocks):
    """The order along the leaves of a tree; one channel has no tree."""
    if len(blocks[0]) == 1:
        return ordering.Ordering([0], None, None, "optimal_leaf", {}, "set")
    return ordering.order_set(blocks, "optimal_leaf")


def write_quality(folder, likeness, orders):
    """Write the tables of quality; without rows where there is one channel, which has no order."""
    null = quality.permutation_null(likeness, draws=100) if len(likeness) > 1 else None
    judged = (
        {} if null is None else {n: quality.judge(likeness, o, null) for n, o in orders.items()}
    )
    table = quality.table(judged) if judged else pd.DataFrame(columns=["method"])
    table.assign(brightness_correlation="").to_csv(folder / "quality.tsv", sep="\t", index=False)
    for axis in ("rows", "cols"):
        (folder / f"agreement_{axis}.tsv").write_text("order\n")
    (folder / "stability.tsv").write_text("clusters\trand_index\n")

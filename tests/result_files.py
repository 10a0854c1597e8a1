"""Small result files for tests."""

from types import SimpleNamespace

import numpy as np

from cnnvis import backtrack_file, gradient_file, provenance, store
from cnnvis.geometry import Frame
from cnnvis.labels import Image

LAYERS = (
    store.LayerSpec(
        "features.0", (5, 3, 4), "float32", "Conv2d", (11, 11), (4, 2), (3.0, 7.0, 11.0),
        (1.0, 3.0, 5.0, 7.0), "features.0",
    ),
    store.LayerSpec("classifier", (6,), op="Linear"),
)  # fmt: skip
FRAME = Frame(photo=(60, 40), resized=(30, 20), crop=(1, 2, 10, 12))


def made(stage="extract", **params):
    return provenance.of(stage, params=params, inputs={}, source="code")


def images(count, first=0):
    return [
        Image(f"i{n}", f"{n:064x}", n if n % 2 else None, "reference" if n % 3 else "")
        for n in range(first, first + count)
    ]


def activations(count, first=0, layers=LAYERS):
    """Maps and scores of images, none like another."""
    maps = {
        spec.name: np.array(
            [
                np.random.default_rng([n, place]).standard_normal(spec.shape, np.float32)
                for n in range(first, first + count)
            ],
            np.float32,
        ).reshape(count, *spec.shape)
        for place, spec in enumerate(layers)
    }
    scores = np.add.outer(np.arange(first, first + count), np.arange(7)).astype(np.float32)
    return maps, scores


def write_store(path, count=3, first=0, batch=2, layers=LAYERS, attrs=None, **options):
    """Write an activation file in batches; return what was written."""
    maps, scores = activations(count, first, layers)
    rows = images(count, first)
    with store.create(
        path,
        layers=layers,
        images=rows,
        provenance=made(first=first),
        n_classes=7,
        attrs={"model": "tiny"} if attrs is None else attrs,
        **options,
    ) as writer:
        for begin in range(0, count, batch):
            part = slice(begin, begin + batch)
            writer.append(
                [row.id for row in rows[part]],
                {name: values[part] for name, values in maps.items()},
                scores[part],
            )
    return maps, scores


UNITS = (gradient_file.Unit(3, "bee"), gradient_file.Unit(1, "ant"))


def write_gradients(path, count=3, first=0, batch=2, shape=(4, 3, 2, 2), **options):
    """Write a gradient file in batches; return the gradients (image, unit, ...)."""
    values = np.array(
        [
            np.random.default_rng(n).standard_normal((len(UNITS), *shape), np.float32)
            for n in range(first, first + count)
        ],
        np.float32,
    ).reshape(count, len(UNITS), *shape)
    rows = images(count, first)
    with gradient_file.create(
        path,
        layer="features.0",
        units=UNITS,
        shape=shape,
        images=rows,
        provenance=made("gradients", first=first),
        attrs={"model": "tiny"},
        **options,
    ) as writer:
        for begin in range(0, count, batch):
            numbers = np.arange(first + begin, first + min(begin + batch, count))
            writer.append(
                [f"i{n}" for n in numbers],
                values[begin : begin + batch],
                predicted=numbers % 4,
                score=np.stack([numbers / 3, numbers / 5], axis=1),
            )
    return values


NODES = {"scores": (7,), "features.0": (5, 3, 4), "unvisited": (5, 3, 4), "x": (3, 10, 12)}


RANKS = 2


def begun(numbers):
    """The starts of images, in the order of a walk, numbered through the file."""
    return [RANKS * n + place for n in numbers for place in range(RANKS)]


def backtrack(starts):
    """What a walk may find for starts: number ``n`` has ``n`` points in a map, two pixels."""
    points, lost = {}, {}
    for place, (node, shape) in enumerate(NODES.items()):
        if node == "unvisited":
            continue
        draw = [np.random.default_rng([n, place]) for n in starts]
        counts = {"scores": [1] * len(starts), "x": [2] * len(starts)}.get(node, starts)
        index = [
            rng.integers(0, shape, (k, len(shape))) for rng, k in zip(draw, counts, strict=True)
        ]
        points[node] = SimpleNamespace(
            index=np.concatenate(index),
            weight=np.concatenate([rng.random(k) for rng, k in zip(draw, counts, strict=True)]),
            start=np.repeat(np.arange(len(starts)), counts),
        )
        lost[node] = np.array([rng.random() for rng in draw])
    arrived = np.bincount(points["x"].start, points["x"].weight, len(starts))
    return SimpleNamespace(points=points, lost=lost, arrived=arrived)


def write_backtracks(path, count=3, first=0, batch=2):
    """Write a backtrack file in batches."""
    with backtrack_file.create(
        path,
        nodes=NODES,
        image_node="x",
        images=images(count, first),
        provenance=made("walk_back", first=first),
        ranks=RANKS,
        attrs={"model": "tiny"},
    ) as writer:
        for begin in range(first, first + count, batch):
            numbers = list(range(begin, min(begin + batch, first + count)))
            writer.append(
                [f"i{n}" for n in numbers],
                backtrack(begun(numbers)),
                target=np.reshape(begun(numbers), (-1, RANKS)) % 7,
                score=np.reshape(begun(numbers), (-1, RANKS)) / 4,
                frames=[FRAME] * len(numbers),
            )

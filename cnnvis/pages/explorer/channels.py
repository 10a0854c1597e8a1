"""What does not depend on the image: orders and their quality, likeness, kernels."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import kernel_file, kernels, ordering
from cnnvis.pages import findings
from cnnvis.pages.explorer.packing import packed, rounded

ALIKE = 5
"""How many of the channels are named that are most like one."""

WORDS = {
    "natural": "as the network numbers them",
    "kmeans": "clusters of like maps, one after the other",
    "pca_image": "by the first principal component of the whole maps",
    "pca_slice": "by the first principal component of one slice of every map",
    "pca_angle": "by the angle in the plane of the first two principal components",
    "spectral": "laid along a line so that like channels come close",
    "optimal_leaf": "along the leaves of a tree of like channels, in their best order",
    "brightness": "by mean activation, the darkest first",
    "random": "at random: a control",
}
"""What each method does, in a few words."""

CLUSTERS = "kmeans"
"""The method whose clusters colour the channels in every order."""


def orders(paths: Sequence[str | os.PathLike[str]], layer: findings.Layer) -> list[dict[str, Any]]:
    """Return the orders of a layer, each with its words, its quality and its permutation.

    Args:
        paths: of their files.
        layer: how good they are.
    """
    read = [ordering.read(path) for path in paths]
    best = layer.ranked[0] if layer.rows else None
    found = []
    for one in read:
        row = layer.of(one.method)
        said = WORDS.get(one.method, one.method)
        found.append(
            {
                "name": one.method,
                "words": said,
                "quality": findings.worth(row) if row else "",
                "sure": bool(row and row.sure),
                "best": bool(row and row.sure and best and best.method == one.method),
                "permutation": one.permutation.tolist(),
            }
        )
    return found


def clusters(paths: Sequence[str | os.PathLike[str]]) -> list[int] | None:
    """Return the cluster of every channel, of the method that makes some; None without it."""
    for path in paths:
        if Path(path).stem == CLUSTERS:
            found = ordering.read(path).cluster
            return None if found is None else found.tolist()
    return None


def alike(similarity: ArrayLike, count: int = ALIKE) -> list[list[tuple[int, float]]]:
    """Return, for every channel, the channels most like it and their correlation, the most first.

    Only those that correlate more than 0; of equal ones the first counts.

    >>> alike([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]])
    [[(1, 0.5)], [(0, 0.5)], []]
    """
    matrix = np.array(similarity, np.float64)
    np.fill_diagonal(matrix, -np.inf)
    order = np.argsort(-matrix, axis=1, kind="stable")[:, :count]
    return [
        [(int(other), float(rounded(row[other], 3))) for other in some if row[other] > 0]
        for row, some in zip(matrix, order, strict=True)
    ]


def kernels_of(weights: str | os.PathLike[str], convolution: str) -> dict[str, Any] | None:
    """Return what is shown of the filters that make the channels of a layer; None for none.

    The norms of all; of filters that see the image, their colours and what they answer to, too.

    Args:
        weights: the safetensors file of the network.
        convolution: whose filters they are; empty where that is not known.
    """
    if not convolution:
        return None
    layer = convolution.split(":")[0]  # called again, it has the same filters
    values = kernel_file.read(weights, layer)
    norms = np.sqrt((values.astype(np.float64) ** 2).sum(axis=(1, 2, 3)))
    found: dict[str, Any] = {
        "layer": convolution,
        "shape": list(values.shape),
        "norm": rounded(norms),
        "rank": _ranks(norms),
    }
    if values.shape[1] == 3:
        colours = np.rint(255 * kernels.tiles(values)).astype(np.uint8)
        table = kernels.describe(values).to_dict("records")
        found |= {"colours": packed(colours, "uint8"), "words": [_answer(row) for row in table]}
    return found


def _ranks(norms: NDArray[np.float64]) -> list[int]:
    """Return the place of each filter among all, 1 for the largest norm."""
    place = np.empty(len(norms), np.int64)
    place[np.argsort(-norms, kind="stable")] = np.arange(1, len(norms) + 1)
    return place.tolist()


def _answer(row: Mapping[Any, Any]) -> str:
    """Say what a kernel answers to.

    >>> _answer({"label": "oriented", "orientation": 45.0, "cycles_per_kernel": 1.25})
    'stripes at 45°, 1.2 of them from side to side'
    >>> _answer({"label": "blob", "orientation": 0.0, "cycles_per_kernel": 0.0})
    'a blob'
    """
    if row["label"] == "oriented":
        across = f"{row['cycles_per_kernel']:.1f} of them from side to side"
        return f"stripes at {row['orientation']:.0f}°, {across}"
    known = {"colour": "a colour against another", "faint": "hardly anything: it is faint"}
    return known.get(row["label"], "a blob")

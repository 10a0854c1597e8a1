"""The data of the explorer for one network and one set of images, as scripts.

about                        images, layers, orders, nodes: what there is
layers/<layer>               orders, statistics, likeness, kernels
photos/<image>               the photo as the network saw it, and backtracks of its classes
maps/<layer>/<image>         feature maps
walks/<layer>/<image>        backtracks of the channels
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnvis import images, manifests, predictions, store, walk_file
from cnnvis.errors import ImageError
from cnnvis.labels import Image
from cnnvis.layer_spec import LayerSpec
from cnnvis.pages import findings
from cnnvis.pages.explorer import channels, maps, photos, walks
from cnnvis.pages.explorer.names import file_name
from cnnvis.pages.explorer.packing import rounded, write

VERSION = 1
"""Of what the files hold; the site shows data of its own version alone."""


@dataclass(frozen=True)
class Study:
    """Where the results of one network and one set of images lie.

    Args:
        network, images: their names.
        activations, walks, weights, manifest: the files.
        orders: layer -> the folder of its orders.
        methods: the orders to show, by their names.
        controls: further ones, which know nothing of the maps or are for comparison.
    """

    network: str
    images: str
    activations: str
    walks: str
    weights: str
    manifest: str
    orders: Mapping[str, str]
    methods: tuple[str, ...]
    controls: tuple[str, ...]


@dataclass(frozen=True)
class Choices:
    """How it is shown.

    Args:
        wanted: ids of the images; None for all.
        names: of the classes.
        source: what the orders were made from.
        interpolation: how photos are resized.
        saliency: from fixations to a box, see :func:`cnnvis.attention.on_photo`.
    """

    wanted: tuple[str, ...] | None
    names: Sequence[str]
    source: str
    interpolation: str
    saliency: Mapping[str, Any]


def write_all(
    root: str | os.PathLike[str], study: Study, choices: Choices, provenance: str
) -> None:
    """Write every script of a study below ``root``, the folder of all data.

    Raises:
        ImageError: none of the wanted images is in the set.
        FileError, StoreError: a file is not there, or the disk is full.
    """
    shown = _shown(store.images(study.activations), choices.wanted, study.images)
    specs = [spec for spec in store.layers(study.activations) if spec.name in study.orders]
    prefix = f"{study.network}/{study.images}"
    layers = [_write_layer(root, prefix, study, spec, shown) for spec in specs]
    listed = list(_write_photos(root, prefix, study, choices, shown, specs))
    write(root, f"{prefix}/about", _about(study, choices, listed, layers) | {"made": provenance})


def _shown(there: Sequence[Image], wanted: Sequence[str] | None, name: str) -> dict[int, Image]:
    """Return the images to show by their places in the set."""
    found = {
        place: image for place, image in enumerate(there) if wanted is None or image.id in wanted
    }
    if not found:
        raise ImageError(
            f"the image set '{name}' has none of the images {', '.join(wanted or ())}. Give ids "
            "of its images under explorer.images, or all."
        )
    return found


def _write_layer(
    root: str | os.PathLike[str],
    prefix: str,
    study: Study,
    spec: LayerSpec,
    shown: Mapping[int, Image],
) -> dict[str, Any]:
    """Write what there is of a layer, maps included; return what the table of contents says."""
    file, folder = file_name(spec.name), Path(study.orders[spec.name])
    statistics = maps.Statistics.of(spec.shape[0], int(np.prod(spec.shape[1:])))
    for place, found in enumerate(store.blocks(study.activations, layer=spec.name)):
        statistics.add(found)
        if place in shown:
            image = file_name(shown[place].id)
            write(root, f"{prefix}/maps/{file}/{image}", maps.as_bytes(found))
    quality = findings.read(folder, network=study.network, layer=spec.name)
    paths = [folder / f"{name}.json" for name in (*study.methods, *study.controls)]
    _, nodes = walk_file.described(study.walks)
    convolution = spec.convolution or str(nodes.get(spec.name, {}).get("convolution", ""))
    summary = statistics.summary(list(shown))
    content = {
        "orders": channels.orders(paths, quality),
        "clusters": channels.clusters(paths),
        "alike": channels.alike(np.load(folder / "similarity.npy", allow_pickle=False)),
        "kernels": channels.kernels_of(study.weights, convolution),
        **{key: summary[key] for key in ("mean", "maximum", "on", "photos", "peaks")},
    }
    write(root, f"{prefix}/layers/{file}", content)
    return {
        "name": spec.name,
        "file": file,
        "op": spec.op,
        "shape": list(spec.shape),
        "row": rounded(spec.row, 7),
        "col": rounded(spec.col, 7),
        "field": list(spec.receptive_field) if spec.receptive_field else None,
        "stride": list(spec.stride) if spec.stride else None,
        "limit": summary["limit"],
        "signed": summary["signed"],
        "best": next((one["name"] for one in content["orders"] if one["best"]), ""),
    }


def _write_photos(
    root: str | os.PathLike[str],
    prefix: str,
    study: Study,
    choices: Choices,
    shown: Mapping[int, Image],
    specs: Sequence[LayerSpec],
) -> Iterator[dict[str, Any]]:
    """Write photos and backtracks; yield what the table of contents says of each image."""
    own, _ = walk_file.described(study.walks)
    scores = store.scores(study.activations)
    pictures = images.Photos(manifests.read_manifest(study.manifest))
    for place, image in shown.items():
        file, starts = file_name(image.id), walk_file.starts(study.walks, image=image.id)
        chances = predictions.probabilities(scores[place : place + 1])[0]
        seen = images.shown(pictures[image.id], starts.frame, interpolation=choices.interpolation)
        ranks = walks.run(starts, str(own["scores_node"]))
        classes = [
            walks.of_class(
                starts,
                rank,
                names=choices.names,
                probability=chances[starts.target[rank]],
                pixels=str(own["image_node"]),
                saliency=choices.saliency,
            )
            for rank in range(ranks.start, ranks.stop)
        ]
        write(root, f"{prefix}/photos/{file}", {"png": photos.as_png(seen), "classes": classes})
        for spec in specs:
            if spec.name in starts.node:
                found = walks.of_channels(starts, spec.name)
                write(root, f"{prefix}/walks/{file_name(spec.name)}/{file}", found)
        yield photos.listed(image, file, chances, choices.names, [one["class"] for one in classes])


def _about(
    study: Study,
    choices: Choices,
    listed: Sequence[Mapping[str, Any]],
    layers: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the table of contents."""
    own, nodes = walk_file.described(study.walks)
    return {
        "version": VERSION,
        "network": study.network,
        "images": study.images,
        "source": choices.source,
        "methods": list(study.methods),
        "controls": list(study.controls),
        "photos": list(listed),
        "layers": list(layers),
        "units": int(own["units"]),
        "refused": walks.refused(own),
        "nodes": [walks.node(name, said) for name, said in nodes.items()],
        "saliency": dict(choices.saliency),
    }

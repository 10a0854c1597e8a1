"""What a stage that runs a network starts from: the network, and prepared images."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Any

import torch

from cnnvis import images, manifests, models, network, pipeline
from cnnvis.errors import ImageError, NetworkError, did_you_mean
from cnnvis.labels import FIRST, Image
from cnnvis.progress import Watch, unwatched

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Inputs:
    """A network and the images it is shown.

    Args:
        net: the network, in eval mode.
        preprocessing: how a photo becomes its input.
        rows: the rows of the manifest, one an image.
        weights_sha256: digest that stands for the network's weights.
        device: what the network runs on; ``cpu``, or the name of a GPU.
    """

    net: network.Network
    preprocessing: images.Preprocessing
    rows: "pd.DataFrame"
    weights_sha256: str
    device: str = "cpu"

    @property
    def labels(self) -> tuple[Image, ...]:
        """What is known of the images, in their order."""
        return manifests.labels(self.rows)

    @property
    def digests(self) -> dict[str, str]:
        """The inputs as a provenance names them, and the GPU, whose numbers are its own."""
        found = {"weights": self.weights_sha256, "images": manifests.digest(self.rows)}
        return found if self.device == "cpu" else found | {"device": self.device}

    def playing(self, role: str) -> "Inputs":
        """Return the network with the images of one role.

        Raises:
            ImageError: no image plays it.
        """
        rows = self.rows[self.rows["role"] == role]
        if rows.empty:
            known = ", ".join(sorted(filter(None, set(self.rows["role"])))) or "none"
            raise ImageError(
                f"no image has the role '{role}'; the images have {known}. Give images that role "
                "in the sheet."
            )
        return replace(self, rows=rows.reset_index(drop=True))

    def only(self, image: str) -> "Inputs":
        """Return the network with one image alone; ``first`` stands for the first one.

        Raises:
            ImageError: there is no such image.
        """
        ids = list(self.rows["id"])
        wanted = ids[0] if image == FIRST else image
        if wanted not in ids:
            raise ImageError(
                f"no image '{wanted}' in the set{did_you_mean(wanted, ids)}. Give the id of one of "
                f"its images, or {FIRST}."
            )
        return replace(self, rows=self.rows[self.rows["id"] == wanted].reset_index(drop=True))

    def batches(self, size: int, watch: Watch[int] = unwatched) -> Iterator[images.Batch]:
        """Yield the images ready for the network, ``size`` at a time.

        The next batches are read while one is looked at.

        Raises:
            ConfigError: a batch of no image.
            ImageError: a photo cannot be read, or was changed since it was checked.
        """
        read = images.batches(self.rows, self.preprocessing, size=size)
        numbers = range(ceil(len(self.rows) / max(size, 1)))
        with closing(pipeline.ahead(read)) as coming:
            for _, batch in zip(watch(numbers, "batches"), coming, strict=True):
                yield batch


def read(
    weights: str | os.PathLike[str],
    manifest: str | os.PathLike[str],
    described: Mapping[str, Any],
    *,
    graph: Callable[..., network.Network] = network.open,
) -> Inputs:
    """Load a network's weights and the table of the images.

    Args:
        weights: the safetensors file of the network.
        manifest: the table of an image set, or of one shard of it.
        described: the network's ``architecture`` and ``preprocessing``, as its catalogue entry;
            with ``device`` where it is not to run on the processor: ``cuda``, or ``auto`` for a
            GPU where there is one.
        graph: ``network.trace`` where hooks on modules do not do.

    Raises:
        NetworkError: the weights do not fit the architecture, or there is no GPU.
        TraceError: ``graph`` cannot follow the network.
        ConfigError: the preprocessing cannot be meant.
        ImageError: the manifest cannot be read.
    """
    preprocessing = images.Preprocessing.from_mapping(described["preprocessing"])
    device = _device(described.get("device", "cpu"))
    model = models.load(described["architecture"], weights=weights).to(device)
    return Inputs(
        net=graph(model, input_shape=(3, preprocessing.crop, preprocessing.crop)),
        preprocessing=preprocessing,
        rows=manifests.read_manifest(manifest),
        weights_sha256=models.provenance_digest(weights),
        device=torch.cuda.get_device_name() if device == "cuda" else device,
    )


def _device(wanted: str) -> str:
    """Return torch's name of the device that a network is to run on: ``cpu`` or ``cuda``."""
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if not torch.cuda.is_available():
        raise NetworkError(
            "device: cuda, but this job sees no GPU. Ask for one (the rules say gpu=1: see "
            "docs/how-to/run-on-a-cluster.md), install a build of torch for CUDA, or set device to "
            "auto or cpu."
        )
    return "cuda"

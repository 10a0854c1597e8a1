"""How time and memory grow with the number of images: from recorded maps to orders.

Random maps of the size of AlexNet's last ones stand for all: the disk holds them for ten thousand
images. Each step at each size is a process of its own, so that the memory it needed at most is its
own. How extraction grows: ``to_disk.py``.
"""

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
from timing import ROOT

from cnnvis import compare, ordering, provenance, statistics_file, store
from cnnvis.ordering import METHODS

SIZES = (100, 1000, 10_000)
LAYER = store.LayerSpec(
    "features.12", (256, 6, 6), op="MaxPool2d", row=tuple(range(6)), col=tuple(range(6))
)
BATCH = 50
SHARDS = 4
SLICES = [("row", None)]


def record(folder: Path, images: int) -> None:
    """Write the activation files of all shards, of maps that share a few causes."""
    share = images // SHARDS
    for shard in range(SHARDS):
        names = [f"{shard}_{number}" for number in range(share)]
        random = np.random.default_rng(shard)
        mix = random.random((256, 8), np.float32)
        with store.create(
            folder / f"activations_{shard}.h5",
            layers=[LAYER],
            images=[store.Image(name) for name in names],
            provenance=provenance.of("extract", params={"shard": shard}, inputs={}),
            n_classes=0,
        ) as writer:
            for first in range(0, share, BATCH):
                part = names[first : first + BATCH]
                causes = random.standard_normal((len(part), 8, 36), np.float32)
                maps = np.maximum(mix @ causes, 0).reshape(len(part), 256, 6, 6)
                writer.append(part, {LAYER.name: maps})


def summarise(folder: Path, images: int) -> None:
    """Sum up the maps of all shards, one after the other."""
    for shard in range(SHARDS):
        statistics_file.summarise(
            folder / f"activations_{shard}.h5",
            folder / f"statistics_{shard}.h5",
            layers=[LAYER.name],
            slices=SLICES,
            provenance=provenance.of("summarise", params={"shard": shard}, inputs={}),
        )


def merge(folder: Path, images: int) -> None:
    """Merge the sums of all shards."""
    shards = [folder / f"statistics_{shard}.h5" for shard in range(SHARDS)]
    statistics_file.merge(shards, folder / "statistics.h5")


def order(folder: Path, images: int) -> None:
    """Order the channels by every method."""
    kept = statistics_file.read_sums(folder / "statistics.h5", layer=LAYER.name, source="set")
    assert kept.images == images
    for method in METHODS:
        ordering.order_set(kept, method)
    compare.similarity_set(kept)


STEPS: dict[str, Callable[[Path, int], None]] = {
    "record": record,
    "summarise": summarise,
    "merge": merge,
    "order": order,
}


def measured(step: str, folder: Path, images: int) -> dict[str, float]:
    """Run one step in a process of its own; return its seconds and its largest memory."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (step, folder, images))


def _measure(step: str, folder: Path, images: int) -> dict[str, float]:
    before = time.process_time()
    STEPS[step](folder, images)
    seconds = time.process_time() - before
    return {
        "seconds": seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Measure all steps at all sizes, print them, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--output", default=ROOT / "results/benchmarks/growth.json", type=Path)
    arguments = parser.parse_args()
    found: dict[str, dict[int, dict[str, float]]] = {step: {} for step in STEPS}
    for images in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            for step in STEPS:
                found[step][images] = measured(step, Path(folder), images)
    print(f"{'':12}" + "".join(f"{images:>12} images        " for images in arguments.sizes))
    for step, by_size in found.items():
        cells = (
            f"{row['seconds']:9.2f} s {row['peak_mb']:9.0f} MB     " for row in by_size.values()
        )
        print(f"{step:12}" + "".join(cells))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

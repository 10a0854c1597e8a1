"""Feature maps of many images to disk, beside a bare forward pass and other tools; and growth."""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import torch
from neighbours import thingsvision
from timing import ROOT, installed, interleaved, ratios, show

from cnnvis import models, network, pipeline, store
from cnnvis.labels import Image
from cnnvis.provenance import of

LAYERS = ["features.0", "features.3"]
SMALL = ["features.12"]
BATCH = 8
BARE = "early-stopped pass, kept nowhere"


def to_disk(net: network.Network, pixels: torch.Tensor, layers: list[str], path: Path) -> None:
    """Extract as the workflow does, from decoded images."""
    names = [f"{place:06d}" for place in range(len(pixels))]
    with (
        store.create(
            path,
            layers=store.describe(net, layers),
            images=[Image(name, "", None, "") for name in names],
            n_classes=0,
            provenance=of("benchmark", params={}, inputs={}, packages=()),
        ) as writer,
        pipeline.behind(writer.append) as append,
    ):
        for begin in range(0, len(pixels), BATCH):
            part = slice(begin, begin + BATCH)
            record = network.record(net, pixels[part], layers)
            append(names[part], {layer: record[layer].numpy() for layer in layers})


def beside(rounds: int, images: int) -> dict[str, object]:
    """H2: the first two convolutions of AlexNet for many decoded images."""
    model = models.load("alexnet")
    contestants = _contestants(model, torch.randn(images, 3, 224, 224))
    found: dict[str, object] = {}
    for clock, seconds in (("wall", time.perf_counter), ("processor", time.process_time)):
        table = ratios(interleaved(contestants, rounds, seconds), BARE)
        _show_each(f"to disk, per image, by the {clock}'s time", table, images)
        found[clock] = table
    if installed("torchlens"):  # last: once loaded, it wraps all functions of torch
        found["TorchLens"] = _torchlens(contestants, model, images, max(3, rounds // 2))
    return found


def _contestants(model: torch.nn.Module, pixels: torch.Tensor) -> dict[str, Callable[[], object]]:
    net = network.open(model, input_shape=(3, 224, 224))
    parts = pixels.split(BATCH)

    def bare() -> None:
        for part in parts:
            network.record(net, part, LAYERS)

    @torch.no_grad()
    def whole() -> None:
        for part in parts:
            model(part)

    def own() -> None:
        with tempfile.TemporaryDirectory() as folder:
            to_disk(net, pixels, LAYERS, Path(folder) / "activations.h5")

    found = {BARE: bare, "cnnvis, to disk": own, "whole forward pass, kept nowhere": whole}
    if installed("thingsvision"):
        extract = thingsvision(model, LAYERS)

        def theirs() -> None:
            with tempfile.TemporaryDirectory() as folder:
                extract(parts, folder)

        found["thingsvision, to disk"] = theirs
    return found


def _torchlens(
    contestants: dict[str, Callable[[], object]], model: torch.nn.Module, images: int, rounds: int
) -> dict[str, dict[str, float]]:
    import torchlens

    pixels = torch.randn(images, 3, 224, 224)

    def to_folder() -> None:
        with tempfile.TemporaryDirectory() as folder:
            torchlens.extract_dataset(
                model, pixels, LAYERS, BATCH, output_dir=folder, progress=False
            )

    first = {name: contestants[name] for name in (BARE, "cnnvis, to disk")}
    table = ratios(interleaved(first | {"TorchLens, to disk": to_folder}, rounds), BARE)
    _show_each("to disk, per image, with TorchLens loaded, by the processor's time", table, images)
    return table


def _show_each(title: str, table: dict[str, dict[str, float]], images: int) -> None:
    for row in table.values():
        row["median_ms"] /= images
    show(title, table, [name for name in ("thingsvision", "torchlens") if not installed(name)])


def growth(counts: list[int]) -> dict[str, object]:
    """H10: time and peak memory by the number of images, each in a process of its own."""
    rows = {}
    for count in counts:
        command = [sys.executable, __file__, "--one", str(count)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        rows[count] = row = json.loads(answer)
        print(
            f"  {count:8} images: {1e3 * row['seconds'] / count:7.2f} ms each, "
            f"{row['peak_mb']:7.0f} MB at most, file {row['file_mb']:8.1f} MB"
        )
    return {str(count): row for count, row in rows.items()}


class Noise:
    """Decoded images that are made when they are asked for."""

    def __init__(self, count: int) -> None:
        """Make none yet."""
        self._count = count

    def __len__(self) -> int:
        """Return the number of images."""
        return self._count

    def __getitem__(self, part: slice) -> torch.Tensor:
        """Return some images (image, 3, row, col)."""
        begin, end, _ = part.indices(self._count)
        return torch.randn(end - begin, 3, 63, 63, generator=torch.Generator().manual_seed(begin))


def one(count: int) -> None:
    """Extract a late layer of ``count`` small images, and print what it took."""
    net = network.open(models.load("alexnet"), input_shape=(3, 63, 63))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "activations.h5"
        start = time.process_time()
        to_disk(net, Noise(count), SMALL, path)  # type: ignore[arg-type]
        seconds = time.process_time() - start
        size = path.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "peak_mb": peak / 1024, "file_mb": size / 1e6}))


def main() -> None:
    """Measure both and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--growth", type=int, nargs="*", default=[100, 1000, 10_000])
    parser.add_argument("--one", type=int, help="what each process of the growth does")
    parser.add_argument("--output", type=Path, default=ROOT / "results/benchmarks/to_disk.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.one:
        one(options.one)
        return
    figures = {"beside": beside(options.rounds, options.images)}
    print("\ngrowth: one late layer of AlexNet on 63 x 63 pixels")
    figures["growth"] = growth(options.growth)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"\nwritten to {options.output}")


if __name__ == "__main__":
    main()

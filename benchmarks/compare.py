"""Measure cnnvis beside other tools and slow definitions: interleaved, one process and thread."""

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import numpy.typing as npt
import torch
from backtracks import agreement, backtracking, explanation, memory
from timing import ROOT, Contestants, installed, interleaved, ratios, show

from cnnvis import gradients, models, network
from cnnvis.ordering import leaves

ROUNDS = 9
Floats = npt.NDArray[np.float64]


def extraction(rounds: int) -> dict[str, object]:
    """H1: feature maps of the first two convolutions of AlexNet, one image."""
    model = models.load("alexnet")
    layers = ["features.0", "features.3"]
    images = torch.randn(1, 3, 224, 224)
    net = network.trace(model)
    parts = dict(model.named_modules())
    models.import_torchvision()
    extractors = importlib.import_module("torchvision.models.feature_extraction")
    extractor = extractors.create_feature_extractor(model, layers)

    def hooked() -> dict[str, torch.Tensor]:
        kept = {}
        handles = [
            parts[name].register_forward_hook(
                lambda _, __, output, name=name: kept.__setitem__(name, output.clone())
            )
            for name in layers
        ]
        with torch.no_grad():
            model(images)
        for handle in handles:
            handle.remove()
        return kept

    contestants: dict[str, Callable[[], object]] = {
        "cnnvis": lambda: network.record(net, images, layers),
        "whole forward pass": torch.no_grad()(lambda: model(images)),
        "forward hooks": hooked,
        "torchvision extractor": torch.no_grad()(lambda: extractor(images)),
    }
    absent = [name for name in ("captum", "torchlens") if not installed(name)]
    if "captum" not in absent:
        from captum.attr import LayerActivation

        captum = LayerActivation(model, [parts[name] for name in layers])
        contestants["Captum LayerActivation"] = torch.no_grad()(lambda: captum.attribute(images))
    table = ratios(interleaved(contestants, rounds), "cnnvis")
    if "torchlens" not in absent:  # last and apart: once loaded, it wraps all functions of torch
        import torchlens

        wanted = torchlens.func("conv2d")
        contestants["TorchLens"] = lambda: torchlens.record(model, images, save=wanted)
        last = {name: contestants[name] for name in ("cnnvis", "TorchLens")}
        table["TorchLens"] = ratios(interleaved(last, rounds), "cnnvis")["TorchLens"]
    show("extraction: first two convolutions of AlexNet, one image", table, absent)
    return {"table": table, "absent": absent}


def weight_gradients(rounds: int) -> dict[str, object]:
    """H3: per-image gradients of the first convolution of AlexNet, 16 images, 1 and 10 classes."""
    found: dict[str, object] = {}
    absent = [name for name in ("captum",) if not installed(name)]
    for classes in ([281], list(range(280, 290))):
        contestants = _gradient_contestants(classes)
        _require_agreement(contestants)
        table = ratios(interleaved(contestants, max(3, rounds // 2)), "cnnvis")
        count = "one class" if len(classes) == 1 else f"{len(classes)} classes"
        show(f"gradients: first convolution of AlexNet, 16 images, {count}", table, absent)
        found[count] = {"table": table, "absent": absent}
    return found


def _gradient_contestants(classes: list[int]) -> Contestants:
    """Return ways to the gradients (class, image, ...), which have to agree."""
    model = models.load("alexnet")
    net = network.trace(model)
    images = torch.randn(16, 3, 224, 224)
    weights = dict(model.named_parameters())
    first = "features.0.weight"

    def scores(weight: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(model, weights | {first: weight}, (image[None],))[0]

    def score(weight: torch.Tensor, image: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        return scores(weight, image).gather(0, wanted[None])[0]

    def wanted(weight: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        return scores(weight, image)[classes]

    per_image = torch.func.vmap(torch.func.grad(score), in_dims=(None, 0, None))
    per_class = torch.func.vmap(per_image, in_dims=(None, None, 0))
    jacobian = torch.func.vmap(torch.func.jacrev(wanted), in_dims=(None, 0))
    numbers = torch.tensor(classes)

    def one_by_one() -> torch.Tensor:
        each = [
            torch.autograd.grad(model(image[None])[0, index], weights[first])[0]
            for index in classes
            for image in images
        ]
        return torch.stack(each).unflatten(0, (len(classes), len(images)))

    contestants: dict[str, Callable[[], object]] = {
        "cnnvis": lambda: gradients.filters_by_class(
            net, images, layer="features.0", classes=classes
        ),
        "forward pass": torch.no_grad()(lambda: model(images)),
        "vmap(vmap(grad))": lambda: per_class(weights[first], images, numbers),
        "vmap(jacrev)": lambda: jacobian(weights[first], images).transpose(0, 1),
    }
    if len(classes) == 1:  # 160 passes would take longer than all the others
        contestants["a backward pass per image"] = one_by_one
    if installed("captum"):
        contestants["Captum SampleGradientWrapper"] = _captum(model, images, classes)
    return contestants


def _require_agreement(contestants: Contestants) -> None:
    """See that all ways lead to the same gradients."""
    expected = torch.as_tensor(contestants["cnnvis"]())
    for name, run in contestants.items():
        if name != "forward pass":
            apart = (torch.as_tensor(run()) - expected).abs().max() / expected.abs().max()
            assert apart < 1e-4, f"{name} differs from cnnvis by {apart:.1e}"


def _captum(
    model: torch.nn.Module, images: torch.Tensor, classes: list[int]
) -> Callable[[], torch.Tensor]:
    """Return Captum's way: a forward pass per class, for its backward pass frees the graph."""
    from captum._utils.sample_gradient import SampleGradientWrapper

    layer = model.features[0]
    followed = images.clone().requires_grad_()  # its hooks ask for that

    def of_class(index: int) -> torch.Tensor:
        wrapper = SampleGradientWrapper(model, layer_modules=[layer])
        wrapper.add_hooks()
        try:
            wrapper.compute_param_sample_gradients(model(followed)[:, index], "sum")
            return layer.weight.sample_grad
        finally:
            wrapper.remove_hooks()

    return lambda: torch.stack([of_class(index) for index in classes])


def leaf_order(rounds: int) -> dict[str, object]:
    """H7: the best order of the leaves of a tree: time, length of the path, memory at 2048."""
    from scipy.cluster.hierarchy import leaves_list, optimal_leaf_ordering

    found: dict[str, object] = {}
    for channels in (96, 512):
        distance, pairs, tree = _tree(channels)
        joins = tree[:, :2].astype(np.intp)
        contestants: dict[str, Callable[[], object]] = {
            "cnnvis": lambda d=distance, j=joins: leaves.best_order(d, j),
            "SciPy": lambda t=tree, p=pairs: leaves_list(optimal_leaf_ordering(t, p)),
        }
        length = {}
        for name, run in contestants.items():
            order = run()
            length[name] = float(distance[order[:-1], order[1:]].sum())
        table = ratios(interleaved(contestants, rounds), "cnnvis")
        show(f"leaf order: average-linkage tree of {channels} channels", table, [])
        longer = 100 * (length["SciPy"] / length["cnnvis"] - 1)
        print(f"  length of the path: SciPy's is {longer:.1f} % longer")
        found[str(channels)] = {"table": table, "length": length}
    distance, _, tree = _tree(2048)
    tracemalloc.start()
    start = time.perf_counter()
    leaves.best_order(distance, tree[:, :2].astype(np.intp))
    seconds, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    matrices = peak / distance.nbytes
    print(f"  2048 channels: {seconds:.1f} s, {peak / 2**20:.0f} MiB = {matrices:.2f} matrices")
    return found | {"2048": {"seconds": seconds, "peak_bytes": peak, "matrices": matrices}}


def _tree(channels: int) -> tuple[Floats, Floats, Floats]:
    """Return 1 - correlation of random channels, as a matrix and as pairs, and its tree."""
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    random = np.random.default_rng(0)
    maps = random.random((channels, 40)) @ random.random((40, 300))
    maps += 0.3 * random.random(maps.shape)
    distance = 1.0 - np.corrcoef(maps)
    distance = (distance + distance.T) / 2
    np.fill_diagonal(distance, 0.0)
    pairs = squareform(distance, checks=False)
    return distance, pairs, linkage(pairs, "average")


def empty_study(folder: Path) -> None:
    """Copy the workflow and its configuration into an empty folder, without any result."""
    for name in ("Snakefile", "config.yaml", "workflow", "profiles", "environment.yml"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)


def default_run(rounds: int) -> dict[str, object]:
    """H9: the default study in an empty folder on all cores, then again with nothing to do."""
    with tempfile.TemporaryDirectory() as folder:
        empty_study(Path(folder))
        command = [str(Path(sys.executable).with_name("snakemake")), "--cores", "all", "--quiet"]
        seconds = {}
        for title in ("first run, with downloads", "second run, nothing to do"):
            start = time.perf_counter()
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            seconds[title] = time.perf_counter() - start
            print(f"  {title:32}{seconds[title]:8.1f} s")
    return {"seconds": seconds}


COMPARISONS: dict[str, Callable[[int], dict[str, object]]] = {
    "gradients": weight_gradients,
    "explanation": explanation,
    "backtracking": backtracking,
    "agreement": agreement,
    "memory": memory,
    "extraction": extraction,
    "leaf_order": leaf_order,
    "default_run": default_run,
}


def main() -> None:
    """Run the wanted comparisons and write their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("comparison", nargs="*", choices=[*COMPARISONS, []], default=[])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--output", type=Path, default=ROOT / "results/benchmarks/compare.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    wanted = options.comparison or [name for name in COMPARISONS if name != "default_run"]
    figures = {name: COMPARISONS[name](options.rounds) for name in wanted}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    versions = {"python": sys.version.split()[0], "torch": torch.__version__}
    options.output.write_text(json.dumps({"versions": versions, **figures}, indent=1) + "\n")
    print(f"\nwritten to {options.output}")


if __name__ == "__main__":
    main()

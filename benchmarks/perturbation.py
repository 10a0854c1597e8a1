"""Measure perturbation curves beside their bare forward passes, and metrics beside Quantus."""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import torch
from compare import ROOT, ROUNDS, Contestants, installed, interleaved, ratios, show

from cnnvis import metrics, models, network, perturbation
from cnnvis.perturbation import measuring
from cnnvis.perturbation.imputing import imputed
from cnnvis.perturbation.protocols import even

SIDE = 224
STEPS = 24


def deletion(rounds: int) -> dict[str, object]:
    """H8: one map of an image, and 4 maps of 2 images, in 24 steps, of two networks."""
    found: dict[str, object] = {}
    absent = [] if installed("quantus") else ["quantus"]
    for name in ("alexnet", "squeezenet1_1"):
        for methods, images in ((1, 1), (4, 2)):
            table = _deletion(name, methods, images, rounds)
            title = f"{name}, {methods} maps of {images} images"
            show(f"deletion: {title}", table, absent)
            found[title] = {"table": table, "absent": absent}
    return found


def _deletion(name: str, methods: int, images: int, rounds: int) -> dict[str, dict[str, float]]:
    random = np.random.default_rng(0)
    model = models.load(name)
    net = network.trace(model)
    pixels = random.normal(size=(images, 3, SIDE, SIDE)).astype(np.float32)
    maps = random.random((methods, images, SIDE, SIDE))
    targets = [281] * images
    plan = perturbation.protocol("deletion", fill=0.0, shares=even(STEPS))

    def ours() -> np.ndarray:
        return perturbation.curves(net, pixels, maps, targets, plan).values

    batches = _batches(ours)
    shown = torch.from_numpy(random.normal(size=(max(batches), 3, SIDE, SIDE))).float()

    @torch.inference_mode()
    def bare() -> None:
        for count in batches:
            model(shown[:count])

    contestants: dict[str, Callable[[], object]] = {
        f"{sum(batches)} bare forward passes": bare,
        "cnnvis": ours,
    }
    if installed("quantus"):
        contestants["Quantus PixelFlipping"] = _pixel_flipping(model, pixels, maps, targets)
    return ratios(interleaved(contestants, rounds), next(iter(contestants)))


def _batches(run: Callable[[], object]) -> list[int]:
    """Return how many images are in each batch that a function runs."""
    counts: list[int] = []
    real = measuring.run

    def counted(net: network.Network, batch: torch.Tensor, wanted: list[str]) -> object:
        counts.append(len(batch))
        return real(net, batch, wanted)

    measuring.run = counted
    try:
        run()
    finally:
        measuring.run = real
    return counts


def _pixel_flipping(
    model: torch.nn.Module,
    pixels: np.ndarray,
    maps: np.ndarray,
    targets: list[int],
) -> Callable[[], list[Any]]:
    """Return Quantus's way: all images of a method at once, (method, image, step)."""
    import quantus

    flipping = quantus.PixelFlipping(
        features_in_step=pixels[0].size // STEPS,
        perturb_baseline=0.0,
        normalise=False,
        disable_warnings=True,
    )

    def run() -> list[Any]:
        with torch.no_grad():
            return [
                flipping(
                    model=model,
                    x_batch=pixels.copy(),
                    y_batch=np.array(targets),
                    a_batch=one[:, None].copy(),
                    softmax=True,
                )
                for one in maps
            ]

    return run


def _flipping_apart() -> float:
    """Return how far the curves of a small network differ, at most, where whole pixels are gone."""
    torch.manual_seed(0)
    model = (
        torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 5, stride=4),
            torch.nn.ReLU(),
            torch.nn.Flatten(),
            torch.nn.Linear(392, 10),
        )
        .requires_grad_(False)
        .eval()
    )
    model[3].weight *= 20  # probabilities that move
    random = np.random.default_rng(0)
    pixels = random.normal(size=(4, 3, 32, 32)).astype(np.float32)
    maps = random.random((3, 4, 32, 32))
    targets = [0, 3, 5, 9]
    plan = perturbation.protocol("deletion", fill=0.0, shares=even(STEPS))
    net = network.trace(model, input_shape=(3, 32, 32))
    found = perturbation.curves(net, pixels, maps, targets, plan).values
    assert np.ptp(found) > 0.5
    # It changes one channel of a pixel after the other: whole pixels after every third step.
    theirs = np.array(_pixel_flipping(model, pixels, maps, targets)())
    return float(np.abs(theirs[..., 2::3] - found[..., 3::3]).max())


def agreement(rounds: int) -> dict[str, object]:
    """How far metrics differ from those of Quantus on random maps, at most."""
    if not installed("quantus"):
        print("\nagreement: Quantus is not installed")
        return {"absent": ["quantus"]}
    from quantus import Focus, PointingGame, RelevanceMassAccuracy, Sparseness
    from quantus.functions import similarity_func

    random = np.random.default_rng(0)
    maps = random.random((40, 32, 32)) ** 3
    other = random.random((40, 32, 32))
    truth = random.random((40, 32, 32)) < 0.3
    cells = random.integers(0, 4, 40)
    one_hot = np.eye(4)[cells]
    options = {"normalise": False, "disable_warnings": True}
    given = {"model": None, "x_batch": maps[:, None].copy(), "y_batch": np.zeros(40, int)}

    def theirs(metric: Any, **more: Any) -> np.ndarray:
        asked = given | {"model": torch.nn.Identity(), "a_batch": maps[:, None].copy()} | more
        return np.ravel(metric(**asked)).astype(float)

    masks = truth[:, None]
    pairs = {
        "energy, RelevanceMassAccuracy": (
            metrics.energy(maps, truth),
            theirs(RelevanceMassAccuracy(**options), s_batch=masks),
        ),
        "pointing without tolerance, PointingGame": (
            metrics.pointing(maps, truth, tolerance=0),
            theirs(PointingGame(**options), s_batch=masks),
        ),
        "grid_pointing, Focus": (
            metrics.grid_pointing(maps, cells, grid=(2, 2)),
            theirs(Focus(**options), custom_batch=one_hot),
        ),
        "gini, Sparseness": (metrics.gini(maps), theirs(Sparseness(**options))),
    }
    for name in ("spearman", "pearson"):
        compare = getattr(similarity_func, f"correlation_{name}")
        expected = [compare(a.ravel(), b.ravel()) for a, b in zip(maps, other, strict=True)]
        pairs[f"{name}, correlation_{name}"] = (metrics.LIKENESS[name](maps, other), expected)
    apart = {name: float(np.abs(np.subtract(a, b)).max()) for name, (a, b) in pairs.items()}
    apart["deletion, PixelFlipping"] = _flipping_apart()
    imputing = _imputing(rounds)
    apart["imputed, noisy_linear_imputation"] = imputing.pop("apart")
    print("\nlargest difference from Quantus")
    for name, difference in apart.items():
        print(f"  {name:44}{difference:12.1e}")
    show("imputing half of the pixels, in patches", imputing["table"], [])
    return {"largest_difference": apart, "imputing": imputing["table"]}


def _imputing(rounds: int) -> dict[str, Any]:
    """Compare how pixels are made up: the values without noise, and the time."""
    from quantus.functions.perturb_func import noisy_linear_imputation

    random = np.random.default_rng(0)
    image = random.normal(size=(3, SIDE, SIDE))
    missing = random.random((SIDE // 8, SIDE // 8)).repeat(8, 0).repeat(8, 1) < 0.5
    indices = np.flatnonzero(missing)
    contestants: Contestants = {
        "cnnvis": lambda: imputed(image, missing, noise=0.0),
        "Quantus": lambda: noisy_linear_imputation(image, indices, noise=0.0),
    }
    one, other = (run() for run in contestants.values())
    table = ratios(interleaved(contestants, max(3, rounds // 3)), "cnnvis")
    return {"apart": float(np.abs(one - other).max()), "table": table}


COMPARISONS: dict[str, Callable[[int], dict[str, object]]] = {
    "deletion": deletion,
    "agreement": agreement,
}


def main() -> None:
    """Run the wanted comparisons and write their figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("comparison", nargs="*", choices=[*COMPARISONS, []], default=[])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "results/benchmarks/perturbation.json"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", module="quantus")
    figures = {
        name: COMPARISONS[name](options.rounds) for name in options.comparison or COMPARISONS
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    versions = {"python": sys.version.split()[0], "torch": torch.__version__}
    options.output.write_text(json.dumps({"versions": versions, **figures}, indent=1) + "\n")
    print(f"\nwritten to {options.output}")


if __name__ == "__main__":
    main()

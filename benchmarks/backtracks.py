"""Backtracking: what a walk takes beside a forward pass, other explanations and its slow twin."""

import copy
import importlib.util
import time
import tracemalloc
from collections.abc import Callable, Mapping

import numpy as np
import torch
from timing import ROOT, installed, interleaved, ratios, show

from cnnvis import backtrack, catalogue, images, models, network
from cnnvis.backtrack import points as budget

Record = Mapping[str, torch.Tensor]
NETWORKS = ("vgg16", "squeezenet1_1", "efficientnet_lite0")
CHOICES = {
    "walk": backtrack.Options(),
    "walk, spatial": backtrack.Options(position="spatial", dead_end="follow"),
}


def opened(name: str) -> tuple[torch.nn.Module, network.Network, bool]:
    """Return a model, its folded network, and whether its weights are trained ones."""
    weights = ROOT / f"resources/networks/{name}.safetensors"
    model = models.load(name, weights=weights if weights.exists() else "random")
    side = preprocessing(name).crop
    net = network.trace(model, input_shape=(3, side, side))
    return model, network.fold(net), weights.exists()


def preprocessing(name: str) -> images.Preprocessing:
    """Return how photos become input of a network."""
    return images.Preprocessing.from_mapping(catalogue.network(name).preprocessing)


def photos(name: str, count: int) -> torch.Tensor:
    """Return so many images: the photos of the default study, over and over, or noise."""
    prepared = preprocessing(name)
    files = sorted((ROOT / "resources/images/photos").glob("*/[!.]*"))
    if not files:
        shape = (count, 3, prepared.crop, prepared.crop)
        return torch.randn(shape, generator=torch.Generator().manual_seed(0))
    each = [images.prepare(images.read(file), prepared)[0] for file in files[:count]]
    return torch.from_numpy(np.stack([each[i % len(each)] for i in range(count)]))


def explanation(rounds: int) -> dict[str, object]:
    """H4: one explanation of one image, with the forward pass that it takes."""
    found: dict[str, object] = {}
    for name in ("vgg16", "squeezenet1_1"):
        model, net, _ = opened(name)
        batch = photos(name, 1)
        target = int(model(batch).argmax())
        wanted = backtrack.needed(net, net.scores)

        def walked(winner, net=net, batch=batch, target=target, wanted=wanted):  # type: ignore[no-untyped-def]
            record = network.record(net, batch, wanted)
            options = backtrack.Options(winner=winner)
            return backtrack.from_scores(net, record, targets=[target], options=options)

        contestants: dict[str, Callable[[], object]] = {
            "forward pass": torch.no_grad()(lambda model=model, batch=batch: model(batch)),
            "cnnvis": lambda walked=walked: walked("channel_sum"),
            "cnnvis, soft (excitation backprop)": lambda walked=walked: walked("soft"),
        }
        absent = [tool for tool in ("captum", "zennit") if not installed(tool)]
        if "captum" not in absent:
            contestants["Captum LRP"] = _captum(model, batch, target)
        if "zennit" not in absent:
            contestants |= _zennit(model, batch, target)
        table = ratios(interleaved(contestants, max(7, rounds)), "forward pass")
        show(f"explanation: {name}, one image", table, absent)
        found[name] = {"table": table, "absent": absent}
    return found


def _captum(model: torch.nn.Module, batch: torch.Tensor, target: int) -> Callable[[], object]:
    from captum.attr import LRP

    return lambda: LRP(model).attribute(batch, target=target)


def _zennit(
    model: torch.nn.Module, batch: torch.Tensor, target: int
) -> dict[str, Callable[[], object]]:
    models.import_torchvision()
    from zennit import attribution, composites

    wanted = torch.zeros(1, 1000)
    wanted[0, target] = 1

    def run(composite: object) -> object:
        with attribution.Gradient(model=model, composite=composite) as attributor:
            return attributor(batch, wanted)

    return {
        "Zennit EpsilonPlus": lambda: run(composites.EpsilonPlus()),
        "Zennit EpsilonGammaBox": lambda: run(composites.EpsilonGammaBox(low=-3.0, high=3.0)),
    }


def backtracking(rounds: int) -> dict[str, object]:
    """H5: the walk from the best class to the pixels, k = 10, one image and sixteen."""
    found: dict[str, object] = {}
    for name in NETWORKS:
        model, net, trained = opened(name)
        for count in (1, 16):
            batch = photos(name, count)
            wanted = backtrack.needed(net, net.scores)
            record = network.record(net, batch, wanted)
            targets = record[net.scores].argmax(dim=1)

            def walk(options, net=net, record=record, targets=targets):  # type: ignore[no-untyped-def]
                return backtrack.from_scores(net, record, targets=targets, options=options)

            contestants: dict[str, Callable[[], object]] = {
                "forward pass": torch.no_grad()(lambda batch=batch, model=model: model(batch)),
                "forward pass, recorded": lambda net=net, batch=batch, wanted=wanted: (
                    network.record(net, batch, wanted)
                ),
            }
            for title, options in CHOICES.items():
                contestants[title] = lambda walk=walk, options=options: walk(options)
            table = ratios(interleaved(contestants, max(7, rounds)), "forward pass")
            if count == 1:
                table["slow definition"] = _slow(net, record, targets, table["forward pass"])
            which = f"{name}, {'trained' if trained else 'random weights'}, images: {count}"
            show(f"backtracking: {which}", table, [])
            found[which] = {"table": table}
    return found


def _slow(
    net: network.Network, record: Record, targets: torch.Tensor, forward: Mapping[str, float]
) -> dict[str, float]:
    """Time the slow twin of the tests once; it takes seconds."""
    spec = importlib.util.spec_from_file_location("slow", ROOT / "tests/backtrack/slow.py")
    assert spec is not None
    assert spec.loader is not None
    slow = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(slow)
    start = time.perf_counter()
    slow.walk(net, record, [0], [(int(targets[0]),)], net.scores, backtrack.Options())
    seconds = time.perf_counter() - start
    ratio = 1000 * seconds / forward["median_ms"]
    return dict.fromkeys(("median_ratio", "least_ratio", "greatest_ratio"), ratio) | {
        "median_ms": 1000 * seconds
    }


def agreement(rounds: int) -> dict[str, object]:
    """How far walks in float32 and in float64 agree: the same weights, the same images."""
    found: dict[str, object] = {}
    print("\nagreement of walks in float32 and float64: weight at the pixels, points by layer")
    for name in NETWORKS:
        model, single, trained = opened(name)
        batch = photos(name, 12)
        double = network.trace(copy.deepcopy(model).double(), input_shape=single.input_shape)
        double = network.fold(double)
        targets = network.record(single, batch, [single.scores])[single.scores].argmax(dim=1)
        for title, options in CHOICES.items():
            one, other = (
                backtrack.from_scores(
                    each,
                    network.record(each, batch, backtrack.needed(each, each.scores)),
                    targets=targets,
                    options=options,
                )
                for each in (single, double)
            )
            row = {"weight": _shared(one.fixations, other.fixations), "points": _same(one, other)}
            print(f"  {name:20}{title:16}{row['weight']:10.4f}{row['points']:10.4f}")
            found[f"{name}, {title}"] = row | {"trained": trained}
    return found


def _shared(one: backtrack.Points, other: backtrack.Points) -> float:
    """Return the part of the weight that lies at the same pixels."""
    weights = [
        {tuple(place): w for place, w in zip(_places(points), points.weight, strict=True)}
        for points in (one, other)
    ]
    both = sum(min(w, weights[1].get(place, 0.0)) for place, w in weights[0].items())
    return float(both / max(one.weight.sum(), other.weight.sum()))


def _same(one: backtrack.Backtrack, other: backtrack.Backtrack) -> float:
    """Return the share of points that both walks came to, of those that either did, by layer."""
    shares = []
    for name in one.points.keys() | other.points.keys():
        places = [
            set(map(tuple, _places(walk.points[name]))) if name in walk.points else set()
            for walk in (one, other)
        ]
        shares.append(len(places[0] & places[1]) / len(places[0] | places[1]))
    return sum(shares) / len(shares)


def _places(points: backtrack.Points) -> list[list[int]]:
    found: list[list[int]] = np.column_stack([points.start, points.index]).tolist()
    return found


def memory(rounds: int) -> dict[str, object]:
    """What a walk of sixteen images takes beside the record, at its peak."""
    found: dict[str, object] = {}
    for name in NETWORKS:
        _, net, _ = opened(name)
        record = network.record(net, photos(name, 16), backtrack.needed(net, net.scores))
        targets = record[net.scores].argmax(dim=1)
        tracemalloc.start()
        walk = backtrack.from_scores(net, record, targets=targets)
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        held = sum(tensor.nbytes for tensor in record.values())
        row = {"record": held, "result": kept, "peak": peak, "budget": budget.CHUNK_BYTES}
        print(f"  memory: {name:20}", {key: f"{size / 2**20:.1f} MiB" for key, size in row.items()})
        found[name] = row | {"arrived": float(walk.arrived.mean())}
    return found

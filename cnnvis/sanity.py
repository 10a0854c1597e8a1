"""Can a map be trusted at all? It has to change with the network and the class, and not without.

Each check yields pairs of maps that :func:`table` compares: of the same images, before and after
something changed. A map that survives when the network's layers are random numbers shows the image,
not the network.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from cnnvis import metrics, network
from cnnvis.errors import MeasureError, did_you_mean
from cnnvis.metrics import Likeness
from cnnvis.network.copying import apart
from cnnvis.network.graph import Network

if TYPE_CHECKING:
    import pandas as pd

Pixels = NDArray[np.floating[Any]]
Maps = NDArray[np.float64]
Explain = Callable[[Pixels, Sequence[int]], ArrayLike]
"""Takes images (image, channel, row, col) and their classes, gives maps (image, row, col)."""

ExplainOn = Callable[[Network, Pixels, Sequence[int]], ArrayLike]
"""The same of any network."""

Pair = tuple[str, Maps, Maps]
"""What changed, and maps (image, row, col) before and after."""

CASCADE, INDEPENDENT, LAST = "cascade", "independent", "last"
ORDERS = (CASCADE, INDEPENDENT, LAST)
"""From the scores down, more and more layers are random; one layer alone is; the last alone is."""

NORMAL, SHUFFLE = "normal", "shuffle"
DRAWS = (NORMAL, SHUFFLE)
"""Random numbers are normal, of the mean and spread of the layer's own; or its own, shuffled."""

DIGITS = 6
"""Digits after the point in tables."""


def layers(net: Network) -> tuple[str, ...]:
    """Return the layers that have weights between units, from the scores down to the image.

    What belongs to a single channel, such as a batch norm, is not one of them.

    >>> model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))
    >>> layers(network.trace(model, input_shape=(1, 3, 3)))
    ('3', '0')
    """
    return tuple(_weighted(net))


def stages(net: Network, count: int) -> tuple[str, ...]:
    """Return so many of :func:`layers`, evenly spaced, the first and the last among them.

    >>> model = nn.Sequential(*(nn.Conv2d(1, 1, 1) for _ in range(5)), nn.Flatten())
    >>> stages(network.trace(model, input_shape=(1, 2, 2)), 3)
    ('4', '2', '0')
    """
    found = layers(net)
    places = np.rint(np.linspace(0, len(found) - 1, min(count, len(found)))).astype(int)
    return tuple(found[place] for place in places)


def randomised(
    net: Network,
    order: str = CASCADE,
    *,
    at: Collection[str] | None = None,
    draw: str = NORMAL,
    seed: int = 0,
) -> Iterator[tuple[str, Network]]:
    """Yield a layer and a network with random weights there, and above it where the order says so.

    All are one copy of the network, changed on the way: each is good until the next is asked for,
    and none shares a number with the network given. The numbers of a layer depend on the seed and
    the layer's place alone. Biases are drawn, too; batch norms keep what they have.

    Args:
        net: the network; it and its model are left as they are.
        order: one of :data:`ORDERS`.
        at: layers to stop at, such as :func:`stages`; all of :func:`layers` unless given. Under
            "cascade" those between them are random all the same.
        draw: one of :data:`DRAWS`.
        seed: of the random numbers.

    Raises:
        MeasureError: there is no such order or draw.

    Source: Adebayo et al., "Sanity Checks for Saliency Maps", arXiv 1810.03292, section 4.1.
    """
    for value, known in ((order, ORDERS), (draw, DRAWS)):
        if value not in known:
            raise MeasureError(
                f"weights are randomised by one of {', '.join(known)}; got {value!r}"
                f"{did_you_mean(value, known)}."
            )
    copy = network.open(apart(net.model), input_shape=net.input_shape)
    for place, (layer, module) in enumerate(_weighted(copy).items()):
        wanted = at is None or layer in at or order == LAST
        if not wanted and order == INDEPENDENT:
            continue
        kept = [parameter.clone() for parameter in module.parameters()]
        _draw(module, draw, np.random.default_rng((seed, place)))
        if wanted:
            yield layer, copy
        if order == LAST:
            return
        if order == INDEPENDENT:
            _put(module, kept)


def randomisation(
    explain: ExplainOn,
    net: Network,
    images: Pixels,
    targets: Sequence[int],
    order: str = CASCADE,
    *,
    at: Collection[str] | None = None,
    draw: str = NORMAL,
    seed: int = 0,
) -> Iterator[Pair]:
    """Yield, layer by layer, maps of the network and of a network with random weights.

    Args:
        explain: gives maps of any network.
        net: the network; it is left as it is.
        images: (image, channel, row, col), prepared for the network.
        targets: (image,) the class of each map.
        order, at, draw, seed: see :func:`randomised`.

    Raises:
        MeasureError: as :func:`randomised`, or what is explained gives no maps.
    """
    before = _maps(explain(net, images, targets), len(images))
    for layer, changed in randomised(net, order, at=at, draw=draw, seed=seed):
        yield layer, before, _maps(explain(changed, images, targets), len(images))


def other_classes(
    explain: Explain,
    images: Pixels,
    targets: Sequence[int],
    classes: int,
    *,
    count: int = 5,
    seed: int = 0,
) -> Iterator[Pair]:
    """Yield maps of the class of each image and of other classes, drawn at random.

    A map that is the same for every class says where something is, not why it is that class.

    Args:
        explain: gives maps.
        images: (image, channel, row, col).
        targets: (image,) the class of each map.
        classes: how many there are; others are drawn among them, no image's twice.
        count: how many others.
        seed: of the drawing.

    Raises:
        MeasureError: there are not so many other classes, or what is explained gives no maps.

    Source: the random logit test of Sixt, Granz and Landgraf, "When Explanations Lie", arXiv
    1912.09818.
    """
    if not 0 < count < classes:
        raise MeasureError(
            f"of {classes} classes, 1 to {classes - 1} are others to compare with; got {count}."
        )
    draw = np.random.default_rng(seed)
    others = np.array([_others(draw, classes, int(target), count) for target in targets])
    before = _maps(explain(images, targets), len(images))
    for number, wanted in enumerate(others.T.tolist(), start=1):
        yield f"other class {number}", before, _maps(explain(images, wanted), len(images))


def stability(
    explain: Explain,
    images: Pixels,
    targets: Sequence[int],
    *,
    shifts: Sequence[tuple[int, int]] = ((8, 0), (0, 8)),
    noises: Sequence[float] = (0.1,),
    seed: int = 0,
) -> Iterator[Pair]:
    """Yield maps of images, and of the images changed a little, carried back to the same pixels.

    The images are mirrored, shifted, or given noise. Both maps of a shift are cut to the pixels
    that both images show.

    Args:
        explain: gives maps.
        images: (image, channel, row, col).
        targets: (image,) the class of each map.
        shifts: (rows down, columns right) in pixels; the border is repeated where nothing is.
        noises: standard deviations of normal noise, in those of each image.
        seed: of the noise.

    Raises:
        MeasureError: a shift by the whole image, or what is explained gives no maps.
    """
    pixels = np.asarray(images)
    before = _maps(explain(pixels, targets), len(pixels))
    mirrored = _maps(explain(pixels[..., ::-1].copy(), targets), len(pixels))
    yield "mirrored", before, mirrored[..., ::-1]
    for down, right in shifts:
        shown, after_part, before_part = _shifted(pixels, down, right)
        after = _maps(explain(shown, targets), len(pixels))
        yield f"shifted by {down}, {right}", before[before_part], after[after_part]
    spread = pixels.std(axis=(1, 2, 3), keepdims=True)
    for share in noises:
        drawn = np.random.default_rng(seed).normal(size=pixels.shape)
        noisy = (pixels + share * spread * drawn).astype(pixels.dtype)
        yield f"noise of {share:g}", before, _maps(explain(noisy, targets), len(pixels))


def table(
    pairs: Iterable[Pair],
    names: Sequence[str],
    *,
    measures: Mapping[str, Likeness] = metrics.LIKENESS,
) -> "pd.DataFrame":
    """Return one row for each change, image and measure: how alike the maps before and after are.

    Columns: change, image, measure, value.

    Args:
        pairs: what a check of this module yields; taken one at a time and let go.
        names: (image,) of the images.
        measures: functions of two stacks of maps, by name.
    """
    import pandas as pd

    rows = [
        (change, name, measure, value)
        for change, before, after in pairs
        for measure, compare in measures.items()
        for name, value in zip(names, compare(before, after).tolist(), strict=True)
    ]
    return pd.DataFrame(rows, columns=["change", "image", "measure", "value"]).round(DIGITS)


def _weighted(net: Network) -> dict[str, nn.Module]:
    """Return the modules with weights of two axes or more, the last to run first, each once."""
    found: dict[int, tuple[str, nn.Module]] = {}
    for node in net.nodes.values():
        module = node.module
        if module is not None and any(one.ndim > 1 for one in module.parameters()):
            found.setdefault(id(module), (node.name, module))
    return dict(reversed(found.values()))


@torch.no_grad()
def _draw(module: nn.Module, draw: str, random: np.random.Generator) -> None:
    """Overwrite the parameters of a module with random numbers.

    They come from numpy: numbers that torch draws resemble weights that it drew from the same seed.
    """
    for parameter in module.parameters():
        if draw == SHUFFLE:
            order = torch.from_numpy(random.permutation(parameter.numel())).to(parameter.device)
            drawn = parameter.flatten()[order].reshape(parameter.shape)
        else:
            normal = torch.from_numpy(random.standard_normal(tuple(parameter.shape)))
            drawn = parameter.mean() + parameter.std(correction=0) * normal.to(parameter)
        parameter.copy_(drawn)


@torch.no_grad()
def _put(module: nn.Module, values: Sequence[Tensor]) -> None:
    """Overwrite the parameters of a module."""
    for parameter, value in zip(module.parameters(), values, strict=True):
        parameter.copy_(value)


def _maps(found: ArrayLike, images: int) -> Maps:
    """Return what an explanation gave, once it is known to be a map an image."""
    maps = np.asarray(found, np.float64)
    if maps.ndim != 3 or len(maps) != images or not np.isfinite(maps).all():
        raise MeasureError(
            f"an explanation of {images} images gives maps (image, row, col) of finite numbers; "
            f"got shape {maps.shape}."
        )
    return maps


def _others(draw: np.random.Generator, classes: int, target: int, count: int) -> list[int]:
    """Return different classes that are not the target."""
    found = draw.choice(classes - 1, count, replace=False)
    return [int(one) + (one >= target) for one in found]


Part = tuple[Any, slice, slice]


def _shifted(pixels: Pixels, down: int, right: int) -> tuple[Pixels, Part, Part]:
    """Return shifted images, and which part of their maps shows which part of those before."""
    rows, cols = pixels.shape[-2:]
    if abs(down) >= rows or abs(right) >= cols:
        raise MeasureError(
            f"images of {rows} x {cols} pixels are shifted by less than that, not by {down}, "
            f"{right}."
        )
    row, col = (
        np.clip(np.arange(length) - by, 0, length - 1)
        for length, by in ((rows, down), (cols, right))
    )
    after = (..., _common(down, rows), _common(right, cols))
    before = (..., _common(-down, rows), _common(-right, cols))
    return pixels[..., row[:, None], col], after, before


def _common(by: int, length: int) -> slice:
    """Return which of ``length`` pixels show, after a shift, what was there before it."""
    return slice(max(by, 0), length + min(by, 0))

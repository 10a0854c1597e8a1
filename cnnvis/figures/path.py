"""The path of one backtrack through the layers: where it comes to, on the mean map of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, photos, points, style
from cnnvis.predictions import class_name

_ACROSS = (4, 5)  # pictures side by side: whichever needs fewer rows
_GAP = 0.1  # inches
_WORDS = 0.4  # inches above a picture
_BARS = 10  # units shown of a vector
_LARGEST = 7.0  # points of letters
_DPI = 180


@dataclass(frozen=True, eq=False)
class Step:
    """Where a backtrack came to at one node.

    Attributes:
        node: its name.
        kind: its operation.
        shape: of its output for one image.
        index: (point, axis), the units: (channel, row, col), or (channel,).
        weight: (point,).
        mean: (row, col), the mean map over the channels; None where there are no rows and columns.
    """

    node: str
    kind: str
    shape: tuple[int, ...]
    index: npt.NDArray[np.integer]
    weight: npt.NDArray[np.floating]
    mean: npt.NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        """Check that the parts fit each other.

        Raises:
            CnnvisError: they do not.
        """
        fits = self.index.shape == (len(self.weight), len(self.shape))
        if not fits or (self.mean is not None and self.mean.shape != self.shape[1:]):
            raise CnnvisError(
                f"node {self.node!r} of shape {self.shape}: points have an index and a weight, and "
                f"a mean map its rows and columns; got {self.index.shape}, {self.weight.shape} and "
                f"{None if self.mean is None else self.mean.shape}."
            )

    @property
    def channels(self) -> npt.NDArray[np.float64]:
        """(channel,) the weight in each channel."""
        return np.asarray(np.bincount(self.index[:, 0], self.weight, self.shape[0]), np.float64)

    @property
    def places(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The places (place, [row, col]) of all channels, and the weight there."""
        at, which = np.unique(self.index[:, 1:], axis=0, return_inverse=True)
        return at, np.asarray(np.bincount(which.reshape(-1), self.weight, len(at)), np.float64)


@style.in_look
def through_layers(
    seen: npt.NDArray[np.uint8],
    steps: Sequence[Step],
    *,
    target: str,
    classes: Sequence[str] = (),
    title: str = "",
) -> Figure:
    """Return a figure of a backtrack at several nodes, from the input to where it begins.

    Args:
        seen: (row, col, 3), what the network saw of the photo.
        steps: the input first, where the backtrack begins last.
        target: the class that it begins at.
        classes: names of the units of the last node, where it is the scores.
        title: of the figure.

    Raises:
        CnnvisError: no steps.
    """
    if not steps:
        raise CnnvisError("a path has one step or more; got none.")
    photo = photos.checked(seen, "what the network saw")
    across = min(_ACROSS, key=lambda count: -(-len(steps) // count))
    width = (style.WIDTH - 2 * style.MARGIN - (across - 1) * _GAP) / across
    height = width * photo.shape[0] / photo.shape[1]
    pitch = _WORDS + height + _GAP
    sheet = style.sheet(
        -(-len(steps) // across) * pitch,
        title=title or f"The path back from {target}, layer by layer",
        caption=_caption(steps, target),
        dpi=_DPI,
    )
    for number, step in enumerate(steps):
        left = style.MARGIN + number % across * (width + _GAP)
        top = number // across * pitch
        _write(sheet, left, top, width, step)
        if step.mean is None:
            names = classes if number == len(steps) - 1 else ()
            _draw_vector(sheet, left, top + _WORDS, (width, height), step, names)
            continue
        axes = sheet.axes(left, top + _WORDS, width, height)
        axes.set_gid(f"path {step.node}")
        ground = photos.pale(photo) if number == 0 else _grey(step.mean)
        photos.show(axes, ground, step.shape[1:])
        points.draw(axes, *step.places, largest=_LARGEST)
    return sheet.figure


def _grey(mean: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return a map as greys (row, col, 3) between its lowest and its highest value."""
    low, high = float(mean.min()), float(mean.max())
    share = (mean - low) / (high - low) if high > low else np.zeros(mean.shape)
    return np.repeat((0.12 + 0.8 * share)[..., None], 3, axis=2)


def _draw_vector(
    sheet: style.Sheet,
    left: float,
    top: float,
    size: tuple[float, float],
    step: Step,
    names: Sequence[str],
) -> None:
    """Draw the heaviest units of a vector as bars, in as much of the width as their names leave."""
    weight = step.channels
    best = np.argsort(-weight, kind="stable")[:_BARS]
    best = best[weight[best] > 0]
    words = [class_name(int(unit), names) if names else f"unit {unit}" for unit in best]
    most = 0.6 * size[0]
    words = [lettering.shortened(word, most, style.TINY) for word in words]
    room = 0.06 + max((lettering.text_width(word, style.TINY) for word in words), default=0.0)
    tall = size[1] * max(len(best), 1) / _BARS
    axes = sheet.axes(left + room, top, size[0] - room, tall)
    _bars(axes, weight[best], words)
    axes.set_gid(f"path {step.node}")


def _bars(axes: Axes, weights: npt.NDArray[np.floating], words: Sequence[str]) -> None:
    """Draw bars with their names and numbers."""
    style.bare(axes)
    axes.barh(range(len(weights)), weights, 0.7, color=points.COLOUR, ec=style.INK, lw=0.35)
    for place, weight in enumerate(weights):
        axes.annotate(
            f"{weight:.2f}",
            (weight, place),
            (2, 0),
            textcoords="offset points",
            va="center",
            size=style.TINY,
        )
    axes.set_yticks(range(len(weights)), list(words))
    axes.tick_params(length=0, labelsize=style.TINY, pad=2)
    axes.set(
        xlim=(0, 1.3 * max(weights.max(initial=0), 1e-12)), ylim=(max(len(weights), 1) - 0.5, -0.5)
    )


def _write(sheet: style.Sheet, left: float, top: float, width: float, step: Step) -> None:
    """Write the name of a node, and how many units the path meets there."""
    by_channel = step.channels
    met, heaviest = int((by_channel > 0).sum()), int(by_channel.argmax())
    size = " × ".join(map(str, step.shape))
    plural = "" if len(step.weight) == 1 else "s"
    kind = "" if step.kind == step.node else f"{step.kind}, "
    lines = [f"{kind}{size}: {len(step.weight)} unit{plural}"]
    if step.mean is not None and step.shape[0] > 3 and met:
        total = by_channel.sum()
        share = f"{100 * by_channel[heaviest] / total:.0f} %"
        lines.append(f"{met} channels, most in {heaviest} ({share})")
    elif prod(step.shape) > 1 and met > _BARS:
        share = np.sort(by_channel)[::-1][:_BARS].sum() / by_channel.sum()
        lines.append(f"these {_BARS} hold {100 * share:.0f} % of the weight")
    name = lettering.shortened(step.node, width, style.LABEL, bold=True)
    sheet.text(left, top, name, size=style.LABEL, weight="bold")
    for number, words in enumerate(lines):
        short = lettering.shortened(words, width, style.TINY)
        sheet.text(left, top + 0.15 + 0.11 * number, short, size=style.TINY, color=style.MUTED)


def _caption(steps: Sequence[Step], target: str) -> str:
    """Say what the reader sees."""
    arrived = float(steps[0].weight.sum())
    lost = "" if arrived > 0.995 else f" {100 * arrived:.0f} % of the weight reach the pixels."
    return (
        f"The walk begins at {target}, in the last picture, and goes back to the pixels in the "
        "first. Points are the units it comes to, all channels on top of each other, larger and "
        "more opaque the more weight they carry; below them the mean of the layer's maps, from "
        "its lowest value (dark) to its highest. Bars: the heaviest units where there are no rows "
        f"and columns, and their weights, of 1 in all.{lost}"
    )

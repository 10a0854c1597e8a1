"""The choices that backtracking leaves open, with the defaults of "How You See Me"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

from cnnvis.errors import ConfigError, did_you_mean

Winner = Literal["channel_sum", "argmax", "sample", "soft"]
K = int | float | Literal["all"]
Position = Literal["centre", "spatial", "fine"]
Contribution = Literal["positive", "absolute"]
DeadEnd = Literal["stop", "follow"]
Residual = Literal["larger", "split"]
AveragePool = Literal["spread", "argmax", "map"]

FINE = 8
"""Whole pixels of the image for each unit of a map, along an axis: with no more of them it is fine.

Where convolutions and pools do not pad, maps are a little smaller than the image over their stride.
"""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a backtrack chooses among the units that a unit reads.

    Args:
        winner: where a convolution's unit goes: "channel_sum", one unit of the channel whose
            contributions have the largest sum; "argmax", the largest contribution of all; "sample",
            one drawn in proportion to the positive contributions, for each of ``paths`` paths;
            "soft", all of these, each with its part of the weight. Linear layers follow suit: with
            "channel_sum" ``k`` decides, with "argmax" it is 1, with the others "all".
        paths: with "sample", how many paths are drawn from each start; each carries an equal part
            of the weight, also through averages and additions, where it is not divided either.
        seed: with "sample", of the draws; they also depend on what else is in the batch.
        k: units followed from a unit of a linear layer: at most so many of those that contribute
            most (an int), "all" of those with a positive contribution, or (a float between 0 and
            1) the fewest that make up this fraction of the positive contributions.
        position: where in its window the channel chosen by "channel_sum" is entered: the window's
            "centre", clipped to the map; "spatial", the largest positive contribution in that
            channel (the centre where there is none); or "fine", "spatial" where the convolution
            reads a map with a unit for every 8 pixels of the image or fewer, along all axes, and
            "centre" where the map is coarser, and one step would move a path far.
        contribution: what counts at a linear layer: "positive" contributions alone, or all of them
            by "absolute" size.
        dead_end: where no contribution is positive, "stop" (the weight is lost, and counted) or
            "follow" the largest all the same, of equal ones that nearest to the centre of the
            window. Units of depthwise convolutions are often on by their bias alone: such networks
            need "follow".
        residual: an addition is explained by its "larger" addend, or "split" between its positive
            addends in proportion.
        average_pool: an average is explained by all its positive values in proportion ("spread"),
            or by the largest ("argmax"). With "map" the average over all places that stands beside
            the last layer with weights is taken together with it, for a class: its map, the sum of
            contributions at each place, says to which places the weight goes, and the contributions
            there say to which channels. Other averages are spread.
        rivals: with a number above 0 a class is walked back against so many others, those with the
            highest scores of the image (all, where there are fewer): the last layer with weights
            counts with the weights of the class minus the mean of theirs. Only a walk that begins
            at the scores has rivals.

    Raises:
        ConfigError: a value is none of these.

    "sample" draws from what "soft" computes, which is Excitation Backprop (Zhang et al., "Top-down
    Neural Attention by Excitation Backprop", arXiv 1608.00507) where no activation is negative.

    The defaults are those of Gandikota, "How You See Me", arXiv 1811.08152, where it states them;
    :data:`RECOMMENDED` explains better.

    >>> Options(k="all").k
    'all'
    """

    winner: Winner = "channel_sum"
    paths: int = 1000
    seed: int = 0
    k: K = 10
    position: Position = "centre"
    contribution: Contribution = "positive"
    dead_end: DeadEnd = "stop"
    residual: Residual = "larger"
    average_pool: AveragePool = "spread"
    rivals: int = 0

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        _check_k(self.k)
        _check_count("paths", self.paths, 1)
        _check_count("seed", self.seed, 0)
        _check_count("rivals", self.rivals, 0)
        for name, known in _WORDS.items():
            value = getattr(self, name)
            if value not in known:
                words = " or ".join(repr(word) for word in known)
                hint = did_you_mean(str(value), known)
                raise ConfigError(f"backtracking: {name} must be {words}, got {value!r}{hint}")

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Options":
        """Return choices from a mapping, such as a part of a configuration.

        Raises:
            ConfigError: a key is none of the choices, or a value means nothing.

        >>> Options.of({"k": 3}).k
        3
        """
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                raise ConfigError(
                    f"backtracking has no option {name!r}{did_you_mean(name, known)}; its options "
                    f"are {', '.join(known)}."
                )
        return cls(**options)

    @property
    def linear_k(self) -> K:
        """How many units are followed from a unit of a linear layer."""
        return {"channel_sum": self.k, "argmax": 1}.get(self.winner, "all")

    @property
    def pool_k(self) -> Literal[1, "all"]:
        """How many values are followed from the unit of an average pool."""
        return 1 if self.average_pool == "argmax" else "all"

    def on_map(self, size: Sequence[int], image: Sequence[int]) -> "Options":
        """Return the choices for a convolution that reads a map, with "fine" decided.

        Args:
            size: of the map, along each axis.
            image: of the network's input, likewise. A map with other axes than the image is coarse.

        >>> Options(position="fine").on_map((28, 28), (227, 227)).position
        'spatial'
        >>> Options(position="fine").on_map((14, 14), (224, 224)).position
        'centre'
        """
        if self.position != "fine":
            return self
        pairs = zip(size, image, strict=False)
        fine = len(size) == len(image) and all(pixels // units <= FINE for units, pixels in pairs)
        return replace(self, position="spatial" if fine else "centre")


_WORDS: dict[str, tuple[str, ...]] = {
    "winner": get_args(Winner),
    "position": get_args(Position),
    "contribution": get_args(Contribution),
    "dead_end": get_args(DeadEnd),
    "residual": get_args(Residual),
    "average_pool": get_args(AveragePool),
}


def _check_k(k: object) -> None:
    """Refuse a ``k`` that is no count, no fraction and not "all"."""
    count = isinstance(k, int) and not isinstance(k, bool) and k >= 1
    fraction = isinstance(k, float) and 0 < k < 1
    if not (count or fraction or k == "all"):
        raise ConfigError(
            f"backtracking: k must be a whole number from 1 up (units to follow), a fraction "
            f"between 0 and 1 (of the positive contributions), or 'all'; got {k!r}"
        )


def _check_count(name: str, value: object, least: int) -> None:
    """Refuse what is no whole number from ``least`` up."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigError(
            f"backtracking: {name} must be a whole number from {least} up, got {value!r}"
        )


RECOMMENDED = Options(position="fine", dead_end="follow", average_pool="map", rivals=5)
"""The choices that explain classes best, as far as they were measured: on photos, mosaics and
scenes, with three networks. The defaults of a study are these; the decision and its table are in
docs/decisions/0012-choices-of-backtracking.md."""

"""The choices that backtracking leaves open, with the defaults of "How You See Me"."""

from dataclasses import dataclass
from typing import Literal, get_args

from cnnvis.errors import ConfigError, did_you_mean

K = int | float | Literal["all"]
Position = Literal["centre", "spatial"]
Contribution = Literal["positive", "absolute"]
DeadEnd = Literal["stop", "follow"]
Residual = Literal["larger", "split"]
AveragePool = Literal["spread", "argmax"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a backtrack chooses among the units that a unit reads.

    Args:
        k: units followed from a unit of a linear layer: at most so many of those that contribute
            most (an int), "all" of those with a positive contribution, or (a float between 0 and
            1) the fewest that make up this fraction of the positive contributions.
        position: where in its window a convolution's chosen channel is entered: the window's
            "centre", clipped to the map, or "spatial", the largest positive contribution in that
            channel (the centre where there is none).
        contribution: what counts at a linear layer: "positive" contributions alone, or all of them
            by "absolute" size.
        dead_end: where no contribution is positive, "stop" (the weight is lost, and counted) or
            "follow" the largest all the same. Units of depthwise convolutions are often on by their
            bias alone: such networks need "follow".
        residual: an addition is explained by its "larger" addend, or "split" between its positive
            addends in proportion.
        average_pool: an average is explained by all its positive values in proportion ("spread"),
            or by the largest ("argmax").

    Raises:
        ConfigError: a value is none of these.

    The defaults are those of Gandikota, "How You See Me", arXiv 1811.08152, where it states them.

    >>> Options(k="all").k
    'all'
    """

    k: K = 10
    position: Position = "centre"
    contribution: Contribution = "positive"
    dead_end: DeadEnd = "stop"
    residual: Residual = "larger"
    average_pool: AveragePool = "spread"

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        _check_k(self.k)
        for name, known in _WORDS.items():
            value = getattr(self, name)
            if value not in known:
                words = " or ".join(repr(word) for word in known)
                hint = did_you_mean(str(value), known)
                raise ConfigError(f"backtracking: {name} must be {words}, got {value!r}{hint}")


_WORDS: dict[str, tuple[str, ...]] = {
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

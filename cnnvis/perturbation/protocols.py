"""Protocols as data: which pixels go first, what takes their place, in how many steps."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from cnnvis.errors import MeasureError, did_you_mean

MOST, LEAST = "most", "least"
"""Orders: the pixels that a map holds most important go first, or the least important ones."""

IMAGE, FILL = "image", "fill"
"""Beginnings: the image, whose pixels are replaced, or the fill, which is replaced by them."""

IMPUTE = "impute"

FILLS = ("mean", "blur", "noise", IMPUTE)
"""What takes the place of pixels, see :mod:`cnnvis.perturbation.fills`; or a number."""

PROBABILITY, SCORE = "probability", "score"
MEASURES = (PROBABILITY, SCORE)
"""What is read: the softmax of the scores, or the score."""


def even(steps: int) -> tuple[float, ...]:
    """Return the shares of pixels after every step, from 0 to 1.

    >>> even(4)
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    return tuple(step / steps for step in range(steps + 1))


def _one_of(value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise MeasureError(
            f"a protocol takes one of {', '.join(known)}; got {value!r}"
            f"{did_you_mean(str(value), known)}."
        )


@dataclass(frozen=True)
class Protocol:
    """How pixels are taken away, or given back.

    Args:
        first: which pixels change first, :data:`MOST` or :data:`LEAST`.
        begin: at the :data:`IMAGE` or at the :data:`FILL`.
        fill: one of :data:`FILLS`, or a number in units of the prepared image (0 is the mean colour
            where photos are normalised).
        shares: (step,) of the pixels that have changed, ascending, from 0 to 1.
        patch: pixels change in squares of so many a side, in the order of the map's sum on them.
        measure: one of :data:`MEASURES`.
        sigma: width of the Gaussian of ``blur``, in pixels.
        source: where the protocol comes from.

    Raises:
        MeasureError: one of them means nothing.
    """

    first: str = MOST
    begin: str = IMAGE
    fill: str | float = "mean"
    shares: tuple[float, ...] = even(16)
    patch: int = 1
    measure: str = "probability"
    sigma: float = 10.0
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        for value, known in (
            (self.first, (MOST, LEAST)),
            (self.begin, (IMAGE, FILL)),
            (self.measure, MEASURES),
        ):
            _one_of(value, known)
        if isinstance(self.fill, str):
            _one_of(self.fill, FILLS)
        self._refuse_shares()
        if self.patch < 1 or not self.sigma > 0:
            raise MeasureError(
                "a patch has sides of 1 pixel or more, and a blur a width above 0; got "
                f"{self.patch} and {self.sigma}."
            )

    def _refuse_shares(self) -> None:
        rising = all(a < b for a, b in zip(self.shares, self.shares[1:], strict=False))
        if len(self.shares) < 2 or not rising or self.shares[0] < 0 or self.shares[-1] > 1:
            raise MeasureError(
                f"shares of pixels ascend between 0 and 1, two at least; got {self.shares}."
            )
        if self.fill == IMPUTE and (self.begin == FILL or self.shares[-1] == 1):
            raise MeasureError(
                "pixels are imputed from those that are left: such a protocol begins at the image, "
                f"and ends before all are gone; got the shares {self.shares}."
            )


_RISE = "Petsiuk, Das and Saenko, RISE, arXiv 1806.07421"
_SAMEK = "Samek et al., arXiv 1509.06321"
_ROAD = "Rong et al., ROAD, arXiv 2202.00449"
_ROAD_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        "deletion": Protocol(source=_RISE),
        "insertion": Protocol(begin=FILL, fill="blur", source=_RISE),
        "morf": Protocol(fill="noise", patch=8, source=_SAMEK),
        "lerf": Protocol(first=LEAST, fill="noise", patch=8, source=_SAMEK),
        "road_morf": Protocol(fill=IMPUTE, shares=_ROAD_SHARES, source=_ROAD),
        "road_lerf": Protocol(first=LEAST, fill=IMPUTE, shares=_ROAD_SHARES, source=_ROAD),
    }
)
"""Protocols by name. Of a good map the area under deletion, MoRF and ROAD's MoRF is small, that
under insertion and the two LeRF large."""


def protocol(name: str | Protocol, **changes: object) -> Protocol:
    """Return a protocol by name, with some of its options changed.

    Raises:
        MeasureError: there is no such protocol or option, or it means nothing.

    >>> protocol("deletion", fill="blur").fill
    'blur'
    """
    if not isinstance(name, Protocol):
        _one_of(name, tuple(PROTOCOLS))
        name = PROTOCOLS[name]
    try:
        return replace(name, **changes)  # type: ignore[arg-type]
    except TypeError as error:
        options = tuple(Protocol.__dataclass_fields__)
        wrong = next(change for change in changes if change not in options)
        raise MeasureError(
            f"a protocol has the options {', '.join(options)}, not {wrong!r}"
            f"{did_you_mean(wrong, options)}."
        ) from error

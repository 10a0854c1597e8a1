"""The protocols of a study: how pixels are taken away and given back, and in how many steps."""

from collections.abc import Iterable

from cnnvis import perturbation
from cnnvis.perturbation import Protocol
from cnnvis.perturbation.protocols import IMPUTE, even

SIDE = 224
"""Pixels a side of the images that widths and patches of protocols are made for."""


def protocols(names: Iterable[str], steps: int, *, side: int = SIDE) -> dict[str, Protocol]:
    """Return protocols by name, in so many even steps, for images of a size.

    Those that impute keep the shares of their source: they may not take all pixels away.

    Args:
        names: of :data:`cnnvis.perturbation.PROTOCOLS`.
        steps: in which pixels change.
        side: pixels a side. Blur and patches are made smaller in images much smaller than 224, but
            no blur is narrower than a tenth of the image: less would leave small things readable.

    Raises:
        MeasureError: there is no such protocol.

    >>> protocols(["insertion"], 4, side=40)["insertion"].sigma
    4.0
    """
    found = {}
    for name in names:
        one = perturbation.protocol(name)
        if one.fill != IMPUTE:
            one = perturbation.protocol(one, shares=even(steps))
        if side < SIDE / 2:
            one = perturbation.protocol(
                one, sigma=side / 10, patch=max(1, round(one.patch * side / SIDE))
            )
        found[name] = one
    return found

"""What is kept of the maps of a set of images, however many: sums over them, and the best images.

Sets may be summarised apart and merged (:func:`merged`): a million images as a thousand shards.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnvis import top_images
from cnnvis.errors import CnnvisError
from cnnvis.ordering import sums
from cnnvis.ordering.gram import checked_slabs
from cnnvis.top_images import MEASURES, By, TopImages


@dataclass(frozen=True, eq=False)
class Statistics:
    """What is kept of the maps of one layer.

    Attributes:
        sums: over all images, from which channels are ordered.
        top: the best images of every channel, by each of :data:`cnnvis.top_images.MEASURES`.
        count: how many of them are kept, where there are so many images.
    """

    sums: sums.KeptSums
    top: Mapping[By, TopImages]
    count: int


def summarise(
    names: Sequence[str],
    slabs: Iterable[NDArray[np.floating]],
    *,
    slices: sums.Slices = (),
    count: int = 9,
) -> Statistics:
    """Return the statistics of all images, whose maps are read once.

    Args:
        names: the ids of all images.
        slabs: their maps, of some images at a time (image, channel, row, col), in that order.
        slices: ``row`` or ``col`` and the index of single slices by which channels are clustered,
            see :func:`cnnvis.ordering.sum_up`.
        count: how many of the best images are kept.

    Raises:
        OrderingError: no slab, maps that cannot be ordered, or a slice that they do not have.
        CnnvisError: a count below 1, or not one name for every image.
    """
    return merged(_each(names, slabs, tuple(slices), count))


def _each(
    names: Sequence[str],
    slabs: Iterable[NDArray[np.floating]],
    slices: Sequence[tuple[str, int | None]],
    count: int,
) -> Iterator[Statistics]:
    """Yield the statistics of one slab after the other."""
    done = 0
    for slab in checked_slabs(slabs):
        own = names[done : done + len(slab)]
        done += len(slab)
        yield Statistics(
            sums.of_slab(slab, sums.parts_of(slab, slices)),
            {by: top_images.of_slab(own, slab, by, count=count) for by in MEASURES},
            count,
        )
    if done != len(names):
        raise CnnvisError(f"{len(names)} images were named, and the maps of {done} came.")


def merged(several: Iterable[Statistics]) -> Statistics:
    """Return the statistics of all images of several sets, taken one at a time, in their order.

    Raises:
        CnnvisError: nothing to merge, or statistics of different layers or with other options.
    """
    total: Statistics | None = None
    for one in several:
        total = _copied(one) if total is None else _added(total, one)
    if total is None:
        raise CnnvisError("no statistics to merge: the set of images is empty.")
    return total


def _copied(one: Statistics) -> Statistics:
    return Statistics(sums.copied(one.sums), one.top, one.count)


def _added(total: Statistics, one: Statistics) -> Statistics:
    if total.count != one.count:
        raise CnnvisError(
            f"statistics with the {total.count} best images cannot be merged with those with "
            f"{one.count}. Summarise all images with the same options."
        )
    top = {
        by: top_images.added(best, one.top[by], count=total.count) for by, best in total.top.items()
    }
    return Statistics(sums.added(total.sums, one.sums), top, total.count)

"""The gradients of one unit made ready to be compared: images by role, filters in an order."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis import contrasts, gradient_file, labels, ordering, volume
from cnnvis.contrasts import STATES, Group
from cnnvis.errors import CnnvisError
from cnnvis.gradient_file import GradientImage, Unit
from cnnvis.ordering import Ordering
from cnnvis.volume import Volume

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The gradients of one unit by the filters of one layer, for images that play a role.

    Attributes:
        unit: whose score was derived.
        layer: whose filters these are.
        images: by role, the correct ones of each role first.
        values: (image, filter, in_channel, k_row, k_col).
        ordering: the order of the filters, one for all images.
        reduction, channel: what becomes of the input channels in a volume, see
            :func:`cnnvis.volume.from_filters`.
    """

    unit: Unit
    layer: str
    images: tuple[GradientImage, ...]
    values: Floats
    ordering: Ordering
    reduction: str = "mean"
    channel: int = 0

    @property
    def words(self) -> str:
        """How the volumes are made, as part of a sentence."""
        reduced = (
            f"{self.reduction} {self.channel}" if self.reduction == "channel" else self.reduction
        )
        return (
            f"input channels reduced by {reduced}, filters in the order {self.ordering.method} of "
            "the mean over all images"
        )

    @property
    def groups(self) -> tuple[Group, ...]:
        """The images of each role, those the network got right apart from the others."""
        return contrasts.groups(
            [image.role for image in self.images], [image.correct for image in self.images]
        )

    def of_images(self) -> tuple[Volume, ...]:
        """Return a volume per image."""
        return tuple(
            self._volume(value, image.id)
            for value, image in zip(self.values, self.images, strict=True)
        )

    def of_groups(self) -> tuple[tuple[Group, Volume], ...]:
        """Return each group with the volume of the mean gradient of its images."""
        return tuple((group, self._volume(self._mean(group), group.name)) for group in self.groups)

    def _mean(self, group: Group) -> Floats:
        return np.asarray(self.values[list(group.places)].mean(axis=0, dtype=float), np.float32)

    def _volume(self, filters: ArrayLike, name: str) -> Volume:
        return volume.from_filters(
            filters,
            self.ordering,
            reduction=self.reduction,
            channel=self.channel,
            name=f"gradients of {self.layer}, unit {self.unit.index}: {name}",
        )


def read(
    path: str | os.PathLike[str],
    *,
    unit: int,
    roles: Sequence[str],
    order: str = "natural",
    reduction: str = "mean",
    channel: int = 0,
) -> Comparison:
    """Return the gradients of a file for one unit and the images of the roles wanted.

    The filters are put in order by their gradients, the mean over these images: ``order`` is a
    method of :mod:`cnnvis.ordering`. So every image of a comparison has the same order, and it
    shows what the comparison is about.

    Raises:
        CnnvisError: the layer is no convolution, a role has no image, or there is no such file,
            unit or method.
    """
    images = gradient_file.images(path, unit=unit)
    places = labels.places_of_roles(images, roles)
    states = list(STATES)
    places.sort(key=lambda i: (roles.index(images[i].role), states.index(images[i].correct)))
    values = gradient_file.read_all(path, unit=unit)[places]
    layer = gradient_file.layer(path)
    if values.ndim != 5:
        raise CnnvisError(
            f"gradients are compared filter by filter, and {layer} is no convolution over rows and "
            f"columns: its weights are {values.shape[1:]}. Take it out of networks[].filters."
        )
    (own,) = [known for known in gradient_file.units(path) if known.index == unit]
    chosen = tuple(images[place] for place in places)
    return Comparison(own, layer, chosen, values, in_order(values, order), reduction, channel)


def in_order(values: ArrayLike, method: str) -> Ordering:
    """Return an order of filters by the mean over images of (image, filter, in_channel, ...).

    A filter is described by all its weights: input channels one below the other.
    """
    mean = np.asarray(values).mean(axis=0, dtype=float)
    return ordering.order(mean.reshape(len(mean), -1, mean.shape[-1]), method, source="mean")

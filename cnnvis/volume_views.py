"""What the page of volumes shows, from result files: maps in every order, gradients by role."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnvis import gradient_file, gradient_views, kernel_file, kernels, ordering, store
from cnnvis.volume_groups import Group

Path = str | os.PathLike[str]


def of_maps(
    activations: Path,
    orders: Sequence[Path],
    weights: Path,
    *,
    layer: str,
    image: str,
    where: tuple[str, str],
) -> Group:
    """Return the maps of one layer for one image in every order, with the kernels they come from.

    Args:
        activations: the activation file.
        orders: files of orders.
        weights: of the network, as :func:`cnnvis.models.convert` wrote them.
        layer: whose maps.
        image: its id, or ``first``.
        where: names of the network and of the image set.

    Raises:
        CnnvisError: there is no such file, layer or image, or the layer has no maps.
    """
    network, images = where
    shown = store.image_id(activations, image)
    spec = store.layer(activations, layer)
    _, row, col = spec.voxel
    return Group(
        "/".join((network, images, layer, shown)),
        f"{layer}: maps of {shown}",
        {shown: store.read(activations, layer=layer, image=shown)},
        {order.method: order for order in map(ordering.read, orders)},
        spacing=(row, col),
        tiles=_tiles(kernel_file.of_colours(weights, spec.convolution)),
        where=f"{network} on {images}",
    )


def of_gradients(
    gradients: Path,
    weights: Path,
    *,
    options: Mapping[str, Any],
    where: tuple[str, str],
) -> list[Group]:
    """Return the mean gradients of each role, a group for every inspected unit.

    Args:
        gradients: the gradient file.
        weights: of the network, as :func:`cnnvis.models.convert` wrote them.
        options: ``roles``, ``order``, ``reduction`` and ``channel``, see
            :func:`cnnvis.gradient_views.read`.
        where: names of the network and of the image set.

    Raises:
        CnnvisError: there is no such file, a role has no image, or the layer is no convolution.
    """
    network, images = where
    layer = gradient_file.layer(gradients)
    tiles = _tiles(kernel_file.of_colours(weights, layer))
    groups = []
    for unit in gradient_file.units(gradients):
        shown = gradient_views.read(gradients, unit=unit.index, **options)
        back = shown.ordering.inverse
        groups.append(
            Group(
                "/".join((network, images, "gradients", layer, str(unit.index))),
                f"{layer}: gradients of {unit} by role",
                {group.name: volume.data[back] for group, volume in shown.of_groups()},
                {shown.ordering.method: shown.ordering},
                counted="filter",
                unit="gradient (score per weight)",
                tiles=tiles,
                where=f"{network} on {images}",
            )
        )
    return groups


def _tiles(found: NDArray[np.floating] | None) -> NDArray[np.float64] | None:
    """Return kernels (channel, 3, k_row, k_col) as colours, all on one scale."""
    return None if found is None else kernels.tiles(found)

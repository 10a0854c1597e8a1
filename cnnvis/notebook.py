"""Volumes in notebooks, drawn by K3D-jupyter: ``pip install 'cnnvis[notebook]'``.

The page ``results/volumes.html`` shows the same without a notebook, and names channels; this is for
volumes of one's own.
"""

from typing import Any

import numpy as np

from cnnvis import render
from cnnvis.camera import camera
from cnnvis.errors import CnnvisError
from cnnvis.volume import Volume
from cnnvis.volume_groups import limit, roots


def show(volume: Volume, *, largest: float | None = None) -> Any:
    """Return a plot of K3D that shows a volume where a notebook ends a cell with it.

    Colours, opacity and the place of the box are those of still pictures: levels are square roots
    of the data's share of ``largest``, data with negative values have colours for both signs. In
    the plot the planes run along x, the columns along y and the rows down along z; the longest
    edge is 1.

    Args:
        volume: finite numbers (plane, row, col).
        largest: the magnitude that is most opaque; larger ones are clipped. None: the 99.5th
            percentile of the magnitudes. Give one number to all volumes that are compared.

    Raises:
        CnnvisError: K3D is not installed, or ``largest`` is not above 0.
    """
    try:
        import k3d
    except ImportError as error:
        raise CnnvisError(
            f"volumes in notebooks need the package k3d ({error}). Install it with: "
            "pip install 'cnnvis[notebook]'. results/volumes.html shows volumes without it."
        ) from error
    scale = limit(volume.data) if largest is None else largest
    if not scale > 0:
        raise CnnvisError(f"the largest magnitude of a volume has to be above 0; got {largest}.")
    signed = bool((volume.data < 0).any())
    look = render.transfer(signed=signed, planes=volume.data.shape[0])
    place = np.linspace(0, 1, len(look.extinction))
    densest = float(look.extinction.max())
    plane, high, wide = camera(volume.data.shape).edges
    plot = k3d.plot(
        name=volume.name or "volume",
        axes=[rf"\text{{{volume.axes[axis]}}}" for axis in (0, 2, 1)],
        background_color=_number(render.BACKGROUND),
        label_color=_number(render.FRAME),
        grid_color=_number(render.BACKGROUND),
        camera_up_axis="z",
    )
    plot += k3d.volume(
        # K3D counts (z, y, x), z upwards.
        np.asarray(
            roots(volume.data, scale, signed=signed).transpose(1, 2, 0)[::-1], np.float32, order="C"
        ),
        bounds=[0, plane, 0, wide, 0, high],
        color_range=[-1 if signed else 0, 1],
        color_map=np.column_stack([place, look.colour]).astype(np.float32),
        opacity_function=np.column_stack([place, look.extinction / densest]).astype(np.float32),
        alpha_coef=densest,
        name=volume.name or "volume",
    )
    return plot


def _number(colour: tuple[int, int, int]) -> int:
    """Return red, green and blue as one number.

    >>> hex(_number((18, 19, 24)))
    '0x121318'
    """
    red, green, blue = colour
    return (red << 16) + (green << 8) + blue

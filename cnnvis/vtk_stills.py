"""Still pictures of volumes drawn by VTK: ``pip install 'cnnvis[pyvista]'``.

Beside :mod:`cnnvis.render`, which needs nothing of the machine, these are quick for large volumes
where there is a graphics card. VTK ends the whole process where it finds no way to draw; so it is
tried in a process of its own first.
"""

import signal
import subprocess
import sys
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnvis import render
from cnnvis.camera import Camera, camera
from cnnvis.errors import CnnvisError
from cnnvis.volume import Volume
from cnnvis.volume_groups import limit, roots

PATIENCE = 60
"""Seconds that VTK may take to draw something small."""

UNIT = 0.05
"""Length, in longest edges of the box, over which VTK takes opacities to be."""

_TRIAL = """
import numpy, pyvista
plotter = pyvista.Plotter(off_screen=True, window_size=(16, 12))
grid = pyvista.ImageData(dimensions=(2, 2, 2))
grid.point_data["level"] = numpy.arange(8.0)
plotter.add_volume(grid, scalars="level", show_scalar_bar=False)
assert plotter.screenshot(None, return_img=True).shape == (12, 16, 3)
"""


@cache
def refusal(python: str = sys.executable) -> str:
    """Return why VTK cannot draw here, in words; empty where it can.

    A process of ``python`` draws something small, so that it is not this one that dies.
    """
    try:
        trial = subprocess.run(
            [python, "-c", _TRIAL],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not draw within {PATIENCE} seconds"
    if trial.returncode == 0:
        return ""
    if trial.returncode < 0:
        name = signal.strsignal(-trial.returncode) or f"signal {-trial.returncode}"
        return f"it crashes on this machine ({name}), as it does without EGL and without OSMesa"
    said = trial.stderr.strip().splitlines()
    return said[-1] if said else f"it ends with exit code {trial.returncode}"


def still(
    volume: Volume, *, largest: float | None = None, size: tuple[int, int] = (600, 450)
) -> npt.NDArray[np.uint8]:
    """Return a picture (row, col, 3) of a volume, seen as :func:`cnnvis.render.still` sees it.

    Equal data give equal pictures on one machine; other drivers may round otherwise.

    Args:
        volume: finite numbers (plane, row, col).
        largest: the magnitude that is most opaque; larger ones are clipped. None: the 99.5th
            percentile of the magnitudes.
        size: (cols, rows) of the picture in pixels.

    Raises:
        CnnvisError: PyVista is not installed or cannot draw on this machine.
    """
    reason = refusal()
    if reason:
        raise CnnvisError(
            f"pictures by VTK need PyVista, and a machine on which it draws; here {reason}. "
            "Install it with: pip install 'cnnvis[pyvista]'; or use cnnvis.render.still, which "
            "needs no graphics."
        )
    import pyvista

    levels = roots(
        volume.data,
        limit(volume.data) if largest is None else largest,
        signed=bool((volume.data < 0).any()),
    )
    view = camera(volume.data.shape, size=size)
    plotter = pyvista.Plotter(off_screen=True, window_size=size, lighting="none")
    plotter.set_background([part / 255 for part in render.BACKGROUND])
    actor = plotter.add_volume(
        _grid(levels, view),
        scalars="level",
        cmap=_table(levels),
        opacity_unit_distance=UNIT,
        shade=False,
        show_scalar_bar=False,
    )
    actor.prop.interpolation_type = "linear"
    plotter.add_mesh(
        pyvista.Box(bounds=_bounds(view)),
        style="wireframe",
        color=[part / 255 for part in render.FRAME],
        lighting=False,
    )
    _look(plotter.camera, view)
    picture = plotter.screenshot(None, return_img=True)
    plotter.close()
    return np.asarray(picture, np.uint8)


def _bounds(view: Camera) -> list[float]:
    """Return the bounds (x, x, y, y, z, z) of the box in the world, its middle at the origin."""
    return [sign * edge / 2 for edge in view.edges for sign in (-1, 1)]


def _grid(levels: npt.NDArray[np.float64], view: Camera) -> Any:
    """Return the levels as voxels of VTK: planes along x, rows down along -y, columns along z."""
    import pyvista

    planes, rows, cols = levels.shape
    voxel = view.edges / levels.shape
    grid = pyvista.ImageData(
        dimensions=(planes, rows, cols),
        spacing=voxel,
        origin=(voxel - view.edges) / 2,
    )
    grid.point_data["level"] = levels[:, ::-1].ravel(order="F").astype(np.float32)
    return grid


def _table(levels: npt.NDArray[np.float64]) -> Any:
    """Return colours and opacities of still pictures as a table of VTK."""
    import pyvista

    signed = bool((levels < 0).any())
    look = render.transfer(signed=signed, planes=levels.shape[0])
    opacity = 1 - np.exp(-look.extinction * UNIT)
    values = np.rint(255 * np.column_stack([look.colour, opacity])).astype(np.uint8)
    return pyvista.LookupTable(values=values, scalar_range=(-1 if signed else 0, 1))


def _look(lens: Any, view: Camera) -> None:
    """Let the camera of VTK see what ours sees."""
    cols, rows = view.size
    lens.position = tuple(view.eye)
    lens.focal_point = tuple(view.eye + view.axes[2])
    lens.up = tuple(view.axes[1])
    lens.view_angle = float(np.degrees(2 * np.arctan(rows / 2 / view.zoom)))
    row, col = view.middle
    lens.SetWindowCenter(1 - 2 * col / cols, 2 * row / rows - 1)

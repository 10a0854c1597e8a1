"""The page of volumes: a viewer in one file, which opens from the disk and asks no network.

Python puts the page together from its parts: a template, a style, shaders and scripts, each in a
file of its own under ``templates/volumes``, and the data as JSON. Maps are stored once, as bytes,
deflated; orders are permutations, which the browser applies.
"""

import base64
import io
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib import colormaps
from matplotlib.colors import Colormap, LinearSegmentedColormap

from cnnvis import render
from cnnvis.camera import ORDER_EDGE
from cnnvis.errors import CnnvisError
from cnnvis.files import canonical_json, write_text
from cnnvis.pages.index import environment
from cnnvis.volume_groups import PERCENTILE, Group

DATA_FILES = ("pages/templates/*.css", "pages/templates/volumes/*")

SCRIPTS = (
    "data",
    "state",
    "camera",
    "space",
    "look",
    "renderer",
    "painter",
    "layout",
    "words",
    "slice",
    "transfer",
    "controls",
    "input",
    "main",
)
"""The scripts of the page, in the order in which the browser reads them."""

SEQUENTIAL: dict[str, Colormap] = {
    "inferno": colormaps["inferno"],
    "black, red, white": render.HEAT,
    "viridis": colormaps["viridis"],
    "grey": colormaps["gray"],
}
"""Colours of data that are never negative; the first is the default."""

DIVERGING: dict[str, Colormap] = {
    "blue, black, red": LinearSegmentedColormap.from_list(
        "black_centred",
        [
            *colormaps["RdBu_r"]([0.3, 0.2, 0.1]),
            (0, 0, 0, 1),
            *colormaps["RdBu_r"]([0.9, 0.8, 0.7]),
        ],
    ),
    "blue, black, orange": render.POLAR,
}
"""Colours of signed data: black at zero, also for the colour-blind; the first is the default."""

_PARTS = Path(__file__).with_name("templates") / "volumes"
_STILL = (400, 300)  # pixels (cols, rows) of a still picture
_STILL_SLICES = 72
_ENTRIES = 256  # of a table of colours


@dataclass(frozen=True)
class Still:
    """A picture of one volume, for browsers that cannot draw: its title and its address."""

    title: str
    source: str


@dataclass(frozen=True)
class Stills:
    """The still pictures of a group."""

    title: str
    pictures: tuple[Still, ...]


def render_page(groups: Sequence[Group], *, title: str = "Volumes") -> str:
    """Return the page as HTML; all text in it is taken as text, never as HTML.

    Equal groups give equal bytes.

    Raises:
        CnnvisError: no group, or two of one name.
    """
    names = [group.name for group in groups]
    if not names or len(set(names)) < len(names):
        raise CnnvisError(
            f"the page of volumes needs groups, each with a name of its own; got {names}."
        )
    return (
        environment()
        .get_template("volumes/page.html")
        .render(
            title=title,
            shaders={name: Markup(_part(f"{name}.glsl")) for name in ("corner", "ray")},
            script=Markup("\n".join(_part(f"{name}.js") for name in SCRIPTS)),
            data=Markup(_script_safe(canonical_json(_data(groups, title)))),
            stills=[_stills(group) for group in groups],
            groups=[
                (where, [(group.name, group.title) for group in some])
                for where, some in groupby(groups, key=lambda group: group.where)
            ],
        )
    )


def write(path: str | os.PathLike[str], groups: Sequence[Group], *, title: str = "Volumes") -> None:
    """Write the page, whole or not at all.

    Raises:
        CnnvisError: see :func:`render_page`.
        FileError: the disk is full, or the folder is read-only.
    """
    write_text(path, render_page(groups, title=title))


def edges(group: Group) -> tuple[float, float, float]:
    """Return the lengths (plane, row, col) of the box, as in still pictures.

    The order is 1.3 times as long as the longer side of a plane, however many channels it has.

    >>> from cnnvis.ordering import Ordering
    >>> order = Ordering([0], None, None, "natural", {}, "image")
    >>> edges(Group("a", "A", {"photo": np.ones((1, 10, 20))}, {"natural": order}))
    (26.0, 10.0, 20.0)
    """
    _, rows, cols = group.shape
    high, wide = rows * group.spacing[0], cols * group.spacing[1]
    return ORDER_EDGE * max(high, wide), high, wide


def _data(groups: Sequence[Group], title: str) -> dict[str, Any]:
    """Return all that the scripts read, as it becomes JSON."""
    return {
        "title": title,
        "background": list(render.BACKGROUND),
        "frame": list(render.FRAME),
        "percentile": PERCENTILE,
        "sequential": _tables(SEQUENTIAL),
        "diverging": _tables(DIVERGING),
        "groups": [_group(group) for group in groups],
    }


def _group(group: Group) -> dict[str, Any]:
    """Return one group: its blocks once each, its orders as permutations."""
    blocks, orders = list(group.blocks), list(group.orders)
    return {
        "name": group.name,
        "title": _whole_title(group),
        "counted": group.counted,
        "unit": group.unit,
        "axes": list(group.axes),
        "shape": list(group.shape),
        "edges": list(edges(group)),
        "signed": group.signed,
        "limit": group.limit,
        "blocks": [_packed(group.levels(name)) for name in blocks],
        "orders": [
            {
                "channels": order.permutation.tolist(),
                "clusters": None if order.cluster is None else order.cluster.tolist(),
            }
            for order in group.orders.values()
        ],
        "volumes": [
            {"title": title, "block": blocks.index(block), "order": orders.index(order)}
            for title, block, order in group.volumes
        ],
        "tiles": _packed_tiles(group),
    }


def _packed_tiles(group: Group) -> dict[str, Any] | None:
    """Return the kernels as bytes (channel, k_row, k_col, 3), if there are any."""
    if group.tiles is None:
        return None
    _, rows, cols, _ = group.tiles.shape
    pixels = np.asarray(np.rint(np.clip(group.tiles, 0, 1) * 255), np.uint8)
    return {"rows": rows, "cols": cols, "pixels": _packed(pixels)}


def _tables(colours: dict[str, Colormap]) -> list[dict[str, str]]:
    """Return tables of colours (entry, 3) as bytes, by name."""
    place = np.linspace(0, 1, _ENTRIES)
    return [
        {
            "name": name,
            "colours": _base64(np.asarray(np.rint(table(place)[:, :3] * 255), np.uint8).tobytes()),
        }
        for name, table in colours.items()
    ]


def _stills(group: Group) -> Stills:
    """Return a picture of every volume of a group, all on its scale."""
    low = -group.limit if group.signed else 0.0
    plane, high, wide = edges(group)
    planes, rows, cols = group.shape
    pictures = [
        Still(
            title,
            _address(
                render.still(
                    group.orders[order].apply(group.blocks[block]),
                    limits=(low, group.limit),
                    spacing=(plane / planes, high / rows, wide / cols),
                    size=_STILL,
                    signed=group.signed,
                    slices=_STILL_SLICES,
                )
            ),
        )
        for title, block, order in group.volumes
    ]
    return Stills(_whole_title(group), tuple(pictures))


def _whole_title(group: Group) -> str:
    """Return the title of a group with what it has in common with others."""
    return f"{group.where}, {group.title}" if group.where else group.title


def _address(pixels: npt.NDArray[np.uint8]) -> str:
    """Return a picture (row, col, 3) as an address that holds it."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=80, method=6)
    return f"data:image/webp;base64,{_base64(file.getvalue())}"


def _packed(array: npt.NDArray[np.uint8]) -> str:
    """Return bytes deflated, as text."""
    return _base64(zlib.compress(array.tobytes(), 9))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _script_safe(json: str) -> str:
    """Return JSON that cannot end the script element it stands in, nor open a comment there."""
    return json.replace("<", "\\u003c")


def _part(name: str) -> str:
    """Return a file that is put into the page as it is."""
    return (_PARTS / name).read_text(encoding="utf-8")

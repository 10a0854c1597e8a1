"""All channels of a layer as one mosaic, in any order, with the kernels of a first layer beside."""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnvis.errors import CnnvisError
from cnnvis.figures import mosaic, style
from cnnvis.figures.mosaic import Grid
from cnnvis.figures.scales import Scale, scale
from cnnvis.kernels import tiles as kernel_tiles
from cnnvis.ordering.result import Ordering
from cnnvis.volume import finite

Values = npt.NDArray[np.floating]

_NUMBERS = 0.27  # inches for the channel numbers on each side
_STRIP, _CLUSTER_WORDS = 0.07, 0.62  # inches for the coloured strip of a cluster, and for its name
_KERNEL_SHARE, _GAP = 0.36, 0.2
_MARK = 0.08  # of a tile's side: the strip above a map that shows its cluster
_SWATCH = 0.09  # inches
_TALLEST = 8.2  # inches: what a printed page leaves for a mosaic
_LARGEST_TILE = 1.6  # inches, of the side of a square as large
_BAR = (2.4, 0.08)  # inches


@dataclass(frozen=True)
class _Place:
    """Where the mosaic stands on the sheet (inches), and how many pixels show one of its pixels."""

    left: float
    width: float
    height: float
    scale: int
    dpi: float


@style.in_look
def grid(
    maps: npt.ArrayLike,
    ordering: Ordering,
    *,
    norm: str = "percentile",
    kernels: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    title: str = "",
    unit: str = "activation",
) -> Figure:
    """Return a figure of all feature maps (channel, row, col), in an order, row by row.

    Every unit is a square of whole pixels, every gutter one unit wide. Where the ordering has
    clusters, each begins a new row and has a coloured strip; clusters of another ordering can be
    shown as a strip above every map.

    Args:
        maps: (channel, row, col), finite.
        ordering: the order to show them in.
        norm: ``percentile`` (roots up to the 99.5th percentile), ``global`` or ``per_channel``.
        kernels: (filter, 3, k_row, k_col) of a first layer, shown beside in the same places.
        cluster: (channel,) the cluster of each channel in another ordering, from 0.
        title: of the figure.
        unit: what the values are, for the colour bar.

    Raises:
        CnnvisError: maps or kernels of another shape, NaN or infinity in them, an unknown norm.
        OrderingError: the ordering, or the clusters, are for another number of channels.
    """
    ordered = ordering.apply(_checked_maps(maps))
    colours = scale(ordered, norm)
    shown = ordered / _own_limits(ordered) if norm == "per_channel" else ordered
    marks = None if cluster is None else ordering.apply(np.asarray(cluster, int))
    if marks is not None:
        above = max(1, round(_MARK * max(ordered.shape[1:])))
        shown = np.pad(shown, ((0, 0), (above, 0), (0, 0)), constant_values=np.nan)
    tile = shown.shape[1:]
    layout = mosaic.grid(_group_sizes(ordering), tile)
    tiles = None if kernels is None else ordering.apply(kernel_tiles(kernels))
    place = _place(layout, tile, ordering.cluster is not None, tiles is not None)
    sheet = style.sheet(
        place.height + 0.42,
        title=title or f"{len(ordering)} channels in the order {ordering.method}",
        caption=_caption(ordered, ordering, colours, (tiles is not None, marks is not None)),
        dpi=place.dpi,
    )
    axes = style.bare(sheet.axes(place.left, 0, place.width, place.height))
    axes.set_gid("maps")
    axes.imshow(
        mosaic.compose(shown, layout), cmap=colours.colours, norm=colours.norm, aspect="auto"
    )
    _number_rows(axes, layout, tile, ordering, place)
    _draw_clusters(axes, layout, tile, ordering, place)
    bar = sheet.axes(place.left, place.height + 0.1, *_BAR)
    label = f"{unit}, share of the channel's largest" if norm == "per_channel" else unit
    style.colour_bar(bar, colours.mappable, label, ticks=colours.ticks)
    if tiles is not None:
        _draw_kernels(sheet, tiles, layout, place)
    if marks is not None:
        _mark_clusters(axes, layout, tile, marks, above)
        _draw_cluster_key(sheet, marks, place)
    return sheet.figure


def _checked_maps(maps: npt.ArrayLike) -> Values:
    """Return the maps as an array, or say what is wrong with them."""
    array = np.asarray(maps)
    if array.ndim != 3 or array.size == 0:
        raise CnnvisError(f"a channel grid needs maps (channel, row, col); got {array.shape}.")
    finite("a feature map", array)
    return array.astype(float)


def _own_limits(ordered: Values) -> Values:
    """Return the largest magnitude of each channel (channel, 1, 1); 1 where all is zero."""
    largest = np.abs(ordered).max(axis=(1, 2), keepdims=True)
    return np.asarray(np.where(largest > 0, largest, 1))


def clusters(ordering: Ordering) -> list[tuple[int, int, int]]:
    """Return (cluster, first place, place after the last) for every run of one cluster."""
    if ordering.cluster is None:
        return []
    along = ordering.cluster[ordering.permutation]
    starts = [0, *(np.flatnonzero(np.diff(along)) + 1), len(along)]
    return [(int(along[a]), int(a), int(b)) for a, b in itertools.pairwise(starts)]


def _group_sizes(ordering: Ordering) -> list[int]:
    """Return how many channels begin a row together."""
    return [end - start for _, start, end in clusters(ordering)] or [len(ordering)]


def _place(layout: Grid, tile: tuple[int, ...], clustered: bool, kernels: bool) -> _Place:
    """Fit the mosaic between its labels, as large as the page allows."""
    left = style.MARGIN + _NUMBERS + (_STRIP + _CLUSTER_WORDS if clustered else 0)
    width = style.WIDTH - style.MARGIN - left - _NUMBERS
    if kernels:
        width = (width - _GAP) * (1 - _KERNEL_SHARE)
    rows, cols = layout.size((tile[0], tile[1]))
    largest = layout.columns * _LARGEST_TILE * (tile[1] / tile[0]) ** 0.5
    width = min(width, _TALLEST * cols / rows, largest)
    size, dpi = style.crisp(cols, width)
    return _Place(left, width, rows * size / dpi, size, dpi)


def _number_rows(
    axes: Axes, layout: Grid, tile: tuple[int, ...], ordering: Ordering, place: _Place
) -> None:
    """Write the channel at the beginning and at the end of each row where there is room."""
    pitch = (tile[0] + mosaic.GUTTER) * place.scale / place.dpi * 72
    size = float(np.clip(pitch * 0.8, style.TINY, style.SMALL))
    every = int(np.ceil(size * 1.1 / pitch))
    for row in range(0, layout.rows, every):
        tiles = layout.row(row)
        middle = row * (tile[0] + mosaic.GUTTER) + mosaic.GUTTER + tile[0] / 2 - 0.5
        right = len(tiles) * (tile[1] + mosaic.GUTTER) + mosaic.GUTTER - 0.5
        ends = ((tiles[0], -0.5, -3, "right"), (tiles[-1], right, 3, "left"))
        for number, at, shift, side in ends[: 2 if len(tiles) > 1 else 1]:
            axes.annotate(
                str(ordering.permutation[number]),
                (at, middle),
                (shift, 0),
                textcoords="offset points",
                ha=side,
                va="center",
                size=size,
                color=style.MUTED,
                annotation_clip=False,
            )


def _draw_clusters(
    axes: Axes, layout: Grid, tile: tuple[int, ...], ordering: Ordering, place: _Place
) -> None:
    """Draw a coloured strip, and the cluster's name, beside the rows of each cluster."""
    pitch = tile[0] + mosaic.GUTTER
    inch = place.dpi / place.scale  # pixels of the mosaic
    right = -0.5 - _NUMBERS * inch
    for (cluster, start, end), (first, last) in zip(
        clusters(ordering), layout.groups, strict=False
    ):
        colour = style.CATEGORIES[cluster % len(style.CATEGORIES)]
        low, high = first * pitch + 0.5, last * pitch - 0.5
        strip = Rectangle(
            (right - _STRIP * inch, low),
            _STRIP * inch,
            high - low,
            color=colour,
            lw=0,
            clip_on=False,
            gid=f"cluster {cluster}",
        )
        axes.add_patch(strip)
        count = end - start
        axes.annotate(
            f"cluster {cluster}\n{count} map{'s' if count > 1 else ''}",
            (right - _STRIP * inch, (low + high) / 2),
            (-3, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            size=style.TINY,
            linespacing=1.05,
            annotation_clip=False,
        )


def _mark_clusters(
    axes: Axes, layout: Grid, tile: tuple[int, ...], marks: npt.NDArray[np.int_], above: int
) -> None:
    """Fill the strip above each map with the colour of its cluster."""
    pitch = np.array(tile) + mosaic.GUTTER
    corners = np.array(layout.cells) * pitch + mosaic.GUTTER - 0.5
    strips = [Rectangle((col, row), tile[1], above) for row, col in corners]
    colours = [style.CATEGORIES[mark % len(style.CATEGORIES)] for mark in marks]
    axes.add_collection(PatchCollection(strips, facecolors=colours, lw=0, gid="strips"))


def _draw_cluster_key(sheet: style.Sheet, marks: npt.NDArray[np.int_], place: _Place) -> None:
    """Say which colour is which cluster, right of the colour bar."""
    left, top = place.left + _BAR[0] + 0.3, place.height + 0.1
    numbers = np.unique(marks)[: len(style.CATEGORIES)]
    axes = style.bare(sheet.axes(left, top, len(numbers) * 0.24, _SWATCH))
    axes.set(xlim=(0, len(numbers) * 0.24), ylim=(0, _SWATCH), gid="cluster key")
    for place_of, number in enumerate(numbers):
        colour = style.CATEGORIES[number % len(style.CATEGORIES)]
        axes.add_patch(Rectangle((place_of * 0.24, 0), _SWATCH, _SWATCH, color=colour, lw=0))
        x = place_of * 0.24 + _SWATCH + 0.03
        axes.text(x, _SWATCH / 2, str(number), va="center", size=style.TINY)
    words = "cluster of each map"
    if len(np.unique(marks)) > len(numbers):
        words += f"; colours repeat after {len(numbers)}"
    sheet.text(left, top + _SWATCH + 0.03, words, size=style.TINY)


def _draw_kernels(sheet: style.Sheet, tiles: Values, layout: Grid, place: _Place) -> None:
    """Show the kernels in the same places as their maps, to the right."""
    image = mosaic.compose(tiles, layout, paper=1.0)[mosaic.GUTTER :, mosaic.GUTTER :]
    left = place.left + place.width + _NUMBERS + _GAP
    room = (style.WIDTH - style.MARGIN - left) * place.dpi
    size = max(1, int(room // image.shape[1]))
    height, width = (pixels * size / place.dpi for pixels in image.shape[:2])
    axes = style.bare(sheet.axes(left, 0, width, height))
    axes.set_gid("kernels")
    axes.imshow(image, aspect="auto")
    sheet.text(
        left, height + 0.04, "kernels, in the same places", size=style.TINY, color=style.MUTED
    )


def _caption(ordered: Values, ordering: Ordering, colours: Scale, extras: tuple[bool, bool]) -> str:
    """Say what the reader sees; ``extras``: whether there are kernels, and clusters of others."""
    kernels, marked = extras
    channels, rows, cols = ordered.shape
    dead = int((np.abs(ordered).max(axis=(1, 2)) == 0).sum())
    parts = [
        f"All {channels} feature maps of {rows} × {cols} units, from left to right and from top to "
        f"bottom in the order “{ordering.method}” (source: {ordering.source}).",
        "The numbers are the channels at the beginning and the end of a row.",
        colours.words,
    ]
    if ordering.cluster is not None:
        parts.append("Every cluster begins a new row; the strip shows how far it reaches.")
    if marked:
        parts.append("The strip above a map shows its cluster, whatever the order.")
    if dead:
        parts.append(f"{dead} of the maps {'is' if dead == 1 else 'are'} zero everywhere.")
    if kernels:
        parts.append(
            "Right: the kernel of each channel as red, green and blue, grey where it is zero, all "
            "on one scale."
        )
    return " ".join(parts)

"""One photo walked back with several k: from how many units on the pixels stay the same."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis import variants
from cnnvis.figures import beside, style
from cnnvis.variants import Variants

if TYPE_CHECKING:
    import pandas as pd

_CHART = 1.35  # inches
_CURVES = {
    "same_pixels": ("weight at the same pixels", style.CATEGORIES[5], "o"),
    "overlap": ("overlap of densities", style.CATEGORIES[0], "s"),
    "rank_correlation": ("rank correlation of densities", style.CATEGORIES[2], "^"),
}


@style.in_look
def k_sensitivity(
    seen: npt.NDArray[np.uint8],
    compared: Variants,
    table: "pd.DataFrame",
    *,
    target: str,
    title: str = "",
) -> Figure:
    """Return a figure of the backtracks of one photo with each k, and curves of how alike they are.

    Args:
        seen: (row, col, 3), what the network saw of the photo.
        compared: the variants of the photo.
        table: how alike they are, from :func:`cnnvis.overlap.by_variant`.
        target: the class that was walked back from.
        title: of the figure.

    Raises:
        CnnvisError: there are no variants of this kind.
    """
    rows = table[table["kind"] == variants.KEPT]
    panels = [
        beside.Panel(
            one.name, (f"{pixels} pixels, {_grouped(one.points)} units",), one.index, one.weight
        )
        for one, pixels in zip(compared.of(variants.KEPT), rows["pixels"], strict=True)
    ]
    layout = beside.Layout.of(seen, panels)
    reference = compared.reference(variants.KEPT).name
    sheet = style.sheet(
        layout.height + _CHART + 0.75,
        title=title or f"Walked back from {target} with several k",
        caption=_caption(panels, target, reference),
        dpi=beside.DPI,
    )
    beside.draw(sheet, 0, seen, panels)
    top = layout.height + 0.42
    wide = (style.WIDTH - 2 * style.MARGIN - 0.75) / 2
    ks = [one.choice["k"] for one in compared.of(variants.KEPT)]
    sheet.text(style.MARGIN, top - 0.2, f"how alike to {reference}", weight="bold")
    _draw_curves(sheet.axes(style.MARGIN + 0.25, top, wide, _CHART), rows, ks)
    right = style.MARGIN + 0.75 + wide
    sheet.text(right - 0.4, top - 0.2, "units met in all layers", weight="bold")
    _draw_cost(sheet.axes(right, top, wide, _CHART), rows["points"].to_numpy(), ks)
    return sheet.figure


def _draw_curves(axes: Axes, rows: "pd.DataFrame", ks: Sequence[str]) -> None:
    """Draw how alike the backtracks are to the one that keeps most."""
    axes.set_gid("alike")
    for name, (words, colour, mark) in _CURVES.items():
        axes.plot(range(len(ks)), rows[name], mark, ms=3.5, ls="-", lw=1, color=colour, label=words)
    axes.set_ylim(min(0.0, float(rows[list(_CURVES)].min().min())) - 0.03, 1.05)
    axes.legend(loc="lower right", fontsize=style.TINY)
    _name_ks(axes, ks)


def _draw_cost(axes: Axes, counts: npt.NDArray[np.integer], ks: Sequence[str]) -> None:
    """Draw how many units the walk met, which is what it costs."""
    axes.set_gid("cost")
    axes.bar(range(len(ks)), counts, 0.6, color=style.RULE)
    for place, count in enumerate(counts):
        axes.annotate(
            _grouped(int(count)),
            (place, count),
            (0, 1.5),
            textcoords="offset points",
            ha="center",
            va="bottom",
            size=style.TINY,
        )
    axes.set_ylim(0, 1.12 * counts.max())
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    _name_ks(axes, ks)


def _name_ks(axes: Axes, ks: Sequence[str]) -> None:
    """Write every k below, as far apart as its neighbours."""
    axes.set_xticks(range(len(ks)), list(ks))
    axes.set_xlim(-0.5, len(ks) - 0.5)
    axes.set_xlabel("k", size=style.TINY, labelpad=1)
    axes.tick_params(labelsize=style.TINY)


def _grouped(count: int) -> str:
    """Return a count with a gap at the thousands.

    >>> _grouped(12345).replace("\u202f", " ")
    '12 345'
    """
    return f"{count:,}".replace(",", "\u202f")


def _caption(panels: Sequence[beside.Panel], target: str, reference: str) -> str:
    """Say what the reader sees."""
    return (
        f"Walked back from {target}. At a fully connected layer the k units that contribute most "
        f"are followed, or all that contribute. {beside.drawn(panels)} Left: how alike each is to "
        f"{reference}: the share of weight at the same pixels, the share of the densities at the "
        "same places, and Spearman's correlation of the densities. Right: units that the walk met "
        "in all layers, which is what it costs."
    )

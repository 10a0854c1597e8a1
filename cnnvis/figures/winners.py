"""One photo walked back by every winner: what of the pixels found depends on that choice."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from cnnvis import variants
from cnnvis.figures import beside, style
from cnnvis.variants import Variants

if TYPE_CHECKING:
    import pandas as pd

_MEANS = {
    "channel_sum": "channel_sum goes to one unit of the channel with the largest sum, at the "
    "centre of the window, at its largest contribution (spatial), or there in fine maps alone "
    "(fine)",
    "argmax": "argmax to the largest single contribution",
    "sample": "sample draws one in proportion to the positive contributions, many times",
    "soft": "soft spreads the weight over all of them in proportion",
}


@style.in_look
def winners(
    seen: npt.NDArray[np.uint8],
    compared: Variants,
    table: "pd.DataFrame",
    *,
    target: str,
    title: str = "",
) -> Figure:
    """Return a figure of the backtracks of one photo by each winner.

    Args:
        seen: (row, col, 3), what the network saw of the photo.
        compared: the variants of the photo.
        table: how alike they are, from :func:`cnnvis.overlap.by_variant`.
        target: the class that was walked back from.
        title: of the figure.

    Raises:
        CnnvisError: there are no variants of this kind.
    """
    rows = table[table["kind"] == variants.WINNER].to_dict("records")
    panels = [
        beside.Panel(
            one.name,
            (
                f"{row['pixels']:,} pixels".replace(",", "\u202f"),
                f"weight that arrived {beside.number(row['arrived'])}",
                f"overlap with own {beside.number(row['overlap'])}",
            ),
            one.index,
            one.weight,
        )
        for one, row in zip(compared.of(variants.WINNER), rows, strict=True)
    ]
    layout = beside.Layout.of(seen, panels)
    known = dict.fromkeys(one.choice["winner"] for one in compared.of(variants.WINNER))
    own = ", ".join(filter(None, (compared.own.choice[name] for name in ("winner", "position"))))
    sheet = style.sheet(
        layout.height,
        title=title or f"Walked back from {target} by each winner",
        caption=(
            f"Walked back from {target}. At a convolution, "
            f"{'; '.join(_MEANS[name] for name in known)}. {beside.drawn(panels)} Overlap: the "
            f"share of two densities at the same places; own is the choice of this study, {own}. "
            f"{_about_k(compared)}"
        ).strip(),
        dpi=beside.DPI,
    )
    beside.draw(sheet, 0, seen, panels)
    return sheet.figure


def _about_k(compared: Variants) -> str:
    """Say that k decides nothing, where it was tried."""
    if compared.k_matters or not compared.of(variants.KEPT):
        return ""
    tried = ", ".join(one.choice["k"] for one in compared.of(variants.KEPT))
    return f"Every k ({tried}) leads to the same pixels: no layer on the way keeps k units."

"""What removing filters does: curves against the share removed and against a threshold."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.removal import (
    ERROR,
    LEAST_FIRST,
    MARGIN,
    MOST_FIRST,
    RANDOM,
    SINGLE_LEAST,
    SINGLE_MOST,
    pooled,
)

if TYPE_CHECKING:
    import pandas as pd

METHODS = {
    "l2": ("L2", style.CATEGORIES[0], "o"),
    "taylor": ("Taylor", style.CATEGORIES[5], "s"),
}
_DASHES = {LEAST_FIRST: "-", MOST_FIRST: (0, (3, 1.4))}
_SINGLES = {SINGLE_LEAST: "v", SINGLE_MOST: "^"}
_LABELS = {MARGIN: "margin (score of the class − best other)", ERROR: "error (share of images)"}
_BAND = "#d5d8de"
_HEIGHT = 1.75  # inches of a chart
_LEGEND = 0.26  # inches above the charts


@style.in_look
def removal_curves(
    table: "pd.DataFrame", *, images: str, layer: str = "", fewest_images: int = 50, title: str = ""
) -> Figure:
    """Return a figure of error and margin while a layer loses its filters.

    Left: against the share of filters removed, least important first, most important first, and in
    random orders. Right: against the threshold of importance up to which filters are removed, for
    each method, with the same number of random filters.

    Args:
        table: what :func:`cnnvis.removal.table` gives; several units are taken together.
        images: what was measured, such as ``photos of Egyptian cat (285)``.
        layer: whose filters these are.
        fewest_images: that an error is given for, said where there is none.
        title: of the figure.

    Raises:
        CnnvisError: a table without rows.
    """
    if table.empty:
        raise CnnvisError("there are no curves without removals; the table has no row.")
    units, whole = table["unit"].nunique(), pooled(table)
    measures = [measure for measure in (ERROR, MARGIN) if (whole.measure == measure).any()]
    pitch = _HEIGHT + 0.5
    sheet = style.sheet(
        _LEGEND + len(measures) * pitch + 0.1,
        title=title or f"What the network loses with the filters of {layer}",
        caption=_caption(whole, images, layer, units, fewest_images),
    )
    lefts, widths = (style.MARGIN + 0.42, 4.02, 5.72), (2.95, 1.28, 1.28)
    for number, measure in enumerate(measures):
        rows = whole[whole.measure == measure]
        top = _LEGEND + number * pitch + 0.24
        by_share = sheet.axes(lefts[0], top, widths[0], _HEIGHT)
        by_share.set_gid(f"{measure} by share")
        _draw_by_share(by_share, rows)
        by_share.set_ylabel(_LABELS[measure], size=style.TINY)
        sheet.text(lefts[0], top - 0.16, "filters removed in order", weight="bold")
        for place, method in enumerate(_methods(rows)):
            axes = sheet.axes(lefts[place + 1], top, widths[place + 1], _HEIGHT)
            axes.set_gid(f"{measure} by threshold of {method}")
            _draw_by_threshold(axes, rows, method)
            axes.set_ylim(by_share.get_ylim())
            words = f"by threshold, {METHODS[method][0]}"
            sheet.text(lefts[place + 1], top - 0.16, words, weight="bold")
        if number == 0:
            _draw_legend(sheet.axes(lefts[0], 0, style.WIDTH - lefts[0], _LEGEND), by_share)
    return sheet.figure


def _draw_by_share(axes: Axes, rows: "pd.DataFrame") -> None:
    """Draw every order against the share removed, and single filters as marks."""
    share, low, mean, high = _band(rows)
    seeds = rows.loc[rows.order == RANDOM, "seed"].nunique()
    axes.fill_between(share, low, high, color=_BAND, lw=0, label=f"random, {seeds} orders")
    axes.plot(share, mean, color=style.MUTED, lw=1.0)
    for method in _methods(rows):
        name, colour, mark = METHODS[method]
        for order, dashes in _DASHES.items():
            curve = _of(rows, method, order)
            axes.plot(
                curve["share"],
                curve["value"],
                color=colour,
                ls=dashes,
                lw=1.3,
                marker=mark,
                ms=2.6,
                label=f"{name}, {order}",
            )
        for order, sign in _SINGLES.items():
            one = _of(rows, method, order)
            axes.plot(
                one["share"],
                one["value"],
                sign,
                mfc=style.PAPER,
                mec=colour,
                mew=1.1,
                ms=5,
                zorder=4,
                label=f"{name}, {order}",
            )
    axes.set_xlim(-0.02, 1.02)
    _finish(axes, "share of filters removed")


def _draw_by_threshold(axes: Axes, rows: "pd.DataFrame", method: str) -> None:
    """Draw the value against the threshold, and that of as many random filters."""
    _, colour, mark = METHODS[method]
    curve = _of(rows, method, LEAST_FIRST)
    _, low, mean, high = _band(rows)
    known = curve["relative"].notna().to_numpy()
    relative = curve["relative"].to_numpy(float)[known]
    axes.fill_between(relative, low[known], high[known], color=_BAND, lw=0)
    axes.plot(relative, mean[known], color=style.MUTED, lw=1.0)
    whole = float(curve["value"].iloc[0])
    axes.axhline(whole, color=style.MUTED, lw=0.7, ls=(0, (1, 2)))
    axes.plot(relative, curve["value"].to_numpy()[known], color=colour, lw=1.3, marker=mark, ms=2.6)
    axes.set_xlim(-0.02, 1.03)
    axes.set_yticklabels([])
    _finish(axes, "threshold / largest importance")


def _draw_legend(axes: Axes, drawn: Axes) -> None:
    """Name the curves above the charts: a row for each method, and the random orders."""
    style.bare(axes)
    axes.set_gid("legend")
    axes.patch.set_visible(False)
    handles, labels = drawn.get_legend_handles_labels()
    each = len(_DASHES) + len(_SINGLES)
    # The band is the first; legends are filled column by column.
    order = [place for kind in range(each) for place in range(1 + kind, len(handles), each)]
    axes.legend(
        [handles[place] for place in (*order, 0)],
        [labels[place] for place in (*order, 0)],
        loc="upper left",
        ncols=each + 1,
        fontsize=style.TINY,
        handlelength=2.2,
        labelspacing=0.3,
        columnspacing=1.2,
        borderpad=0,
        borderaxespad=0,
    )


def _band(rows: "pd.DataFrame") -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the share, and the lowest, mean and highest value of the random orders, by step."""
    steps = rows[rows.order == RANDOM].groupby("step")
    values = steps["value"]
    share = steps["share"].first().to_numpy(float)
    parts = (values.min(), values.mean(), values.max())
    low, mean, high = (part.to_numpy(float) for part in parts)
    return share, low, mean, high


def _methods(rows: "pd.DataFrame") -> list[str]:
    """Return the measures of importance that a table has, in the order of the colours."""
    return [method for method in METHODS if (rows.method == method).any()]


def _of(rows: "pd.DataFrame", method: str, order: str) -> "pd.DataFrame":
    """Return the points of one curve."""
    return rows[(rows.method == method) & (rows.order == order)].sort_values("step")


def _finish(axes: Axes, label: str) -> None:
    axes.tick_params(labelsize=style.TINY)
    axes.set_xticks([0, 0.5, 1])
    axes.set_xlabel(label, size=style.TINY, labelpad=1)


def _caption(whole: "pd.DataFrame", images: str, layer: str, units: int, fewest_images: int) -> str:
    """Say what the reader sees, and what it does not say."""
    count = int(whole["images"].iloc[0])
    filters = int(whole["removed"].max())
    of = f" of {layer}" if layer else ""
    parts = [
        f"Measured on {count} {images}, while the {filters} filters{of} are set to zero. "
        "Triangles: only the least (▽) or the most important filter (△) is gone. Grey: random "
        "orders, from the lowest to the highest, and their mean. Right: all filters up to a "
        "threshold are gone, beside as many random ones; dots: the whole network.",
    ]
    if units > 1:
        parts.append(
            f"Each of the {units} classes is inspected in turn, its filters weighed for it alone, "
            "and all images are counted together. The class is known when its filters are chosen: "
            "an error below that of the whole network is no better classifier."
        )
    if (whole.measure == ERROR).any():
        return " ".join(parts)
    step = 100 / count
    parts.append(
        f"No error is given below {fewest_images} images: one image more or less would move it by "
        f"{step:.0f} %. {'One photo is' if count == 1 else 'So few are'} an illustration, no "
        "statistics."
    )
    return " ".join(parts)

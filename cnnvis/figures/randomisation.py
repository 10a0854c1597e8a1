"""How alike maps stay when layers of the network get random weights: a curve for each method."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis import method_names
from cnnvis.errors import CnnvisError
from cnnvis.figures import averages, legends, lettering, style
from cnnvis.figures.marks import Mark, banded, marks
from cnnvis.method_names import EDGES

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("check", "step", "change", "image", "method", "measure", "value")
CASCADE, INDEPENDENT = "cascade", "independent"
"""The checks that are drawn, see :func:`cnnvis.sanity.randomised`."""

MEASURES: Mapping[str, str] = {
    "spearman": "rank correlation with the map of the network as it is",
    "pearson": "correlation with the map of the network as it is",
    "ssim": "structural similarity with the map of the network as it is",
}
"""What is compared, in words."""

_HEADS = {
    CASCADE: ("from the scores down", "the layer named and all before it are random"),
    INDEPENDENT: ("one layer alone", "only the layer named is random"),
}
_INTACT = "intact"
_LEFT, _BETWEEN, _GAP = 0.36, 0.16, 0.08  # inches
_HEAD, _LEAST = 0.32, 1.9
_NAMES = 0.95  # inches below for the names of layers, at most
_APART = 0.1  # inches from one name to the next
_EVERY = 3  # layers from one mark of a curve to the next


@style.in_look
def randomisation_curves(
    sanity: "pd.DataFrame", *, measure: str = "spearman", title: str = ""
) -> Figure:
    """Return a figure of how alike maps stay: layers random one after the other, and each alone.

    The methods are listed by what is left when all layers are random (or by the mean over single
    layers, where only these were measured), the least first.

    Args:
        sanity: one row for each check, change, image, method and measure, with the columns
            :data:`COLUMNS`; ``photo`` where several images come from one photo.
        measure: what maps were compared by.
        title: of the figure.

    Raises:
        CnnvisError: a column is missing, or no layer was made random.
    """
    averages.require(sanity, COLUMNS, "curves of randomisation")
    rows = sanity[(sanity.measure == measure) & sanity.check.isin((CASCADE, INDEPENDENT))]
    if rows.empty:
        raise CnnvisError(
            f"no map was compared by {measure!r} with layers made random (checks {CASCADE!r}, "
            f"{INDEPENDENT!r}); the table has the checks {_listed(sanity.check)} and the measures "
            f"{_listed(sanity.measure)}."
        )
    known = marks(rows["method"])
    means = averages.over_photos(rows, ("check", "step", "change", "method"))
    checks = [check for check in (CASCADE, INDEPENDENT) if (means.check == check).any()]
    listed = legends.width(known)
    tall = max(_LEAST, legends.height(len(known)))
    room = style.WIDTH - 2 * style.MARGIN - listed - _GAP
    width = (room - (len(checks) - 1) * _BETWEEN) / len(checks) - _LEFT
    below = min(_NAMES, max(lettering.text_width(str(one), style.TINY) for one in means.change))
    sheet = style.sheet(
        _HEAD + tall + below + 0.1,
        title=title or "How far maps survive random layers",
        caption=_caption(rows, means, known),
    )
    lowest = min(0.0, float((means["mean"] - means["error"].fillna(0)).min()))
    for number, check in enumerate(checks):
        left = style.MARGIN + _LEFT + number * (width + _LEFT + _BETWEEN)
        heading, words = _HEADS[check]
        sheet.text(left, 0, heading, weight="bold")
        sheet.text(left, 0.13, words, size=style.TINY, color=style.MUTED)
        axes = sheet.axes(left, _HEAD, width, tall)
        axes.set_gid(f"curves {check}")
        _draw(axes, means[means.check == check], known, check)
        _finish(axes, means[means.check == check], check, width)
        axes.set_ylim(lowest - 0.03, 1.08)
    axes = sheet.figure.axes[0]
    axes.set_ylabel(_short(measure), size=style.TINY, labelpad=2)
    left = style.WIDTH - style.MARGIN - listed
    beside = sheet.axes(left, _HEAD, listed, tall)
    beside.set_gid("left over")
    beside.set(xlim=(0, listed), ylim=(tall, 0))
    heads = ("less is better", "all random" if checks[0] == CASCADE else "mean")
    legends.write(beside, _left_over(means, checks[0]), known, heads, digits=2)
    return sheet.figure


def _draw(axes: Axes, means: "pd.DataFrame", known: Mapping[str, Mark], check: str) -> None:
    """Draw the curves of one check; a cascade begins with what nothing has changed yet."""
    spread = banded(known)
    places = {step: place for place, step in enumerate(sorted(set(means["step"])), start=1)}
    first = [1.0] if check == CASCADE else []
    for place, method in enumerate(known):
        curve = means[means.method == method].sort_values("step")
        if curve.empty:
            continue
        mean = np.array([*first, *curve["mean"]])
        error = np.array([*(0.0 for _ in first), *curve["error"]])
        at = np.array([*(0 for _ in first), *(places[step] for step in curve["step"])])
        mark = known[method]
        if method in spread:
            band = axes.fill_between(at, mean - error, mean + error, color=mark.colour, alpha=0.13)
            band.set(lw=0, gid=f"band {method}")
        every = (place % _EVERY, _EVERY) if len(at) > 2 * _EVERY else 1
        (line,) = axes.plot(at, mean, **mark.line | mark.point, ms=2.6, markevery=every)
        line.set_gid(f"curve {method}")
        if method == EDGES:
            _warn(axes, at, mean)


def _warn(axes: Axes, at: "np.ndarray", mean: "np.ndarray") -> None:
    """Say at the line of edges what it means to be there."""
    axes.annotate(
        "edges: never looks at the network",
        (float(at[-1]), float(mean[-1])),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        va="bottom",
        size=style.TINY,
        color=style.MUTED,
    )


def _finish(axes: Axes, means: "pd.DataFrame", check: str, width: float) -> None:
    """Name the layers below, as many as can be read; the last one always."""
    names = [str(name) for name in means.sort_values("step").drop_duplicates("step")["change"]]
    if check == CASCADE:
        names = [_INTACT, *names]
    at = np.arange(len(names)) + (0 if check == CASCADE else 1)
    every = max(1, int(np.ceil(len(names) * _APART / width)))
    shown = list(range(len(names) - 1, -1, -every))[::-1]
    words = [lettering.shortened(names[place], _NAMES, style.TINY) for place in shown]
    axes.set_xticks(at[shown], words, rotation=90)
    axes.tick_params(labelsize=style.TINY)
    axes.set_xlim(at[0] - 0.3, at[-1] + 0.3)
    axes.axhline(0, color=style.RULE, lw=0.6, zorder=0)
    axes.locator_params(axis="y", nbins=6)


def _left_over(means: "pd.DataFrame", check: str) -> dict[str, float]:
    """Return what is left of each method, the least first."""
    rows = means[means.check == check]
    if check == CASCADE:
        rows = rows[rows.step == rows.step.max()]
    left = rows.groupby("method", sort=False)["mean"].mean()
    return {str(name): float(value) for name, value in left.sort_values(kind="stable").items()}


def _short(measure: str) -> str:
    """Return what an axis counts."""
    return {"spearman": "rank correlation", "ssim": "structural similarity"}.get(measure, measure)


def _listed(values: "pd.Series[str]") -> str:
    return ", ".join(dict.fromkeys(map(str, values))) or "none"


def _caption(rows: "pd.DataFrame", means: "pd.DataFrame", known: Mapping[str, Mark]) -> str:
    """Say what the reader sees."""
    photos = [int(count) for count in means["photos"]]
    what = MEASURES.get(str(rows["measure"].iloc[0]), "likeness with the map before")
    parts = [
        f"Each point: the {what}, mean over {averages.counted(photos)}. A map that stays as it is "
        "shows the image, not what the network has learned; at 0 it has nothing in common with "
        "the map before, or is empty."
    ]
    names = [method_names.title(method) for method in banded(known)]
    if names and max(photos) > 1:
        parts.append(f"Bands: {averages.BAND} ({' and '.join(names)}).")
    controls = [method_names.title(m) for m in known if not method_names.looks_at_the_network(m)]
    if controls:
        parts.append(f"Grey: {', '.join(controls)}, maps that never look at the network.")
    return " ".join(parts)

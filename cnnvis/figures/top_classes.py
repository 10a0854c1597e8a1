"""The best classes of a photo walked back beside each other, and how alike they are on all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis import overlap
from cnnvis.errors import CnnvisError
from cnnvis.figures import beside, lettering, style

if TYPE_CHECKING:
    import pandas as pd

_LINE = 0.13  # inches for one photo of the chart
_MOST = 40  # photos in the chart
_NAMES = 1.3  # inches
_CLASSES, _PHOTOS = style.CATEGORIES[0], style.CATEGORIES[5]

Fixations = tuple[npt.NDArray[np.integer], npt.NDArray[np.floating]]


@style.in_look
def top_classes(
    seen: npt.NDArray[np.uint8],
    classes: Sequence[str],
    probabilities: Sequence[float | None],
    fixations: Sequence[Fixations],
    sensitivity: "pd.DataFrame",
    *,
    title: str = "",
) -> Figure:
    """Return a figure of the backtracks of one photo from several classes, and a chart of photos.

    Args:
        seen: (row, col, 3), what the network saw of the photo.
        classes: names, the best first.
        probabilities: of the classes; None where not known.
        fixations: index (point, [row, col]) in pixels of ``seen`` and weight, for each class.
        sensitivity: a row per photo, from :func:`cnnvis.overlap.sensitivity`.
        title: of the figure.

    Raises:
        CnnvisError: fewer than two classes, or not a name, a probability and fixations of each.
    """
    if len(classes) < 2 or not len(classes) == len(probabilities) == len(fixations):
        raise CnnvisError(
            "two classes or more are compared, each with a probability or None and fixations; got "
            f"{len(classes)} classes, {len(probabilities)} probabilities, {len(fixations)} "
            "fixations. Set backtrack.target to top2 or more."
        )
    maps = [overlap.density(*one, seen.shape[:2]) for one in fixations]
    panels = [
        beside.Panel(name, _words(chance, maps[0], density, place), *found)
        for place, (name, chance, density, found) in enumerate(
            zip(classes, probabilities, maps, fixations, strict=True)
        )
    ]
    layout = beside.Layout.of(seen, panels)
    shown = sensitivity.head(_MOST)
    tall = _LINE * len(shown)
    sheet = style.sheet(
        layout.height + 0.5 + tall + 0.3,
        title=title or f"The {len(classes)} best classes walked back",
        caption=_caption(panels, len(shown), len(sensitivity)),
        dpi=beside.DPI,
    )
    beside.draw(sheet, 0, seen, panels)
    below = layout.height + 0.3
    sheet.text(style.MARGIN, below, "all photos", size=style.LABEL, weight="bold")
    left = style.MARGIN + _NAMES
    axes = sheet.axes(left, below + 0.2, style.WIDTH - style.MARGIN - left - 0.1, tall)
    _draw_chart(axes, shown)
    return sheet.figure


def _words(
    chance: float | None, first: overlap.Map, density: overlap.Map, place: int
) -> tuple[str, ...]:
    """Return what stands above a class."""
    percent = "" if chance is None else f"probability {_percent(chance)}"
    if not place:
        return (percent, "")
    return (percent, f"overlap with the first {beside.number(overlap.shared(first, density))}")


def _percent(chance: float) -> str:
    """Return a probability in percent.

    >>> _percent(0.56), _percent(0.0042), _percent(0.0003)
    ('56 %', '0.4 %', 'below 0.1 %')
    """
    if chance < 0.001:
        return "below 0.1 %"
    return f"{100 * chance:.0f} %" if chance >= 0.01 else f"{100 * chance:.1f} %"


def _draw_chart(axes: Axes, rows: "pd.DataFrame") -> None:
    """Draw a line per photo: overlap between its classes, and with other photos."""
    axes.set_gid("sensitivity")
    places = np.arange(len(rows))
    column: dict[str, Any] = {str(name): rows[name].to_numpy() for name in rows}
    axes.hlines(places, column["lowest"], column["highest"], color=_CLASSES, lw=1.0)
    axes.plot(
        column["overlap"], places, "o", ms=3.5, color=_CLASSES, label="between classes of a photo"
    )
    axes.plot(
        column["other_photos"],
        places,
        "D",
        ms=3.2,
        mfc=style.PAPER,
        color=_PHOTOS,
        label="with the best class of other photos",
    )
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.4, -0.6))
    short = [lettering.shortened(str(name), _NAMES - 0.1, style.TINY) for name in column["image"]]
    axes.set_yticks(places, short)
    axes.tick_params(axis="y", length=0, labelsize=style.TINY)
    axes.tick_params(axis="x", labelsize=style.TINY)
    axes.set_xlabel("overlap of densities", size=style.TINY)
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=2,
        borderaxespad=0.1,
        fontsize=style.TINY,
        handletextpad=0.3,
    )


def _caption(panels: Sequence[beside.Panel], shown: int, photos: int) -> str:
    """Say what the reader sees."""
    first = f" The first {shown} of {photos} photos." if shown < photos else ""
    return (
        f"{beside.drawn(panels)} Overlap: the share of two densities at the same places, 1 where "
        "they are the same. Chart: dots are its mean over all pairs of the classes walked back, "
        "lines reach from the least alike pair to the most alike one; diamonds compare the best "
        "class with that of every other photo, which is what overlap comes from places alone. The "
        f"closer a dot lies to 1, the less the pixels depend on the class.{first}"
    )

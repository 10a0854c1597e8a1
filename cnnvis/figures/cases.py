"""Where a method does best and where it does worst: both as large, with the numbers below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from cnnvis import comparisons, method_names
from cnnvis.boxes import Box
from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, overlays, photos, style
from cnnvis.figures.outlines import TRUE, outline, outline_mask
from cnnvis.method_names import GRAD_CAM
from cnnvis.metrics.measures import HIGH, NEITHER

_GAP, _BETWEEN = 0.05, 0.24  # inches between pictures, between best and worst
_HEAD = 0.2  # inches of the heading
_LINE = 0.105  # inches of a line of words
_NAME = 0.13  # inches of the name of a case
_DPI = 220
_PIXELS = 420  # of a photo: as many as its place has


@dataclass(frozen=True, eq=False)
class Case:
    """One photo, mosaic or scene, with maps of it and what they reach.

    Attributes:
        title: what it is called, such as the photo and its class.
        photo: (row, col, 3) of uint8, what the network saw.
        maps: (row, col) by method, in the order in which they are drawn.
        values: of the metric by method; also of methods whose maps are not drawn.
        box: (row0, col0, row1, col1) of what was sought, in pixels of the photo, such as the cell
            of a mosaic.
        mask: (row, col) of bool, the object; of the photo's size.
    """

    title: str
    photo: npt.NDArray[np.uint8]
    maps: Mapping[str, npt.NDArray[np.floating]]
    values: Mapping[str, float]
    box: Box | None = None
    mask: npt.NDArray[np.bool_] | None = None


@style.in_look
def cases(
    rows: Sequence[Case],
    *,
    metric: str,
    method: str = "backtrack",
    reference: str = GRAD_CAM,
    count: int = 3,
    title: str = "",
) -> Figure:
    """Return a figure of the best cases of a method at the left, and of the worst at the right.

    Where there are fewer than twice ``count``, each is shown once, the odd one among the worst.

    Args:
        rows: the cases, all with the same maps.
        metric: what ``values`` are, of :data:`cnnvis.metrics.measures.MEASURES`.
        method: whose cases they are.
        reference: its value is what that of the method is compared with; "" for the value itself.
        count: cases on each side.
        title: of the figure.

    Raises:
        CnnvisError: no case, a metric without a good end, or a case without its photo, its maps or
            its values.
    """
    maps = _checked(rows, metric, (method, reference))
    compared = _Compared(metric, method, reference)
    sides = compared.sides(rows, count)
    shown = [one for chosen in sides.values() for one in chosen]
    width = (style.WIDTH - 2 * style.MARGIN - _BETWEEN) / 2
    picture = (width - len(maps) * _GAP) / (len(maps) + 1)
    size = (picture, picture * min(1.0, max(_aspect(one) for one in shown)))
    lines = max(len(compared.lines(one, width)) for one in shown)
    block = _NAME + size[1] + lines * _LINE + 0.14
    sheet = style.sheet(
        _HEAD + _NAME + max(map(len, sides.values())) * block - 0.06,
        title=title or f"Where {method_names.title(method)} does best, and where worst",
        caption=_caption(rows, shown, compared),
        dpi=_DPI,
    )
    for side, (heading, chosen) in enumerate(sides.items()):
        left = style.MARGIN + side * (width + _BETWEEN)
        sheet.text(left, 0, heading, size=style.LABEL, weight="bold")
        _head(sheet, left, picture, maps)
        for place, one in enumerate(chosen):
            top = _HEAD + _NAME + place * block
            name = lettering.shortened(one.title, width, style.TINY, bold=True)
            sheet.text(left, top, name, size=style.TINY, weight="bold")
            _draw(sheet, (left, top + _NAME), size, one, metric)
            for line, words in enumerate(compared.lines(one, width)):
                down = top + _NAME + size[1] + 0.04 + line * _LINE
                sheet.text(left, down, words, size=style.TINY, color=style.MUTED)
    return sheet.figure


@dataclass(frozen=True)
class _Compared:
    """A method, what it is measured by, and what its value is compared with; "" for nothing."""

    metric: str
    method: str
    reference: str

    def merit(self, one: Case) -> float:
        """Return how much better the method is than what it is compared with."""
        sign = 1 if comparisons.better(self.metric) == HIGH else -1
        other = one.values[self.reference] if self.reference else 0.0
        return float(sign * (one.values[self.method] - other))

    def sides(self, rows: Sequence[Case], count: int) -> dict[str, list[Case]]:
        """Return the best and the worst cases, by what stands above them."""
        ranked = sorted(rows, key=self.merit, reverse=True)
        if len(ranked) == 1:
            return {"The only one": ranked}
        best = ranked[: min(count, len(ranked) // 2)]
        worst = ranked[::-1][: min(count, len(ranked) - len(best))]
        against = f" against {method_names.title(self.reference)}" if self.reference else ""
        return {f"Best{against}": best, f"Worst{against}": worst}

    def lines(self, one: Case, width: float) -> list[str]:
        """Say what the maps reach, in lines of words."""
        reached = ", ".join(
            f"{method_names.title(name)} {comparisons.written(self.metric, value)}"
            for name, value in one.values.items()
        )
        words = f"{comparisons.measure(self.metric).title}: {reached}"
        if self.reference:
            merit = self.merit(one)
            how = "better" if merit > 0 else "worse" if merit < 0 else "as good"
            by = f" by {comparisons.written(self.metric, abs(merit))}" if merit else ""
            words += f"; {how}{by}"
        return lettering.wrapped(words, width, style.TINY).split("\n")


def _checked(rows: Sequence[Case], metric: str, needed: Sequence[str]) -> tuple[str, ...]:
    """Return the methods whose maps are drawn, or say what is missing."""
    if not rows or comparisons.better(metric) == NEITHER:
        raise CnnvisError(
            f"cases are sorted from the best to the worst: at least one, by a metric of which one "
            f"end is good; got {len(rows)} by {metric!r}."
        )
    maps = tuple(rows[0].maps)
    for one in rows:
        photos.checked(one.photo, one.title)
        lacking = [
            name for name in needed if name and not np.isfinite(one.values.get(name, np.nan))
        ]
        if lacking or tuple(one.maps) != maps:
            raise CnnvisError(
                f"the case {one.title!r} needs a value of {', '.join(filter(None, needed))}, and "
                f"maps of {', '.join(maps) or 'no method'} as the first has; it has values of "
                f"{', '.join(one.values) or 'none'} and maps of {', '.join(one.maps) or 'none'}."
            )
        if one.mask is not None and one.mask.shape != one.photo.shape[:2]:
            raise CnnvisError(
                f"the mask of {one.title!r} has to be of the photo's size "
                f"{one.photo.shape[:2]}; got {one.mask.shape}."
            )
    return maps


def _aspect(one: Case) -> float:
    return float(one.photo.shape[0] / one.photo.shape[1])


def _head(sheet: style.Sheet, left: float, picture: float, maps: Sequence[str]) -> None:
    """Name the columns of pictures."""
    for column, words in enumerate(["the image", *map(method_names.title, maps)]):
        short = lettering.shortened(words, picture, style.TINY)
        at = left + column * (picture + _GAP)
        sheet.text(at, _HEAD - 0.02, short, size=style.TINY, color=style.MUTED)


def _draw(
    sheet: style.Sheet,
    corner: tuple[float, float],
    size: tuple[float, float],
    one: Case,
    metric: str,
) -> None:
    """Draw the photo of a case and its maps, what was sought outlined on all of them."""
    (left, top), (width, height) = corner, size
    ground = photos.small(one.photo, _PIXELS)
    wide, high = photos.fitted(one.photo.shape, width, height)
    pictures = [("", ground)] + [
        (name, overlays.over_photo(ground, overlays.checked(values, f"{name} of {one.title}")))
        for name, values in one.maps.items()
    ]
    for column, (name, shown) in enumerate(pictures):
        at = left + column * (width + _GAP)
        axes = sheet.axes(at + (width - wide) / 2, top + (height - high) / 2, wide, high)
        axes.set_gid(f"{name or 'image'} {one.title}")
        photos.show(axes, shown, one.photo.shape)
        if one.mask is not None:
            outline_mask(axes, one.mask, width=0.7)
        if one.box is not None:
            outline(axes, one.box, TRUE, true=True)
        if name in one.values:
            overlays.write_in_corner(axes, comparisons.written(metric, one.values[name]))


def _caption(rows: Sequence[Case], shown: Sequence[Case], compared: _Compared) -> str:
    """Say what the reader sees, and how it was chosen."""
    measure = comparisons.measure(compared.metric)
    good = "more" if measure.better == HIGH else "less"
    by = f"{measure.title} ({measure.asks} {good} is better)"
    if compared.reference:
        by = f"the difference to {method_names.title(compared.reference)} in {by}"
    if len(shown) < len(rows):
        how = (
            f"Of {len(rows)} cases, the {len(shown)} at the ends are chosen by {by}, nothing else."
        )
    elif len(rows) > 1:
        how = f"All {len(rows)} cases, sorted by {by}."
    else:
        how = f"A single case, an illustration and no statistics, measured by {by}."
    parts = [how, "In the corner of a map: what it reaches.", overlays.SCALED]
    if any(one.box is not None for one in shown):
        parts.append("Dashed: what was sought.")
    if any(one.mask is not None for one in shown):
        parts.append("White outline: the object.")
    if len(rows) > 1:
        parts.append("Extremes of a few cases owe much to chance, at both ends.")
    return " ".join(parts)

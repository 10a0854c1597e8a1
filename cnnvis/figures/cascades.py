"""What becomes of the maps of one photo when more and more layers of the network are random."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from cnnvis import method_names
from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, overlays, photos, style
from cnnvis.figures.beside import number
from cnnvis.figures.marks import is_strong

_MOST = 8  # stages side by side
_GAP = 0.04  # inches
_NAME = 0.86  # inches for the names of the methods
_LINE = 0.1  # inches of a line of words
_HEAD = 3 * _LINE + 0.02  # inches for the names of the stages
_DPI = 220


@style.in_look
def cascade(
    photo: npt.ArrayLike,
    maps: Mapping[str, npt.ArrayLike],
    stages: Sequence[str],
    likeness: Mapping[str, npt.ArrayLike],
    *,
    title: str = "",
) -> Figure:
    """Return a figure of the maps of one photo, a row for each method, a column for each stage.

    Where there are more stages than fit, the first, the last and some evenly between are shown.

    Args:
        photo: (row, col, 3) of uint8, what the network saw.
        maps: (stage, row, col) by method.
        stages: (stage,) the network as it is, then the layer that each stage makes random too.
        likeness: (stage,) by method, Spearman's correlation with the map of the first stage.
        title: of the figure.

    Raises:
        CnnvisError: there is no method or no stage, or shapes do not fit.
    """
    ground = photos.small(photos.checked(photo, "what the network saw"))
    stacks, alike = _checked(maps, stages, likeness)
    shown = _shown(len(stages))
    room = style.WIDTH - 2 * style.MARGIN - _NAME - (len(shown) - 1) * _GAP
    width = min(room / len(shown), 1.2)
    height = width * ground.shape[0] / ground.shape[1]
    pitch = height + _GAP
    sheet = style.sheet(
        _HEAD + len(stacks) * pitch,
        title=title or "Maps while layers become random",
        caption=_caption(len(stages), len(shown), stacks),
        dpi=_DPI,
    )
    for column, stage in enumerate(shown):
        left = style.MARGIN + _NAME + column * (width + _GAP)
        _head(sheet, left, width, stages, stage)
        for row, (method, stack) in enumerate(stacks.items()):
            axes = sheet.axes(left, _HEAD + row * pitch, width, height)
            axes.set_gid(f"{method} {stage}")
            photos.show(axes, overlays.over_photo(ground, stack[stage]), ground.shape)
            empty = ", empty" if not (stack[stage] > 0).any() else ""
            overlays.write_in_corner(axes, number(float(alike[method][stage])) + empty)
    for row, method in enumerate(stacks):
        _name(sheet, _HEAD + row * pitch + height / 2, method)
    return sheet.figure


def _checked(
    maps: Mapping[str, npt.ArrayLike], stages: Sequence[str], likeness: Mapping[str, npt.ArrayLike]
) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, npt.NDArray[np.float64]]]:
    """Return maps and likeness as arrays, or say what does not fit."""
    if not maps or not stages:
        raise CnnvisError(
            f"a cascade shows at least one method at one stage; got {len(maps)} methods and "
            f"{len(stages)} stages."
        )
    stacks, alike = {}, {}
    for method, given in maps.items():
        stack = np.asarray(given, np.float64)
        values = np.asarray(likeness.get(method, ()), np.float64)
        if stack.ndim != 3 or len(stack) != len(stages) or values.shape != (len(stages),):
            raise CnnvisError(
                f"{method!r} needs maps (stage, row, col) and likeness (stage,) for "
                f"{len(stages)} stages; got shapes {stack.shape} and {values.shape}."
            )
        stacks[method] = np.stack([overlays.checked(one, method) for one in stack])
        alike[method] = values
    return stacks, alike


def _shown(stages: int) -> list[int]:
    """Return which stages are shown.

    >>> _shown(3), _shown(27)
    ([0, 1, 2], [0, 4, 7, 11, 15, 19, 22, 26])
    """
    places = np.rint(np.linspace(0, stages - 1, min(stages, _MOST)))
    return [int(place) for place in places]


def _head(sheet: style.Sheet, left: float, width: float, stages: Sequence[str], stage: int) -> None:
    """Write what a stage has changed above its column."""
    lines = _two_lines(stages[stage], width)
    if stage:
        layers = f"{stage} of {len(stages) - 1}"
        at = (2 - len(lines)) * _LINE
        sheet.text(left, at, layers, size=style.TINY, color=style.MUTED)
    for place, words in enumerate(lines, start=3 - len(lines)):
        short = lettering.shortened(words, width, style.TINY, bold=True)
        sheet.text(left, place * _LINE, short, size=style.TINY, weight="bold")


def _two_lines(name: str, width: float) -> list[str]:
    """Break the name of a layer behind a point where it is too long for a line.

    >>> _two_lines("features.12.expand3x3", 0.6), _two_lines("conv1", 0.6)
    (['features.12.', 'expand3x3'], ['conv1'])
    """
    if "." not in name or lettering.text_width(name, style.TINY, bold=True) <= width:
        return [name]
    first, last = name.rsplit(".", 1)
    return [f"{first}.", last]


def _name(sheet: style.Sheet, middle: float, method: str) -> None:
    """Write the name of a method beside its row, on as many lines as it takes, three at most."""
    strong = is_strong(method)
    lines = lettering.wrapped(
        method_names.title(method), _NAME - 0.08, style.TINY, bold=strong
    ).split("\n")
    if len(lines) > 3:
        lines = [*lines[:2], lines[2][:-1] + "…"]
    colour = style.INK if method_names.looks_at_the_network(method) else style.MUTED
    look = {"weight": "bold" if strong else "normal", "color": colour}
    right = style.MARGIN + _NAME - 0.08
    sheet.text(right, middle, "\n".join(lines), size=style.TINY, ha="right", va="center", **look)


def _caption(stages: int, shown: int, stacks: Mapping[str, object]) -> str:
    """Say what the reader sees."""
    parts = [
        "One photo. Left: the network as it is; to the right, the layers from the scores down to "
        "the one named have random weights. In the corner: Spearman's correlation with the map at "
        f"the left, 0 where a map is empty. {overlays.SCALED} A map that stays as it is shows the "
        "image, not what the network has learned."
    ]
    if shown < stages:
        parts.append(f"Of {stages} stages, {shown} are shown.")
    controls = [name for name in stacks if not method_names.looks_at_the_network(name)]
    if controls:
        names = ", ".join(method_names.title(name) for name in controls)
        parts.append(f"Grey: {names}, which never look at the network and cannot change.")
    return " ".join(parts)

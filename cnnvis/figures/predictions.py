"""What a network says of each photo: its best classes as bars beside it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnvis.errors import CnnvisError
from cnnvis.figures import lettering, photos, style
from cnnvis.predictions import best, class_name

_ACROSS = 2
_PHOTO = (1.05, 0.92)  # inches: width and height at most
_GAP = 0.16  # inches
_BAR = 0.15  # inches from one bar to the next
_RIGHT, _OTHER = style.CATEGORIES[4], style.RULE
_DPI = 220


@style.in_look
def best_classes(
    pictures: Sequence[npt.NDArray[np.uint8]],
    names: Sequence[str],
    probabilities: npt.ArrayLike,
    *,
    class_names: Sequence[str],
    true: Sequence[int | None],
    count: int = 5,
    title: str = "",
) -> Figure:
    """Return a figure of photos, each beside the classes the network finds most probable.

    Args:
        pictures: photos (row, col, 3) of uint8.
        names: of the photos.
        probabilities: (image, class), after the softmax.
        class_names: of the classes; numbers stand where there are none.
        true: the true class of each photo, None where it is not known.
        count: classes shown for each photo.
        title: of the figure.

    Raises:
        CnnvisError: no photos, parts that do not fit each other, or a true class that the network
            does not have.
    """
    values = np.asarray(probabilities, float)
    if not len(pictures) or not len(pictures) == len(names) == len(true) == len(values):
        raise CnnvisError(
            "every photo needs a name, probabilities and a true class or None; got "
            f"{len(pictures)} photos, {len(names)} names, {len(values)} rows, {len(true)} classes."
        )
    for name, index in zip(names, true, strict=True):
        if index is not None and not 0 <= index < values.shape[1]:
            raise CnnvisError(
                f"photo '{name}' is said to be of class {index}, but the network has the classes 0 "
                f"to {values.shape[1] - 1}. Number the classes of the sheet as the network does, "
                "or leave them empty."
            )
    top = best(values, count=count)
    width = (style.WIDTH - 2 * style.MARGIN - (_ACROSS - 1) * _GAP) / _ACROSS
    pitch = max(_PHOTO[1], count * _BAR) + 0.34
    sheet = style.sheet(
        -(-len(pictures) // _ACROSS) * pitch,
        title=title or f"The {count} most probable classes of {len(pictures)} photos",
        caption=_caption(top, true),
        dpi=_DPI,
    )
    for number, picture in enumerate(pictures):
        left = style.MARGIN + number % _ACROSS * (width + _GAP)
        down = number // _ACROSS * pitch
        photo = photos.checked(picture, names[number])
        size = photos.fitted(photo.shape, *_PHOTO)
        axes = sheet.axes(left + _PHOTO[0] - size[0], down + 0.16, *size)
        axes.set_gid(f"photo {names[number]}")
        photos.show(axes, photos.small(photo), photo.shape)
        heading = lettering.shortened(names[number], width, style.SMALL, bold=True)
        sheet.text(left, down, heading, weight="bold")
        bars = left + _PHOTO[0] + 0.1
        chart = sheet.axes(bars, down + 0.16, left + width - bars, count * _BAR)
        chart.set_gid(f"bars {names[number]}")
        words = [class_name(int(index), class_names) for index in top[number]]
        _draw_bars(chart, words, values[number, top[number]], top[number] == true[number])
        if true[number] is not None and true[number] not in top[number]:
            missed = class_name(int(true[number] or 0), class_names)
            chance = _percent(float(values[number, int(true[number] or 0)]))
            note = lettering.shortened(f"true: {missed}, {chance}", width - 1.2, style.TINY)
            sheet.text(bars, down + 0.18 + count * _BAR, note, size=style.TINY, color=style.MUTED)
    return sheet.figure


def _draw_bars(
    axes: Axes, words: Sequence[str], values: npt.NDArray[np.floating], right: npt.ArrayLike
) -> None:
    """Draw a bar for each class, its name on it, its probability at the right."""
    true = np.broadcast_to(np.asarray(right, bool), values.shape)
    colours = [_RIGHT if hit else _OTHER for hit in true]
    axes.barh(np.arange(len(values)), values, height=0.82, color=colours, lw=0)
    style.bare(axes).set(xlim=(0, 1), ylim=(len(values) - 0.5, -0.5))
    figure = axes.figure
    assert isinstance(figure, Figure)
    room = axes.get_position().width * figure.get_size_inches()[0] - 0.5
    for place, (word, value, hit) in enumerate(zip(words, values, true, strict=True)):
        look = {"va": "center", "size": style.SMALL, "weight": "bold" if hit else "normal"}
        short = lettering.shortened(word, room, style.SMALL, bold=bool(hit))
        axes.text(0.012, place, short, **look)  # type: ignore[arg-type]
        axes.text(0.988, place, _percent(value), ha="right", **look)  # type: ignore[arg-type]


def _percent(value: float) -> str:
    """Return a probability in percent, in as many digits as tell something.

    >>> _percent(0.0004), _percent(0.0123), _percent(0.5)
    ('< 0.1 %', '1.2 %', '50.0 %')
    """
    return "< 0.1 %" if value < 0.001 else f"{100 * value:.1f} %"


def _caption(top: npt.NDArray[np.intp], true: Sequence[int | None]) -> str:
    """Say what the reader sees."""
    known = [place for place, index in enumerate(true) if index is not None]
    first = sum(int(top[place, 0]) == true[place] for place in known)
    among = sum(true[place] in top[place] for place in known)
    words = "Bars: probability after the softmax, from 0 to 100 %. Blue and bold: the true class."
    if known:
        words += (
            f" It comes first in {first} and among the first {top.shape[1]} in {among} of the "
            f"{len(known)} photos whose class is known."
        )
    return words

"""The pictures that excite each channel most, in a small square of each channel."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.top_images import By

_TALLEST = 9.2  # inches
_COLUMNS = range(4, 17)
_NUMBER, _GAP = 0.1, 0.07  # inches above a channel, and between two
_MOST = 256  # channels on a page
_PAPER = 255
_SILENT = 235  # grey of a channel without any answer


@dataclass(frozen=True)
class _Layout:
    """Columns of channels, and the side of the square of each, in inches."""

    columns: int
    side: float

    def place(self, channel: int) -> tuple[float, float]:
        """Return the (left, top) inches of a channel, its number included."""
        row, column = divmod(channel, self.columns)
        return (
            style.MARGIN + column * (self.side + _GAP),
            row * (_NUMBER + self.side + _GAP),
        )

    def height(self, channels: int) -> float:
        """Return the inches that so many channels take."""
        return -(-channels // self.columns) * (_NUMBER + self.side + _GAP)


@style.in_look
def top_pictures(
    patches: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    by: By = "max",
    field: tuple[int, int] | None = None,
    size: int | None = None,
    title: str = "",
) -> Figure:
    """Return a figure of the best patches of every channel, the best at the upper left.

    Args:
        patches: (channel, rank, row, col, 3) of uint8, the best first.
        values: (channel, rank) the activations that they are ranked by.
        by: ``max`` or ``mean``, what these are.
        field: (rows, columns) of the input that a unit sees; None for whole pictures.
        size: pixels of the side of a patch, where that is less.
        title: of the figure.

    Raises:
        CnnvisError: patches of another shape, or another number of values.
    """
    shown, value = np.asarray(patches), np.asarray(values, float)
    if shown.ndim != 5 or shown.shape[-1] != 3 or not shown.size or value.shape != shown.shape[:2]:
        raise CnnvisError(
            "the best pictures are patches (channel, rank, row, col, 3) with a value for each; got "
            f"{shown.shape} and {value.shape}."
        )
    channels = min(len(shown), _MOST)
    layout = _layout(channels)
    sheet = style.sheet(
        layout.height(channels),
        title=title or "What excites each channel most",
        caption=_caption(value, by, field, size),
    )
    # One picture of all channels: axes for each would take seconds.
    height = layout.height(channels)
    whole = np.full((*_dots(height, style.WIDTH), 3), _PAPER, np.uint8)
    silent = _silent(value)
    for channel in range(channels):
        left, top = layout.place(channel)
        sheet.text(left, top, str(channel), size=style.TINY, color=style.MUTED)
        row, col = _dots(top + _NUMBER, left)
        square = _enlarged(
            _square(shown[channel], silent=bool(silent[channel])), *_dots(layout.side)
        )
        whole[row : row + len(square), col : col + len(square)] = square
    axes = style.bare(sheet.axes(0, 0, style.WIDTH, height))
    axes.set(gid="channels", zorder=-1)
    axes.imshow(whole, aspect="auto")
    return sheet.figure


def _dots(*inches: float) -> tuple[int, ...]:
    """Return lengths as whole dots of the figure."""
    return tuple(round(length * style.DPI) for length in inches)


def _layout(channels: int) -> _Layout:
    """Return the largest squares that fit the page."""
    for columns in _COLUMNS:
        side = (style.WIDTH - 2 * style.MARGIN + _GAP) / columns - _GAP
        layout = _Layout(columns, side)
        if layout.height(channels) <= _TALLEST:
            break
    return layout


def _square(patches: npt.NDArray[np.uint8], *, silent: bool) -> npt.NDArray[np.uint8]:
    """Return patches (rank, row, col, 3) as one picture, a pixel of paper between them."""
    ranks, rows, cols, _ = patches.shape
    across = int(np.ceil(np.sqrt(ranks)))
    down = -(-ranks // across)
    whole = np.full((down * (rows + 1) - 1, across * (cols + 1) - 1, 3), _PAPER, np.uint8)
    if silent:
        return np.full_like(whole, _SILENT)
    for rank, patch in enumerate(patches):
        row, col = divmod(rank, across)
        top, left = row * (rows + 1), col * (cols + 1)
        whole[top : top + rows, left : left + cols] = patch
    return whole


def _enlarged(picture: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """Return a picture as a square of so many dots; its pixels stay to be seen."""
    rows, cols = (np.arange(side) * length // side for length in picture.shape[:2])
    return np.asarray(picture[rows[:, None], cols])


def _silent(values: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Return (channel,): whether all its values are the same, so that none is the best."""
    largest = values.max(axis=1)
    return np.asarray((largest == 0) & (np.ptp(values, axis=1) == 0))


def _seen(field: tuple[int, int] | None, size: int | None) -> str:
    """Say what of a picture is shown."""
    if field is None:
        return "the whole picture that the network saw"
    sees = f"{field[0]} × {field[1]} pixels that the unit with the largest activation sees"
    middle = f"middle {size} × {size} of the " if size is not None and size < max(field) else ""
    return f"the {middle}{sees}; grey lies outside of the picture"


def _caption(
    values: npt.NDArray[np.floating], by: By, field: tuple[int, int] | None, size: int | None
) -> str:
    """Say what the reader sees."""
    channels, ranks = values.shape
    largest = "largest activation" if by == "max" else "largest mean activation"
    parts = [
        f"For each of {min(channels, _MOST)} channels the {ranks} images with the {largest}, the "
        f"first at the upper left, and of each {_seen(field, size)}.",
        "Each image counts once. The numbers are the channels.",
    ]
    if channels > _MOST:
        parts.append(f"The layer has {channels}; the table has them all.")
    silent = int(_silent(values).sum())
    if silent:
        are = "channel is" if silent == 1 else "channels are"
        parts.append(f"{silent} {are} 0 everywhere, and left empty.")
    if by == "max" and field is not None:
        parts.append(
            "What patches share is what the channel answers to among these images, which may be "
            "few and alike."
        )
    return " ".join(parts)

"""Tracking: boxes of one frame after the other, linked into tracks of one object each.

Every track has a Kalman filter that says where its box should be in the next frame. The boxes found
there are dealt out to the tracks so that they overlap most with what was expected; what no track
takes begins a new one.

Source: A. Bewley and others, "Simple online and realtime tracking", arXiv 1602.00763, with noise in
proportion to the box as in N. Wojke and others, "Simple online and realtime tracking with a deep
association metric", arXiv 1703.07402. The filter is that of the package filterpy.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnvis import boxes
from cnnvis.errors import CnnvisError

if TYPE_CHECKING:
    import pandas as pd

Corners = tuple[float, float, float, float]
"""(row0, col0, row1, col1), the ends just outside, in pixels that need not be whole."""

COLUMNS = (
    "frame", "id", "bb_left", "bb_top", "bb_width", "bb_height", "conf", "x", "y", "z",
)  # fmt: skip
"""Columns of the format of the MOT Challenge, in its order."""

FOUND = ("frame", "label", "score", "row0", "col0", "row1", "col1")
"""Columns of a table of boxes that are not linked yet."""

_SIZES, _STATES = 4, 8  # middle (row, col), height and width, and how fast each of them changes
# Standard deviations, as shares of the box's side: boxes of a density are rougher than those of a
# detector, and sequences here are short, with steps as large as a part of the object.
_PLACE_NOISE, _PACE_NOISE = 1 / 20, 1 / 40  # what changes by itself from frame to frame
_FOUND_NOISE = 1 / 10  # of a box found
_FRESH_PACE = 1 / 4  # of the speed of a new track, of which nothing is known
_DIGITS = 2  # behind the point, in pixels


@dataclass(frozen=True)
class Placed:
    """A box of an object in one frame.

    Args:
        frame: its number, from 0.
        id: of the object; the same in all frames; -1 where no object was told apart yet.
        box: where it is.
        score: how sure the box is, 0 to 1; 0 for one that was not found but reckoned.
        label: what is there; boxes of two labels are never linked.
    """

    frame: int
    id: int
    box: Corners
    score: float = 1.0
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How boxes are linked.

    Args:
        overlap: the least overlap of a box with what its track expects.
        patience: frames for which a track waits for its object to be found again.
        confirm: boxes that a track needs to be one; shorter ones are dropped.

    Raises:
        CnnvisError: a value means nothing.
    """

    overlap: float = 0.2
    patience: int = 4
    confirm: int = 2

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        if not 0 < self.overlap <= 1 or self.patience < 0 or self.confirm < 1:
            raise CnnvisError(
                "tracking needs an overlap above 0 and up to 1, a patience of 0 frames or more and "
                f"1 box or more to confirm a track; got {self.overlap}, {self.patience} and "
                f"{self.confirm}."
            )


@dataclass(eq=False)
class _Track:
    """A track while it is followed."""

    id: int
    filter: Any
    placed: list[Placed] = field(default_factory=list)
    missed: int = 0

    @property
    def expected(self) -> Corners:
        """Where the filter says the box is."""
        return _corners(self.filter.x[:_SIZES])

    @property
    def label(self) -> str:
        """What is followed."""
        return self.placed[0].label

    def step(self) -> None:
        """Go on by one frame."""
        self.filter.Q = np.diag(_noise(self.filter.x[:_SIZES], _PLACE_NOISE, _PACE_NOISE) ** 2)
        self.filter.predict()
        self.filter.x[2:_SIZES] = np.maximum(self.filter.x[2:_SIZES], 1.0)

    def take(self, found: Placed) -> None:
        """Go to a box that was found."""
        seen = _measured(found.box)
        noise = _noise(seen, _FOUND_NOISE, 0)[:_SIZES]
        self.filter.update(seen, R=np.diag(noise**2))
        self.placed.append(replace(found, id=self.id, box=self.expected))
        self.missed = 0

    def miss(self, frame: int) -> None:
        """Stay where the object is expected."""
        self.placed.append(Placed(frame, self.id, self.expected, 0.0, self.label))
        self.missed += 1


def link(frames: Sequence[Iterable[Placed]], options: Options | None = None) -> tuple[Placed, ...]:
    """Return the boxes of all frames with the ids of the objects they belong to.

    Where an object was not found for a while, and found again, the boxes between are those that the
    filter expects, with a score of 0; behind the last box found a track ends.

    Args:
        frames: the boxes found in each frame, in the order of time.
        options: how they are linked.

    Returns:
        By frame, then by id; ids count from 1 in the order in which their tracks begin.
    """
    chosen = options or Options()
    numbers = count(1)
    going: list[_Track] = []
    ended: list[_Track] = []
    for number, found in enumerate(frames):
        here = [replace(one, frame=number) for one in found]
        for track in going:
            track.step()
        taken = _dealt(going, here, chosen.overlap)
        for place, track in enumerate(going):
            if place in taken:
                track.take(here[taken[place]])
            else:
                track.miss(number)
        ended += [track for track in going if track.missed > chosen.patience]
        going = [track for track in going if track.missed <= chosen.patience]
        fresh = [one for place, one in enumerate(here) if place not in taken.values()]
        going += [_begun(next(numbers), one) for one in fresh]
    return _kept(ended + going, chosen.confirm)


def table(placed: Iterable[Placed]) -> "pd.DataFrame":
    """Return boxes found in frames as a table, as :func:`of_table` reads it.

    Columns: frame (from 1), label, score, row0, col0, row1, col1.
    """
    import pandas as pd

    rows = [
        (one.frame + 1, one.label, round(one.score, 6), *(round(v, _DIGITS) for v in one.box))
        for one in placed
    ]
    return pd.DataFrame(rows, columns=list(FOUND))


def of_table(rows: "pd.DataFrame", count: int) -> tuple[tuple[Placed, ...], ...]:
    """Return the boxes of each of ``count`` frames of a :func:`table`.

    >>> found = Placed(1, -1, (0.0, 0.0, 4.0, 4.0), 0.5, "cat")
    >>> of_table(table([found]), 2)[1] == (found,)
    True
    """
    frames: list[list[Placed]] = [[] for _ in range(count)]
    for row in rows.to_dict("records"):
        box = (row["row0"], row["col0"], row["row1"], row["col1"])
        frame = int(row["frame"]) - 1
        frames[frame].append(Placed(frame, -1, box, row["score"], str(row["label"])))
    return tuple(map(tuple, frames))


def mot(placed: Iterable[Placed]) -> "pd.DataFrame":
    """Return boxes as a table of the MOT Challenge: :data:`COLUMNS`, without a line of names.

    Frames and pixels count from 1 there; what is not known is -1.

    >>> mot([Placed(0, 1, (10.0, 20.0, 30.0, 60.0))]).values.tolist()
    [[1.0, 1.0, 21.0, 11.0, 40.0, 20.0, 1.0, -1.0, -1.0, -1.0]]
    """
    import pandas as pd

    rows = [
        (one.frame + 1, one.id, *_mot_box(one.box), round(one.score, 4), -1, -1, -1)
        for one in placed
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read_mot(text: str) -> tuple[Placed, ...]:
    """Return the boxes of a table of the MOT Challenge.

    Raises:
        CnnvisError: a line is none of that table.

    >>> read_mot("1,1,21,11,40,20,1,-1,-1,-1")[0].box
    (10.0, 20.0, 30.0, 60.0)
    """
    placed = []
    for number, line in enumerate(text.split(), start=1):
        try:
            frame, name, left, top, width, height, score = map(float, line.split(",")[:7])
        except ValueError as error:
            raise CnnvisError(
                f"line {number} of a table of tracks has to be {','.join(COLUMNS)}; got {line!r}."
            ) from error
        corners = (top - 1, left - 1, top - 1 + height, left - 1 + width)
        placed.append(Placed(int(frame) - 1, int(name), corners, score))
    return tuple(placed)


def _mot_box(box: Corners) -> tuple[float, ...]:
    row0, col0, row1, col1 = box
    return tuple(round(v, _DIGITS) for v in (col0 + 1, row0 + 1, col1 - col0, row1 - row0))


def _dealt(tracks: Sequence[_Track], found: Sequence[Placed], least: float) -> dict[int, int]:
    """Return track -> box so that the sum of their overlaps is as large as can be."""
    from scipy.optimize import linear_sum_assignment

    if not tracks or not found:
        return {}
    shared = boxes.overlap([track.expected for track in tracks], [one.box for one in found])
    same = np.array([[track.label == one.label for one in found] for track in tracks])
    shared = np.where(same & (shared >= least), shared, 0.0)
    pairs = zip(*linear_sum_assignment(shared, maximize=True), strict=True)
    return {int(track): int(box) for track, box in pairs if shared[track, box] > 0}


def _begun(number: int, found: Placed) -> _Track:
    """Begin a track at a box."""
    from filterpy.kalman import KalmanFilter

    seen = _measured(found.box)
    kalman = KalmanFilter(dim_x=_STATES, dim_z=_SIZES)
    kalman.x = np.concatenate([seen, np.zeros(_SIZES)])
    kalman.F = np.eye(_STATES) + np.eye(_STATES, k=_SIZES)  # what changes goes on changing
    kalman.H = np.eye(_SIZES, _STATES)
    kalman.P = np.diag(_noise(seen, _FOUND_NOISE, _FRESH_PACE) ** 2)
    return _Track(number, kalman, [replace(found, id=number)])


def _kept(tracks: Iterable[_Track], confirm: int) -> tuple[Placed, ...]:
    """Return the boxes of the tracks that are confirmed, up to the last box found of each."""
    kept: list[list[Placed]] = []
    for track in tracks:
        last = max(one.frame for one in track.placed if one.score > 0)
        if sum(one.score > 0 for one in track.placed) >= confirm:
            kept.append([one for one in track.placed if one.frame <= last])
    kept.sort(key=lambda some: some[0].id)
    numbered = [replace(one, id=k) for k, some in enumerate(kept, start=1) for one in some]
    return tuple(sorted(numbered, key=lambda one: (one.frame, one.id)))


def _measured(box: Sequence[float]) -> NDArray[np.float64]:
    """Return middle and size of a box: (row, col, height, width)."""
    row0, col0, row1, col1 = box
    return np.array([(row0 + row1) / 2, (col0 + col1) / 2, row1 - row0, col1 - col0], float)


def _corners(state: NDArray[np.float64]) -> Corners:
    """Return the box of a middle and a size."""
    row, col, height, width = map(float, state)
    return row - height / 2, col - width / 2, row + height / 2, col + width / 2


def _noise(state: NDArray[np.float64], place: float, pace: float) -> NDArray[np.float64]:
    """Return standard deviations of a state: shares of the height and the width."""
    sides = np.maximum(np.array([state[2], state[3], state[2], state[3]], float), 1.0)
    return np.concatenate([place * sides, pace * sides])

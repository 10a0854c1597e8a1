"""How good tracks are: MOTA, which counts errors frame by frame, and IDF1, which counts identities.

Sources: K. Bernardin and R. Stiefelhagen, "Evaluating multiple object tracking performance: the
CLEAR MOT metrics", EURASIP Journal on Image and Video Processing, 2008; E. Ristani and others,
"Performance measures and a data set for multi-target, multi-camera tracking", arXiv 1609.01775.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnvis import boxes
from cnnvis.errors import CnnvisError
from cnnvis.tracking import Corners, Placed

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "sequence", "way", "mota", "idf1", "overlap", "truth", "found", "misses", "false", "switches",
    "tracks",
)  # fmt: skip
"""Columns of a table of scores."""

HIT = 0.5
"""The overlap with a true box from which on a box counts."""


@dataclass(frozen=True)
class Scores:
    """What the comparison of tracks with the truth came to.

    Args:
        truth: true boxes in all frames.
        found: boxes of the tracks in all frames.
        misses: true boxes that no box fits.
        false: boxes that fit no true box.
        switches: times an object is taken over by another track.
        identified: boxes that fit, with tracks and objects paired once and for all so that there
            are most of them.
        overlap: mean overlap of the boxes that fit.
    """

    truth: int
    found: int
    misses: int
    false: int
    switches: int
    identified: int
    overlap: float

    @property
    def mota(self) -> float:
        """1 - (misses + false boxes + switches) / true boxes: 1 at best, with no lower end."""
        return 1 - (self.misses + self.false + self.switches) / self.truth

    @property
    def idf1(self) -> float:
        """2 * identified / (true boxes + boxes found): 0 to 1."""
        return 2 * self.identified / (self.truth + self.found)


def compare(truth: Iterable[Placed], found: Iterable[Placed], *, least: float = HIT) -> Scores:
    """Compare tracks with the truth.

    In every frame an object keeps the track it had as long as the two overlap by ``least``; the
    others are paired so that most pairs come about and, among these, the overlap is largest.

    Raises:
        CnnvisError: no true box; or an object has two boxes in a frame.

    >>> true = [Placed(0, 1, (0, 0, 4, 4)), Placed(1, 1, (0, 1, 4, 5))]
    >>> scores = compare(true, [Placed(0, 7, (0, 0, 4, 4)), Placed(1, 8, (0, 1, 4, 5))])
    >>> scores.switches, scores.mota, scores.idf1
    (1, 0.5, 0.5)
    """
    true, own = _by_frame(truth), _by_frame(found)
    total = sum(map(len, true.values()))
    if not total:
        raise CnnvisError("tracks are compared with true boxes; got none.")
    pairs: list[tuple[int, int, float]] = []
    held: dict[int, int] = {}
    switches = 0
    for frame in sorted(true.keys() | own.keys()):
        for name, track, shared in _matched(true.get(frame, {}), own.get(frame, {}), held, least):
            switches += held.get(name, track) != track
            held[name] = track
            pairs.append((name, track, shared))
    boxes_found = sum(map(len, own.values()))
    return Scores(
        truth=total,
        found=boxes_found,
        misses=total - len(pairs),
        false=boxes_found - len(pairs),
        switches=switches,
        identified=_identified(true, own, least),
        overlap=float(np.mean([shared for *_, shared in pairs])) if pairs else float("nan"),
    )


def overlaps(
    truth: Iterable[Placed], found: Iterable[Placed], frames: int
) -> dict[int, list[float]]:
    """Return object -> its overlap with the box that fits best, by frame; NaN where it is not.

    >>> overlaps([Placed(0, 1, (0, 0, 4, 4))], [Placed(0, 9, (0, 0, 4, 2))], 2)
    {1: [0.5, nan]}
    """
    true, own = _by_frame(truth), _by_frame(found)
    names = sorted({name for some in true.values() for name in some})
    lines = {name: [float("nan")] * frames for name in names}
    for frame, some in true.items():
        for name, box in some.items():
            others = list(own.get(frame, {}).values())
            lines[name][frame] = float(boxes.overlap([box], others).max(initial=0))
    return lines


def _by_frame(placed: Iterable[Placed]) -> dict[int, dict[int, Corners]]:
    frames: dict[int, dict[int, Corners]] = {}
    for one in placed:
        here = frames.setdefault(one.frame, {})
        if one.id in here:
            raise CnnvisError(f"object {one.id} has two boxes in frame {one.frame}; give it one.")
        here[one.id] = one.box
    return frames


def _matched(
    true: dict[int, Corners], own: dict[int, Corners], held: dict[int, int], least: float
) -> list[tuple[int, int, float]]:
    """Return the pairs (object, track, overlap) of one frame."""
    names, tracks = list(true), list(own)
    shared = boxes.overlap(list(true.values()), list(own.values()))
    pairs: list[tuple[int, int, float]] = []
    for row, name in enumerate(names):
        track = held.get(name)
        if track in own and track not in {pair[1] for pair in pairs}:
            value = float(shared[row, tracks.index(track)])
            pairs += [(name, track, value)] if value >= least else []
    rest = [name for name in names if name not in {pair[0] for pair in pairs}]
    free = [track for track in tracks if track not in {pair[1] for pair in pairs}]
    return pairs + _best_pairs(names, tracks, rest, free, shared, least)


def _best_pairs(
    names: Sequence[int],
    tracks: Sequence[int],
    rest: Sequence[int],
    free: Sequence[int],
    shared: NDArray[np.float64],
    least: float,
) -> list[tuple[int, int, float]]:
    """Pair the rest of the objects with the free tracks: most pairs, then the largest overlaps."""
    from scipy.optimize import linear_sum_assignment

    rows, cols = [names.index(name) for name in rest], [tracks.index(track) for track in free]
    values = shared[np.ix_(rows, cols)]
    gain = np.where(values >= least, values + len(rows) + 1, 0.0)  # a pair outweighs any overlap
    chosen = zip(*linear_sum_assignment(gain, maximize=True), strict=True)
    return [(rest[i], free[j], float(values[i, j])) for i, j in chosen if values[i, j] >= least]


def _identified(
    true: dict[int, dict[int, Corners]], own: dict[int, dict[int, Corners]], least: float
) -> int:
    """Return the boxes that fit under the best pairing of objects with tracks for all frames."""
    from scipy.optimize import linear_sum_assignment

    names = sorted({name for some in true.values() for name in some})
    tracks = sorted({track for some in own.values() for track in some})
    together = np.zeros((len(names), len(tracks)), int)
    for frame in true.keys() & own.keys():
        fits = boxes.overlap(list(true[frame].values()), list(own[frame].values())) >= least
        for i, j in np.argwhere(fits):
            name, track = list(true[frame])[i], list(own[frame])[j]
            together[names.index(name), tracks.index(track)] += 1
    return int(together[linear_sum_assignment(together, maximize=True)].sum())


def baselines(
    found: Sequence[Placed], shape: Sequence[int], frames: int
) -> dict[str, tuple[Placed, ...]]:
    """Return what needs no tracking, as tracks: ``constant`` and ``centred`` boxes.

    Args:
        found: the boxes of all frames; those of the first frame that has any stay where they are
            from there on, one for each label.
        shape: (rows, cols) of a frame; a box in its middle covers half of it in all frames.
        frames: how many there are.
    """
    first = min((one.frame for one in found), default=frames)
    begun = {one.label: one for one in reversed(found) if one.frame == first}
    still = tuple(
        Placed(frame, place, one.box, one.score, one.label)
        for frame in range(first, frames)
        for place, one in enumerate(begun.values(), start=1)
    )
    row0, col0, row1, col1 = boxes.centred(shape)
    middle = tuple(Placed(frame, 1, (row0, col0, row1, col1)) for frame in range(frames))
    return {"constant": still, "centred": middle}


def table(
    name: str, truth: Sequence[Placed], ways: Mapping[str, Sequence[Placed]]
) -> "pd.DataFrame":
    """Return one row per way to follow the objects of a sequence.

    Columns: sequence, way, mota, idf1, overlap (mean over all true boxes of that with the box that
    fits best, 0 where there is none), truth, found, misses, false, switches, tracks. Only the
    numbers of boxes and tracks where no truth is known.
    """
    import pandas as pd

    rows = []
    for way, placed in ways.items():
        row: dict[str, object] = {"sequence": name, "way": way, "found": len(placed)}
        row["tracks"] = len({one.id for one in placed})
        if truth:
            scores = compare(truth, placed)
            frames = 1 + max(one.frame for one in truth)
            lines = overlaps(truth, placed, frames).values()
            row |= {key: getattr(scores, key) for key in ("truth", "misses", "false", "switches")}
            row |= {"mota": round(scores.mota, 4), "idf1": round(scores.idf1, 4)}
            row["overlap"] = round(float(np.nanmean(np.concatenate(list(lines)))), 4)
        rows.append(row)
    counted = dict.fromkeys(("truth", "misses", "false", "switches"), "Int64")  # they may be empty
    measured = dict.fromkeys(("mota", "idf1", "overlap"), "float64")
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    return found.astype({**counted, **measured})

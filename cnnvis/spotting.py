"""Spotting: where a network sees classes in every frame of a sequence, as boxes with scores."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnvis import attention, backtrack, boxes, images, network, predictions
from cnnvis.classes import index_of
from cnnvis.images import Photo, Preprocessing
from cnnvis.tracking import Placed


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to look for in frames.

    Args:
        classes: indices of classes; empty for the best one of each frame.
        among: a class counts as seen in a frame if it is among so many of the best ones there.
        parts: boxes of one class in a frame, at most: one for each part of its region.
        most: the overlap above which the box of a less probable class goes.
    """

    classes: tuple[int, ...] = ()
    among: int = 100
    parts: int = 1
    most: float = 0.5


def classes_of(
    sequence: Mapping[str, Any], true: Mapping[str, int | None], classes: str | None
) -> tuple[int, ...]:
    """Return the classes to look for in a sequence: those it names, or else those of its photos.

    Args:
        sequence: its settings: ``classes``, and ``photos`` where it is made of photos.
        true: the class of each photo, None where it is not known.
        classes: how the classes are named, see :func:`cnnvis.classes.index_of`.

    Raises:
        ConfigError: there is no such class.
    """
    if sequence["classes"]:
        return tuple(index_of(name, classes) for name in sequence["classes"])
    found = [true.get(photo) for photo in sequence["photos"]]
    return tuple(dict.fromkeys(index for index in found if index is not None))


def in_frames(
    net: network.Network,
    preprocessing: Preprocessing,
    frames: Sequence[Photo],
    wanted: Wanted,
    *,
    names: Sequence[str] = (),
    options: backtrack.Options | None = None,
    saliency: Mapping[str, Any] | None = None,
    batch: int = 8,
) -> tuple[Placed, ...]:
    """Return the boxes found in each frame, in pixels of the frame; no object has an id yet.

    Every class that counts as seen is walked back from; its box lies round the densest part of
    what is found. A frame is shown to the network as large as it goes: nothing but what a square
    cuts off is lost at its rim. The score of a box is the probability of its class.

    Args:
        net: the network, with batch norms folded (:func:`cnnvis.network.fold`).
        preprocessing: of its input.
        frames: (row, col, 3) in uint8.
        wanted: what to look for.
        names: of the classes, which become the labels.
        options: of the walk.
        saliency: how points become boxes, see :func:`cnnvis.attention.on_photo`.
        batch: frames in one pass.

    Raises:
        BacktrackError: an operation on the way has no rule, or an option means nothing.
    """
    whole = replace(preprocessing, resize=preprocessing.crop)
    needed = backtrack.needed(net, net.scores)
    found: list[Placed] = []
    for first in range(0, len(frames), batch):
        ready = [images.prepare(frame, whole) for frame in frames[first : first + batch]]
        record = network.record(net, np.stack([pixels for pixels, _ in ready]), needed)
        chances = predictions.probabilities(np.asarray(record[net.scores]))
        seen = _seen(chances, wanted)
        if len(seen):
            starts = backtrack.Starts.of(net.scores, image=seen[:, 0], index=seen[:, 1:])
            walked = backtrack.from_units(net, record, starts, options)
            for (place, target), points in zip(seen, _apart(walked), strict=True):
                marks = attention.on_photo(*points, ready[place][1], **(saliency or {}))
                some = marks.parts if wanted.parts > 1 else (marks.box,)
                label, score = predictions.class_name(int(target), names), chances[place, target]
                found += [
                    Placed(first + int(place), -1, box, float(score), label)
                    for box in some[: wanted.parts]
                    if box != boxes.NO_BOX
                ]
    return _without_copies(found, len(frames), wanted.most)


def _seen(chances: NDArray[np.float64], wanted: Wanted) -> NDArray[np.intp]:
    """Return (start, [frame, class]): the classes to walk back from."""
    pairs = [
        (frame, target)
        for frame, best in enumerate(predictions.best(chances, count=wanted.among).tolist())
        for target in (wanted.classes or best[:1])
        if target in best
    ]
    return np.array(pairs, np.intp).reshape(-1, 2)


def _apart(walked: backtrack.Backtrack) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield the pixels (point, [row, col]) and weights of every start."""
    found = walked.fixations
    index, weight, start = map(np.asarray, (found.index, found.weight, found.start))
    for number in range(len(walked.starts)):
        yield index[start == number], weight[start == number]


def _without_copies(found: Sequence[Placed], count: int, most: float) -> tuple[Placed, ...]:
    """Drop boxes that lie on a more probable one of their frame."""
    kept: list[Placed] = []
    for frame in range(count):
        here = [one for one in found if one.frame == frame]
        places = boxes.suppress([one.box for one in here], [one.score for one in here], most=most)
        kept += [here[place] for place in places]
    return tuple(kept)

"""What the measures of explanations say, in plain words: every sentence follows its numbers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnnvis import comparisons, method_names
from cnnvis.comparisons import ALIKE, BETTER, WORSE, Difference, written
from cnnvis.figures.averages import counted
from cnnvis.method_names import CONTROL, GRAD_CAM, NOTHING, title
from cnnvis.metrics.measures import CHANCE
from cnnvis.pages.findings import listed
from cnnvis.pages.measured import Study

GOOD, BAD, OPEN = "good", "bad", "open"
"""What a sentence is: good for the method, bad for it, or neither, as where numbers do not tell."""

ALARM = "Alarm:"
"""The beginning of a sentence about a map without content that does as well."""

FEW = 5
"""Below so many photos two standard errors are no safe bound."""


@dataclass(frozen=True)
class Said:
    """A sentence or two, and whether it is good for the method."""

    tone: str
    words: str


def measures(study: Study, method: str, reference: str = GRAD_CAM) -> Iterator[Said]:
    """Yield all that is said of what was measured: against another method, controls, and chance."""
    yield from against(study, method, reference)
    yield from controls(study, method)
    yield from chance(study, method)


def of_tone(said: Iterable[Said], tone: str) -> tuple[str, ...]:
    """Return the sentences of one tone."""
    return tuple(one.words for one in said if one.tone == tone)


def overall(study: Study, method: str, reference: str = GRAD_CAM) -> str:
    """Say how often a method is better and worse than another; "" where they were not compared."""
    found = {
        metric: one
        for metric in study.metrics
        if (one := study.difference(metric, method, reference)) is not None
    }
    if not found or method == reference:
        return ""
    photos = max(one.photos for one in found.values())
    if photos == 1:
        return f"Measured on a single {study.unit}: an illustration, from which nothing follows."
    parts = [
        f"{words} on {listed([_name(metric) for metric in chosen])}"
        for verdict, words in (
            (BETTER, "better"),
            (WORSE, "worse"),
            (ALIKE, "not to be told apart"),
        )
        if (chosen := [metric for metric, one in found.items() if one.verdict == verdict])
    ]
    many = (
        f" These are {len(found)} comparisons; of twenty between equals, one is expected to look "
        "like a difference."
    )
    return (
        f"Over {study.counted(photos)}, {title(method)} against {title(reference)} is "
        f"{'; '.join(parts)}.{many if len(found) >= FEW else ''}"
    )


def over_all(studies: Sequence[Study], method: str, reference: str = GRAD_CAM) -> str:
    """Count over all studies how often a method is better and worse than another; "" for none.

    Args:
        studies: of networks and image sets.
        method, reference: what is compared.
    """
    found = [
        one.verdict
        for study in studies
        for metric in study.metrics
        if (one := study.difference(metric, method, reference)) is not None and one.photos > 1
    ]
    if not found or method == reference:
        return ""
    better, worse = found.count(BETTER), found.count(WORSE)
    times = counted([len(found)], what="comparison")
    return (
        f"In {times} with {title(reference)}, {title(method)} is better in {better}, worse in "
        f"{worse}, and not to be told apart in {len(found) - better - worse}."
    )


def against(study: Study, method: str, reference: str) -> Iterator[Said]:
    """Yield, metric by metric, whether a method is better or worse than another."""
    for metric in study.metrics if method != reference else ():
        found = study.difference(metric, method, reference)
        if found is not None and found.photos > 1:
            yield _compared(study, found, method, reference)


def _compared(study: Study, found: Difference, method: str, reference: str) -> Said:
    """Say one difference."""
    one, other = (
        f"{title(name)} ({study.mean(found.metric, name)})" for name in (method, reference)
    )
    by, low, high = (written(found.metric, value) for value in (found.value, found.low, found.high))
    where = f"On {_name(found.metric)}"
    difference = f"the difference of {by} [{low}, {high}] over {study.counted(found.photos)}"
    few = "" if found.photos >= FEW else f" So few {study.unit}s are no safe ground."
    if found.verdict == ALIKE:
        would = written(found.metric, found.detectable)
        return Said(
            OPEN,
            f"{where}, {one} and {other} cannot be told apart: {difference} is within two standard "
            f"errors; one of {would} would have been found.{few}",
        )
    tone = GOOD if found.verdict == BETTER else BAD
    return Said(
        tone,
        f"{where}, {one} is {found.verdict} than {other}: {difference} is beyond two standard "
        f"errors.{few}",
    )


def controls(study: Study, method: str) -> Iterator[Said]:
    """Yield where maps that never look at the network do as well as a method, and where not."""
    beaten: dict[tuple[str, ...], list[str]] = {}
    for metric in study.metrics:
        blind = sorted(filter(_is_control, study.methods(metric)))
        found = {name: study.difference(metric, method, name) for name in blind}
        known = {name: one for name, one in found.items() if one and one.photos > 1}
        lost = {
            verdict: [name for name, one in known.items() if one.verdict == verdict]
            for verdict in (WORSE, ALIKE)
        }
        if any(lost.values()):
            yield Said(BAD, _alarm(study, metric, lost, method))
        if known and all(one.verdict == BETTER for one in known.values()):
            beaten.setdefault(tuple(map(title, known)), []).append(_name(metric))
    for names, metrics in beaten.items():
        look = "looks" if len(names) == 1 else "look"
        yield Said(
            GOOD,
            f"On {listed(metrics)}, {title(method)} is better than {listed(names)}, which never "
            f"{look} at the network.",
        )


def _is_control(method: str) -> bool:
    return method_names.part(method) in (CONTROL, NOTHING) and method != CHANCE


def _alarm(study: Study, metric: str, lost: Mapping[str, Sequence[str]], method: str) -> str:
    """Say that maps that know nothing do better than a method, or cannot be told from it."""
    reached = {
        verdict: listed([f"{title(name)} ({study.mean(metric, name)})" for name in names])
        for verdict, names in lost.items()
    }
    own = f"{title(method)} ({study.mean(metric, method)})"
    said = []
    if lost[WORSE]:
        does = "does" if len(lost[WORSE]) == 1 else "do"
        said.append(f"{reached[WORSE]} {does} better than {own}")
    if lost[ALIKE]:
        said.append(f"{reached[ALIKE]} cannot be told from {'it' if said else own}")
    them = "it never looks" if sum(map(len, lost.values())) == 1 else "they never look"
    return f"{ALARM} on {_name(metric)}, {', and '.join(said)}, though {them} at the network."


def chance(study: Study, method: str) -> Iterator[Said]:
    """Yield where a method is no better than what a map of nothing reaches."""
    better = []
    for metric in study.metrics:
        found = study.difference(metric, method, CHANCE)
        if found is None or found.photos < 2:
            continue
        reached = (
            f"{_name(metric)} ({study.mean(metric, method)} against {study.mean(metric, CHANCE)})"
        )
        if found.verdict == BETTER:
            better.append(reached)
        else:
            how = "worse" if found.verdict == WORSE else "no better"
            yield Said(BAD, f"{ALARM} {title(method)} is {how} than chance on {reached}.")
    if better:
        yield Said(GOOD, f"{_first(title(method))} is better than chance on {listed(better)}.")


def ranks(study: Study, method: str) -> str:
    """Say where a method stands among those that look at the network; "" where it stands alone."""
    first, last, places = [], [], []
    for metric in study.metrics:
        names = [one for one in study.methods(metric) if method_names.looks_at_the_network(one)]
        if method not in names or len(names) < 2:
            continue
        place = names.index(method)
        places.append(place / (len(names) - 1))
        if place == 0:
            first.append(_name(metric))
        elif place == len(names) - 1:
            last.append(_name(metric))
    if not places:
        return ""
    ends = [
        f"{how} on {listed(which)}" for how, which in (("first", first), ("last", last)) if which
    ]
    before = sum(place < 0.5 for place in places)
    return (
        f"Among methods that look at the network, by their means alone, {title(method)} is in the "
        f"better half on {before} of {counted([len(places)], what='metric')}"
        f"{': ' if ends else ''}{'; '.join(ends)}."
    )


def classifier(accuracy: Iterable[tuple[str, int, float]], unit: str = "scene") -> str:
    """Say how often a classifier is right: of ``test``, or of the last part there is.

    Args:
        accuracy: (part, images, accuracy) of each part.
        unit: what was classified.

    >>> classifier([("train", 9, 1.0), ("test", 719, 0.9777)])
    'The network is right on 97.8 % of 719 scenes that it was not trained on.'
    """
    parts = list(accuracy)
    if not parts:
        return ""
    part, images, share = next((row for row in parts if row[0] == "test"), parts[-1])
    kind = " that it was not trained on" if part == "test" else f" ({part})"
    return f"The network is right on {100 * share:.1f} % of {images} {unit}s{kind}."


def _name(metric: str) -> str:
    """Return what a metric is called, without a comma that would part it in a list.

    >>> _name("road_morf"), _name("deletion")
    ('ROAD (MoRF)', 'deletion')
    """
    first, *rest = comparisons.measure(metric).title.split(", ", 1)
    return f"{first} ({rest[0]})" if rest else first


def _first(words: str) -> str:
    """Return words with a capital letter at the beginning."""
    return words[:1].upper() + words[1:]

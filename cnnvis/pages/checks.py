"""What sanity checks say of a method, in plain words: does it look at the network at all?"""

from collections.abc import Iterator
from math import isnan
from statistics import fmean
from typing import TYPE_CHECKING

from cnnvis import method_names
from cnnvis.comparisons import rounded
from cnnvis.method_names import EDGES, GRAD_CAM, title
from cnnvis.pages.findings import listed
from cnnvis.pages.measured import Study
from cnnvis.pages.verdicts import BAD, GOOD, OPEN, Said

if TYPE_CHECKING:
    import pandas as pd

NEARLY, PARTLY = 0.9, 0.5
"""Correlations from which maps are nearly the same, or the same in part."""

SURVIVES, HARDLY = 0.5, 0.2
"""Correlations with its own map from which a map survives that all layers are random, and below
which hardly anything is left of it."""

MEASURE = "spearman"
"""What maps were compared by, of the measures of a sanity check."""

CASCADE, INDEPENDENT, CLASSES, STABILITY = "cascade", "independent", "other_classes", "stability"


def checks(study: Study, method: str, reference: str = GRAD_CAM) -> Iterator[Said]:
    """Yield all that is said of what was checked."""
    yield from randomised(study, method, reference)
    yield from single_layers(study, method)
    yield from classes(study, method, reference)
    yield from stable(study, method)


def randomised(study: Study, method: str, reference: str = GRAD_CAM) -> Iterator[Said]:
    """Yield what is left of maps when all layers of the network are random."""
    rows = _likeness(study, CASCADE)
    left = _means(rows[rows.step == rows.step.max()], study)
    if method in left:
        value = left[method]
        tone, words = _survival(value)
        beside = f" ({title(reference)} {rounded(left[reference], 2)})" if reference in left else ""
        yield Said(
            tone,
            f"When all layers are random, maps of {title(method)} correlate {rounded(value, 2)} "
            f"with those of the trained network{beside}: {words}.",
        )
    others = [
        f"{title(name)} ({rounded(value, 2)})"
        for name, value in sorted(left.items(), key=lambda pair: -pair[1])
        if value >= SURVIVES and name != method and method_names.looks_at_the_network(name)
    ]
    if others:
        yield Said(OPEN, f"Maps of other methods that survive random layers: {listed(others)}.")
    if EDGES in left:
        yield Said(
            OPEN,
            f"For scale: edges keeps a correlation of {rounded(left[EDGES], 2)} when all layers "
            "are random; it shows the image.",
        )


def _survival(value: float) -> tuple[str, str]:
    """Say what it means that so much of a map is left."""
    if value >= SURVIVES:
        return BAD, "they survive, and show the image more than what the network has learned"
    if value >= HARDLY:
        return OPEN, "something of them is left, which the image alone accounts for"
    return GOOD, "hardly anything is left, so they depend on what the network has learned"


def single_layers(study: Study, method: str) -> Iterator[Said]:
    """Yield which layer alone the maps depend on most, and least."""
    rows = _likeness(study, INDEPENDENT)
    rows = rows[rows.method == method]
    each = _means(rows, study, by="change")
    if len(each) < 2:
        return
    most, least = min(each, key=lambda name: each[name]), max(each, key=lambda name: each[name])
    yield Said(
        OPEN,
        f"Of single layers made random, {most} changes the maps of {title(method)} most "
        f"(correlation {rounded(each[most], 2)}) and {least} least ({rounded(each[least], 2)}).",
    )


def classes(study: Study, method: str, reference: str = GRAD_CAM) -> Iterator[Said]:
    """Yield whether maps tell classes apart."""
    alike = _means(_likeness(study, CLASSES), study)
    if method in alike:
        value = alike[method]
        tone, words = _telling(value)
        beside = (
            f" ({title(reference)} {rounded(alike[reference], 2)})" if reference in alike else ""
        )
        yield Said(
            tone,
            f"Maps of {title(method)} for other classes correlate {rounded(value, 2)} with those "
            f"of the class{beside}: they {words}.",
        )
    same = [
        f"{title(name)} ({rounded(value, 2)})"
        for name, value in alike.items()
        if value >= NEARLY and name != method and method_names.looks_at_the_network(name)
    ]
    if same:
        yield Said(OPEN, f"Other methods with nearly one map for all classes: {listed(same)}.")


def _telling(value: float) -> tuple[str, str]:
    """Say what it means that maps of other classes are so alike."""
    if value >= NEARLY:
        return BAD, "say where something is, not why it is that class"
    if value >= PARTLY:
        return OPEN, "tell classes apart in part"
    return GOOD, "tell classes apart"


def stable(study: Study, method: str) -> Iterator[Said]:
    """Yield whether small changes of the image leave the maps as they are."""
    rows = _likeness(study, STABILITY)
    each = _means(rows[rows.method == method], study, by="change")
    if not each:
        return
    least = min(each.values())
    if least >= NEARLY:
        tone, words = GOOD, "hardly move the maps"
    elif least >= PARTLY:
        tone, words = OPEN, "move the maps somewhat"
    else:
        tone, words = BAD, "move the maps much"
    correlations = listed([f"{name} ({rounded(value, 2)})" for name, value in each.items()])
    yield Said(
        tone,
        f"Small changes of the image {words} of {title(method)}; correlations: {correlations}.",
    )


def _likeness(study: Study, check: str) -> "pd.DataFrame":
    rows = study.sanity
    return rows[(rows.check == check) & (rows.measure == MEASURE)]


def _means(rows: "pd.DataFrame", study: Study, by: str = "method") -> dict[str, float]:
    """Return the mean over photos of each method, or change, those of one photo averaged first."""
    photo = "photo" if "photo" in rows else "image"
    means: dict[str, list[float]] = {}
    for (name, _), values in rows.groupby([by, photo], sort=False)["value"]:
        means.setdefault(str(name), []).append(float(values.mean()))
    return {name: fmean(values) for name, values in means.items() if not isnan(fmean(values))}

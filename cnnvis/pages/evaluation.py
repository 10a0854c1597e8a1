"""The page about explanations: which of them can be trusted how far, in plain words and numbers."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cnnvis import method_names, table_file
from cnnvis.files import write_text
from cnnvis.method_names import GRAD_CAM, OWN
from cnnvis.pages import checks, measured, numbers, verdicts
from cnnvis.pages.index import Link, Picture, environment
from cnnvis.pages.measured import TABLES, Study
from cnnvis.pages.numbers import Table
from cnnvis.pages.verdicts import BAD, GOOD, OPEN

DATA_FILES = (
    "pages/templates/evaluation.html",
    "pages/templates/index.css",
    "pages/templates/colours.css",
)

SCENES = "scene_classifier"
"""The folder of the classifier of scenes, of which the truth is known."""

FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "bars": "what every method reaches in every metric",
        "curves": "the class while pixels go or come",
        "cases": "the best and the worst photos",
        "mosaics": "the best and the worst mosaics",
        "randomisation": "likeness of maps when layers are random",
        "cascade": "maps of one photo while layers become random",
        "classes_and_stability": "likeness of maps of other classes and of changed images",
    }
)
"""The figures of an evaluation, and what they show."""

MEASURED, CASES, CHECKED = ("bars", "curves"), ("cases", "mosaics"), tuple(FIGURES)[4:]
"""The same by the part of the page they stand in."""


@dataclass(frozen=True)
class Part:
    """What the page says of one network and one set of images.

    Attributes:
        anchor, title: of the part.
        lead: sentences at its beginning.
        good, bad, open: what is said for the method, against it, and besides.
        table: all numbers.
        others: a sentence on each other method of the project.
        refused: (method, why).
        measured, cases, checked: pictures.
        links: to the tables.
    """

    anchor: str
    title: str
    lead: tuple[str, ...]
    good: tuple[str, ...]
    bad: tuple[str, ...]
    open: tuple[str, ...]
    table: Table
    others: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    measured: tuple[Picture, ...]
    cases: tuple[Picture, ...]
    checked: tuple[Picture, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Evaluation:
    """All that the page shows: what holds over all, then part by part."""

    title: str
    method: str
    reference: str
    summary: tuple[str, ...]
    parts: tuple[Part, ...]
    docs: str = ""


def page(
    results: Path,
    looks: Sequence[tuple[str, str]],
    *,
    method: str = "backtrack",
    reference: str = GRAD_CAM,
    docs: str = "",
) -> Evaluation:
    """Return the page of a results folder; the scenes are on it where they were measured.

    Args:
        results: the folder.
        looks: (network, images) of everything that was evaluated.
        method: the one that is put to the test.
        reference: what it is compared with.
        docs: where the documentation of the measures is, relative to the page; "" for nowhere.

    Raises:
        FileError: tables of a look are missing.
    """
    studies, parts = [], []
    for number, (network, images) in enumerate(looks, start=1):
        folder = f"{network}/{images}"
        study = measured.read(results / folder / "evaluation")
        studies.append(study)
        parts.append(
            _part(
                results,
                study,
                (f"study-{number}", f"{network} on {images}"),
                (f"{folder}/evaluation", f"{folder}/figures/evaluation"),
                (method, reference),
            )
        )
    if (results / SCENES / "evaluation/summary.tsv").exists():
        study = measured.read(results / SCENES / "evaluation", unit="scene")
        studies.append(study)
        parts.append(_scenes(results, study, method, reference))
    names = (method_names.title(method), method_names.title(reference))
    return Evaluation(
        "Which explanation can be trusted, and how far?",
        *names,
        tuple(filter(None, (verdicts.over_all(studies, method, reference), _alarmed(parts)))),
        tuple(parts),
        docs,
    )


def _alarmed(parts: Sequence[Part]) -> str:
    """Say how often a map without content does as well."""
    alarms = sum(words.startswith(verdicts.ALARM) for part in parts for words in part.bad)
    if not alarms:
        return ""
    times = "once" if alarms == 1 else f"{alarms} times"
    return (
        f"An alarm is raised {times}: there, a map that never looks at the network, or chance, "
        "does better or cannot be told apart."
    )


def _scenes(results: Path, study: Study, method: str, reference: str) -> Part:
    """Return the part about scenes, of which it is known where the target is."""
    part = _part(
        results,
        study,
        ("scenes", "Scenes, where the truth is known"),
        (f"{SCENES}/evaluation", f"{SCENES}/figures"),
        (method, reference),
        lead=(
            "One digit is to be named, among others that are no class, on clutter. Which pixels "
            "are its own is known exactly, and nothing else tells the class.",
            _accuracy(results / SCENES / "accuracy.tsv"),
        ),
    )
    return part


def _accuracy(path: Path) -> str:
    """Say how often the classifier is right, "" where that was not written."""
    if not path.exists():
        return ""
    rows = table_file.read(path).to_dict("records")
    return verdicts.classifier(
        (str(row["part"]), int(row["images"]), float(row["accuracy"])) for row in rows
    )


def _part(
    results: Path,
    study: Study,
    heading: tuple[str, str],
    folders: tuple[str, str],
    compared: tuple[str, str],
    *,
    lead: tuple[str, ...] = (),
) -> Part:
    """Return what the page shows of one study, from its tables and from the figures there are."""
    (anchor, title), (tables, figures), (method, reference) = heading, folders, compared
    said = [
        *verdicts.measures(study, method, reference),
        *checks.checks(study, method, reference),
    ]
    own = method_names.of_part(study.summary["method"], OWN)

    def pictures(names: Sequence[str]) -> tuple[Picture, ...]:
        return tuple(
            Picture(path, f"{title}: {FIGURES[name]}")
            for name in names
            if (results / (path := f"{figures}/{name}.png")).exists()
        )

    sentences = (
        *lead,
        verdicts.overall(study, method, reference),
        verdicts.ranks(study, method),
    )
    others = (verdicts.overall(study, one, reference) for one in own if one != method)
    return Part(
        anchor=anchor,
        title=title,
        lead=tuple(filter(None, sentences)),
        good=verdicts.of_tone(said, GOOD),
        bad=verdicts.of_tone(said, BAD),
        open=verdicts.of_tone(said, OPEN),
        table=numbers.table(study.summary, reference),
        others=tuple(filter(None, others)),
        refused=tuple((method_names.title(name), why) for name, why in study.refused),
        measured=pictures(MEASURED),
        cases=pictures(CASES),
        checked=pictures(CHECKED),
        links=tuple(
            Link(path, f"{name}.tsv")
            for name in TABLES
            if (results / (path := f"{tables}/{name}.tsv")).exists()
        ),
    )


def render(evaluation: Evaluation) -> str:
    """Return the page as HTML; all text in it is taken as text, never as HTML."""
    template = environment().get_template("evaluation.html")
    return template.render(page=evaluation, signs=numbers.SIGNS, alarm=verdicts.ALARM)


def write(path: str | os.PathLike[str], evaluation: Evaluation) -> None:
    """Write the page, whole or not at all.

    Raises:
        FileError: the disk is full, or the folder is read-only.
    """
    write_text(path, render(evaluation))

"""What every job made, and from what: records of hashes beside the results, and to verify them.

A record is a JSON file under ``results/records``, called like the log of its job. It names the
rule, its settings, versions of packages, and the sha256 of every file that went in and came out. It
holds no times and no machine: the same work writes the same record.
"""

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnvis.errors import FileError
from cnnvis.files import canonical_json, sha256, write_text
from cnnvis.progress import Watch, unwatched

FOLDER = "records"
"""Where records are, beside ``logs``."""
NOT_RECORDED = (FOLDER, "logs", "benchmarks")
"""Folders of the results whose files no record names: times, and the records themselves."""
_PACKAGES = (
    "cnnvis",
    "h5py",
    "matplotlib",
    "numpy",
    "pandas",
    "pillow",
    "scikit-learn",
    "scipy",
    "snakemake",
    "torch",
    "torchvision",
)


def place(log: str | os.PathLike[str]) -> Path:
    """Return where the record of a job is, by the path of its log.

    >>> place("results/logs/extract/alexnet/photos/0000.log").as_posix()
    'results/records/extract/alexnet/photos/0000.json'
    """
    path = Path(log)
    parts = [FOLDER if part == "logs" else part for part in path.parts[:-1]]
    return Path(*parts, f"{path.stem}.json")


def write(
    log: str | os.PathLike[str],
    *,
    rule: str,
    params: Mapping[str, Any],
    inputs: Iterable[str],
    outputs: Iterable[str],
) -> None:
    """Write the record of a job that has made its outputs.

    Args:
        log: its log, after which the record is called.
        rule: what Snakemake calls it.
        params: its settings, which JSON can hold; paths are written as text.
        inputs: paths of what went in. Folders are left out: they hold photos, of which there may be
            a million, and the manifest that goes in beside them has the sha256 of each.
        outputs: paths of what came out: files, and folders, of which every file counts.

    Raises:
        TypeError: a setting is not made of numbers, words, lists, mappings and paths: as text it
            could be another at every run.
        FileError: the disk is full, or the folder cannot be written to.
    """
    found = {
        "rule": rule,
        "params": json.loads(json.dumps(dict(params), default=os.fspath, sort_keys=True)),
        "inputs": _hashes(path for path in inputs if not Path(path).is_dir()),
        "outputs": _hashes(outputs),
        "versions": _versions(),
    }
    write_text(place(log), canonical_json(found) + "\n")


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _hashes(paths: Iterable[str]) -> dict[str, str]:
    return {path: sha256(path) for given in paths for path in _files(given)}


def _files(given: str) -> Iterator[str]:
    """Yield a file, or every file of a folder but those that begin with a point."""
    path = Path(given)
    if not path.is_dir():
        yield path.as_posix()
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not any(p.startswith(".") for p in file.relative_to(path).parts):
            yield file.as_posix()


@dataclass(frozen=True)
class Fault:
    """Something in a tree of results that does not match its records: a path, and what is wrong."""

    path: str
    text: str


def verify(
    results: str | os.PathLike[str], *, watch: Watch[str] = unwatched
) -> tuple[int, list[Fault]]:
    """Hash every recorded file again, and return how many there are and what does not match.

    A file may be missing, or changed since its job wrote it; it may have been read by a job in
    another state than it is in now, so that what came out is of another run; or no record knows it.
    Paths in records start where the workflow ran, the folder that holds ``results``.

    Raises:
        FileError: there are no records, or one cannot be read.
    """
    place = Path(results)
    records = {path: _read(path) for path in sorted((place / FOLDER).rglob("*.json"))}
    if not records:
        raise FileError(
            f"{place} has no records ({place / FOLDER}). Give the folder of results of a run; "
            "results of earlier versions have none."
        )
    written = {path: digest for one in records.values() for path, digest in one["outputs"].items()}
    faults: list[Fault] = []
    for path in watch(sorted(written), "files"):
        faults += _changed(place.parent, path, written[path])
    for one in records.values():
        faults += _stale(one, written)
    faults += _unknown(place, written)
    return len(written), faults


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        whole = all(
            isinstance(digest, str)
            for part in ("inputs", "outputs")
            for digest in found[part].values()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileError(f"{path} is no record: {error}. Make its outputs again.") from error
    if not whole:
        raise FileError(f"{path} is no record: hashes are text. Make its outputs again.")
    return dict(found)


def _changed(root: Path, path: str, expected: str) -> Iterator[Fault]:
    file = root / path
    if not file.is_file():
        yield Fault(path, "is missing; start the workflow to make it again")
        return
    found = sha256(file)
    if found != expected:
        yield Fault(
            path,
            f"was changed since its job wrote it: sha256 was {expected}, is {found}. Delete it and "
            "start the workflow",
        )


def _stale(record: Mapping[str, Any], written: Mapping[str, str]) -> Iterator[Fault]:
    for path, digest in record["inputs"].items():
        if written.get(path, digest) != digest:
            made = ", ".join(list(record["outputs"])[:3])
            yield Fault(
                path,
                f"was made again after {record['rule']} had read it, so {made} may be of another "
                "run; start the workflow",
            )


def _unknown(results: Path, written: Mapping[str, str]) -> Iterator[Fault]:
    for file in sorted(results.rglob("*")):
        inside = file.relative_to(results)
        if (
            not file.is_file()
            or inside.parts[0] in NOT_RECORDED
            or inside.as_posix() == "README.md"
        ):
            continue
        if any(part.startswith(".") for part in inside.parts):
            continue
        path = (Path(results.name) / inside).as_posix()
        if path not in written:
            yield Fault(path, "is of no record: no job of this version wrote it")

"""What every job made, and from what: records of hashes beside the results.

A record is a JSON file under ``results/records``, called like the log of its job. It names the
rule, its settings, versions of packages, and the sha256 of every file that went in and came out. It
holds no times and no machine: the same work writes the same record.
"""

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cnnvis.files import canonical_json, sha256, write_text

RESULTS = "results"
"""What recorded paths of results begin with: their folder, as the workflow calls it."""
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
    reads_through: Iterable[str] = (),
) -> None:
    """Write the record of a job that has made its outputs.

    Args:
        log: its log, after which the record is called.
        rule: what Snakemake calls it.
        params: its settings, which JSON can hold; paths are written as text.
        inputs: paths of what went in. Folders are left out: they hold photos, of which there may be
            a million, and the manifest that goes in beside them has the sha256 of each.
        outputs: paths of what came out: files, and folders, of which every file counts.
        reads_through: those of the inputs whose values stay where they are, and are read there
            through the output. They are named and not hashed, which would be all that reads them;
            each has a record of its own.

    Raises:
        TypeError: a setting is not made of numbers, words, lists, mappings and paths: as text it
            could be another at every run.
        FileError: the disk is full, or the folder cannot be written to.
    """
    through = [Path(path).as_posix() for path in reads_through]
    named = frozenset(through)
    read = (path for path in inputs if Path(path).as_posix() not in named)
    found = {
        "rule": rule,
        "params": json.loads(json.dumps(dict(params), default=os.fspath, sort_keys=True)),
        "inputs": _hashes(path for path in read if not Path(path).is_dir()),
        "outputs": _hashes(outputs),
        "versions": _versions(),
    }
    if through:
        found["reads_through"] = through
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

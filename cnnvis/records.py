"""What every job made, and from what: records of hashes beside the results, and to verify them.

A record is a JSON file under ``results/records``, called like the log of its job. It names the
rule, its settings, versions of packages, and the sha256 of every file that went in and came out. It
holds no times and no machine: the same work writes the same record.
"""

import importlib.metadata
import json
import os
import platform
import re
import stat
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnvis.errors import FileError, shown
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
    What cannot be hashed is a fault too, whatever the reason.
    Paths in records start where the workflow ran, the folder that holds ``results``.

    Raises:
        FileError: there are no records, or one cannot be read.
    """
    place = Path(results)
    records = [_read(place, path) for path in sorted((place / FOLDER).rglob("*.json"))]
    if not records:
        raise FileError(
            f"{place} has no records ({place / FOLDER}). Give the folder of results of a run; "
            "results of earlier versions have none."
        )
    writers = {path: record for record in records for path in record.outputs}
    faults: list[Fault] = []
    for path in watch(sorted(writers), "files"):
        faults += _changed(place.parent, path, writers[path])
    for record in records:
        faults += _stale(record, writers)
    faults += _unknown(place, writers)
    return len(writers), faults


@dataclass(frozen=True)
class _Record:
    """What is used of a record: where it is, its rule, and the sha256 of what went in and out."""

    place: str
    rule: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


def _read(results: Path, path: Path) -> _Record:
    inside = path.relative_to(results)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _no_record(path, inside, str(error)) from error
    if not isinstance(found, dict):
        found = {}
    rule = found.get("rule")
    if not (isinstance(rule, str) and rule.isidentifier()):
        raise _no_record(path, inside, "it has no 'rule' with a name")
    for part in ("inputs", "outputs"):
        hashes = found.get(part)
        if not (isinstance(hashes, dict) and all(map(_is_digest, hashes.values()))):
            raise _no_record(path, inside, f"it has no '{part}', paths with the sha256 of each")
    return _Record(Path("results", inside).as_posix(), rule, found["inputs"], found["outputs"])


def _is_digest(found: Any) -> bool:
    return isinstance(found, str) and re.fullmatch("[0-9a-f]{64}", found) is not None


def _no_record(path: Path, inside: Path, reason: str) -> FileError:
    rule = inside.parts[1].removesuffix(".json")
    again = f"add --forcerun {rule}" if rule.isidentifier() else "make its outputs again"
    return FileError(
        shown(f"{path} is no record: {reason}. Start the workflow and {again}, which writes it ")
        + "again; or delete it, if the study no longer has its job."
    )


@dataclass(frozen=True)
class _Seen:
    """A file as it is now: its sha256, or why it has none; neither where it is not there."""

    digest: str = ""
    reason: str = ""


def _look(file: Path) -> _Seen:
    try:
        if stat.S_ISREG(file.stat().st_mode):
            return _Seen(digest=sha256(file))
    except (FileNotFoundError, NotADirectoryError):
        return _Seen()
    except OSError as error:
        return _Seen(reason=error.strerror or str(error))
    except ValueError:  # zero bytes, halves of characters
        return _Seen(reason="no file can be called so")
    return _Seen(reason="it is no file")


def _changed(root: Path, path: str, writer: _Record) -> Iterator[Fault]:
    seen = _look(root / path)
    if seen.reason:
        yield Fault(
            path,
            f"cannot be hashed: {seen.reason}. Allow yourself to read it; or, if no such file can "
            f"be, delete its record {writer.place}",
        )
    elif not seen.digest:
        yield Fault(path, "is missing; start the workflow to make it again")
    elif seen.digest != writer.outputs[path]:
        yield Fault(
            path,
            f"was changed since its job wrote it: sha256 was {writer.outputs[path]}, is "
            f"{seen.digest}. Delete it and start the workflow",
        )


def _stale(record: _Record, writers: Mapping[str, _Record]) -> Iterator[Fault]:
    for path, digest in record.inputs.items():
        if path in writers and writers[path].outputs[path] != digest:
            made = ", ".join(list(record.outputs)[:3])
            yield Fault(
                path,
                f"was made again after {record.rule} had read it, so {made} may be of another "
                "run; start the workflow",
            )


def _unknown(results: Path, known: Container[str]) -> Iterator[Fault]:
    for folder, folders, names in os.walk(results):
        inside = Path(folder).relative_to(results)
        at_top = not inside.parts
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not (at_top and name in NOT_RECORDED)
        )
        for name in sorted(names):
            if name.startswith(".") or (at_top and name == "README.md"):
                continue
            path = (Path(results.name) / inside / name).as_posix()
            if path not in known:
                yield Fault(path, "is of no record: no job of this version wrote it")

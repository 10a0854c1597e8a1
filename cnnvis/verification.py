"""Results hashed again and compared with the records that jobs left (:mod:`cnnvis.records`)."""

import json
import os
import re
import stat
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from cnnvis.errors import FileError, shown
from cnnvis.files import sha256
from cnnvis.progress import Watch, unwatched
from cnnvis.records import FOLDER, NOT_RECORDED, RESULTS


@dataclass(frozen=True)
class Fault:
    """What does not match the records: a path, as records have it, and what is wrong with it."""

    path: str
    text: str


@dataclass(frozen=True)
class Verified:
    """What came out of hashing a tree of results again.

    Attributes:
        files: how many files records name, each counted once.
        absent: how many of them lie outside the results and are not there to be compared.
        faults: what does not match.
    """

    files: int
    absent: int
    faults: list[Fault]


def verify(results: str | os.PathLike[str], *, watch: Watch[str] = unwatched) -> Verified:
    """Hash every recorded file again, once, and return what does not match.

    A file may be missing, or changed since its job wrote it; it may have been read by a job in
    another state than it is in now, so that what came out is of another run; or no record knows it.
    What cannot be hashed is a fault too, whatever the reason.

    Paths in records start where the workflow ran. Those that begin with ``results`` are looked for
    in the folder given, whatever it is called now, and all others beside it: what is not there of
    these is no fault of the results, which may have been sent elsewhere without it.

    Raises:
        FileError: there are no records, or one cannot be read.
    """
    # Not resolved: where results are a link, their study lies beside it and not beside its target.
    tree = _Tree(Path(os.path.normpath(Path(results).absolute())))
    found = sorted((tree.results / FOLDER).rglob("*.json"))
    records = [_read(tree.results, path) for path in found]
    if not records:
        raise FileError(
            f"{results} has no records ({tree.results / FOLDER}). Give the folder of results of a "
            "run; results of earlier versions have none."
        )
    writers = {path: record for record in records for path in record.outputs}
    readers: dict[str, list[_Record]] = {}
    for record in records:
        for path in record.inputs:
            readers.setdefault(path, []).append(record)
    named = sorted(writers.keys() | readers.keys())
    seen = {path: tree.look(path) for path in watch(named, "files")}
    faults: list[Fault] = []
    for record in records:
        faults += _missing(record, seen)
    for path in named:
        if path in writers:
            faults += _changed(path, seen[path], writers[path])
            faults += _made_again(path, writers[path], readers.get(path, ()))
        else:
            faults += _read_otherwise(path, seen[path], readers[path])
    for record in records:
        faults += _lost(tree, record, writers)
    faults += _unknown(tree.results, writers)
    absent = [path for path in named if seen[path] == _ABSENT and not _is_inside(path)]
    return Verified(len(named), len(absent), faults)


@dataclass(frozen=True)
class _Record:
    """What is used of a record: where it is, its rule, and the sha256 of what went in and out."""

    place: str
    rule: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    reads_through: Sequence[str]


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
    through = found.get("reads_through", [])
    if not (isinstance(through, list) and all(isinstance(path, str) for path in through)):
        raise _no_record(path, inside, "it has no 'reads_through', a list of paths")
    place = Path(RESULTS, inside).as_posix()
    return _Record(place, rule, found["inputs"], found["outputs"], through)


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


_ABSENT = _Seen()


@dataclass(frozen=True)
class _Tree:
    """A folder of results, and what is looked for in it and beside it."""

    results: Path

    def place(self, path: str) -> Path:
        """Return where the file is that records call ``path``."""
        if _is_inside(path):
            return self.results.joinpath(*PurePosixPath(path).parts[1:])
        return self.results.parent / path

    def look(self, path: str) -> _Seen:
        """Hash the file that records call ``path``."""
        file = self.place(path)
        try:
            mode = file.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return _ABSENT
        except PermissionError as error:  # outside, the folder of somebody else, who sent results
            return _Seen(reason=_reason(error)) if _is_inside(path) else _ABSENT
        except (OSError, ValueError) as error:
            return _Seen(reason=_reason(error))
        if not stat.S_ISREG(mode):
            return _Seen(reason="it is no file")
        try:
            return _Seen(digest=sha256(file))
        except OSError as error:
            return _Seen(reason=_reason(error))


def _is_inside(path: str) -> bool:
    """Tell whether a recorded path is one of the results."""
    return PurePosixPath(path).parts[:1] == (RESULTS,)


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "no file can be called so"  # zero bytes, halves of characters


def _missing(record: _Record, seen: Mapping[str, _Seen]) -> Iterator[Fault]:
    """Yield which of its results a job has lost; one fault where it has lost all."""
    missing = [path for path in record.outputs if _is_inside(path) and seen[path] == _ABSENT]
    if missing and len(missing) == len(record.outputs):
        yield Fault(
            missing[0],
            f"is missing, and so is all that {record.rule} made; {_again([record])}; if the study "
            f"no longer has it, delete its record {record.place}",
        )
        return
    for path in missing:
        yield Fault(path, f"is missing; {_again([record])}")


def _changed(path: str, seen: _Seen, writer: _Record) -> Iterator[Fault]:
    """Yield what is wrong with a file that a job wrote, and that is there."""
    if seen.reason:
        yield _unreadable(path, seen, writer)
    elif seen != _ABSENT and seen.digest != writer.outputs[path]:
        yield Fault(
            path,
            f"was changed since its job wrote it: sha256 was {writer.outputs[path]}, is "
            f"{seen.digest}. Delete it and {_again([writer])}",
        )


def _made_again(path: str, writer: _Record, readers: Iterable[_Record]) -> Iterator[Fault]:
    """Yield a fault where jobs read another state of a file than the one that was written last."""
    stale = [one for one in readers if one.inputs[path] != writer.outputs[path]]
    if stale:
        yield Fault(
            path, f"was made again after {_rules(stale)} had read it{_so(stale)}; {_again(stale)}"
        )


def _read_otherwise(path: str, seen: _Seen, readers: Sequence[_Record]) -> Iterator[Fault]:
    """Yield what is wrong with a file that jobs read and none wrote."""
    stale = [one for one in readers if one.inputs[path] != seen.digest]
    if seen.reason:
        yield _unreadable(path, seen, readers[0])
    elif seen == _ABSENT:
        if _is_inside(path):
            yield _orphan(path, readers)
    elif stale:
        yield Fault(
            path,
            f"was changed since {_rules(stale)} had read it{_so(stale)}: sha256 was "
            f"{stale[0].inputs[path]}, is {seen.digest}. Put back what it was, or {_again(stale)}",
        )


def _lost(tree: _Tree, record: _Record, known: Container[str]) -> Iterator[Fault]:
    """Yield what a file reads through to that is not there; records of its own tell the rest."""
    for path in record.reads_through:
        if path not in known and _is_inside(path) and not _exists(tree.place(path)):
            yield _orphan(path, [record])


def _exists(file: Path) -> bool:
    try:
        file.lstat()
    except (OSError, ValueError):
        return False
    return True


def _orphan(path: str, readers: Sequence[_Record]) -> Fault:
    return Fault(
        path,
        f"is missing, and no record says who wrote it; {_rules(readers)} had read it: "
        f"{_again(readers)}",
    )


def _unreadable(path: str, seen: _Seen, record: _Record) -> Fault:
    return Fault(
        path,
        f"cannot be hashed: {seen.reason}. Allow yourself to read it; or, if no such file can be, "
        f"delete the record that names it, {record.place}",
    )


def _rules(records: Iterable[_Record]) -> str:
    return ", ".join(sorted({one.rule for one in records}))


def _so(records: Iterable[_Record]) -> str:
    """Say which files may be of another run."""
    made = [path for one in records for path in one.outputs]
    more = f" and {len(made) - 3} more" if len(made) > 3 else ""
    return f", so {', '.join(made[:3])}{more} may be of another run" if made else ""


def _again(records: Iterable[_Record]) -> str:
    """Say how jobs are run again, also where Snakemake, which looks at times, sees no reason."""
    rules = " ".join(sorted({one.rule for one in records}))
    return f"start the workflow; if it says that there is nothing to do, add --forcerun {rules}"


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
            path = Path(RESULTS, inside, name).as_posix()
            if path not in known:
                yield Fault(path, "is of no record: no job of this version wrote it")

"""The lock that a killed run of Snakemake leaves behind, and when it may be taken away.

Snakemake locks the files that a run makes, and a run that is killed by force cannot unlock them.
Its lock does not say whose it is, so nobody can know whether that run still works. Here every run
leaves a note of its machine and process before it locks anything, and takes it away at its end. A
lock is removed only where notes prove that its owner is gone: every run noted here was on this
machine, none of those processes is there any more, and one of them was noted before the lock.

A process is no more, too, when its machine was started again since. Of runs on other machines and
in other containers nothing is known. Their notes keep every lock where it is; but one that was
left behind must not do so for ever, and is taken away once it is a day old and nothing is locked.
"""

import atexit
import math
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cnnvis import processes

_DAY = 24 * 3600.0
"""Seconds. No run takes longer from its note to its lock."""


@dataclass(frozen=True)
class _Note:
    """The note of a run: its file is called ``{pid}.{host}.{machine}.{numbering}``.

    Notes of an earlier version, without the machine, are of runs of which nothing is known.
    """

    path: Path

    @property
    def pid(self) -> int:
        return int(self.path.name.partition(".")[0])

    @property
    def is_mine(self) -> bool:
        return self.path.name == _my_name()

    @property
    def written(self) -> float:
        """When it was written, in seconds since 1970; if it is there no more, never."""
        try:
            return self.path.stat().st_mtime
        except OSError:
            return math.inf

    @property
    def is_from_here(self) -> bool:
        """Whether its process would be found under its number."""
        return self.path.name.partition(".")[2] == _my_name().partition(".")[2]

    @property
    def is_from_before(self) -> bool:
        """Whether this very machine was started again since."""
        *its, numbering = self.path.name.split(".")
        *here, now = _my_name().split(".")
        booted, boot = (one.partition("-")[2] for one in (numbering, now))
        same = its[1:] == here[1:] and all(here) and bool(booted) and bool(boot)
        return same and booted != boot and self.written < processes.started()

    @property
    def is_gone(self) -> bool:
        """Whether its process provably runs no more; of other machines that is never known."""
        if self.is_from_here:
            return not processes.is_running(self.pid)
        return self.is_from_before

    @property
    def is_forgotten(self) -> bool:
        """Whether nothing can be known of its run, and so old that the run has locked by now."""
        return not self.is_from_here and time.time() - self.written > _DAY


def _my_name() -> str:
    run = (os.getpid(), processes.host(), processes.machine(), processes.numbering())
    return ".".join(map(str, run))


def join(folder: Path) -> bool:
    """Note that this process runs the workflow, and remove the lock of runs that are gone.

    The note is written before others are looked at, so of two runs that begin together neither
    takes the other for gone. It is taken away when the process ends, unless it is killed.

    Args:
        folder: where Snakemake keeps its records, ``.snakemake``; made where it is missing.

    Returns:
        Whether a lock was removed.
    """
    notes = folder / "cnnvis-runs"
    mine = notes / _my_name()
    try:
        notes.mkdir(parents=True, exist_ok=True)
        mine.touch()
    except OSError:  # a folder that cannot be written to cannot be locked either
        return False
    atexit.register(_leave, mine, os.getpid())
    others = [note for note in map(_Note, sorted(notes.iterdir())) if not note.is_mine]
    gone = [note for note in others if note.is_gone]
    removed = False
    with suppress(OSError):  # another run tidies up at the same moment, or it is not ours to tidy
        removed = len(gone) == len(others) and _remove(_locks(folder), gone)
        if removed or not any(_locks(folder)):
            for note in others:
                if note in gone or note.is_forgotten:
                    note.path.unlink(missing_ok=True)
    return removed


def _leave(note: Path, pid: int) -> None:
    if os.getpid() == pid:  # and not a process that was forked from it
        with suppress(OSError):
            note.unlink()


def _locks(folder: Path) -> Iterator[Path]:
    yield from sorted((folder / "locks").glob("*.lock"))


def _remove(locks: Iterator[Path], gone: list[_Note]) -> bool:
    """Remove the locks that are younger than a run that is gone; tell whether there were any."""
    if not gone:
        return False
    first = min(note.path.stat().st_mtime_ns for note in gone)
    theirs = [lock for lock in locks if lock.stat().st_mtime_ns >= first]
    for lock in theirs:
        lock.unlink(missing_ok=True)
    return bool(theirs)

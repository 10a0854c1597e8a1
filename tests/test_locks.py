"""A lock is removed where its owner is provably gone, and stays in every other case."""

import os
import re
import subprocess
import sys
import time

import pytest

from cnnvis import locks, processes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "started", lambda: 0.0)
    (tmp_path / "locks").mkdir()
    return tmp_path


DAYS = 24 * 3600


def note(folder, *, pid, age=60, **other):
    """Leave the note of a run that began ``age`` seconds ago, here but for what ``other`` says."""
    here = {name: getattr(processes, name)() for name in ("host", "machine", "numbering")} | other
    path = folder / "cnnvis-runs" / ".".join([str(pid), *filter(None, here.values())])
    path.parent.mkdir(exist_ok=True)
    path.touch()
    began = time.time() - age
    os.utime(path, (began, began))
    return path


def lock(folder, *, age=30):
    for name in ("0.input.lock", "0.output.lock"):
        path = folder / "locks" / name
        path.write_text("results/a\n")
        made = time.time() - age
        os.utime(path, (made, made))


def locked(folder):
    return any((folder / "locks").iterdir())


def gone():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_lock_of_a_process_that_is_gone_is_removed(folder):
    left = note(folder, pid=gone())
    lock(folder)
    assert locks.join(folder)
    assert not locked(folder)
    assert not left.exists()


def test_without_a_lock_the_notes_of_the_gone_are_tidied(folder):
    left = note(folder, pid=gone())
    assert not locks.join(folder)
    assert not left.exists()


@pytest.fixture
def restarted(monkeypatch):
    """A machine that was started a minute ago, and not for the first time."""
    monkeypatch.setattr(processes, "machine", lambda: "0123456789ab")
    monkeypatch.setattr(processes, "numbering", lambda: "4026531836-the-boot-of-now")
    monkeypatch.setattr(processes, "started", lambda: time.time() - 60)


BEFORE = {"pid": os.getppid(), "numbering": "4026531836-a-boot-before", "age": 90}
"""A run before the last start; its number is another process's by now."""


def test_a_run_from_before_the_machine_was_started_again_is_gone(folder, restarted):
    left = note(folder, **BEFORE)
    lock(folder, age=80)
    assert locks.join(folder)
    assert not locked(folder)
    assert not left.exists()


@pytest.mark.parametrize(
    "other",
    [
        {"host": "elsewhere"},
        {"machine": "ba9876543210"},
        {"machine": None},  # as notes of an earlier version, and those of containers
        {"numbering": "4026531836-the-boot-of-now", "pid": os.getppid()},
        {"numbering": "4026531999-the-boot-of-now"},
        {"age": 50},
    ],
    ids=["host", "machine", "unknown machine", "this boot", "container", "since the start"],
)
def test_a_run_that_may_have_outlived_the_start_of_this_machine_stays(folder, restarted, other):
    left = note(folder, **BEFORE | other)
    lock(folder, age=40)
    assert not locks.join(folder)
    assert locked(folder)
    assert left.exists()


@pytest.mark.parametrize("unknown", ["machine", "numbering"])
def test_where_the_machine_tells_nothing_of_itself_no_start_is_known(
    folder, restarted, monkeypatch, unknown
):
    monkeypatch.setattr(processes, unknown, lambda: "")
    left = note(folder, **BEFORE)
    lock(folder, age=80)
    assert not locks.join(folder)
    assert left.exists()


UNKNOWN = [{"host": "elsewhere"}, {"machine": "ba9876543210"}, {"numbering": "1-another-boot"}]


@pytest.mark.parametrize("other", UNKNOWN, ids=["host", "machine", "numbering"])
def test_a_note_that_says_nothing_does_not_keep_later_locks_for_ever(folder, other):
    unknown = note(folder, **{"pid": gone(), "age": 1.1 * DAYS} | other)
    assert not locks.join(folder)
    assert not unknown.exists()
    note(folder, pid=gone())
    lock(folder)
    assert locks.join(folder)


@pytest.mark.parametrize("other", UNKNOWN, ids=["host", "machine", "numbering"])
def test_it_stays_while_it_may_mean_something(folder, other):
    young = note(folder, **{"pid": gone(), "age": 0.9 * DAYS} | other)
    assert not locks.join(folder)
    assert young.exists()
    old = note(folder, **{"pid": gone(), "age": 1.1 * DAYS} | other)
    lock(folder)
    assert not locks.join(folder)
    assert old.exists()
    assert locked(folder)


def test_the_note_of_a_process_that_runs_is_never_forgotten(folder):
    runs = note(folder, pid=os.getppid(), age=9 * DAYS)
    assert not locks.join(folder)
    assert runs.exists()


@pytest.mark.parametrize("name", ["notes.txt", "notes", "a.b.c.d-e"])
def test_a_file_that_is_no_note_keeps_locks_and_does_no_harm(folder, name):
    note(folder, pid=gone())
    (folder / "cnnvis-runs" / name).touch()
    lock(folder)
    assert not locks.join(folder)
    assert locked(folder)


def test_notes_have_short_names_of_safe_characters():
    name = locks._my_name()
    assert re.fullmatch(r"[0-9]+\.[A-Za-z0-9-]+\.[0-9a-f]*\.[0-9a-f-]*", name)
    assert len(name) < 120


@pytest.mark.parametrize(
    "owner",
    [
        {"host": "elsewhere"},
        {"numbering": "4026531836-another-boot"},
        {"pid": os.getppid()},
        {"age": 10},  # noted after the lock was made: the lock is another's
    ],
    ids=["another machine", "another numbering", "still running", "younger than the lock"],
)
def test_a_lock_whose_owner_may_still_run_stays(folder, owner):
    left = note(folder, **{"pid": gone()} | owner)
    lock(folder)
    assert not locks.join(folder)
    assert locked(folder)
    assert left.exists()


def test_one_run_that_is_not_gone_keeps_the_lock_whoever_else_is(folder):
    note(folder, pid=gone())
    note(folder, pid=os.getppid())
    lock(folder)
    assert not locks.join(folder)
    assert locked(folder)


def test_a_lock_without_any_note_stays(folder):
    lock(folder)
    assert not locks.join(folder)
    assert locked(folder)


def test_a_run_leaves_its_note_while_it_runs_and_not_after(folder):
    script = (
        "import sys; from pathlib import Path; from cnnvis import locks\n"
        "folder = Path(sys.argv[1]); locks.join(folder)\n"
        "print(len(list((folder / 'cnnvis-runs').iterdir())))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, folder], capture_output=True, text=True, check=True
    )
    assert run.stdout == "1\n"
    assert not list((folder / "cnnvis-runs").iterdir())


def test_a_forked_process_leaves_the_note_of_its_parent(folder):
    mine = note(folder, pid=os.getpid())
    locks._leave(mine, gone())
    assert mine.exists()


def test_a_folder_that_cannot_be_written_to_is_left_alone(tmp_path):
    (tmp_path / "file").write_text("")
    assert not locks.join(tmp_path / "file")

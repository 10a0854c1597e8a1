"""A lock is removed where its owner is provably gone, and stays in every other case."""

import os
import subprocess
import sys
import time

import pytest

from cnnvis import locks, processes


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "locks").mkdir()
    return tmp_path


def note(folder, *, pid, host=None, numbering=None, age=60):
    """Leave the note of a run that began ``age`` seconds ago."""
    host, numbering = host or processes.host(), numbering or processes.numbering()
    path = folder / "cnnvis-runs" / f"{pid}.{host}.{numbering}"
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

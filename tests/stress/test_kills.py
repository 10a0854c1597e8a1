"""Killed by force at random moments, a run resumes to the bytes of one that was left in peace.

``CNNVIS_KILLS`` says how many moments (50 unless given), ``CNNVIS_SEED`` which (0).
"""

import os
import random
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

from workflow import runs

KILLS = int(os.environ.get("CNNVIS_KILLS", "50"))
SEED = int(os.environ.get("CNNVIS_SEED", "0"))

#: A study goes on to its end after so many kills.
IN_ONE_STUDY = 4

#: Every kind of file that a stage writes, and one page of figures, in some seconds.
TARGETS = (
    "activations",
    "orders",
    "gradients",
    "backtrack",
    "volumes",
    "kernels",
    "results/digits/digits/figures/channels/conv1",
)


def begin(folder):
    """Start the workflow as the leader of a group of processes, which can be killed as a whole."""
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "snakemake", "--nocolor", "--cores", "2", *TARGETS]
    with (folder / "said.txt").open("a") as log:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def finish(folder):
    """Run the workflow to its end."""
    process = begin(folder)
    assert process.wait(timeout=600) == 0, (folder / "said.txt").read_text()


def kill_after(folder, seconds):
    """Run the workflow for a while, then kill all of it; tell whether it was still at work."""
    process = begin(folder)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    assert process.returncode == 0, (folder / "said.txt").read_text()
    return False


@pytest.fixture(scope="module")
def in_peace(tmp_path_factory):
    """The digests of a run that nobody disturbs, and how long it takes."""
    folder = runs.tiny_study(tmp_path_factory.mktemp("peace"))
    began = time.monotonic()
    finish(folder)
    return runs.digests(folder), time.monotonic() - began


def visible(folder):
    """Digests of the files that a reader would see, without those that are being written."""
    return {
        name: digest
        for name, digest in runs.digests(folder).items()
        if not Path(name).name.startswith(".cnnvis-")
    }


def test_a_killed_run_resumes_to_the_same_bytes(in_peace, tmp_path):
    expected, whole = in_peace
    chance, kills = random.Random(SEED), 0
    for study in count():
        folder = runs.tiny_study(tmp_path / str(study))
        for _ in range(min(IN_ONE_STUDY, KILLS - kills)):
            moment = chance.uniform(0, whole)
            if not kill_after(folder, moment):
                break
            kills += 1
            found = visible(folder)
            half = {name for name in found if found[name] != expected.get(name)}
            assert not half, f"kill {kills}, after {moment:.2f} s: not whole: {half}"
        finish(folder)
        assert runs.digests(folder) == expected, f"after kill {kills}"
        if kills == KILLS:
            break


def test_two_runs_in_one_folder_do_no_harm(in_peace, tmp_path):
    expected, _ = in_peace
    folder = runs.tiny_study(tmp_path / "shared")
    first = begin(folder)
    time.sleep(0.2)
    second = begin(folder)
    statuses = [first.wait(timeout=600), second.wait(timeout=600)]
    assert 0 in statuses
    found = visible(folder)
    assert not {name for name in found if found[name] != expected.get(name)}
    finish(folder)
    assert runs.digests(folder) == expected

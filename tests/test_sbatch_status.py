"""What profiles/sbatch tells Snakemake of a job, with commands of SLURM that are made up."""

import os
import subprocess
import time
from pathlib import Path

import pytest

STATUS = Path(__file__).parents[1] / "profiles/sbatch/status.sh"
UNKNOWN = 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1'
UNREACHABLE = 'echo "Unable to contact slurm controller (connect failure)" >&2; exit 1'
DISABLED = 'echo "Slurm accounting storage is disabled" >&2; exit 1'


class Site:
    """A folder with an own squeue and sacct."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "bin").mkdir()

    def answers(self, squeue, sacct):
        for name, body in (("squeue", squeue), ("sacct", sacct)):
            path = self.folder / "bin" / name
            path.write_text(f'#!/bin/sh\necho "$@" >>asked-{name}\n{body}\n')
            path.chmod(0o755)

    def status(self, **more):
        environment = os.environ | {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"} | more
        return subprocess.run(
            [STATUS, "17"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )

    def says(self, **more):
        return self.status(**more).stdout.split()

    def be_silent_for(self, minutes):
        """Let the silence about the job be older than it is."""
        began = time.time() - 60 * minutes
        os.utime(self.folder / ".snakemake/slurm-silence/17", (began, began))


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("PENDING", "running"),
        ("RUNNING", "running"),
        ("COMPLETING", "running"),
        ("REQUEUED", "running"),
        ("COMPLETED", "success"),
        ("FAILED", "failed"),
        ("CANCELLED", "failed"),
        ("OUT_OF_MEMORY", "failed"),
        ("TIMEOUT", "failed"),
        ("NODE_FAIL", "failed"),
    ],
)
def test_a_state_of_squeue_decides_alone(site, state, expected):
    site.answers(f"echo {state}", "echo COMPLETED")
    assert site.says() == [expected]
    assert not (site.folder / "asked-sacct").exists()
    assert "--jobs 17" in (site.folder / "asked-squeue").read_text()


@pytest.mark.parametrize("squeue", [UNKNOWN, "true", UNREACHABLE])
@pytest.mark.parametrize(
    ("state", "expected"),
    [("COMPLETED", "success"), ("CANCELLED by 1000", "failed"), ("RUNNING", "running")],
)
def test_what_squeue_does_not_know_sacct_is_asked(site, squeue, state, expected):
    site.answers(squeue, f'echo "{state}"')
    assert site.says() == [expected]


@pytest.mark.parametrize("squeue", [UNKNOWN, "true"])
@pytest.mark.parametrize("sacct", [DISABLED, "true"])
def test_a_job_that_nobody_knows_has_failed(site, squeue, sacct):
    site.answers(squeue, sacct)
    answer = site.status()
    assert answer.stdout.split() == ["failed"]
    assert "does not know job 17" in answer.stderr


def test_while_nobody_can_be_asked_a_job_runs_but_not_for_ever(site):
    site.answers(UNREACHABLE, DISABLED)
    assert site.says() == ["running"]
    site.be_silent_for(29)
    assert site.says() == ["running"]
    site.be_silent_for(32)
    answer = site.status()
    assert answer.stdout.split() == ["failed"]
    assert "has not answered for 30 minutes" in answer.stderr


def test_patience_can_be_set(site):
    site.answers(UNREACHABLE, DISABLED)
    assert site.says() == ["running"]
    site.be_silent_for(32)
    assert site.says(CNNVIS_SLURM_PATIENCE="120") == ["running"]


def test_an_answer_ends_the_silence(site):
    site.answers(UNREACHABLE, DISABLED)
    site.says()
    site.be_silent_for(32)
    site.answers("echo RUNNING", DISABLED)
    assert site.says() == ["running"]
    site.answers(UNREACHABLE, DISABLED)
    assert site.says() == ["running"]

"""What profiles/sbatch tells Snakemake of a job, with commands of SLURM that are made up."""

import pytest

from profiles.site import Site

UNKNOWN = 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1'
UNREACHABLE = 'echo "Unable to contact slurm controller (connect failure)" >&2; exit 1'
DISABLED = 'echo "Slurm accounting storage is disabled" >&2; exit 1'


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, "sbatch")


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
    site.answers(squeue=f"echo {state}", sacct="echo COMPLETED")
    assert site.says() == [expected]
    assert not site.asked("sacct")
    assert "--jobs 17" in site.asked("squeue")


@pytest.mark.parametrize("squeue", [UNKNOWN, "true", UNREACHABLE])
@pytest.mark.parametrize(
    ("state", "expected"),
    [("COMPLETED", "success"), ("CANCELLED by 1000", "failed"), ("RUNNING", "running")],
)
def test_what_squeue_does_not_know_sacct_is_asked(site, squeue, state, expected):
    site.answers(squeue=squeue, sacct=f'echo "{state}"')
    assert site.says() == [expected]


def test_sacct_may_answer_in_several_lines(site):
    site.answers(squeue=UNKNOWN, sacct="echo COMPLETED; echo COMPLETED")
    assert site.says() == ["success"]


@pytest.mark.parametrize("squeue", [UNKNOWN, "true"])
@pytest.mark.parametrize("sacct", [DISABLED, "true"])
def test_a_job_that_nobody_knows_has_failed(site, squeue, sacct):
    site.answers(squeue=squeue, sacct=sacct)
    answer = site.status()
    assert answer.stdout.split() == ["failed"]
    assert "does not know job 17" in answer.stderr


def test_while_nobody_can_be_asked_a_job_runs_but_not_for_ever(site):
    site.answers(squeue=UNREACHABLE, sacct=DISABLED)
    assert site.says() == ["running"]
    site.be_silent_for(29)
    assert site.says() == ["running"]
    site.be_silent_for(32)
    answer = site.status()
    assert answer.stdout.split() == ["failed"]
    assert "has not answered for 30 minutes" in answer.stderr


def test_patience_can_be_set(site):
    site.answers(squeue=UNREACHABLE, sacct=DISABLED)
    assert site.says() == ["running"]
    site.be_silent_for(32)
    assert site.says(CNNVIS_PATIENCE="120") == ["running"]


def test_an_answer_ends_the_silence(site):
    site.answers(squeue=UNREACHABLE, sacct=DISABLED)
    site.says()
    site.be_silent_for(32)
    site.answers(squeue="echo RUNNING", sacct=DISABLED)
    assert site.says() == ["running"]
    site.answers(squeue=UNREACHABLE, sacct=DISABLED)
    assert site.says() == ["running"]

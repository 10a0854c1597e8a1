"""What profiles/pbs tells Snakemake of a job, and a run through a PBS that is made up."""

import os
import re
import runpy
import shutil
from pathlib import Path

import pytest

from profiles.site import Site
from workflow import runs

PBS = Path(__file__).with_name("pbs")
UNREACHABLE = 'echo "qstat: cannot connect to server head (errno=15010)" >&2; exit 1'


def state(letter, *more):
    lines = ["Job Id: 17.here", "    Job_Name = extract", f"    job_state = {letter}", *more]
    return f"cat <<'END'\n{chr(10).join(lines)}\nEND"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, "pbs")


@pytest.mark.parametrize(
    ("qstat", "expected"),
    [
        (state("Q"), "running"),
        (state("R", "    resources_used.mem = 1kb"), "running"),
        (state("E"), "running"),
        (state("F", "    Exit_status = 0"), "success"),
        (state("C", "    Exit_status = 0"), "success"),
        (state("F", "    Exit_status = 137"), "failed"),
        (state("F"), "failed"),  # deleted before it began
        ("true", "failed"),
        ('echo "qstat: Unknown Job Id 17" >&2; exit 153', "failed"),
    ],
)
def test_the_state_and_the_exit_status_decide(site, qstat, expected):
    site.answers(qstat=qstat)
    assert site.says() == [expected]
    assert site.asked("qstat") == "-x -f 17\n"


def test_while_nobody_can_be_asked_a_job_runs_but_not_for_ever(site):
    site.answers(qstat=UNREACHABLE)
    assert site.says() == ["running"]
    site.be_silent_for(32)
    assert site.says() == ["failed"]


@pytest.mark.cluster
def test_a_run_through_pbs(tmp_path, monkeypatch):
    folder = runs.tiny_study(tmp_path / "study")
    (tmp_path / "pbs").mkdir()
    monkeypatch.setenv("PATH", f"{PBS}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PBS_FOLDER", str(tmp_path / "pbs"))
    runs.snakemake(folder, "--workflow-profile", "profiles/pbs", "--jobs", 2, "kernels")
    assert list((folder / "results").rglob("*.png"))
    asked = (tmp_path / "pbs/asked").read_text()
    wanted = r"-N network_weights -l select=1:ncpus=1:mem=2400mb:ngpus=0 -l walltime=1200 "
    assert re.search(wanted, asked)


@pytest.mark.cluster
def test_a_run_of_a_study_that_lies_elsewhere(tmp_path, monkeypatch):
    """The profile's own script is found from any working directory."""
    repository = runs.copy_repository(tmp_path / "repository", downloads=False)
    study = tmp_path / "study"
    study.mkdir()
    (tmp_path / "pbs").mkdir()
    for name in ("config.yaml", "digits.py"):
        shutil.copy2(repository / "config/tiny" / name, study / name)
    runpy.run_path(str(study / "digits.py"))["write"](study)
    monkeypatch.setenv("PATH", f"{PBS}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PBS_FOLDER", str(tmp_path / "pbs"))
    there = ("--directory", study, "--configfile", study / "config.yaml")
    profile = ("--workflow-profile", repository / "profiles/pbs", "--jobs", 2)
    weights = "resources/networks/digits.safetensors"
    runs.snakemake(repository, *profile, *there, "--", weights)
    assert (study / weights).is_file()

"""The job that profiles/kubernetes submits, how it fares, and a run through a made-up kubectl."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from kubernetes.client import models

from profiles.site import PROFILES, Site
from workflow import runs

FAKE = Path(__file__).with_name("kubernetes")
UNREACHABLE = 'echo "Unable to connect to the server: dial tcp: i/o timeout" >&2; exit 1'
NOT_FOUND = 'echo "Error from server (NotFound): jobs.batch \\"x\\" not found" >&2; exit 1'


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, "kubernetes")


@pytest.mark.parametrize(
    ("kubectl", "expected"),
    [
        ("true", "running"),
        ("echo Suspended", "running"),
        ("echo Complete", "success"),
        ("echo SuccessCriteriaMet Complete", "success"),
        ("echo SuccessCriteriaMet", "running"),
        ("echo FailureTarget Failed", "failed"),
        (NOT_FOUND, "failed"),
        (UNREACHABLE, "running"),
    ],
)
def test_the_conditions_of_a_job_decide(site, kubectl, expected):
    site.answers(kubectl=kubectl)
    assert site.says() == [expected]
    assert site.asked("kubectl").startswith("get 17 -o jsonpath=")


def test_while_nobody_can_be_asked_a_job_runs_but_not_for_ever(site):
    site.answers(kubectl=UNREACHABLE)
    assert site.says() == ["running"]
    site.be_silent_for(32)
    assert site.says() == ["failed"]


def unknown_keys(value, kind):
    """Keys of a manifest that Kubernetes does not know, by the classes of its own client."""
    if kind.startswith("list["):
        return [key for item in value for key in unknown_keys(item, kind[5:-1])]
    if kind.startswith("dict("):
        return []
    described = getattr(models, kind, None)
    if described is None:  # a number, a string
        return [] if not isinstance(value, (dict, list)) else [f"{value} is no {kind}"]
    names = {name: key for key, name in described.attribute_map.items()}
    wrong = [f"{kind}.{key}" for key in value if key not in names]
    return wrong + [
        more
        for key, item in value.items()
        if key in names
        for more in unknown_keys(item, described.openapi_types[names[key]])
    ]


def submitted(site, *arguments):
    """The manifest that submit.sh hands to kubectl."""
    site.answers(kubectl="cat >manifest; echo job.batch/cnnvis-x")
    environment = os.environ | {"PATH": f"{site.folder}/bin:{os.environ['PATH']}"}
    run = subprocess.run(
        [PROFILES / "kubernetes/submit.sh", *arguments],
        cwd=site.folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stdout == "job.batch/cnnvis-x\n"
    return yaml.safe_load((site.folder / "manifest").read_text())


def test_a_job_is_one_that_kubernetes_knows(site):
    job = submitted(site, "walk_back", "2", "2900", "60", "1", "/study/.snakemake/tmp.x/job.sh")
    assert unknown_keys(job, "V1Job") == []
    assert unknown_keys(job | {"spec": job["spec"] | {"backofflimit": 1}}, "V1Job") == [
        "V1JobSpec.backofflimit"
    ]
    assert job["metadata"]["generateName"] == "cnnvis-walk-back-"
    assert job["spec"]["activeDeadlineSeconds"] == 3600
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["sh", "/study/.snakemake/tmp.x/job.sh"]
    assert container["resources"] == {
        "requests": {"cpu": "2", "memory": "2900M"},
        "limits": {"memory": "2900M", "nvidia.com/gpu": "1"},
    }


@pytest.mark.cluster
def test_a_run_through_kubectl(tmp_path, monkeypatch):
    folder = runs.tiny_study(tmp_path / "study")
    (tmp_path / "jobs").mkdir()
    (tmp_path / "bin").mkdir()
    kubectl = tmp_path / "bin/kubectl"
    kubectl.write_text(f'#!/bin/sh\nexec {sys.executable} {FAKE}/kubectl "$@"\n')
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("KUBERNETES_FOLDER", str(tmp_path / "jobs"))
    runs.snakemake(folder, "--workflow-profile", "profiles/kubernetes", "--jobs", 2, "kernels")
    assert list((folder / "results").rglob("*.png"))
    jobs = [yaml.safe_load(path.read_text()) for path in (tmp_path / "jobs").glob("*.yaml")]
    assert len(jobs) == 2
    assert all(unknown_keys(job, "V1Job") == [] for job in jobs)

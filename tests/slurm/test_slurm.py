"""On a real SLURM the workflow gives the bytes of a local run, whatever happens to its jobs."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from slurm.cluster import PATIENCE, Cluster
from workflow import runs

MISCHIEF = Path(__file__).with_name("mischief")

#: Every kind of file that a stage writes, and one page of figures. The executor for SLURM, which
#: starts two Snakemakes for every job, gets fewer.
FEW = ("activations", "orders", "backtrack")
MANY = (
    *FEW,
    "gradients",
    "volumes",
    "kernels",
    "results/digits/digits/figures/channels/conv1",
)

#: What happens to the first job that runs a script (or to every one: memory).
PLAN = {
    "convert_weights": "fail",
    "check_images": "memory",
    "walk_back": "wait",  # and loses its node
    "order_channels": "wait",  # and is cancelled
}


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as started:
        yield started


@pytest.fixture(scope="module")
def in_peace(tmp_path_factory):
    """The digests of a run on this machine alone."""
    folder = runs.tiny_study(tmp_path_factory.mktemp("peace"))
    runs.snakemake(folder, "--cores", 2, *MANY)
    return runs.digests(folder)


def assert_same(found, in_peace, targets):
    """Whether files have the bytes of the local run, and none of the targets is missing."""
    assert {name for name in found if found[name] != in_peace.get(name)} == set()
    last = {"activations": "activations.h5", "orders": "quality.tsv", "backtrack": "backtracks.h5"}
    for target in set(targets) & set(last):
        assert any(name.endswith(last[target]) for name in found), target
    if set(targets) == set(MANY):
        assert set(found) == set(in_peace)


class Run:
    """The tiny study on the cluster, by a profile, and what is to happen to its jobs.

    Whatever becomes of the test, Snakemake is gone at the end of ``with``.
    """

    def __init__(self, cluster, profile, folder, plan):
        self.cluster = cluster
        self.profile = profile
        self.folder = runs.tiny_study(folder / "study")
        self.mischief = folder / "mischief"
        self.mischief.mkdir()
        (self.mischief / "plan.json").write_text(json.dumps(plan))
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.started:
            self.kill(process)

    def begin(self, *targets):
        """Start Snakemake as the leader of a group of processes."""
        environment = self.cluster.environment | {
            "PYTHONPATH": f"{self.folder}{os.pathsep}{MISCHIEF}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "CNNVIS_MISCHIEF": str(self.mischief),
        }
        command = [sys.executable, "-m", "snakemake", "--nocolor", "--jobs", "4", *targets]
        command += ["--workflow-profile", f"profiles/{self.profile}"]
        with (self.folder / "said.txt").open("a") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def kill(self, process):
        """Kill Snakemake and what it started on this machine; its jobs go on."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def finish(self, process):
        """Wait for the end of Snakemake, which must be a good one."""
        assert process.wait(timeout=3 * PATIENCE) == 0, self.said() + self.cluster.logs()

    def said(self):
        return (self.folder / "said.txt").read_text()

    def asked(self, rule):
        """Return how many MB each attempt of a rule asked for, shard by shard."""
        found = {}
        blocks = re.findall(rf"^rule {rule}:\n(?:    .*\n)+", self.said(), re.MULTILINE)
        for block in blocks:
            shard = re.search(r"shard=(\d+)", block)[1]
            found.setdefault(shard, []).append(int(re.search(r"mem_mb=(\d+)", block)[1]))
        return found

    def go(self):
        """Let go of all that waits."""
        (self.mischief / "go").touch()

    def victim(self, script):
        """Wait until it has happened to a script; return the number of its job."""
        mark = self.mischief / f"happened-{script}"
        self.cluster.wait_until(
            lambda: mark.exists() and mark.read_text(), f"{script} does not run: {self.said()}"
        )
        return mark.read_text()


@pytest.mark.parametrize(("profile", "targets"), [("slurm", FEW), ("sbatch", MANY)])
def test_whatever_happens_to_jobs_the_bytes_are_those_of_a_local_run(
    cluster, in_peace, tmp_path, profile, targets
):
    before = set(cluster.jobs())
    with Run(cluster, profile, tmp_path, PLAN) as run:
        process = run.begin(*targets)
        stranded = run.victim("walk_back")
        node = cluster.node_of(stranded)
        cluster.lose(node)
        cancelled = run.victim("order_channels")
        cluster.ask("scancel", cancelled)
        cluster.wait_until(
            lambda: (cancelled, "CANCELLED") in cluster.jobs(), "a job is not cancelled"
        )
        cluster.be_away(5)
        run.finish(process)
        cluster.set_node(node, "RESUME")
    fates = dict(set(cluster.jobs()) - before)
    assert fates.pop(cancelled) == "CANCELLED"
    assert fates[stranded] == "COMPLETED", "SLURM itself gives it another node"
    assert cluster.node_of(stranded) != node
    assert [*fates.values()].count("FAILED") >= 2, "one that fails, one over its memory"
    asked = run.asked("image_part")
    assert set(asked) == {"0000", "0001"}
    for memory in asked.values():
        assert len(memory) > 1
        assert memory == sorted(set(memory)), "each attempt asks for more memory"
    assert_same(runs.digests(run.folder), in_peace, targets)


@pytest.mark.parametrize("profile", ["slurm", "sbatch"])
def test_jobs_outlive_a_snakemake_that_is_killed_and_do_no_harm(
    cluster, in_peace, tmp_path, profile
):
    with Run(cluster, profile, tmp_path, {"extract": "wait"}) as run:
        killed = run.begin("activations")
        orphan = run.victim("extract")
        run.kill(killed)
        run.finish(run.begin("activations"))
        assert (orphan, "RUNNING") in cluster.jobs()
        assert_same(runs.digests(run.folder), in_peace, ["activations"])
        run.go()  # the orphan writes once more what is there
        cluster.wait_until(
            lambda: (orphan, "COMPLETED") in cluster.jobs(), "the orphan does not end"
        )
        assert_same(runs.digests(run.folder), in_peace, ["activations"])
    runs.snakemake(run.folder, "--cores", 2, "activations")
    assert_same(runs.digests(run.folder), in_peace, ["activations"])

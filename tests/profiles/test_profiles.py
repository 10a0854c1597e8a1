"""Every profile says again what profiles/default says, and plans a run."""

import pytest
import yaml

from profiles.site import PROFILES
from workflow import runs

NAMES = sorted(path.parent.name for path in PROFILES.glob("*/profile.yaml"))
CLUSTERS = sorted(set(NAMES) - {"default"})


def profile(name):
    return yaml.safe_load((PROFILES / name / "profile.yaml").read_text())


def test_a_profile_keeps_what_the_default_says():
    default = profile("default")
    assert CLUSTERS == ["kubernetes", "pbs", "sbatch", "slurm"]
    for name in CLUSTERS:
        more = profile(name)
        for key in ("show-failed-logs", "rerun-incomplete", "rerun-triggers"):
            assert more[key] == default[key], (name, key)
        assert more["default-resources"].items() >= default["default-resources"].items(), name
        assert more["retries"] == 2, name


@pytest.mark.parametrize("name", CLUSTERS)
def test_the_commands_of_a_profile_are_there(name):
    for key in ("status-cmd", "cancel-cmd"):
        command = profile(name).get(f"cluster-generic-{key}", "")
        assert "/" not in command, "Snakemake finds a script beside the profile from anywhere"
        if command.endswith(".sh"):
            assert (PROFILES / name / command).stat().st_mode & 0o111, command


@pytest.mark.workflow
@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("name", CLUSTERS)
def test_a_profile_plans_a_run(tmp_path_factory, name, device):
    folder = runs.tiny_study(tmp_path_factory.mktemp(name))
    config = ("--config", f"device={device}")
    run = runs.snakemake(
        folder, "--workflow-profile", f"profiles/{name}", "-n", "activations", *config
    )
    (block,) = [one for one in run.stdout.split("\n[") if "rule extract:" in one][:1]
    assert ("gpu=1" in block) == (device == "cuda")
    assert f"mem_mb={4400 if device == 'cuda' else 1900}," in block

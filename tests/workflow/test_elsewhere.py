"""A study in a folder of its own, away from the workflow: ``--directory``."""

import runpy
import shutil

import pytest

from workflow import runs

pytestmark = pytest.mark.workflow


def test_a_change_of_an_own_network_is_seen_there(tmp_path):
    repository = runs.copy_repository(tmp_path / "repository", downloads=False)
    study = tmp_path / "study"
    study.mkdir()
    for name in ("config.yaml", "digits.py"):
        shutil.copy2(repository / "config/tiny" / name, study / name)
    runpy.run_path(str(study / "digits.py"))["write"](study)
    wanted = ("--directory", study, "--configfile", study / "config.yaml", "--", "activations")
    runs.snakemake(repository, "--cores", "2", *wanted)
    assert runs.would_run(repository, *wanted) == {}
    network = study / "digits.py"
    network.write_text(network.read_text() + "\n\n# no change\n")
    assert runs.would_run(repository, *wanted) == {}
    network.write_text(network.read_text() + "\n\nCHANGED = True\n")
    again = runs.would_run(repository, *wanted)
    assert again["network_weights"] == 1
    assert again["extract"] == 2

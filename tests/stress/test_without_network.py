"""After the stage of downloads no network is needed: the rest runs in a world without one.

The kernel's network namespaces give a process a machine without any connection, not even to
itself. ``make test-offline`` runs this.
"""

import os
import subprocess
import sys

import pytest

from workflow import runs

pytestmark = pytest.mark.workflow

CONNECT = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=5)"


def alone():
    """Return the command that runs another one without a network; skip where that is refused."""
    command = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    try:
        probe = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("this system has no command unshare, which takes the network away")
    if probe.returncode:
        pytest.skip(f"this system lets nobody take the network away: {probe.stderr.strip()}")
    return command


def snakemake(folder, *arguments):
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*alone(), sys.executable, "-m", "snakemake", "--nocolor", "--cores", "2", *arguments]
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def test_there_is_no_network_in_there():
    run = subprocess.run(
        [*alone(), sys.executable, "-c", CONNECT], capture_output=True, text=True, check=False
    )
    assert "Network is unreachable" in run.stderr


def test_a_study_without_downloads_needs_no_network(tmp_path):
    folder = runs.tiny_study(tmp_path / "tiny")
    snakemake(folder)
    assert (folder / "results/index.html").is_file()


def test_the_default_study_needs_no_network_after_its_downloads(tmp_path, fetched):
    """Evaluation is left out, which takes minutes: all other stages, figures and pages are here."""
    from cnnvis import catalogue

    alone()
    for name in catalogue.archives():
        fetched(name)
    folder = runs.copy_repository(tmp_path / "default")
    assert "fetch_archive" not in runs.would_run(folder), "what is there is not fetched again"
    said = snakemake(folder)
    assert "rule fetch_archive" not in said
    assert "localrule fetch_archive" not in said
    assert (folder / "results/index.html").is_file()


def test_without_a_network_a_missing_download_is_a_sentence(tmp_path):
    folder = runs.copy_repository(tmp_path / "default", downloads=False)
    command = [
        *alone(),
        sys.executable,
        "-m",
        "snakemake",
        "--nocolor",
        "--cores",
        "2",
        "downloads",
    ]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode
    said = run.stdout + run.stderr
    assert "error: " in said
    assert "cannot be downloaded" in said
    assert "put it at resources/archives/" in said
    assert "Traceback" not in said

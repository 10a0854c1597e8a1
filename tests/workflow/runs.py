"""Running Snakemake on copies of the repository, so that a test may change anything."""

import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config.yaml", "environment.yml", "workflow", "profiles", "config", "cnnvis")
SKIPPED = shutil.ignore_patterns(".snakemake")


def copy_repository(folder, *, downloads=True):
    """Copy what a run needs, and the downloads if they are there already.

    Compiled modules go along: Python holds them to time and size of the source, which a change in
    a copy changes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=SKIPPED)
        else:
            shutil.copy2(source, folder / part)
    archives = ROOT / "resources/archives"
    if downloads and archives.is_dir():
        shutil.copytree(archives, folder / "resources/archives")
    return folder


def tiny_study(folder):
    """Make a copy of the repository whose config.yaml is that of the tiny study."""
    copy_repository(folder, downloads=False)
    shutil.copy2(folder / "config/tiny/config.yaml", folder / "config.yaml")
    shutil.copy2(folder / "config/tiny/digits.py", folder / "digits.py")
    runpy.run_path(str(folder / "digits.py"))["write"](folder)
    return folder


EVALUATION = """
evaluation:
  methods:
    - backtrack
    - {name: "backtrack, k = 1", method: backtrack, options: {k: 1}}
    - grad_cam
    - gradient
    - guided_backprop
    - centre
  steps: 2
  mosaics: {count: 2}
  scenes: {count: 5}
  sanity: {methods: [backtrack, gradient], images: 2, stages: 2, classes: 1, measures: [spearman]}
"""


def evaluated_study(folder):
    """Make a copy of the tiny study whose explanations are measured, by few methods and images."""
    tiny_study(folder)
    with (folder / "config.yaml").open("a") as file:
        file.write(EVALUATION)
    return folder


@cache
def _server():
    """Return the process that runs Snakemake; it ends with this one, which closes its input."""
    return subprocess.Popen(
        [sys.executable, Path(__file__).with_name("warm.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


def snakemake(folder, *arguments, check=True):
    """Run Snakemake in a copy, with the package of the copy."""
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = ["--nocolor", *map(str, arguments)]
    with TemporaryDirectory() as said:
        files = {name: f"{said}/{name}" for name in ("stdout", "stderr")}
        request = {"folder": str(folder), "arguments": command, "environment": environment}
        server = _server()
        print(json.dumps(request | files), file=server.stdin)
        status = int(server.stdout.readline())
        texts = {name: Path(path).read_text() for name, path in files.items()}
    run = subprocess.CompletedProcess(command, status, **texts)
    if check and run.returncode:
        raise AssertionError(f"snakemake {' '.join(command)} failed:\n{run.stdout}\n{run.stderr}")
    return run


def would_run(folder, *arguments):
    """Return the jobs that a dry run announces: rule -> how many."""
    output = snakemake(folder, "--dry-run", *arguments)
    text = output.stdout + output.stderr
    stats = re.search(r"Job stats:\n[^\n]*\n-[- ]*\n(.*?)\ntotal", text, re.DOTALL)
    if stats is None:
        assert "Nothing to be done" in text, text
        return {}
    rows = (line.split() for line in stats[1].splitlines())
    return {rule: int(count) for rule, count in rows if rule != "all"}


def unasked(folder, target):
    """Return the results of the jobs that ran which a target does not ask for by name."""
    run = snakemake(folder, "--dry-run", "--force", target)
    block = re.search(rf"rule {target}:\n    input: ([^\n]*)\n", run.stdout + run.stderr)
    asked = {Path(path) for path in block[1].split(", ")}
    made = [
        Path(path)
        for record in (folder / "results/records").rglob("*.json")
        for path in json.loads(record.read_text())["outputs"]
    ]
    return sorted(
        path.as_posix()
        for path in made
        if path.parts[0] == "results" and not asked & {path, *path.parents}
    )


def digests(folder):
    """Return the sha256 of every result, logs and benchmark tables aside."""
    skipped = ("logs", "benchmarks", ".snakemake")
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for top in ("results", "resources")
        for path in sorted((folder / top).rglob("*"))
        if path.is_file()
        and path.name != ".snakemake_timestamp"
        and not set(path.relative_to(folder).parts) & set(skipped)
    }

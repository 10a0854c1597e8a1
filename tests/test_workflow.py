"""The log of a job keeps everything, and an error of the user's is one paragraph."""

import json
import re
import subprocess
import sys

import pytest

JOB = """
import os, sys
from cnnvis.errors import ConfigError
from cnnvis.workflow import job
from types import SimpleNamespace
given = SimpleNamespace(log=["logs/a.log"], rule="a", params={{}}, input=[], output=[])
with job(given):
    print("from Python", flush=True)
    os.system("echo from a child")
    {body}
"""


@pytest.mark.parametrize(
    ("body", "code", "expected", "absent"),
    [
        ("pass", 0, "from a child", "error"),
        ("raise ConfigError('no layer x')", 1, "error: no layer x", "Traceback"),
        ("raise ValueError('a bug')", 1, "Traceback", "error: a bug"),
    ],
)
def test_a_job_logs_what_it_prints_and_how_it_fails(tmp_path, body, code, expected, absent):
    run = subprocess.run([sys.executable, "-c", JOB.format(body=body)], cwd=tmp_path, check=False)
    log = (tmp_path / "logs/a.log").read_text()
    assert run.returncode == code
    assert "from Python" in log
    assert expected in log
    assert absent not in log


@pytest.mark.parametrize(("held", "least", "most"), [(0, 5, 100), (300_000_000, 300, 400)])
def test_the_last_line_of_a_log_says_what_memory_the_job_took(tmp_path, held, least, most):
    beside = bytearray(200_000_000)  # of the process that starts the job, and none of its own
    run = JOB.format(body=f"held = b'x' * {held}; del held")
    subprocess.run([sys.executable, "-c", run], cwd=tmp_path, check=True)
    del beside
    last = (tmp_path / "logs/a.log").read_text().splitlines()[-1]
    peak = float(re.fullmatch(r"peak memory: (\d+) MB", last)[1])
    assert least < peak < most


GATHERS = """
from types import SimpleNamespace
from cnnvis import records
from cnnvis.workflow import job
hashed = []
records.sha256 = lambda path: hashed.append(path) or 64 * "0"
given = SimpleNamespace(
    log=["results/logs/gather.log"], rule="gather", params={}, input=["a.h5", "b.h5"], output=["c"]
)
with job(given, reads_through=given.input):
    pass
assert hashed == ["c"], hashed
"""


def test_a_job_names_what_its_output_reads_through_to_without_reading_it(tmp_path):
    (tmp_path / "c").touch()
    subprocess.run([sys.executable, "-c", GATHERS], cwd=tmp_path, check=True)
    record = json.loads((tmp_path / "results/records/gather.json").read_text())
    assert (record["inputs"], record["reads_through"]) == ({}, ["a.h5", "b.h5"])


WATCHED = """
from cnnvis.progress import Lines
from cnnvis.workflow import job
from types import SimpleNamespace
log = "results/logs/explain/net/photos.log"
given = SimpleNamespace(log=[log], rule="explain", params={}, input=[], output=[])
with job(given) as watch:
    watch._clock = iter([0.0, 0.0, 50.0, 100.0]).__next__
    print("only in the log")
    list(watch(["a", "b"], "methods"))
"""


def test_long_work_is_seen_in_the_log_and_where_snakemake_writes(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", WATCHED], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    log = (tmp_path / "results/logs/explain/net/photos.log").read_text()
    line = "explain net photos: methods 1 of 2, 0.02 a second, about 50 s left"
    assert line in log
    assert "only in the log" in log
    assert line in run.stderr
    assert "only in the log" not in run.stderr
    assert run.stdout == ""

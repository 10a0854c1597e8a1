"""The log of a job keeps everything, and an error of the user's is one paragraph."""

import subprocess
import sys

import pytest

JOB = """
import os, sys
from cnnvis.errors import ConfigError
from cnnvis.workflow import job
with job("logs/a.log"):
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

"""What goes wrong inside jobs, by plan: Python imports this at its start, before a thin script.

``CNNVIS_MISCHIEF`` names a folder with ``plan.json``: script -> what happens to it. Each but
``memory`` happens once, to the first job that runs the script; ``happened-{script}`` then holds the
number of the job.
"""

import json
import os
import sys
import time
from pathlib import Path


def first(folder, script):
    """Whether nothing has happened to a script yet; it has then."""
    try:
        with (folder / f"happened-{script}").open("x") as file:
            file.write(os.environ["SLURM_JOB_ID"])
    except FileExistsError:
        return False
    return True


def befall(folder, script, what):
    """Let something happen to the job that this process works for."""
    if what == "memory":  # every time, until there is room
        first(folder, script)
        held = b"x" * 600_000_000
        time.sleep(5)  # SLURM looks once a second
        del held
    elif first(folder, script):
        if what == "fail":
            os._exit(1)
        wait_for(folder / "go")


def wait_for(path):
    """Wait until a file is there, for ten minutes at most."""
    for _ in range(6000):
        if path.exists():
            return
        time.sleep(0.1)


def main():
    """See whether this process runs a script of the plan."""
    folder = Path(os.environ["CNNVIS_MISCHIEF"])
    command = " ".join(sys.orig_argv)
    for script, what in json.loads((folder / "plan.json").read_text()).items():
        if f".{script}.py" in command and ".snakemake/scripts/" in command:
            befall(folder, script, what)


if "CNNVIS_MISCHIEF" in os.environ:
    main()

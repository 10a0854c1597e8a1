"""A folder with made-up commands of a scheduler, and a status script that asks them."""

import os
import subprocess
import time
from pathlib import Path

PROFILES = Path(__file__).parents[2] / "profiles"


class Site:
    """What a profile's status script says of job 17, by what the scheduler's commands answer."""

    def __init__(self, folder, profile):
        self.folder = folder
        self.script = PROFILES / profile / "status.sh"
        (folder / "bin").mkdir()

    def answers(self, **commands):
        """Let commands be these lines of shell; each notes what it was asked."""
        for name, body in commands.items():
            path = self.folder / "bin" / name
            path.write_text(f'#!/bin/sh\necho "$@" >>asked-{name}\n{body}\n')
            path.chmod(0o755)

    def asked(self, name):
        """Return what a command was asked, empty where it was not."""
        path = self.folder / f"asked-{name}"
        return path.read_text() if path.exists() else ""

    def status(self, **more):
        environment = os.environ | {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"} | more
        return subprocess.run(
            [self.script, "17"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )

    def says(self, **more):
        return self.status(**more).stdout.split()

    def be_silent_for(self, minutes):
        """Let the silence about the job be older than it is."""
        began = time.time() - 60 * minutes
        os.utime(self.folder / ".snakemake/unanswered/17", (began, began))

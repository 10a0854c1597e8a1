"""Snakemake, imported once and forked for every run: two seconds less for each.

``python warm.py`` reads one run per line (JSON: folder, arguments, environment, and the files for
what it says) and answers each with a line: its exit status.
"""

import json
import os
import sys


def serve(requests, answer):
    """Carry out one run after the other, each in a process of its own."""
    import snakemake.cli

    for line in requests:
        child = os.fork()
        if child == 0:
            _become(**json.loads(line))
            snakemake.cli.main()  # leaves by sys.exit, as the command does
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answer, flush=True)


def _become(folder, arguments, environment, stdout, stderr):
    """Be as a process that was started by ``python -m snakemake`` in a folder."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.dont_write_bytecode = bool(environment.get("PYTHONDONTWRITEBYTECODE"))
    sys.path[0] = folder
    sys.argv = ["snakemake", *arguments]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, path in ((1, stdout), (2, stderr)):
        os.dup2(os.open(path, flags), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)

"""What every thin script runs in: a job whose log keeps all that is printed, and its record."""

import contextlib
import os
import re
import resource
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from cnnvis import records
from cnnvis.errors import CnnvisError
from cnnvis.progress import Lines


class Snakemake(Protocol):
    """What Snakemake gives to a script, as far as it is used here."""

    log: Sequence[str]
    rule: str
    params: Any
    input: Iterable[str]
    output: Iterable[str]


@contextlib.contextmanager
def job(given: Snakemake, *, reads_through: Iterable[str] = ()) -> Iterator[Lines]:
    """Run the body of a script with everything it prints in the rule's log.

    File descriptors are redirected, not Python's streams alone, so that what libraries print from C
    is kept too. An error meant for the user is printed as one paragraph, any other with its
    traceback; both end the script with exit code 1. When the body has ended well, the hashes of
    all that went in and came out are recorded (:mod:`cnnvis.records`).
    The last line of a log says how much memory the script took at most, which Snakemake's benchmark
    sees only if it looks at that moment.

    Args:
        given: what Snakemake gives to the script.
        reads_through: those of the inputs that the output reads through to: not hashed, but named.

    Yields:
        What long work is watched with: its lines go to the log, and to where Snakemake writes.
    """
    log = given.log[0]
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    outside = os.dup(sys.stderr.fileno())
    with (
        Path(log).open("w", buffering=1, encoding="utf-8") as file,
        os.fdopen(outside, "w", encoding="utf-8", errors="replace") as terminal,
    ):
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
        try:
            yield Lines(_name(log), [file, terminal])
            records.write(
                log,
                rule=given.rule,
                params=dict(given.params.items()),
                inputs=given.input,
                outputs=given.output,
                reads_through=reads_through,
            )
        except CnnvisError as error:
            print(f"error: {error}", file=file)
            sys.exit(1)
        except Exception:
            traceback.print_exc(file=file)
            sys.exit(1)
        finally:
            print(f"peak memory: {_peak_memory():.0f} MB", file=file)


def _peak_memory() -> float:
    """Return the most memory this process has held so far, in MB (10^6 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():
        (high_water,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status.read_text("ascii"), re.MULTILINE)
        return int(high_water) * 1024 / 1e6
    # What getrusage says begins, on Linux, with the memory of the process that started this one.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _name(log: str) -> str:
    """Return what a job is called, from the path of its log: rule and wildcards.

    >>> _name("results/logs/explain/squeezenet1_1/photos.log")
    'explain squeezenet1_1 photos'
    """
    parts = Path(log).with_suffix("").parts
    return " ".join(parts[parts.index("logs") + 1 :] if "logs" in parts else parts[-1:])

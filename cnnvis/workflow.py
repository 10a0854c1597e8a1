"""What every thin script runs in: a job whose log keeps all that is printed."""

import contextlib
import os
import re
import resource
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from cnnvis.errors import CnnvisError
from cnnvis.progress import Lines


@contextlib.contextmanager
def job(log: str) -> Iterator[Lines]:
    """Run the body of a script with everything it prints in the rule's log.

    File descriptors are redirected, not Python's streams alone, so that what libraries print from C
    is kept too. An error meant for the user is printed as one paragraph, any other with its
    traceback; both end the script with exit code 1. The last line of a log says how much memory
    the script took at most, which Snakemake's benchmark sees only if it looks at that moment.

    Yields:
        What long work is watched with: its lines go to the log, and to where Snakemake writes.
    """
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

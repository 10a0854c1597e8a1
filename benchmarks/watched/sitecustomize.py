"""Python loads this by itself where it is on the path: every process notes what starting cost it.

The outermost imports are timed, by the processor, on the main thread. See ``overhead.py``.
"""

import atexit
import builtins
import json
import os
import sys
import threading
import time
from pathlib import Path

FOLDER = os.environ.get("CNNVIS_OVERHEAD")


def watch(folder: Path) -> None:
    """Time imports from now on, and write a note when the process ends."""
    load, spent, depth = builtins.__import__, [time.process_time()], [0]
    main = threading.main_thread()

    def timed(*args: object, **kwargs: object) -> object:
        if depth[0] or threading.current_thread() is not main:
            return load(*args, **kwargs)
        depth[0], begin = 1, time.process_time()
        try:
            return load(*args, **kwargs)
        finally:
            depth[0] = 0
            spent[0] += time.process_time() - begin

    def note() -> None:
        found = {"argv": sys.argv, "start": spent[0], "all": time.process_time()}
        (folder / f"{os.getpid()}-{time.monotonic_ns()}.json").write_text(json.dumps(found))

    builtins.__import__ = timed  # type: ignore[assignment]  # the same, and timed
    atexit.register(note)


if FOLDER:
    watch(Path(FOLDER))

"""Who runs where: processes of this machine, as far as they can be told from others."""

import hashlib
import math
import os
import platform
import re
from pathlib import Path

_NO_CONTAINER = 0xEFFFFFFC
"""Linux's number for the numbering of processes that a machine itself has."""


def is_running(pid: int) -> bool:
    """Tell whether a process of this machine runs; it may be another than the one that is meant."""
    try:
        os.kill(pid, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs, as somebody else
        return True
    return True


def host() -> str:
    """Return the name of this machine, short, of letters and digits.

    >>> re.fullmatch("[A-Za-z0-9-]{1,24}", host()) is not None
    True
    """
    return re.sub(r"[^A-Za-z0-9]", "-", platform.node())[:24] or "unnamed"


def numbering() -> str:
    """Return what tells this numbering of processes from another of the same machine.

    Containers number their processes by themselves, and after a start the machine begins anew: the
    same number may then mean another process. Empty where the machine does not tell (no Linux).
    """
    try:
        space = Path("/proc/self/ns/pid").stat().st_ino
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
    return f"{space}-{boot}"


def machine() -> str:
    """Return what tells this machine from others of its name, of letters and digits.

    It stays the same when the machine is started again. Empty where that cannot be known: without
    ``/etc/machine-id`` (no Linux), and in containers, which have the one of their image.

    >>> re.fullmatch("([0-9a-f]{12})?", machine()) is not None
    True
    """
    try:
        if Path("/proc/self/ns/pid").stat().st_ino != _NO_CONTAINER:
            return ""
        found = Path("/etc/machine-id").read_bytes().strip()
    except OSError:
        return ""
    return hashlib.sha256(found).hexdigest()[:12] if found else ""  # itself it is not to be shown


def started() -> float:
    """Return when this machine was started, in seconds since 1970; if unknown, infinitely long ago.

    >>> import time
    >>> started() < time.time()
    True
    """
    try:
        found = re.search(r"^btime (\d+)$", Path("/proc/stat").read_text("ascii"), re.MULTILINE)
    except OSError:
        return -math.inf
    return float(found[1]) if found else -math.inf

"""Who runs where: processes of this machine, as far as they can be told from others."""

import os
import platform
import re
from pathlib import Path


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

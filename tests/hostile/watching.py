"""What Python does while hostile input is read: programs, connections, files that are written."""

import os
import sys
from contextlib import contextmanager

from cnnvis.errors import CnnvisError

#: Events of Python's audit that no reader of a file has a reason for.
FORBIDDEN = (
    "ctypes.dlopen", "ftplib.connect", "http.client.connect", "os.chmod", "os.exec", "os.fork",
    "os.link", "os.mkdir", "os.posix_spawn", "os.remove", "os.rename", "os.rmdir", "os.spawn",
    "os.symlink", "os.system", "os.truncate", "shutil.copyfile", "shutil.rmtree", "socket.connect",
    "socket.getaddrinfo", "subprocess.Popen", "urllib.Request", "webbrowser.open",
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_seen = []
_watching = [False]


def _hook(event, arguments):
    if not _watching[0]:
        return
    if event in FORBIDDEN or (event == "open" and _is_writing(arguments[2])):
        _seen.append((event, arguments))


def _is_writing(flags):
    return isinstance(flags, int) and flags & WRITING


sys.addaudithook(_hook)  # for good: Python has no way to take one away


@contextmanager
def nothing_done():
    """Fail if the block starts a program, connects to anything or writes a file."""
    del _seen[:]
    _watching[0] = True
    try:
        yield
    finally:
        _watching[0] = False
    assert _seen == []


def outcome(read, name):
    """Return ``read``, or ``refused`` where an error of ours names the file; others pass."""
    try:
        read()
    except CnnvisError as error:
        return "refused" if name in str(error) else f"refused without its name: {error}"
    return "read"

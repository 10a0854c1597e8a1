"""What Python does while hostile input is read: programs, connections, files that are written."""

import os
import sys
from contextlib import contextmanager

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
    if event in FORBIDDEN:
        _seen.append((event, arguments))
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
        _seen.append((event, arguments))


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

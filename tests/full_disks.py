"""Disks that are full, for tests: a limit on the size of files, and a real disk of one megabyte."""

import resource
import shutil
import subprocess
from contextlib import contextmanager

import pytest

ROOM = 1 << 20
"""Bytes that fit."""
KINDS = ("file size limit", "small disk")


@contextmanager
def full_disk(kind, folder):
    """Yield a folder in which no file can grow beyond ``ROOM``."""
    with _small_disk(folder) if kind == "small disk" else _file_size_limit(folder):
        yield folder


@contextmanager
def _file_size_limit(folder):
    folder.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _small_disk(folder, options=f"size={ROOM}"):
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root; the file size limit is tested instead")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def read_only_disk(folder):
    """Yield a folder that nothing can be written to, not even by root."""
    with _small_disk(folder, options="ro"):
        yield folder

"""The watch sees what it is there for: each kind of harm, done on purpose."""

import os
import pickle
import socket
import subprocess
from pathlib import Path

import pytest

from hostile import canaries
from hostile.watching import nothing_done


def connect():
    with socket.socket() as one:
        one.connect_ex(("127.0.0.1", 9))


@pytest.mark.parametrize(
    "harm",
    [
        lambda: os.system("true"),
        lambda: subprocess.run(["true"], check=True),
        lambda: Path("x").write_text("x"),
        lambda: Path("x").touch(),
        lambda: Path("x").mkdir(),
        lambda: Path("x").symlink_to("y"),
        lambda: pickle.loads(pickle.dumps(canaries.Reduced())),
        connect,
    ],
)
def test_harm_is_seen(harm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError), nothing_done():
        harm()


def test_reading_is_no_harm():
    with nothing_done():
        Path(__file__).read_text()


def test_the_folder_shows_every_trace(sealed):
    with pytest.raises(AssertionError), sealed():
        canaries.touch()

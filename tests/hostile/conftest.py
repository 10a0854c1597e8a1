"""A folder in which every trace shows."""

from contextlib import contextmanager

import pytest

from hostile.watching import nothing_done


@pytest.fixture
def sealed(tmp_path, monkeypatch):
    """Return a context in which a file is read: the folder is as it was when the block ends."""
    inside = tmp_path / "a/b"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)

    @contextmanager
    def sealed():
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        with nothing_done():
            yield
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before

    return sealed

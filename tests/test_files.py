"""Files are whole or not there, and errors blame the right file."""

import errno
import hashlib
import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from full_disks import KINDS, ROOM, full_disk, read_only_disk
from hypothesis import given
from hypothesis import strategies as st

from cnnvis import files
from cnnvis.errors import FileError


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def write_and_raise(path, error):
    with files.replacing(path) as temporary:
        temporary.write_text("half")
        raise error


def test_a_file_appears_when_it_is_whole(tmp_path):
    target = tmp_path / "new" / "folder" / "a.txt"
    with files.replacing(target) as temporary:
        temporary.write_text("whole")
        assert temporary.parent == target.parent
        assert not target.exists()
    assert target.read_text() == "whole"
    assert names(target.parent) == ["a.txt"]


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_and_raise(target, ZeroDivisionError())
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_nothing_is_left_after_an_interrupt(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write_and_raise(tmp_path / "a.txt", KeyboardInterrupt())
    assert names(tmp_path) == []


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    target = tmp_path / "a.txt"
    with files.replacing(target) as one, files.replacing(target) as other:
        one.write_text("one")
        other.write_text("other")
    assert target.read_text() == "one"  # the outer one ends last
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("name", ["a.nrrd", "ä" * 120 + ".png", "x" * 250 + ".csv"])
def test_the_temporary_file_has_the_suffix_and_a_name_that_is_not_too_long(tmp_path, name):
    with files.replacing(tmp_path / name) as temporary:
        temporary.write_bytes(b"")
        assert temporary.suffix == (tmp_path / name).suffix
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_explained_and_nothing_is_left(tmp_path, kind):
    with full_disk(kind, tmp_path / "disk") as disk:
        with (
            pytest.raises(FileError, match=r"no space left while writing .*a\.bin \(\d+ MB free"),
            files.replacing(disk / "a.bin") as temporary,
        ):
            temporary.write_bytes(bytes(2 * ROOM))
        assert names(disk) == []


def test_a_read_only_disk_is_explained(tmp_path):
    with read_only_disk(tmp_path / "disk") as disk:
        with pytest.raises(FileError, match=r"cannot write .*a\.txt: Read-only file system"):
            files.write_text(disk / "a.txt", "text")
        with pytest.raises(FileError, match=r"cannot write .*a\.txt: Read-only file system"):
            files.write_text(disk / "deep" / "er" / "a.txt", "text")


def refusal(name):
    """What the operating system says to a user who is not root."""
    return PermissionError(errno.EACCES, "Permission denied", name)


def test_a_forbidden_folder_is_explained(tmp_path):
    target = tmp_path / "a.txt"
    with (
        pytest.raises(FileError, match=r"cannot write .*a\.txt: Permission denied.* --directory"),
        files.replacing(target) as temporary,
    ):
        raise refusal(str(temporary))


def test_a_file_in_the_place_of_the_folder_is_explained(tmp_path):
    (tmp_path / "results").write_text("no folder")
    with pytest.raises(FileError, match=r"cannot write .*results/a\.txt: "):
        files.write_text(tmp_path / "results" / "a.txt", "text")


def test_a_folder_in_the_place_of_the_file_is_explained(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(FileError, match=r"cannot write .*a\.txt: "):
        files.write_text(tmp_path / "a.txt", "text")
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    "error",
    [
        refusal("/elsewhere/other.h5"),
        OSError(errno.ENOSPC, "No space left on device", "/elsewhere/other.h5"),
        OSError(errno.EIO, "Input/output error"),
        PermissionError("unable to open file: name = '/elsewhere/other.h5', errno = 13"),
        OSError("truncated"),
    ],
)
def test_an_error_of_another_file_is_not_blamed_on_the_target(tmp_path, error):
    with pytest.raises(OSError, match=re.escape(str(error))) as caught:
        write_and_raise(tmp_path / "a.txt", error)
    assert caught.value is error
    assert names(tmp_path) == []


def test_reading_a_missing_file_inside_the_block_says_so(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match=r"photo\.jpg"),
        files.replacing(tmp_path / "a.txt"),
    ):
        (tmp_path / "photo.jpg").read_bytes()


def test_a_relative_path_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files.write_text("a.txt", "text")
    assert names(tmp_path) == ["a.txt"]
    files.require_space("a.txt", 1)


def test_more_than_the_disk_can_hold_is_refused_before_it_begins(tmp_path):
    files.require_space(tmp_path / "not" / "yet" / "there.h5", 1)
    with pytest.raises(
        FileError, match=r"there\.h5 needs 1000000000000 MB, and its disk has \d+ MB"
    ):
        files.require_space(tmp_path / "not" / "yet" / "there.h5", 10**18)


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    target = tmp_path / "a.h5"
    script = (
        "import os, signal, sys\n"
        "from cnnvis import files\n"
        "with files.replacing(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(target)])
    assert killed.returncode == -9
    (left,) = names(tmp_path)
    assert left.startswith(".cnnvis-")
    files.remove_leftovers(tmp_path / "b.h5")
    assert names(tmp_path) == [left]
    files.remove_leftovers(target)
    assert names(tmp_path) == []
    files.remove_leftovers(tmp_path / "no" / "folder.h5")


def test_a_temporary_file_of_a_process_that_runs_is_left_alone(tmp_path):
    with files.replacing(tmp_path / "a.h5") as temporary:
        temporary.write_text("being written")
        files.remove_leftovers(tmp_path / "a.h5")
        assert temporary.exists()


def test_a_temporary_file_of_somebody_else_s_process_is_left_alone(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "kill", refuse)
    with files.replacing(tmp_path / "a.h5") as temporary:
        temporary.write_text("being written")
        files.remove_leftovers(tmp_path / "a.h5")
        assert temporary.exists()


@given(st.binary(max_size=100))
def test_sha256_is_that_of_the_bytes(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("sha") / "a.bin"
    path.write_bytes(data)
    assert files.sha256(path) == hashlib.sha256(data).hexdigest()


def test_sha256_reads_beyond_one_block(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_HASH_BLOCK", 7)
    (tmp_path / "a.bin").write_bytes(bytes(range(100)))
    assert files.sha256(tmp_path / "a.bin") == hashlib.sha256(bytes(range(100))).hexdigest()


def test_equal_values_are_equal_json():
    assert files.canonical_json({"b": (1, 2.5), "a": "é"}) == '{"a":"é","b":[1,2.5]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.canonical_json(float("nan"))


def test_json_and_text_are_utf8_with_plain_line_ends(tmp_path):
    files.write_json(tmp_path / "a.json", {"name": "é"})
    assert (tmp_path / "a.json").read_bytes() == '{\n "name": "é"\n}\n'.encode()


def test_an_array_is_read_back(tmp_path):
    values = np.arange(6.0).reshape(2, 3)
    files.write_array(tmp_path / "a.npy", values)
    assert np.array_equal(np.load(tmp_path / "a.npy"), values)
    expected = io.BytesIO()
    np.save(expected, values)
    assert (tmp_path / "a.npy").read_bytes() == expected.getvalue()


def test_an_array_that_does_not_fit_is_explained(tmp_path):
    with full_disk("file size limit", tmp_path / "disk") as disk:
        with pytest.raises(FileError, match="no space left"):
            files.write_array(disk / "a.npy", np.zeros(2 * ROOM, np.uint8))
        assert names(disk) == []

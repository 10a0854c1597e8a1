"""The file under HDF5 behaves like a file, and never fails."""

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis import hdf5_sink
from cnnvis.hdf5_sink import Sink

STEP = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 40), st.binary(max_size=20)),
    st.tuples(st.just("read"), st.integers(0, 60), st.integers(0, 30)),
    st.tuples(st.just("truncate"), st.integers(0, 60), st.none()),
)


@given(steps=st.lists(STEP, max_size=12), fails_at=st.none() | st.integers(0, 8))
def test_what_is_written_is_read_also_after_the_disk_is_full(tmp_path_factory, steps, fails_at):
    path = tmp_path_factory.mktemp("sink") / "a.bin"
    model = bytearray()
    sink = Sink(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hdf5_sink.os, "pwrite", failing_after(fails_at))
        for kind, place, value in steps:
            sink.seek(place)
            if kind == "write":
                assert sink.write(value) == len(value)
                model.extend(bytes(max(0, place + len(value) - len(model)) if value else 0))
                model[place : place + len(value)] = value
                assert sink.tell() == place + len(value)
            elif kind == "read":
                buffer = bytearray(b"?" * value)
                assert sink.readinto(buffer) == value
                assert buffer == model[place : place + value].ljust(value, b"\0")
            elif place >= len(model):  # HDF5 makes files longer, and cuts off what it has freed
                sink.truncate(place)
                model.extend(bytes(place - len(model)))
            assert sink.seek(0, os.SEEK_END) == len(model)
    failed = sink.error is not None
    sink.close()
    if not failed:
        assert path.read_bytes() == model


def failing_after(writes):
    """A pwrite that writes a byte less than asked, and none once the disk is full."""
    done = []

    def pwrite(handle, data, place):
        if writes is not None and len(done) >= writes:
            raise OSError(errno.ENOSPC, "No space left on device")
        done.append(place)
        return real(handle, data[: max(1, len(data) - 1)], place)

    real = os.pwrite
    return pwrite


def test_the_first_error_is_remembered(tmp_path, monkeypatch):
    sink = Sink(tmp_path / "a.bin")
    monkeypatch.setattr(hdf5_sink.os, "pwrite", failing_after(0))
    assert sink.write(b"abc") == 3
    assert sink.error.errno == errno.ENOSPC
    first = sink.error
    sink.write(b"def")
    sink.truncate(100)
    assert sink.error is first
    sink.close()
    assert (tmp_path / "a.bin").read_bytes() == b""


def test_a_file_that_cannot_become_longer_is_an_error_as_well(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EFBIG, "File too large")

    sink = Sink(tmp_path / "a.bin")
    monkeypatch.setattr(hdf5_sink.os, "ftruncate", refuse)
    assert sink.truncate(10**6) == 10**6
    assert sink.error.errno == errno.EFBIG
    sink.close()

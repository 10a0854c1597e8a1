"""What all result files share: whole or not there, checked when opened, the same on every run."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from full_disks import KINDS, ROOM, full_disk, read_only_disk
from result_files import made, write_backtracks, write_gradients, write_store

from cnnvis import dimensions, hdf5, shards, store
from cnnvis.errors import FileError, StoreError
from cnnvis.provenance import Provenance

TESTS = Path(__file__).parent


def names(folder):
    return sorted(file.name for file in Path(folder).iterdir())


def write(path, values=(1, 2), version=1, schema="cnnvis/test", attrs=None):
    with hdf5.create(
        path, schema=schema, version=version, provenance=made("measure"), attrs=attrs
    ) as file:
        file["values"] = np.array(values)


def test_a_file_says_what_it_is_and_where_it_comes_from(tmp_path):
    attrs = {"model": "tiny", "unit": 3, "size": (227, 227), "preprocessing": {"b": 1, "a": [2.5]}}
    write(tmp_path / "a.h5", attrs=attrs)
    with hdf5.open_checked(tmp_path / "a.h5", "cnnvis/test", 1) as file:
        assert file["values"][:].tolist() == [1, 2]
        assert list(file.attrs) == ["schema", "schema_version", *attrs, "provenance"]
        assert file.attrs["size"].tolist() == [227, 227]
        assert file.attrs["preprocessing"] == '{"a":[2.5],"b":1}'
        assert Provenance.from_json(file.attrs["provenance"]) == made("measure")
    assert hdf5.provenance(tmp_path / "a.h5") == made("measure")
    assert hdf5.provenance_digest(tmp_path / "a.h5") == made("measure").digest
    assert names(tmp_path) == ["a.h5"]


def test_what_is_written_by_itself_cannot_be_given(tmp_path):
    with pytest.raises(ValueError, match="'schema' is written by itself"):
        write(tmp_path / "a.h5", attrs={"schema": "mine"})
    assert names(tmp_path) == []


def test_an_error_leaves_the_old_file(tmp_path):
    write(tmp_path / "a.h5")
    before = (tmp_path / "a.h5").read_bytes()
    with pytest.raises(TypeError):
        write(tmp_path / "a.h5", values=[object()])
    assert (tmp_path / "a.h5").read_bytes() == before
    assert names(tmp_path) == ["a.h5"]


# The same bytes on every run


WRITE_EVERYTHING = """
import os, sys
from pathlib import Path
from cnnvis import dimensions, shards
from result_files import write_backtracks, write_gradients, write_store
os.chdir(sys.argv[1])
dimensions.CHUNK_BYTES = 100  # chunks that neither images nor channels fill
for compression in (None, "gzip", "lzf"):
    write_store(f"{compression}.h5", count=7, compression=compression)
write_store("half.h5", dtype="float16")
write_gradients("gradients.h5")
write_backtracks("shards/0.h5")
write_backtracks("shards/1.h5", first=3)
shards.gather(["shards/0.h5", "shards/1.h5"], "gathered.h5")
"""


def in_another_process(script, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(TESTS), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_processes_write_the_same_bytes(tmp_path):
    """Also when the time, the folder and the content of fresh memory are others."""
    found = []
    for number, perturbed in enumerate(("85", "170")):
        folder = tmp_path / ("x" * 40 * number + "folder")
        folder.mkdir()
        began = int(time.time())
        in_another_process(
            WRITE_EVERYTHING, folder, MALLOC_PERTURB_=perturbed, PYTHONHASHSEED=str(number)
        )
        found.append(
            {str(file.relative_to(folder)): hash_of(file) for file in sorted(folder.rglob("*.h5"))}
        )
        while int(time.time()) == began:
            time.sleep(0.05)
    assert len(found[0]) == 8
    assert found[0] == found[1]


def hash_of(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("compression", [None, "gzip", "lzf"])
@pytest.mark.parametrize("cache", [0, 1 << 20])
def test_the_size_of_batches_does_not_show(tmp_path, monkeypatch, compression, cache):
    """Neither when all chunks wait in memory nor when each is written at once."""
    monkeypatch.setattr(hdf5, "_WRITE_CACHE", cache)
    monkeypatch.setattr(dimensions, "CHUNK_BYTES", 100)
    write_store(tmp_path / "a.h5", count=5, batch=1, compression=compression)
    write_store(tmp_path / "b.h5", count=5, batch=3, compression=compression)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


# Disks that are full, processes that are killed


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_explained_and_nothing_is_left(tmp_path, kind):
    with full_disk(kind, tmp_path / "disk") as disk:
        handles = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        with pytest.raises(FileError, match=r"no space left while writing .*a\.h5 \(\d+ MB free"):
            write(disk / "a.h5", values=np.zeros(ROOM))
        assert names(disk) == []
        assert len(os.listdir("/proc/self/fd")) == handles  # noqa: PTH208


def test_a_read_only_disk_is_explained(tmp_path):
    with (
        read_only_disk(tmp_path / "disk") as disk,
        pytest.raises(FileError, match=r"cannot write .*a\.h5: Read-only file system"),
    ):
        write(disk / "a.h5")


def test_a_folder_that_may_not_be_written_to_is_explained(tmp_path, monkeypatch):
    """Root may write anywhere, so the refusal is played."""

    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileError, match=r"cannot write .*a\.h5: Permission denied"):
        write(tmp_path / "a.h5")


def test_a_disk_that_is_full_when_the_file_is_closed(tmp_path):
    """What is small stays in memory until then."""
    with full_disk("file size limit", tmp_path / "disk") as disk:
        with pytest.raises(FileError, match="no space left"):
            write_without_a_word(disk / "a.h5")
        assert names(disk) == []


def test_of_two_errors_the_disk_s_is_told(tmp_path):
    """HDF5 may say strange things once its writes are lost."""
    with (
        full_disk("file size limit", tmp_path / "disk") as disk,
        pytest.raises(FileError, match="no space left"),
    ):
        write_and_fail(disk / "a.h5")


def write_and_fail(path):
    with hdf5.create(path, schema="cnnvis/test", version=1, provenance=made()) as file:
        file["values"] = np.zeros(ROOM)
        raise RuntimeError("bad object header checksum")


def write_without_a_word(path):
    """Write more than fits, in pieces that HDF5 keeps in memory until it closes the file."""
    with hdf5.create(path, schema="cnnvis/test", version=1, provenance=made()) as file:
        for number in range(ROOM // 4096):
            file.create_dataset(str(number), data=np.zeros(2048), chunks=(2048,))
            file[str(number)].attrs["mark"] = "x" * 1000


FILL_THE_DISK = """
import resource, sys
import numpy as np
from cnnvis import store
from cnnvis.errors import FileError
from result_files import images, made
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
layers = [store.LayerSpec("conv", (64, 32, 32), row=range(32), col=range(32))]
try:
    with store.create(
        sys.argv[1], layers=layers, images=images(40), provenance=made(), n_classes=0,
        compression=sys.argv[2] or None,
    ) as writer:
        for n in range(40):
            maps = np.random.default_rng(n).standard_normal((1, 64, 32, 32))
            writer.append([f"i{n}"], {"conv": maps})
except FileError as error:
    print(n, error)
"""


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_a_process_whose_disk_was_full_ends_well(tmp_path, compression):
    """HDF5 by itself would try again when the process ends, and crash."""
    said = in_another_process(FILL_THE_DISK, tmp_path / "a.h5", compression)
    assert "no space left while writing" in said
    stopped = int(said.split()[0])
    # Three images of 256 KiB fit into 1 MiB beside the header; compressed ones wait in a cache.
    assert stopped == 3 if not compression else 4 <= stopped < 12, "the writer stops soon after"
    assert names(tmp_path) == []


WRITE_AND_WAIT = """
import sys, time
from cnnvis import store
from result_files import LAYERS, activations, images, made
with store.create(
    sys.argv[1], layers=LAYERS, images=images(4), provenance=made(), n_classes=7
) as writer:
    writer.append(["i0", "i1"], *activations(2))
    print("half", flush=True)
    time.sleep(60)
"""


def test_a_killed_process_leaves_no_file_under_the_final_name(tmp_path):
    path = tmp_path / "a.h5"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE_AND_WAIT, str(path)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "half\n"
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    process.stdout.close()
    (left,) = names(tmp_path)
    assert left.startswith(".cnnvis-")
    write_store(path)
    assert names(tmp_path) == ["a.h5"]
    assert len(store.images(path)) == 3


# Opening


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match=r"there is no file .*a\.h5"):
        hdf5.provenance(tmp_path / "a.h5")


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(FileError, match=r"cannot read .*: Is a directory"):
        hdf5.provenance(tmp_path)


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    write(tmp_path / "a.h5")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(FileError, match=r"cannot read .*a\.h5: Permission denied"):
        hdf5.provenance(tmp_path / "a.h5")


@pytest.mark.parametrize("keep", [0, 10, 600])
def test_a_broken_file_is_named(tmp_path, keep):
    write(tmp_path / "a.h5")
    (tmp_path / "a.h5").write_bytes((tmp_path / "a.h5").read_bytes()[:keep])
    with pytest.raises(StoreError, match=r"a\.h5 is not an HDF5 file, or not a whole one"):
        hdf5.provenance(tmp_path / "a.h5")


def test_another_file_is_refused(tmp_path):
    write(tmp_path / "a.h5", schema="cnnvis/other")
    with (
        pytest.raises(StoreError, match=r"is a cnnvis/other file; a cnnvis/test file was expected"),
        hdf5.open_checked(tmp_path / "a.h5", "cnnvis/test", 1),
    ):
        pass


@pytest.mark.parametrize("schema", [None, "theirs"])
def test_a_file_of_somebody_else_is_refused(tmp_path, schema):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        if schema:
            file.attrs["schema"] = schema
    with pytest.raises(StoreError, match="is HDF5, but not written by cnnvis"):
        hdf5.provenance(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        (1, r"Rerun the stage 'measure' that made it"),
        (3, r"It was written by a newer cnnvis: update"),
    ],
)
def test_another_version_is_refused(tmp_path, version, advice):
    write(tmp_path / "a.h5", version=version)
    said = rf"a\.h5 has version {version} of the schema cnnvis/test, this cnnvis reads 2\. {advice}"
    with (
        pytest.raises(StoreError, match=said),
        hdf5.open_checked(tmp_path / "a.h5", "cnnvis/test", 2),
    ):
        pass
    assert hdf5.provenance(tmp_path / "a.h5").stage == "measure"


def test_an_error_while_reading_closes_the_file(tmp_path):
    write(tmp_path / "a.h5")
    with pytest.raises(ZeroDivisionError), hdf5.open_checked(tmp_path / "a.h5", None) as file:
        raise ZeroDivisionError
    assert not file


LOCK = """
import fcntl, sys
file = open(sys.argv[1], "rb")
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_refused_lock_does_not_hinder_reading(tmp_path):
    """As on the disks of clusters; also where only a shard refuses it."""
    for shard in (0, 1):
        write_store(tmp_path / f"{shard}.h5", first=3 * shard)
    shards.gather([tmp_path / "0.h5", tmp_path / "1.h5"], tmp_path / "all.h5")
    expected = store.read(tmp_path / "1.h5", layer="features.0", image="i4")
    for name in ("1.h5", "all.h5"):
        process = subprocess.Popen(
            [sys.executable, "-c", LOCK, str(tmp_path / name)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout.readline() == "locked\n"
            with pytest.raises(OSError, match="unable to lock"):
                h5py.File(tmp_path / name)
            found = store.read(tmp_path / "all.h5", layer="features.0", image="i4")
            assert np.array_equal(found, expected)


def test_a_disk_that_refuses_more_than_locks_is_named(tmp_path, monkeypatch):
    def refuse(*_, locking, **__):
        raise OSError("unable to lock file" if locking else "unable to read superblock")

    write(tmp_path / "a.h5")
    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(StoreError, match=r"a\.h5 is not an HDF5 file.*unable to read superblock"):
        hdf5.provenance(tmp_path / "a.h5")


def test_a_file_can_be_read_while_somebody_else_in_the_process_has_it_open(tmp_path):
    write_store(tmp_path / "a.h5")
    with xr.open_dataset(tmp_path / "a.h5", engine="h5netcdf"):
        assert len(store.images(tmp_path / "a.h5")) == 3


# Memory


STREAM = """
import resource, sys
import numpy as np
from cnnvis import store
from result_files import images, made
count = int(sys.argv[2])
layers = [store.LayerSpec("conv", (64, 64, 64), row=range(64), col=range(64))]
with store.create(
    sys.argv[1], layers=layers, images=images(count), provenance=made(), n_classes=0,
    compression=sys.argv[3] or None,
) as writer:
    for n in range(count):
        writer.append([f"i{n}"], {"conv": np.full((1, 64, 64, 64), n, np.float32)})
assert store.read_mean(sys.argv[1], layer="conv")[0, 0, 0] == (count - 1) / 2
assert sum(1 for _ in store.blocks(sys.argv[1], layer="conv")) == count
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.parametrize("compression", ["", "lzf"])
def test_memory_does_not_grow_with_the_images(tmp_path, compression):
    few, many = (
        int(in_another_process(STREAM, tmp_path / "a.h5", count, compression)) for count in (10, 50)
    )
    assert many < few + 15, "MB; 40 more images are 42 MB"


# xarray


def test_xarray_opens_every_file(tmp_path):
    write_store(tmp_path / "a.h5")
    write_gradients(tmp_path / "g.h5")
    write_backtracks(tmp_path / "b.h5")
    for name in ("a.h5", "g.h5", "b.h5"):
        with xr.open_dataset(tmp_path / name, engine="h5netcdf") as data:
            assert data.image.values.tolist() == ["i0", "i1", "i2"]
            assert data.class_index.dims == ("image",)
            assert data.attrs["model"] == "tiny"


def test_no_dimension_is_without_a_name(tmp_path):
    write_store(tmp_path / "a.h5")
    write_gradients(tmp_path / "g.h5")
    write_backtracks(tmp_path / "b.h5")
    for name in ("a.h5", "g.h5", "b.h5"):
        with h5py.File(tmp_path / name) as file:
            file.visititems(require_dimensions)


def require_dimensions(name, item):
    if isinstance(item, h5py.Dataset) and not item.is_scale:
        assert all(dimensions.labels(item)), name
        assert [len(dim) for dim in item.dims] == [1] * item.ndim, name
        assert tuple(len(dim[0]) for dim in item.dims) == item.shape, name

"""Result files that were changed: they lead elsewhere, or are not laid out as they say."""

import h5py
import numpy as np
import pytest
from result_files import write_backtracks, write_gradients, write_store

from cnnvis import backtrack_file, gradient_file, hdf5_bounds, shards, store
from cnnvis.errors import StoreError
from hostile.watching import outcome

MAPS = "layers/features.0/activation"


def read_store(path):
    store.images(path)
    for layer in store.layers(path):
        list(store.blocks(path, layer=layer.name))
    return store.scores(path)


def read_gradients(path):
    gradient_file.images(path)
    gradient_file.units(path)
    return gradient_file.read_all(path)


def read_backtracks(path):
    backtrack_file.nodes(path)
    return [backtrack_file.trail(path, image=one.id) for one in backtrack_file.images(path)]


KINDS = {
    "activations": (write_store, read_store),
    "gradients": (write_gradients, read_gradients),
    "backtracks": (write_backtracks, read_backtracks),
}


def replaced(name, **options):
    """Return a change of a file: a dataset in place of another, with its attributes."""

    def change(file):
        attrs = dict(file[name].attrs)
        del file[name]
        dataset = file.create_dataset(name, **options)
        for key in ("op", "receptive_field", "stride", "convolution"):
            if key in attrs:
                dataset.attrs[key] = attrs[key]

    return change


def linked(name, link):
    def change(file):
        del file[name]
        file[name] = link

    return change


def virtual(file):
    layout = h5py.VirtualLayout((3, 7), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "scores", (3, 7))
    del file["scores"]
    file.create_virtual_dataset("scores", layout)


def round_in_circles(file):
    file["layers/features.0/again"] = file["layers"]


OUTWARD = {
    "an external link": (linked("scores", h5py.ExternalLink("other.h5", "/scores")), "is a link"),
    "an external link to a layer": (
        linked("layers/features.0", h5py.ExternalLink("other.h5", "/layers/features.0")),
        "'layers/features.0' is a link",
    ),
    "a soft link": (linked("scores", h5py.SoftLink("/class_index")), "'scores' is a link"),
    "a soft link to nothing": (linked("scores", h5py.SoftLink("/gone")), "'scores' is a link"),
    "values in another file": (
        replaced("scores", shape=(3, 7), dtype="f4", external=[("secret.bin", 0, 84)]),
        "'scores' has its values in another file, secret.bin",
    ),
    "a view of another file": (virtual, "'scores' reads through to other.h5"),
}


@pytest.mark.parametrize(("change", "message"), OUTWARD.values(), ids=OUTWARD)
def test_a_file_that_leads_elsewhere_is_not_read(change, message, tmp_path, sealed):
    path = tmp_path / "a/b/mine.h5"
    write_store(tmp_path / "a/b/other.h5")
    (tmp_path / "a/b/secret.bin").write_bytes(b"secret" * 14)
    write_store(path)
    with h5py.File(path, "r+") as file:
        change(file)
    with sealed(), pytest.raises(StoreError, match=rf"mine\.h5 was not made by cnnvis.*{message}"):
        store.images(path)


def test_without_the_check_the_file_would_have_been_read(tmp_path, monkeypatch):
    """Else the test above would prove nothing."""
    monkeypatch.setattr(hdf5_bounds, "check", lambda file, path: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(b"secret" * 14)
    write_store(tmp_path / "mine.h5")
    with h5py.File(tmp_path / "mine.h5", "r+") as file:
        OUTWARD["values in another file"][0](file)
    assert store.scores(tmp_path / "mine.h5").tobytes() == b"secret" * 14


CHANGED = {
    "an image more": replaced("image", data=["a", "b", "c", "d"]),
    "an image less": replaced("image_sha256", data=["0"]),
    "numbers for words": replaced("image", data=np.arange(3)),
    "words for numbers": replaced("class_index", data=["a", "b", "c"]),
    "words for scores": replaced("scores", data=["a"]),
    "a single number for maps": replaced(MAPS, data=1.0),
    "no axis of channels": replaced(MAPS, data=np.ones(3, np.float32)),
    "layers of no size": replaced(MAPS, shape=(3, 0, 0, 0), dtype="f4"),
    "pairs for numbers": replaced(MAPS, shape=(3, 5, 3, 4), dtype=[("a", "f4"), ("b", "f4")]),
    "a dataset for a group": replaced("layers", data=1.0),
    "no images": lambda file: file.__delitem__("image"),
    "no layers": lambda file: file.__delitem__("layers"),
    "no version": lambda file: file.attrs.__delitem__("schema_version"),
    "a version in words": lambda file: file.attrs.__setitem__("schema_version", "one"),
    "no kind of layer": lambda file: file[MAPS].attrs.__delitem__("op"),
    "three receptive fields": lambda file: file[MAPS].attrs.__setitem__("stride", [1, 2, 3]),
    "words that are no UTF-8": replaced("image", data=np.array([b"\xff", b"b", b"c"])),
    "a terabyte that is not there": replaced(
        "scores", shape=(10**9, 1000), dtype="f4", chunks=(1, 7)
    ),
    "more than memory": replaced(MAPS, shape=(2**40, 2**20, 1, 1), dtype="f4", chunks=(1, 1, 1, 1)),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_a_file_that_is_laid_out_otherwise_is_refused(change, tmp_path, sealed):
    path = tmp_path / "mine.h5"
    write_store(path)
    with h5py.File(path, "r+") as file:
        change(file)
    with sealed(), pytest.raises(StoreError, match=r"mine\.h5"):
        read_store(path)


def test_a_group_in_itself_is_read_to_an_end(tmp_path, sealed):
    write_store(tmp_path / "mine.h5")
    with h5py.File(tmp_path / "mine.h5", "r+") as file:
        round_in_circles(file)
    with sealed():
        read_store(tmp_path / "mine.h5")


@pytest.mark.parametrize("text", ["{}", "[]", "[" * 100_000, "no json", ""])
def test_a_provenance_that_is_none_is_named(text, tmp_path, sealed):
    write_store(tmp_path / "mine.h5")
    with h5py.File(tmp_path / "mine.h5", "r+") as file:
        file.attrs.create("provenance", text[:60_000])
    with sealed(), pytest.raises(StoreError, match=r"mine\.h5: not a provenance"):
        store.provenance(tmp_path / "mine.h5")


@pytest.mark.parametrize("chunk", [b"", b"no gzip", bytes(100), b"\x78\x9c" + bytes(50)])
def test_a_broken_chunk_is_named(chunk, tmp_path, sealed):
    path = tmp_path / "mine.h5"
    write_store(path, compression="gzip")
    with h5py.File(path, "r+") as file:
        file[MAPS].id.write_direct_chunk((0, 0, 0, 0), chunk or b"\0")
    with sealed(), pytest.raises(StoreError, match=r"mine\.h5"):
        list(store.blocks(path, layer="features.0"))


def gathered(folder):
    write_store(folder / "0.h5")
    write_store(folder / "1.h5", first=3)
    shards.gather([folder / "0.h5", folder / "1.h5"], folder / "all.h5")
    return folder / "all.h5"


def test_a_gathered_file_reads_its_shards_and_no_others(tmp_path, sealed):
    path = gathered(tmp_path)
    write_store(tmp_path / "other.h5", first=9)
    with sealed():
        assert len(read_store(path)) == 6
    with h5py.File(path, "r+") as file:
        virtual(file)
    with sealed(), pytest.raises(StoreError, match=r"all\.h5 .*reads through to other\.h5"):
        read_store(path)


def test_a_gathered_file_with_a_hole_is_refused(tmp_path, sealed):
    path = gathered(tmp_path)
    with h5py.File(path, "r+") as file:
        layout = h5py.VirtualLayout((6, 7), "f4")
        layout[:3] = h5py.VirtualSource("0.h5", "/scores", (3, 7))
        del file["scores"]
        file.create_virtual_dataset("scores", layout)
    with sealed(), pytest.raises(StoreError, match="claims 42 values and has 21 in its shards"):
        read_store(path)


def test_a_shard_that_leads_elsewhere_is_refused(tmp_path, sealed):
    path = gathered(tmp_path)
    with h5py.File(tmp_path / "1.h5", "r+") as file:
        OUTWARD["values in another file"][0](file)
    with sealed(), pytest.raises(StoreError, match=r"1\.h5 was not made by cnnvis"):
        read_store(path)


def heaps(data):
    """Where HDF5 keeps words: blocks whose damage HDF5 2.0 itself does not notice (SECURITY.md)."""
    begin, found = 0, []
    while (begin := data.find(b"GCOL", begin)) >= 0:
        size = int.from_bytes(data[begin + 8 : begin + 16], "little")
        found.append(range(begin, begin + size))
        begin += size
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_byte_is_a_result_or_an_error_by_name(kind, tmp_path, sealed):
    """Every byte of what HDF5 puts around the values, in three ways; where values lie, some."""
    write, read = KINDS[kind]
    path = tmp_path / "mine.h5"
    write(path)
    data = path.read_bytes()
    words = heaps(data)
    places = np.random.default_rng(0).choice(len(data), 250, replace=False).tolist()
    outcomes = {"read": 0, "refused": 0}
    for place in [*range(0, 600, 3), *places]:
        if any(place in block for block in words):
            continue
        changed = bytearray(data)
        changed[place] ^= (1, 255, 128)[place % 3]
        path.write_bytes(changed)
        with sealed():
            found = outcome(lambda: read(path), "mine.h5")
        assert found in outcomes
        outcomes[found] += 1
    assert min(outcomes.values()) > 20, outcomes

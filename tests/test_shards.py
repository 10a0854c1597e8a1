"""A gathered file reads as its shards do, wherever the folder is, and says when it cannot."""

import os
import shutil
from itertools import product

import h5py
import numpy as np
import pytest
import xarray as xr
from result_files import (
    LAYERS,
    NODES,
    RANKS,
    UNITS,
    images,
    made,
    write_backtracks,
    write_gradients,
    write_store,
)

from cnnvis import backtrack_file, gradient_file, hdf5, provenance, shards, store
from cnnvis.errors import FileError, StoreError

COUNTS = (3, 1, 0, 4)
"""How many images the shards have; where no photo can be used, a shard has none."""
TOTAL = sum(COUNTS)


def gathered(folder, write, **options):
    """Write shards of unequal sizes below a folder, and gather them."""
    paths, first = [], 0
    for number, count in enumerate(COUNTS):
        paths.append(folder / "shards" / f"{number}.h5")
        write(paths[-1], count=count, first=first, **options)
        first += count
    shards.gather(paths, folder / "all.h5")
    return folder / "all.h5"


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_gathered_activations_are_those_of_one_file(tmp_path, dtype, compression):
    path = gathered(tmp_path, write_store, dtype=dtype, compression=compression)
    write_store(tmp_path / "one.h5", count=TOTAL, dtype=dtype)
    one = tmp_path / "one.h5"
    assert store.images(path) == store.images(one) == tuple(images(TOTAL))
    assert store.layers(path) == store.layers(one)
    assert np.array_equal(store.scores(path), store.scores(one))
    for spec in LAYERS:
        for image in images(TOTAL):
            assert np.array_equal(
                store.read(path, layer=spec.name, image=image.id),
                store.read(one, layer=spec.name, image=image.id),
            )
        for channel in range(spec.shape[0]):
            assert np.array_equal(
                store.read_channel(path, layer=spec.name, channel=channel),
                store.read_channel(one, layer=spec.name, channel=channel),
            )
        blocks = [list(store.blocks(file, layer=spec.name)) for file in (path, one)]
        assert np.array_equal(*blocks)
        means = [store.read_mean(file, layer=spec.name) for file in (path, one)]
        assert np.array_equal(*means)


def test_gathered_gradients_are_those_of_one_file(tmp_path):
    path = gathered(tmp_path, write_gradients)
    values = write_gradients(tmp_path / "one.h5", count=TOTAL)
    for place, unit in enumerate(gradient_file.units(path)):
        wanted = {"unit": unit.index}
        assert np.array_equal(gradient_file.read_all(path, **wanted), values[:, place])
        images = gradient_file.images(path, **wanted)
        assert images == gradient_file.images(tmp_path / "one.h5", **wanted)
    assert gradient_file.layer(path) == "features.0"
    assert gradient_file.units(path) == UNITS


def test_gathered_backtracks_are_those_of_one_file(tmp_path):
    path = gathered(tmp_path, write_backtracks)
    one = tmp_path / "one.h5"
    write_backtracks(one, count=TOTAL)
    assert backtrack_file.nodes(path) == NODES
    assert backtrack_file.images(path) == backtrack_file.images(one)
    for node in NODES:
        assert np.array_equal(
            backtrack_file.lost(path, node=node), backtrack_file.lost(one, node=node)
        )
        for image, rank in product(images(TOTAL), (1, 2)):
            wanted = {"image": image.id, "rank": rank}
            for ours, theirs in zip(
                backtrack_file.points(path, node=node, **wanted),
                backtrack_file.points(one, node=node, **wanted),
                strict=True,
            ):
                assert ours.shape == theirs.shape
                assert np.array_equal(ours, theirs)
    for image, rank in product(images(TOTAL), (1, 2)):
        wanted = {"image": image.id, "rank": rank}
        for ours, theirs in zip(
            backtrack_file.fixations(path, **wanted),
            backtrack_file.fixations(one, **wanted),
            strict=True,
        ):
            assert np.array_equal(ours, theirs)


def test_nothing_large_is_written_twice(tmp_path):
    gathered(tmp_path, write_store)
    with h5py.File(tmp_path / "all.h5") as file:
        for name in ("scores", "layers/features.0/activation", "layers/classifier/activation"):
            assert file[name].is_virtual
            assert not any(
                source.file_name.startswith("/") for source in file[name].virtual_sources()
            )


def test_the_folder_can_be_moved(tmp_path, monkeypatch):
    (tmp_path / "one folder").mkdir()
    path = gathered(tmp_path / "one folder", write_store)
    expected = list(store.blocks(path, layer="features.0"))
    moved = tmp_path / "100% another"
    shutil.move(tmp_path / "one folder", moved)
    monkeypatch.chdir(tmp_path)
    assert np.array_equal(list(store.blocks(moved / "all.h5", layer="features.0")), expected)
    monkeypatch.chdir(moved)
    assert np.array_equal(list(store.blocks("all.h5", layer="features.0")), expected)


def test_shards_may_have_any_name_and_lie_anywhere(tmp_path, monkeypatch):
    """A percent sign begins a pattern in HDF5."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real" / "deep", target_is_directory=True)
    for number, name in enumerate(("100%b é.h5", "../beside.h5")):
        write_store(f"real/deep/{name}", first=3 * number)
    shards.gather(["link/100%b é.h5", tmp_path / "real" / "beside.h5"], "link/all.h5")
    expected = store.read("real/beside.h5", layer="classifier", image="i4")
    assert np.array_equal(store.read("link/all.h5", layer="classifier", image="i4"), expected)
    expected = store.read("link/100%b é.h5", layer="classifier", image="i1")
    assert np.array_equal(store.read("real/deep/all.h5", layer="classifier", image="i1"), expected)


def test_where_the_folder_is_does_not_show(tmp_path):
    for name in ("a", "a longer name"):
        (tmp_path / name).mkdir()
        gathered(tmp_path / name, write_backtracks)
    contents = {(tmp_path / name / "all.h5").read_bytes() for name in ("a", "a longer name")}
    assert len(contents) == 1


def test_one_shard_is_gathered_as_well(tmp_path):
    maps, _ = write_store(tmp_path / "0.h5")
    shards.gather([tmp_path / "0.h5"], tmp_path / "all.h5")
    found = list(store.blocks(tmp_path / "all.h5", layer="features.0"))
    assert np.array_equal(found, maps["features.0"])


def test_xarray_reads_through(tmp_path):
    path = gathered(tmp_path, write_store)
    with xr.open_dataset(path, engine="h5netcdf", group="layers/features.0") as data:
        assert data.activation.dims == ("image", "channel", "row", "col")
        assert data.row.values.tolist() == [3.0, 7.0, 11.0]
        expected = store.read(path, layer="features.0", image="i6")
        assert np.array_equal(data.activation.isel(image=6).values, expected)
    with xr.open_dataset(path, engine="h5netcdf") as data:
        assert data.image.values.tolist() == [f"i{n}" for n in range(TOTAL)]
    path = gathered(tmp_path, write_backtracks)
    with xr.open_dataset(path, engine="h5netcdf") as data:
        assert data.target.dims == ("image", "rank")
        assert data["rank"].values.tolist() == [1, 2]
    with xr.open_dataset(path, engine="h5netcdf", group="nodes/features.0") as data:
        edges = np.cumsum([0, *range(RANKS * TOTAL)])
        assert data.weight.shape == (edges[-1],)
        assert data.start_edge.values.tolist() == edges.tolist()
        assert not np.isnan(data.weight.values).any()


def test_the_origin_is_that_of_the_shards(tmp_path):
    path = gathered(tmp_path, write_store)
    found = hdf5.provenance(path)
    assert found.stage == "gather"
    assert found.inputs == {
        f"shards/{n}.h5": hdf5.provenance_digest(tmp_path / "shards" / f"{n}.h5")
        for n in range(len(COUNTS))
    }
    own = provenance.of("mine", params={}, inputs={})
    shards.gather([tmp_path / "shards" / "0.h5"], tmp_path / "own.h5", provenance=own)
    assert hdf5.provenance(tmp_path / "own.h5") == own


# What is refused


def gather_two(folder):
    shards.gather([folder / "0.h5", folder / "1.h5"], folder / "all.h5")


def require_refusal(folder, said):
    with pytest.raises(StoreError, match=said):
        gather_two(folder)
    assert sorted(os.listdir(folder)) == ["0.h5", "1.h5"]  # noqa: PTH208


def test_no_shards_are_refused(tmp_path):
    with pytest.raises(StoreError, match="no shards to gather"):
        shards.gather([], tmp_path / "all.h5")


def test_another_schema_is_refused(tmp_path):
    write_store(tmp_path / "0.h5")
    write_gradients(tmp_path / "1.h5", first=3)
    require_refusal(
        tmp_path,
        r"0\.h5 and .*1\.h5 do not belong together: the file's schema is 'cnnvis/activations' in "
        r"the one and 'cnnvis/gradients' in the other",
    )


def test_another_version_is_refused(tmp_path, monkeypatch):
    write_store(tmp_path / "0.h5")
    monkeypatch.setattr("cnnvis.activation_writer.VERSION", 2)
    write_store(tmp_path / "1.h5", first=3)
    require_refusal(tmp_path, "the file's schema_version is 1 in the one and 2 in the other")


def test_another_model_is_refused(tmp_path):
    write_store(tmp_path / "0.h5")
    write_store(tmp_path / "1.h5", first=3, attrs={"model": "small"})
    require_refusal(tmp_path, "attribute model is 'tiny' in the one and 'small' in the other")


def test_more_attributes_are_refused(tmp_path):
    write_store(tmp_path / "0.h5")
    write_store(tmp_path / "1.h5", first=3, attrs={"model": "tiny", "size": (2, 3)})
    require_refusal(tmp_path, r"attribute size is missing in the one and \(2, 3\) in the other")


@pytest.mark.parametrize(("field", "value"), [("stage", "extract_again"), ("source", "edited")])
def test_another_origin_is_refused(tmp_path, monkeypatch, field, value):
    write_store(tmp_path / "0.h5")
    other = provenance.of(
        **{"stage": "extract", "params": {}, "inputs": {}, "source": "code", field: value}
    )
    monkeypatch.setattr("result_files.made", lambda **_: other)
    write_store(tmp_path / "1.h5", first=3)
    require_refusal(tmp_path, f"the file's {field} is .* in the one and '{value}' in the other")


def test_other_layers_are_refused(tmp_path):
    write_store(tmp_path / "0.h5")
    write_store(tmp_path / "1.h5", first=3, layers=LAYERS[:1])
    require_refusal(tmp_path, "group /layers/classifier is .* the one and missing in the other")


def test_another_shape_is_refused(tmp_path):
    write_store(tmp_path / "0.h5")
    other = store.LayerSpec("classifier", (9,), op="Linear")
    write_store(tmp_path / "1.h5", first=3, layers=(LAYERS[0], other))
    require_refusal(tmp_path, "dataset /layers/classifier/")


def test_another_precision_is_refused(tmp_path):
    write_store(tmp_path / "0.h5")
    write_store(tmp_path / "1.h5", first=3, dtype="float16")
    require_refusal(tmp_path, "dataset /layers/features.0/activation is .*float32.*float16")


def test_other_receptive_fields_are_refused(tmp_path):
    write_store(tmp_path / "0.h5")
    other = store.LayerSpec(
        "features.0", (5, 3, 4), "float32", "Conv2d", row=(3.0, 7.0, 12.0), col=(1.0, 3.0, 5.0, 7.0)
    )
    write_store(tmp_path / "1.h5", first=3, layers=(other, LAYERS[1]))
    require_refusal(tmp_path, "dataset /layers/features.0/")


def test_an_image_in_two_shards_is_refused(tmp_path):
    write_store(tmp_path / "0.h5")
    write_store(tmp_path / "1.h5", first=2)
    require_refusal(
        tmp_path, r"image 'i2' is in .*0\.h5 and in .*1\.h5\..*photo .* of its own.*tar file"
    )


def test_the_first_shard_may_be_the_one_without_images(tmp_path):
    write_store(tmp_path / "0.h5", count=0)
    maps, scores = write_store(tmp_path / "1.h5", count=2)
    gather_two(tmp_path)
    assert np.array_equal(store.scores(tmp_path / "all.h5"), scores)
    for spec in LAYERS:
        blocks = list(store.blocks(tmp_path / "all.h5", layer=spec.name))
        assert np.array_equal(blocks, maps[spec.name])


def test_shards_without_any_image_are_refused(tmp_path):
    for name in ("0.h5", "1.h5"):
        write_store(tmp_path / name, count=0)
    require_refusal(tmp_path, r"no image in any of the 2 shards of .*all\.h5")


def test_a_gathered_file_is_no_shard(tmp_path):
    gathered(tmp_path, write_store)
    with pytest.raises(StoreError, match=r"all\.h5 is gathered itself; name its shards instead"):
        shards.gather([tmp_path / "all.h5"], tmp_path / "more.h5")


def test_a_missing_shard_is_named_when_gathering(tmp_path):
    write_store(tmp_path / "0.h5")
    with pytest.raises(FileError, match=r"there is no file .*1\.h5"):
        gather_two(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["0.h5"]


def test_a_missing_shard_is_named_when_reading(tmp_path):
    """HDF5 itself would give NaN for its images."""
    path = gathered(tmp_path, write_store)
    (tmp_path / "shards" / "1.h5").unlink()
    with pytest.raises(
        StoreError, match=r"all\.h5 reads through to the shard shards/1\.h5 .* not th"
    ):
        store.read(path, layer="features.0", image="i0")


def test_a_shard_that_hdf5_cannot_open_leaves_no_hole(tmp_path):
    """Opened for writing in the same process, for one."""
    for write, read in (
        (write_store, lambda path: store.read(path, layer="features.0", image="i3")),
        (write_store, lambda path: store.read_channel(path, layer="features.0", channel=0)),
        (write_store, lambda path: list(store.blocks(path, layer="classifier"))),
        (write_store, store.scores),
        (write_gradients, gradient_file.read_all),
        (write_gradients, lambda path: gradient_file.read(path, image="i3")),
        (write_gradients, lambda path: list(gradient_file.blocks(path))),
        (write_backtracks, lambda path: backtrack_file.fixations(path, image="i3")),
    ):
        path = gathered(tmp_path, write)
        read(path)
        with (
            h5py.File(tmp_path / "shards" / "1.h5", locking=False),
            pytest.raises(StoreError, match=r"all\.h5 cannot be read any more: .* locking"),
        ):
            read(path)
        read(path)


def test_a_shard_that_goes_while_it_is_read_leaves_no_hole(tmp_path, monkeypatch):
    """HDF5 gives NaN for its images, and no error."""
    path = gathered(tmp_path, write_store)
    monkeypatch.setattr(store, "_SLAB_BYTES", 1)
    blocks = store.blocks(path, layer="features.0")
    assert next(blocks).shape == (5, 3, 4)
    (tmp_path / "shards" / "3.h5").unlink()
    with pytest.raises(StoreError, match=r"all\.h5 cannot be read any more: a shard has gone"):
        list(blocks)


def test_a_shard_that_was_made_again_is_named(tmp_path, monkeypatch):
    path = gathered(tmp_path, write_store)
    monkeypatch.setattr("result_files.made", lambda **_: made("again"))
    write_store(tmp_path / "shards" / "1.h5", count=1, first=3)
    with pytest.raises(StoreError, match=r"shard shards/1\.h5 .* made again, with another prov"):
        store.read(path, layer="features.0", image="i0")


def test_a_broken_shard_is_named(tmp_path):
    path = gathered(tmp_path, write_store)
    (tmp_path / "shards" / "1.h5").write_bytes(b"broken")
    with pytest.raises(StoreError, match=r"1\.h5 is not an HDF5 file"):
        store.read(path, layer="features.0", image="i0")


@pytest.mark.parametrize("write", [write_store, write_gradients, write_backtracks])
@pytest.mark.parametrize("slab_bytes", [1, 1 << 24])
def test_a_repacked_file_holds_everything_and_needs_no_shards(tmp_path, write, slab_bytes):
    path = gathered(tmp_path, write)
    shards.repack(path, tmp_path / "whole.h5", slab_bytes=slab_bytes)
    with h5py.File(path) as read_through, h5py.File(tmp_path / "whole.h5") as whole:
        expected = {}
        read_through.visititems(lambda name, item: expected.update({name: item}))
        found = {}
        whole.visititems(lambda name, item: found.update({name: item}))
        assert set(found) == {name for name in expected if not name.startswith("shards")}
        for name, item in found.items():
            if isinstance(item, h5py.Dataset):
                assert not item.is_virtual
                assert item.dtype == expected[name].dtype
                np.testing.assert_array_equal(item[()], expected[name][()], err_msg=name)
                assert [dim.label for dim in item.dims] == [d.label for d in expected[name].dims]
            assert {n for n in item.attrs if n not in OF_HDF5} == {
                n for n in expected[name].attrs if n not in OF_HDF5
            }
    shutil.rmtree(tmp_path / "shards")
    with hdf5.open_checked(tmp_path / "whole.h5", None) as whole:
        assert len(whole["image"]) == TOTAL


OF_HDF5 = ("REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS", "CLASS", "NAME")


def test_a_repacked_file_is_read_as_any_other(tmp_path):
    path = gathered(tmp_path, write_store)
    shards.repack(path, tmp_path / "whole.h5")
    for spec in LAYERS:
        one, other = (
            list(store.blocks(file, layer=spec.name)) for file in (path, tmp_path / "whole.h5")
        )
        assert np.array_equal(one, other)
    assert store.provenance(tmp_path / "whole.h5").stage == "repack"
    with xr.open_dataset(tmp_path / "whole.h5", engine="h5netcdf") as data:
        assert data.sizes["image"] == TOTAL


def test_a_missing_shard_leaves_no_repacked_file(tmp_path):
    path = gathered(tmp_path, write_store)
    (tmp_path / "shards/1.h5").unlink()
    with pytest.raises(StoreError, match=r"1\.h5"):
        shards.repack(path, tmp_path / "whole.h5")
    assert not (tmp_path / "whole.h5").exists()

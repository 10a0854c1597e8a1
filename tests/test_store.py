"""The activation file: what is written is read back, in every way of reading."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from result_files import LAYERS, activations, images, made, write_gradients, write_store

from cnnvis import activation_writer, files, store
from cnnvis.errors import FileError, StoreError

CONV, LINEAR = "features.0", "classifier"


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("compression", [None, "gzip", "lzf"])
def test_what_is_written_is_read_back(tmp_path, compression):
    path = tmp_path / "a.h5"
    maps, scores = write_store(path, count=5, compression=compression)
    assert names(tmp_path) == ["a.h5"]
    for layer in (CONV, LINEAR):
        for row, image in enumerate(store.images(path)):
            found = store.read(path, layer=layer, image=image.id)
            assert found.dtype == np.float32
            assert np.array_equal(found, maps[layer][row])
        for channel in range(maps[layer].shape[1]):
            found = store.read_channel(path, layer=layer, channel=channel)
            assert found.dtype == np.float32
            assert np.array_equal(found, maps[layer][:, channel])
        assert np.array_equal(list(store.blocks(path, layer=layer)), maps[layer])
    assert np.array_equal(store.scores(path), scores)
    assert store.images(path) == tuple(images(5))
    assert store.layers(path) == LAYERS
    assert store.layer(path, CONV) == LAYERS[0]
    assert store.provenance(path) == made(first=0)


@settings(max_examples=20, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 6), max_size=6),
    dtype=st.sampled_from(["float32", "float16"]),
)
def test_every_cut_into_batches_gives_the_same_file(tmp_path_factory, cuts, dtype):
    folder = tmp_path_factory.mktemp("batches")
    maps, scores = write_store(folder / "whole.h5", count=6, batch=6, dtype=dtype)
    rows = images(6)
    with store.create(
        folder / "cut.h5",
        layers=LAYERS,
        images=rows,
        provenance=made(first=0),
        n_classes=7,
        attrs={"model": "tiny"},
        dtype=dtype,
    ) as writer:
        edges = [0, *np.minimum(np.cumsum(cuts, dtype=int), 6).tolist(), 6]
        for begin, end in pairwise(edges):
            part = slice(begin, end)
            writer.append(
                [row.id for row in rows[part]], {n: m[part] for n, m in maps.items()}, scores[part]
            )
    assert (folder / "cut.h5").read_bytes() == (folder / "whole.h5").read_bytes()


def test_float16_keeps_the_nearest_value_and_is_read_as_float32(tmp_path):
    maps, _ = write_store(tmp_path / "a.h5", dtype="float16")
    found = store.read(tmp_path / "a.h5", layer=CONV, image="i1")
    assert found.dtype == np.float32
    assert np.array_equal(found, maps[CONV][1].astype(np.float16).astype(np.float32))
    assert [spec.dtype for spec in store.layers(tmp_path / "a.h5")] == ["float16", "float16"]
    channel = store.read_channel(tmp_path / "a.h5", layer=CONV, channel=1)
    assert channel.dtype == np.float32


def test_the_mean_is_summed_in_float64(tmp_path):
    """In float32, 2**24 + 1 + 1 + ... stays 2**24."""
    path = tmp_path / "a.h5"
    values = np.ones((9, 2), np.float32)
    values[0] = 2**24
    with store.create(
        path,
        layers=[store.LayerSpec("fc", (2,))],
        images=images(9),
        provenance=made(),
        n_classes=0,
    ) as writer:
        writer.append([image.id for image in images(9)], {"fc": values})
    mean = store.read_mean(path, layer="fc")
    assert mean.dtype == np.float64
    assert mean.tolist() == [(2**24 + 8) / 9] * 2


def test_the_mean_is_that_of_all_maps(tmp_path):
    maps, _ = write_store(tmp_path / "a.h5", count=7)
    for layer in (CONV, LINEAR):
        slow = np.zeros(maps[layer].shape[1:])
        for one in maps[layer]:
            slow += one.astype(np.float64)
        assert np.array_equal(store.read_mean(tmp_path / "a.h5", layer=layer), slow / 7)


def test_blocks_of_several_slabs_come_in_order(tmp_path, monkeypatch):
    maps, _ = write_store(tmp_path / "a.h5", count=7)
    monkeypatch.setattr(store, "_SLAB_BYTES", 2 * maps[CONV][0].nbytes)
    assert np.array_equal(list(store.blocks(tmp_path / "a.h5", layer=CONV)), maps[CONV])


def test_maps_of_a_source(tmp_path):
    path = tmp_path / "a.h5"
    maps, _ = write_store(path)
    (mean,) = store.maps_of(path, layer=CONV, source="mean")
    assert np.array_equal(mean, store.read_mean(path, layer=CONV))
    assert np.array_equal(list(store.maps_of(path, layer=CONV, source="set")), maps[CONV])
    (one,) = store.maps_of(path, layer=CONV, source="i2")
    assert np.array_equal(one, maps[CONV][2])


def test_the_first_image_has_a_word(tmp_path):
    write_store(tmp_path / "a.h5", first=4)
    assert store.image_id(tmp_path / "a.h5", "first") == "i4"
    assert store.image_id(tmp_path / "a.h5", "i5") == "i5"
    with pytest.raises(StoreError, match="no image 'i9'"):
        store.image_id(tmp_path / "a.h5", "i9")


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_xarray_sees_coordinates(tmp_path, dtype):
    maps, scores = write_store(tmp_path / "a.h5", dtype=dtype)
    with xr.open_dataset(tmp_path / "a.h5", engine="h5netcdf") as data:
        assert data.scores.dims == ("image", "class")
        assert data.scores.sel(image="i1").values.tolist() == scores[1].tolist()
        assert data["class"].values.tolist() == list(range(7))
    with xr.open_dataset(tmp_path / "a.h5", engine="h5netcdf", group=f"layers/{CONV}") as data:
        assert data.activation.dims == ("image", "channel", "row", "col")
        assert data.row.values.tolist() == [3.0, 7.0, 11.0]
        assert data.row.attrs["units"] == "input pixels"
        found = data.activation.isel(image=2).sel(channel=4, row=7.0, col=5.0)
        assert found == maps[CONV].astype(dtype)[2, 4, 1, 2]
        assert data.activation.attrs["op"] == "Conv2d"
        assert data.activation.attrs["receptive_field"].tolist() == [11, 11]
    with xr.open_dataset(tmp_path / "a.h5", engine="h5netcdf", group=f"layers/{LINEAR}") as data:
        assert data.activation.dims == ("image", "channel")
        assert "receptive_field" not in data.activation.attrs


def test_axes_without_a_name_are_numbered(tmp_path):
    path = tmp_path / "a.h5"
    layer = store.LayerSpec("tokens", (5, 4), op="LayerNorm")
    values = np.arange(20, dtype=np.float32).reshape(1, 5, 4)
    with store.create(
        path, layers=[layer], images=images(1), provenance=made(), n_classes=0
    ) as writer:
        writer.append(["i0"], {"tokens": values})
    assert store.layers(path) == (layer,)
    assert np.array_equal(store.read(path, layer="tokens", image="i0"), values[0])
    with xr.open_dataset(path, engine="h5netcdf", group="layers/tokens") as data:
        assert data.activation.dims == ("image", "channel", "axis_2")


def test_a_file_without_scores(tmp_path):
    path = tmp_path / "a.h5"
    with store.create(
        path, layers=LAYERS, images=images(1), provenance=made(), n_classes=0
    ) as writer:
        writer.append(["i0"], activations(1)[0])
    with pytest.raises(StoreError, match=r"a\.h5 was made without scores"):
        store.scores(path)


# What is refused


def test_missing_images_leave_nothing(tmp_path):
    with pytest.raises(StoreError, match=r"2 of 3 images were never written: i1, i2\. The file is"):
        write_one_of(tmp_path / "a.h5", 3)
    assert names(tmp_path) == []


def write_one_of(path, count):
    with store.create(
        path, layers=LAYERS, images=images(count), provenance=made(), n_classes=7
    ) as writer:
        writer.append(["i0"], *activations(1))


@pytest.fixture
def append(tmp_path):
    """A way to append something else than what was announced: two images."""

    def append(*batch, **options):
        with store.create(
            tmp_path / "a.h5",
            layers=LAYERS,
            images=images(2),
            provenance=made(),
            **{"n_classes": 7, **options},
        ) as writer:
            writer.append(*batch)

    yield append
    assert names(tmp_path) == []


def test_other_images_are_refused(append):
    maps, scores = activations(2)
    with pytest.raises(StoreError, match=r"\['i0', 'i1'\] come next, got \['i1', 'i0'\]"):
        append(["i1", "i0"], maps, scores)


def test_a_missing_layer_is_refused(append):
    maps, scores = activations(2)
    with pytest.raises(StoreError, match=r"layers of the file, \['classifier', 'features\.0'\]; g"):
        append(["i0", "i1"], {CONV: maps[CONV]}, scores)


@pytest.mark.parametrize("cut", [np.s_[:1], np.s_[:, :4], np.s_[:, :, :, :3], np.s_[:, :, :, 0]])
def test_another_shape_is_refused(append, cut):
    maps, scores = activations(2)
    with pytest.raises(StoreError, match=r"layer 'features\.0': an array of shape \(2, 5, 3, 4\)"):
        append(["i0", "i1"], {**maps, CONV: maps[CONV][cut]}, scores)


def test_scores_of_another_shape_are_refused(append):
    maps, scores = activations(2)
    with pytest.raises(StoreError, match=r"scores: an array of shape \(2, 7\) was announced, got"):
        append(["i0", "i1"], maps, scores[:, :6])


@pytest.mark.parametrize("n_classes", [0, 7])
def test_scores_where_none_were_announced_and_none_where_they_were(append, n_classes):
    maps, scores = activations(2)
    with pytest.raises(StoreError, match="scores"):
        append(["i0", "i1"], maps, None if n_classes else scores, n_classes=n_classes)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused(append, value):
    maps, scores = activations(2)
    maps[CONV][1, 2, 0, 3] = value
    with pytest.raises(StoreError, match=r"'i1': 1 of 60 values are not finite"):
        append(["i0", "i1"], maps, scores)


def test_scores_that_are_not_finite_are_refused(append):
    maps, scores = activations(2)
    scores[0] = np.nan
    with pytest.raises(StoreError, match="scores, image 'i0': 7 of 7 values are not finite"):
        append(["i0", "i1"], maps, scores)


def test_a_value_too_large_for_float16_is_refused(append):
    maps, scores = activations(2)
    maps[LINEAR][1, 2] = -7e4
    with pytest.raises(StoreError, match=r"'i1': 70000 is too large for float16\. Store float32"):
        append(["i0", "i1"], maps, scores, dtype="float16")


def test_another_dtype_is_refused(append):
    with pytest.raises(StoreError, match="stored as float32 or float16, not 'int8'"):
        append([], {}, None, dtype="int8")


def test_what_does_not_fit_the_disk_is_refused_before_it_begins(append, monkeypatch):
    asked = []

    def refuse(path, size):
        asked.append(size)
        raise FileError("too large")

    monkeypatch.setattr(activation_writer.files, "require_space", refuse)
    maps, scores = activations(2)
    with pytest.raises(FileError, match="too large"):
        append(["i0", "i1"], maps, scores)
    assert asked == [sum(values.nbytes for values in maps.values()) + scores.nbytes]


def test_the_announced_size_is_the_size(tmp_path):
    """Up to what names and coordinates take."""
    write_store(tmp_path / "a.h5", count=40, batch=40)
    announced = 40 * (4 * (5 * 3 * 4 + 6) + 4 * 7)
    assert announced <= (tmp_path / "a.h5").stat().st_size < announced + 40_000
    files.require_space(tmp_path / "a.h5", announced)


def test_an_unknown_layer_is_named_with_those_that_are_there(tmp_path):
    write_store(tmp_path / "a.h5")
    said = r"no layer 'feature\.0' in .*a\.h5, which has features\.0, classifier; did you mean"
    for read in (
        lambda: store.read(tmp_path / "a.h5", layer="feature.0", image="i0"),
        lambda: store.read_channel(tmp_path / "a.h5", layer="feature.0", channel=0),
        lambda: list(store.blocks(tmp_path / "a.h5", layer="feature.0")),
        lambda: store.layer(tmp_path / "a.h5", "feature.0"),
    ):
        with pytest.raises(StoreError, match=said):
            read()


@pytest.mark.parametrize("channel", [-1, 5])
def test_an_unknown_channel_is_refused(tmp_path, channel):
    write_store(tmp_path / "a.h5")
    with pytest.raises(
        StoreError, match=rf"no channel {channel} in layer .*, which has 5, counted"
    ):
        store.read_channel(tmp_path / "a.h5", layer=CONV, channel=channel)


def test_another_kind_of_file_is_refused(tmp_path):
    write_gradients(tmp_path / "g.h5")
    with pytest.raises(StoreError, match="is a cnnvis/gradients file; a cnnvis/activations file"):
        store.images(tmp_path / "g.h5")


def test_an_older_version_says_what_to_rerun(tmp_path, monkeypatch):
    write_store(tmp_path / "a.h5")
    monkeypatch.setattr(store, "VERSION", store.VERSION + 1)
    with pytest.raises(StoreError, match=r"a\.h5 has version 1 .* reads 2\. Rerun .*'extract'"):
        store.images(tmp_path / "a.h5")

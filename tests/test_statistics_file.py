"""The statistics file: what is written is read back, and shards merge to the whole."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from result_files import LAYERS, made, write_store

from cnnvis import ordering, statistics_file, store
from cnnvis.errors import CnnvisError, OrderingError, StoreError
from cnnvis.ordering import sums

CONV = "features.0"


def write(folder, name, *, count, first=0, slices=(("row", None),), best=3):
    """Statistics of some images; return their path and the maps."""
    activations = folder / f"{name}_activations.h5"
    maps, _ = write_store(activations, count=count, first=first)
    path = folder / f"{name}.h5"
    origin = made("summarise_maps", first=first)
    statistics_file.summarise(
        activations, path, layers=[CONV], slices=slices, count=best, provenance=origin
    )
    return path, maps[CONV]


def test_what_is_written_is_read_back(tmp_path):
    path, maps = write(tmp_path, "a", count=5)
    found = statistics_file.read(path, layer=CONV)
    slow = ordering.sum_up(([block] for block in maps), [("row", 1)])
    assert (found.sums.images, found.sums.shape, found.count) == (5, (5, 3, 4), 3)
    assert found.sums.parts.keys() == slow.parts.keys()
    for part, values in slow.parts.items():
        np.testing.assert_allclose(found.sums.parts[part], values, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        found.sums.brightness, maps.mean(axis=(0, 2, 3), dtype=float), rtol=1e-12
    )
    assert statistics_file.layers(path)[0].receptive_field == LAYERS[0].receptive_field
    largest = maps.max(axis=(2, 3))
    for channel in range(5):
        expected = np.argsort(-largest[:, channel], kind="stable")[:3]
        assert found.top["max"].image[channel].tolist() == [f"i{n}" for n in expected]


def test_the_same_statistics_are_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write(tmp_path, name, count=4)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@pytest.mark.parametrize("cuts", [(7,), (3, 4), (1, 5, 1), (1,) * 7, (0, 3, 0, 0, 4, 0)])
def test_shards_merge_to_the_whole(tmp_path, cuts):
    whole, maps = write(tmp_path, "whole", count=7)
    begins = np.cumsum([0, *cuts])
    shards = [
        write(tmp_path, f"s{place}", count=size, first=int(begins[place]))[0]
        for place, size in enumerate(cuts)
    ]
    merged = tmp_path / "merged.h5"
    statistics_file.merge(shards, merged)
    ours, theirs = (statistics_file.read(path, layer=CONV) for path in (merged, whole))
    assert ours.sums.images == 7
    for part, values in theirs.sums.parts.items():
        scale = np.abs(values).max()
        np.testing.assert_allclose(ours.sums.parts[part], values, rtol=0, atol=1e-13 * scale)
    for by in ("max", "mean"):
        for name in ("image", "value", "row", "col"):
            assert np.array_equal(getattr(ours.top[by], name), getattr(theirs.top[by], name))
    of_set = statistics_file.read_sums(merged, layer=CONV, source="set")
    of_mean = statistics_file.read_sums(merged, layer=CONV, source="mean")
    for method in ("pca_image", "pca_slice", "optimal_leaf", "spectral", "brightness"):
        for kept, blocks in ((of_set, maps), (of_mean, [maps.mean(axis=0, dtype=float)])):
            found, slow = ordering.order_set(kept, method), ordering.order_set(blocks, method)
            assert np.array_equal(found.permutation, slow.permutation)
            assert found.params == slow.params


def test_merging_the_same_shards_gives_the_same_bytes(tmp_path):
    shards = [write(tmp_path, f"s{n}", count=2, first=2 * n)[0] for n in range(3)]
    for name in ("a.h5", "b.h5"):
        statistics_file.merge(shards, tmp_path / name)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_the_mean_is_that_of_the_activation_file(tmp_path):
    path, _ = write(tmp_path, "a", count=5)
    kept = statistics_file.read_sums(path, layer=CONV, source="mean")
    expected = store.read_mean(tmp_path / "a_activations.h5", layer=CONV)
    assert kept.images == 1
    np.testing.assert_allclose(kept.parts[sums.MAPS], expected, rtol=1e-12, atol=1e-15)


def test_the_table_of_best_images_is_tidy(tmp_path):
    path, maps = write(tmp_path, "a", count=5)
    table = statistics_file.top_table(path)
    assert list(table.columns) == [
        "layer", "channel", "by", "rank", "image", "value", "row", "col", "input_row", "input_col",
    ]  # fmt: skip
    assert len(table) == 5 * 3 * 2
    for row in table.to_dict("records"):
        own = maps[int(row["image"][1:]), row["channel"]].astype(float)
        assert own[row["row"], row["col"]] == own.max()
        assert row["value"] == (own.max() if row["by"] == "max" else pytest.approx(own.mean()))
        assert (row["input_row"], row["input_col"]) == (
            LAYERS[0].row[row["row"]],
            LAYERS[0].col[row["col"]],
        )


def test_xarray_sees_names_and_dimensions(tmp_path):
    path, maps = write(tmp_path, "a", count=4)
    group = f"layers/{CONV}"
    with xr.open_dataset(path, engine="h5netcdf", group=group) as data:
        assert data.scatter.dims == ("channel", "other")
        assert data.standardised_col.dims == ("col", "channel", "other")
        assert data.attrs == {}
        at = data.maps.sel(channel=2, row=7.0, col=3.0)
        assert float(at) == pytest.approx(float(maps[:, 2, 1, 1].sum(dtype=float)))
    with xr.open_dataset(path, engine="h5netcdf", group=f"{group}/top/max") as data:
        assert data.value.sel(channel=1, rank=1) == maps[:, 1].max()


def test_shards_that_do_not_belong_together_are_refused(tmp_path):
    first, _ = write(tmp_path, "first", count=2)
    fewer, _ = write(tmp_path, "fewer", count=2, first=2, best=2)
    bare, _ = write(tmp_path, "bare", count=2, first=4, slices=())
    merged = tmp_path / "m.h5"
    with pytest.raises(StoreError, match="no shards with images to merge"):
        statistics_file.merge([], merged)
    with pytest.raises(StoreError, match="same images as a shard before"):
        statistics_file.merge([first, fewer, first], merged)
    with pytest.raises(CnnvisError, match=r"the 3 best images .* those with 2"):
        statistics_file.merge([first, fewer], merged)
    with pytest.raises(OrderingError, match="slice_row_1 cannot be merged"):
        statistics_file.merge([first, bare], merged)
    assert not merged.exists()


def test_shards_of_different_layers_are_refused(tmp_path):
    first, _ = write(tmp_path, "first", count=2)
    other = (replace(LAYERS[0], op="Linear"), LAYERS[1])
    write_store(tmp_path / "a.h5", count=2, first=2, layers=other)
    path = tmp_path / "other.h5"
    statistics_file.summarise(
        tmp_path / "a.h5", path, layers=[CONV], provenance=made(), slices=[("row", None)], count=3
    )
    with pytest.raises(StoreError, match="different layers"):
        statistics_file.merge([first, path], tmp_path / "m.h5")


def test_what_is_not_there_is_named(tmp_path):
    path, _ = write(tmp_path, "a", count=2)
    with pytest.raises(StoreError, match=r"no layer 'features.1'.*did you mean 'features.0'"):
        statistics_file.read(path, layer="features.1")
    kept = statistics_file.read_sums(path, layer=CONV, source="set")
    with pytest.raises(OrderingError, match=r"lack 'slice_col_2'.*slice_row_1"):
        ordering.order_set(kept, "kmeans", view="slice", axis="col", clusters=2)
    with pytest.raises(OrderingError, match="no row 3 in maps of 3 rows"):
        write(tmp_path, "b", count=2, slices=[("row", 3)])
    assert not (tmp_path / "b.h5").exists()


def test_a_layer_without_rows_and_columns_is_refused(tmp_path):
    write_store(tmp_path / "a.h5", count=2)
    with pytest.raises(OrderingError, match="Choose a layer with feature maps"):
        statistics_file.summarise(
            tmp_path / "a.h5", tmp_path / "s.h5", layers=["classifier"], provenance=made()
        )


def peak(run):
    """The most memory that a call needs; of two calls, for the first loads what is loaded once."""
    found = []
    for _ in range(2):
        tracemalloc.start()
        try:
            run()
            found.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    return min(found)


def test_memory_grows_neither_with_the_images_nor_with_the_shards(tmp_path):
    spec = replace(LAYERS[0], shape=(16, 30, 40), row=tuple(range(30)), col=tuple(range(40)))
    needed = {}
    for count in (28, 112):  # two slabs and eight
        activations, path = tmp_path / f"{count}_a.h5", tmp_path / f"{count}.h5"
        write_store(activations, count=count, first=count, layers=[spec])

        def summarise(activations=activations, path=path):
            origin = made(first=str(path.name))
            statistics_file.summarise(activations, path, layers=[CONV], provenance=origin)

        needed[count] = peak(summarise)
    assert needed[112] < 1.1 * needed[28]
    more = [tmp_path / f"m{n}.h5" for n in range(8)]
    for number, path in enumerate(more):
        origin = made(first=f"more {number}")
        statistics_file.summarise(tmp_path / "28_a.h5", path, layers=[CONV], provenance=origin)
    many, few = (
        peak(lambda n=n: statistics_file.merge(more[:n], tmp_path / "merged.h5")) for n in (8, 2)
    )
    assert many < 1.1 * few

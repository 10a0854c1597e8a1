"""What is written is read back, opens in xarray, and equal maps are equal bytes."""

import numpy as np
import pytest
import xarray

from cnnvis import map_file, provenance
from cnnvis.boxes import NO_BOX
from cnnvis.errors import MeasureError, StoreError
from cnnvis.map_sets import MapSet, on_bytes

MADE = provenance.of("explain_photos", params={}, inputs={})


@pytest.fixture
def maps():
    random = np.random.default_rng(0)
    return MapSet(
        ids=("cat", "x <b>"),
        photos=("cat", "dog"),
        targets=(3, 999),
        methods=("centre", "backtrack, k = 1", "random"),
        maps=random.normal(size=(3, 2, 5, 7)),
        pictures=random.integers(0, 256, (2, 5, 7, 3)).astype(np.uint8),
        marked=((0, 1, 4, 6), NO_BOX),
    )


def test_what_is_written_is_read_back(tmp_path, maps):
    map_file.write(tmp_path / "a.h5", maps, provenance=MADE, refused={"soft": "no rule"})
    found = map_file.read(tmp_path / "a.h5")
    for name in ("ids", "photos", "targets", "methods", "marked"):
        assert getattr(found, name) == getattr(maps, name)
    np.testing.assert_array_equal(found.maps, maps.maps.astype(np.float32))
    np.testing.assert_array_equal(found.pictures, maps.pictures)
    assert map_file.refused(tmp_path / "a.h5") == {"soft": "no rule"}
    assert map_file.provenance(tmp_path / "a.h5") == MADE


def test_equal_maps_are_equal_bytes_and_other_files_are_refused(tmp_path, maps):
    for name in "ab":
        map_file.write(tmp_path / f"{name}.h5", maps, provenance=MADE)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    (tmp_path / "c.h5").write_text("no HDF5")
    with pytest.raises(StoreError):
        map_file.read(tmp_path / "c.h5")


def test_xarray_reads_it(tmp_path, maps):
    map_file.write(tmp_path / "a.h5", maps, provenance=MADE)
    with xarray.open_dataset(tmp_path / "a.h5", engine="h5netcdf") as file:
        one = file["map"].sel({"method": "random", "image": "cat"}).to_numpy()
        np.testing.assert_array_equal(one, maps.maps[2, 0].astype(np.float32))
        assert file["picture"].dims == ("image", "row", "col", "colour")


def test_no_images_at_all_can_be_written(tmp_path):
    none = MapSet((), (), (), (), np.zeros((0, 0, 5, 7)), np.zeros((0, 5, 7, 3), np.uint8))
    map_file.write(tmp_path / "a.h5", none, provenance=MADE, refused={"mosaics": "one class"})
    assert map_file.read(tmp_path / "a.h5").ids == ()
    assert map_file.refused(tmp_path / "a.h5") == {"mosaics": "one class"}


def test_some_maps_are_chosen_in_the_order_asked_for(maps):
    few = maps.only(["x <b>", "cat"], ["random", "centre"])
    assert (few.ids, few.photos, few.targets) == (("x <b>", "cat"), ("dog", "cat"), (999, 3))
    assert few.marked == (NO_BOX, (0, 1, 4, 6))
    np.testing.assert_array_equal(few.map_of("centre", "x <b>"), maps.maps[0, 1])
    np.testing.assert_array_equal(few.pictures[1], maps.pictures[0])


def test_what_does_not_fit_is_refused(maps):
    with pytest.raises(MeasureError, match=r"1 methods and 2 images need maps.*got maps \(3, 2"):
        MapSet(maps.ids, maps.photos, maps.targets, ("one",), maps.maps, maps.pictures)
    with pytest.raises(MeasureError, match="a photo, a target and a box each"):
        MapSet(maps.ids, ("cat",), maps.targets, maps.methods, maps.maps, maps.pictures)


def test_grey_images_become_pictures():
    found = on_bytes(np.array([[[0.5, 7.0, -1.0]]]))
    assert found.shape == (1, 1, 3, 3)
    assert found[0, 0, :, 0].tolist() == [128, 255, 0]

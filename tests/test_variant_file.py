"""The variants file: what is written is read back, the same bytes each time."""

import numpy as np
import pytest
import xarray as xr
from result_files import made as origin
from result_files import write_store
from some_variants import made

from cnnvis import variant_file
from cnnvis.errors import StoreError


def test_what_is_written_is_read_back(tmp_path):
    path, given = tmp_path / "v.h5", made()
    variant_file.write(path, given, provenance=origin("walk_variants"))
    found = variant_file.read(path)
    assert (found.image, found.target, found.frame) == (given.image, given.target, given.frame)
    assert variant_file.provenance(path) == origin("walk_variants")
    for ours, theirs in zip(given.found, found.found, strict=True):
        assert (ours.kind, ours.name, ours.choice) == (theirs.kind, theirs.name, theirs.choice)
        assert ours.points == theirs.points
        assert (theirs.index.dtype, theirs.weight.dtype) == (np.int64, np.float64)
        assert np.array_equal(ours.index, theirs.index)
        assert np.array_equal(ours.weight, theirs.weight)
    assert list(found.milestones) == ["image", "conv", "fc"]
    for node, ours in given.milestones.items():
        theirs = found.milestones[node]
        assert ours.kind == theirs.kind
        assert (ours.mean is None) == (theirs.mean is None)
        assert ours.mean is None or np.array_equal(ours.mean, theirs.mean)


def test_the_same_variants_are_the_same_bytes(tmp_path):
    for name in ("a.h5", "b.h5"):
        variant_file.write(tmp_path / name, made(), provenance=origin())
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_xarray_sees_names_and_dimensions(tmp_path):
    variant_file.write(tmp_path / "v.h5", made(), provenance=origin())
    with xr.open_dataset(tmp_path / "v.h5", engine="h5netcdf") as data:
        assert data.points.sel(variant="soft") == 99
        assert data["index"].dims == ("point", "axis")
        assert data.start_edge.values.tolist() == [0, 1, 2, 4, 5, 7]
        assert data.frame.sel(field="crop_left") == 2
    with xr.open_dataset(tmp_path / "v.h5", engine="h5netcdf", group="nodes/conv") as data:
        assert data["mean"].dims == ("row", "col")


def test_another_kind_of_file_is_refused(tmp_path):
    write_store(tmp_path / "a.h5")
    with pytest.raises(StoreError, match="a cnnvis/variants file was expected"):
        variant_file.read(tmp_path / "a.h5")

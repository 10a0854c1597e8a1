"""Exported volumes, read back bit for bit by readers that share nothing with the writers."""

import nrrd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from readers import parse_hd, parse_nrrd, parse_vti

from cnnvis import export
from cnnvis.errors import CnnvisError, FileError
from cnnvis.volume import Volume

READERS = {".hd": parse_hd, ".nrrd": parse_nrrd, ".vti": parse_vti}
SUFFIXES = sorted(READERS)
SHAPES = [(3, 2, 5), (1, 7, 4), (6, 5, 1)]


def some_volume(shape=(3, 2, 5), spacing=(1.0, 4.0, 2.5), seed=0, name="conv1"):
    data = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return Volume(data, spacing, name=name)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_there_is_a_reader_for_every_format():
    assert set(export.FORMATS) == set(READERS)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_floats_are_read_back_bit_for_bit(tmp_path, suffix, shape):
    volume = some_volume(shape)
    path = tmp_path / f"features.0{suffix}"
    export.write(volume, path, dtype="float32", limits=(0.0, 1.0))
    back = READERS[suffix](path)
    assert back.voxel.shape == shape[::-1]
    assert np.array_equal(back.voxel.transpose(2, 1, 0), volume.data)
    assert back.spacing == pytest.approx([2.5, 4.0, 1.0])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_bytes_are_read_back_bit_for_bit(tmp_path, suffix, shape):
    volume = some_volume(shape)
    path = tmp_path / f"conv1{suffix}"
    export.write(volume, path, limits=(-1.0, 2.0))
    back = READERS[suffix](path)
    assert back.voxel.dtype == np.uint8
    for (plane, row, col), value in np.ndenumerate(volume.data):
        share = (min(max(float(value), -1.0), 2.0) + 1.0) / 3.0
        assert back.voxel[col, row, plane] == round(share * 255)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_binary_voxels_are_the_rounded_share_of_the_range(tmp_path, suffix, shape):
    volume = some_volume(shape)
    path = tmp_path / f"conv1{suffix}"
    export.write(volume, path, dtype="binary")
    back = READERS[suffix](path)
    assert back.voxel.dtype == np.uint8
    low, high = float(volume.data.min()), float(volume.data.max())
    for (plane, row, col), value in np.ndenumerate(volume.data):
        assert back.voxel[col, row, plane] == round((float(value) - low) / (high - low))
    assert set(back.voxel.ravel().tolist()) == {0, 1}
    assert not {"old min", "old max", "limits"} & set(back.fields), "0 and 1 are no 0 to 255"


@settings(max_examples=25, deadline=None)
@given(
    data=arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=3, max_dims=3, max_side=5),
        elements=st.floats(allow_nan=False, allow_infinity=False, width=32),
    ),
    spacing=st.tuples(*[st.floats(1e-6, 1e6)] * 3),
    suffix=st.sampled_from(SUFFIXES),
)
def test_any_volume_is_read_back(tmp_path_factory, data, spacing, suffix):
    path = tmp_path_factory.mktemp("any") / f"volume{suffix}"
    export.write(Volume(data, spacing), path, dtype="float32")
    back = READERS[suffix](path)
    assert back.voxel.tobytes("F") == data.tobytes()
    assert back.spacing == pytest.approx(spacing[::-1], rel=1e-8)


def test_the_header_of_the_cgv_viewer_to_the_letter(tmp_path):
    export.write(some_volume(), tmp_path / "conv1.hd")
    assert (tmp_path / "conv1.hd").read_bytes() == (
        b"Size: 5x2x3 unsigned byte Luminance\nSpacing: 2.5x4x1\n"
    )
    export.write(some_volume(), tmp_path / "conv1.hd", dtype="float32")
    assert (tmp_path / "conv1.hd").read_text().startswith("Size: 5x2x3 float Luminance\n")
    assert names(tmp_path) == ["conv1.hd", "conv1.vox"]


def test_nrrd_says_what_the_axes_and_bytes_are(tmp_path):
    path = tmp_path / "conv1.nrrd"
    export.write(some_volume(), path, limits=(-1.5, 3.0))
    fields = parse_nrrd(path).fields
    assert fields["labels"] == '"column" "row" "position in the order"'
    assert fields["content"] == "conv1"
    assert fields["kinds"] == "domain domain domain"
    assert (float(fields["old min"]), float(fields["old max"])) == (-1.5, 3.0)
    assert "spacings" not in fields  # the format allows either these or space directions
    export.write(some_volume(name=""), path, dtype="float32")
    fields = parse_nrrd(path).fields
    assert fields["endian"] == "little"
    assert not {"content", "old min", "old max"} & set(fields)


def test_the_head_of_a_vtk_image_to_the_letter(tmp_path):
    export.write(some_volume(), tmp_path / "conv1.vti", limits=(-1.5, 3.0))
    head = (tmp_path / "conv1.vti").read_bytes().split(b"_\x1e", 1)[0].decode()
    assert (
        head
        == """<?xml version="1.0"?>
<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64">
  <ImageData WholeExtent="0 4 0 1 0 2" Origin="0 0 0" Spacing="2.5 4 1">
    <FieldData>
      <DataArray type="Float64" Name="limits" NumberOfTuples="2" format="ascii">
        -1.5 3.0
      </DataArray>
    </FieldData>
    <Piece Extent="0 4 0 1 0 2">
      <PointData Scalars="conv1">
        <DataArray type="UInt8" Name="conv1" format="appended" offset="0"/>
      </PointData>
    </Piece>
  </ImageData>
  <AppendedData encoding="raw">
"""
    )


def test_a_vtk_image_says_what_the_bytes_are_and_keeps_any_name(tmp_path):
    path = tmp_path / "v.vti"
    export.write(some_volume(name='a_b "café" <1> & 2'), path, limits=(-1.5, 3.0))
    fields = parse_vti(path).fields
    assert (fields["limits"], fields["name"]) == ([-1.5, 3.0], 'a_b "café" <1> & 2')
    export.write(some_volume(name=""), path, dtype="float32")
    assert parse_vti(path).fields == {"name": "value"}
    with pytest.raises(FileError, match="printable letters"):
        export.write(some_volume(name="a\x00b"), tmp_path / "w.vti")
    assert names(tmp_path) == ["v.vti"]


@pytest.mark.parametrize("dtype", export.DTYPES)
def test_nrrd_is_read_by_the_library_of_the_field(tmp_path, dtype):
    volume = some_volume()
    export.write(volume, tmp_path / "v.nrrd", dtype=dtype)
    data, header = nrrd.read(str(tmp_path / "v.nrrd"), index_order="C")
    assert np.array_equal(data.transpose(2, 1, 0), parse_nrrd(tmp_path / "v.nrrd").voxel)
    assert header["labels"] == ["column", "row", "position in the order"]
    assert np.array_equal(header["space directions"], np.diag([2.5, 4.0, 1.0]))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", export.DTYPES)
def test_the_same_volume_gives_the_same_bytes(tmp_path, suffix, dtype, monkeypatch):
    written = []
    for i in range(2):
        monkeypatch.setattr("nrrd.writer.datetime", Clock(i))
        (tmp_path / str(i)).mkdir()
        # Same values, another memory order and byte order.
        data = np.asfortranarray(some_volume().data) if i else some_volume().data.astype(">f4")
        export.write(Volume(data, name="v"), tmp_path / str(i) / f"v{suffix}", dtype=dtype)
        written.append({f.name: f.read_bytes() for f in (tmp_path / str(i)).iterdir()})
    assert written[0] == written[1]


class Clock:
    """A clock that never shows the same time twice."""

    def __init__(self, i):
        self.i = i

    def utcnow(self):
        return self

    def strftime(self, _):
        return f"2001-01-0{self.i + 1}"


def test_the_default_limits_are_the_least_and_the_greatest(tmp_path):
    volume = Volume(np.array([[[-2.0, 0.0, 3.0]]]))
    export.write(volume, tmp_path / "v.hd")
    assert parse_hd(tmp_path / "v.hd").voxel.ravel().tolist() == [0, 102, 255]


def test_a_constant_volume_is_dark(tmp_path):
    export.write(Volume(np.full((2, 3, 4), 7.0)), tmp_path / "v.hd")
    assert not parse_hd(tmp_path / "v.hd").voxel.any()


def test_a_suffix_may_be_in_capitals(tmp_path):
    export.write(some_volume(), tmp_path / "V.NRRD")
    assert parse_nrrd(tmp_path / "V.NRRD").voxel.shape == (5, 2, 3)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("v.mha", {}, r"no format '.mha'; choose one of .hd, .nrrd, .vti"),
        ("v.nrd", {}, "did you mean '.nrrd'"),
        ("volume", {}, "no format ''"),
        ("v.hd", {"dtype": "int8"}, "uint8, float32, binary, not as 'int8'"),
        ("v.hd", {"limits": (1, 0)}, "the low one first"),
        ("v.hd", {"limits": (0, np.nan)}, "limits are finite"),
    ],
)
def test_what_cannot_be_written_leaves_nothing(tmp_path, name, options, message):
    with pytest.raises(CnnvisError, match=message):
        export.write(some_volume(), tmp_path / name, **options)
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_values_too_large_for_a_float_are_refused(tmp_path, suffix):
    volume = Volume(np.array([[[-1e39, 1.0]]]))
    with pytest.raises(FileError, match="do not fit float32"):
        export.write(volume, tmp_path / f"v{suffix}", dtype="float32")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ['say "cheese"', "café", "a\tb"])
def test_a_name_that_a_nrrd_header_cannot_hold_is_refused(tmp_path, name):
    with pytest.raises(FileError, match="plain ASCII"):
        export.write(some_volume(name=name), tmp_path / "v.nrrd")
    assert names(tmp_path) == []


def test_a_pair_is_whole_or_as_it_was(tmp_path, monkeypatch):
    """The header cannot be written: neither file of the pair has changed."""
    export.write(some_volume(seed=0), tmp_path / "v.hd")
    before = {f.name: f.read_bytes() for f in tmp_path.iterdir()}

    def full_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full_disk)
    with pytest.raises(FileError, match="no space left"):
        export.write(some_volume(seed=1), tmp_path / "v.hd")
    assert {f.name: f.read_bytes() for f in tmp_path.iterdir()} == before


def test_the_header_takes_its_place_after_its_voxels(tmp_path, monkeypatch):
    placed = []
    from pathlib import Path

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda a, b: (placed.append(b.name), replace(a, b)))
    export.write(some_volume(), tmp_path / "v.hd")
    assert placed == ["v.vox", "v.hd"]

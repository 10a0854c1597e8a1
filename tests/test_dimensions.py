"""Chunks for reading one image or one channel, and dimensions with names."""

from math import ceil, prod

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis import dimensions
from cnnvis.dimensions import CHUNK_BYTES, chunk_shape

SHAPES = st.tuples(st.integers(1, 300), st.integers(1, 4096)) | st.tuples(
    st.integers(1, 300), st.integers(1, 1024), st.integers(1, 300), st.integers(1, 300)
)


@given(shape=SHAPES, itemsize=st.sampled_from([2, 4, 8]))
def test_chunks_are_near_their_size_and_waste_little(shape, itemsize):
    images, channels, *plane = chunk_shape(shape, itemsize)
    one_channel = prod(shape[2:]) * itemsize
    assert tuple(plane) == shape[2:]
    assert 1 <= images <= shape[0]
    assert 1 <= channels <= shape[1]
    assert images == 1 or channels == shape[1], "several images only where each is whole"
    size = images * channels * one_channel
    assert size <= max(CHUNK_BYTES, one_channel)
    laid_out = ceil(shape[0] / images) * ceil(shape[1] / channels)
    needed = ceil(prod(shape) * itemsize / max(CHUNK_BYTES, one_channel))
    assert laid_out >= needed
    # HDF5 keeps the last chunk of each axis at full size: less than one slice per chunk is lost.
    assert ceil(shape[0] / images) * images - shape[0] < ceil(shape[0] / images)
    assert ceil(shape[1] / channels) * channels - shape[1] < ceil(shape[1] / channels)


@pytest.mark.parametrize(
    ("shape", "itemsize", "expected"),
    [
        ((100, 64, 55, 55), 4, (1, 16, 55, 55)),
        ((100, 64, 55, 55), 2, (1, 32, 55, 55)),
        ((100, 96, 55, 55), 4, (1, 20, 55, 55)),
        ((100, 512, 7, 7), 4, (2, 512, 7, 7)),
        ((3, 3, 600, 600), 4, (1, 1, 600, 600)),
        ((2, 1000), 4, (2, 1000)),
        ((1, 1), 4, (1, 1)),
    ],
)
def test_chunks_of_known_layers(shape, itemsize, expected):
    assert chunk_shape(shape, itemsize) == expected


def test_dimensions_have_names_and_coordinates(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        image = dimensions.scale(file, "image", ["a", "é"])
        group = file.create_group("layer")
        row = dimensions.scale(group, "row", [1.5, 2.5, 3.5], units="input pixels")
        edge = dimensions.extent(group, "edge", 4)
        dimensions.table(group, "values", np.arange(6).reshape(2, 3), [image, row])
        dimensions.table(group, "words", ["p", "q", "r", "s"], [edge])
        dimensions.streamed(group, "maps", [image, row], dtype="float16")
    with h5py.File(tmp_path / "a.h5") as file:
        values = file["layer/values"]
        assert dimensions.labels(values) == ("image", "row")
        assert values.dims[0][0].asstr()[:].tolist() == ["a", "é"]
        assert values.dims[1][0][:].tolist() == [1.5, 2.5, 3.5]
        assert values.dims[1][0].attrs["units"] == "input pixels"
        assert file["layer/words"].asstr()[:].tolist() == ["p", "q", "r", "s"]
        assert dimensions.labels(file["layer/row"]) == ("row",)
        assert dimensions.labels(file["layer/edge"]) == ("edge",)
        assert dimensions.is_extent(file["layer/edge"])
        assert not dimensions.is_extent(file["layer/row"])
        assert not dimensions.is_extent(values)
        assert file["layer/edge"].id.get_storage_size() == 0
        assert file["layer/maps"].shape == (2, 3)
        assert file["layer/maps"].dtype == np.float16


@pytest.mark.parametrize("compression", dimensions.COMPRESSIONS)
def test_what_is_streamed_is_read_back(tmp_path, compression):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        image = dimensions.scale(file, "image", ["a", "b"])
        channel = dimensions.scale(file, "channel", [0, 1, 2])
        maps = dimensions.streamed(
            file, "maps", [image, channel], dtype="float32", compression=compression
        )
        assert np.isnan(maps.fillvalue)
        assert maps.compression == compression
        maps[0] = [1, 2, 3]
        maps[1] = [4, 5, 6]
        assert maps[:].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_another_compression_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        image = dimensions.scale(file, "image", ["a"])
        with pytest.raises(ValueError, match=r"compression is one of .*, not 'szip'"):
            dimensions.streamed(file, "maps", [image, image], dtype="f4", compression="szip")


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize(
    ("shape", "chunks"),
    [
        ((5, 6, 3, 4), (1, 2, 3, 4)),  # runs of channels
        ((5, 7, 3, 4), (1, 3, 3, 4)),  # the last run is shorter
        ((5, 2, 3, 4), (2, 2, 3, 4)),  # several images
        ((5, 9), (1, 4)),
        ((5, 3, 4), (1, 1, 4)),
    ],
)
def test_rows_written_chunk_by_chunk_are_the_bytes_of_plain_writing(
    tmp_path, shape, chunks, compression
):
    values = np.random.default_rng(0).random(shape).astype(np.float32)

    def plain(dataset, begin, rows):
        dataset[begin : begin + len(rows)] = rows

    for name, write in (("direct", dimensions.write_rows), ("plain", plain)):
        with h5py.File(tmp_path / name, "w", libver=("v110", "v110"), track_order=True) as file:
            dims = [dimensions.scale(file, f"d{i}", np.arange(n)) for i, n in enumerate(shape)]
            dataset = dimensions.streamed(
                file, "maps", dims, dtype="float32", chunks=chunks, compression=compression
            )
            write(dataset, 0, values[:2])
            write(dataset, 2, values[2:].transpose().copy().transpose())  # not in one piece
            np.testing.assert_array_equal(dataset[:], values)
            write(dataset, 0, values[:1].astype(float))  # of another kind than the file holds
            np.testing.assert_array_equal(dataset[:], values)
    assert (tmp_path / "direct").read_bytes() == (tmp_path / "plain").read_bytes()

"""The gradient file: what is written is read back."""

import h5py
import numpy as np
import pytest
import xarray as xr
from result_files import UNITS, images, made, write_gradients, write_store

from cnnvis import dimensions, gradient_file
from cnnvis.errors import FileError, StoreError
from cnnvis.gradient_file import GradientImage, Unit


def zeros(*shape):
    return np.zeros(shape)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("shape", [(4, 3, 2, 2), (4, 3), (4, 3, 5)])
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_what_is_written_is_read_back(tmp_path, shape, compression):
    path = tmp_path / "g.h5"
    values = write_gradients(path, count=5, shape=shape, compression=compression)
    assert names(tmp_path) == ["g.h5"]
    for place, (unit, divisor) in enumerate(((3, 3), (1, 5))):
        assert np.array_equal(gradient_file.read_all(path, unit=unit), values[:, place])
        assert np.array_equal(list(gradient_file.blocks(path, unit=unit)), values[:, place])
        one = gradient_file.read(path, image="i3", unit=unit)
        assert np.array_equal(one, values[3, place])
        assert one.dtype == np.float32
        assert gradient_file.images(path, unit=unit) == tuple(
            GradientImage(**vars(image), predicted=n % 4, score=n / divisor)
            for n, image in enumerate(images(5))
        )
    assert gradient_file.layer(path) == "features.0"
    assert gradient_file.units(path) == UNITS
    assert gradient_file.provenance(path) == made("gradients", first=0)


def test_without_a_unit_it_is_the_first_one(tmp_path):
    path = tmp_path / "g.h5"
    values = write_gradients(path)[:, 0]
    assert gradient_file.unit(path) == 3
    assert np.array_equal(gradient_file.read_all(path), values)
    assert np.array_equal(list(gradient_file.blocks(path)), values)
    assert np.array_equal(gradient_file.read(path, image="i1"), values[1])
    assert gradient_file.images(path) == gradient_file.images(path, unit=3)


def test_a_unit_that_is_not_there_is_named(tmp_path):
    write_gradients(tmp_path / "g.h5")
    with pytest.raises(StoreError, match=r"no gradients of unit 2, only of \[3, 1\]. Add"):
        gradient_file.read_all(tmp_path / "g.h5", unit=2)


@pytest.mark.parametrize(("units", "said"), [((), "got none"), ((1, 2, 1), r"got \[1, 2, 1\]")])
def test_every_unit_is_there_once(tmp_path, units, said):
    with pytest.raises(StoreError, match=f"units, each of them once; {said}"):
        append_to(tmp_path, units=[Unit(index, "a unit") for index in units])


def test_a_file_of_one_unit_is_refused_with_the_stage_to_rerun(tmp_path):
    write_gradients(tmp_path / "g.h5")
    with h5py.File(tmp_path / "g.h5", "a") as file:
        file.attrs["schema_version"] = 1
    with pytest.raises(StoreError, match=r"has version 1 .* reads 2\. Rerun the stage 'gradients'"):
        gradient_file.images(tmp_path / "g.h5")


def test_a_chunk_holds_one_unit(tmp_path):
    """One unit is read without the others: chunks are whole in memory."""
    for shape in ((4, 3, 2, 2), (256, 64, 5, 5)):
        write_gradients(tmp_path / "g.h5", shape=shape)
        with h5py.File(tmp_path / "g.h5") as file:
            chunks = file["gradient"].chunks
        assert chunks[1] == 1
        assert np.prod(chunks) * 4 <= dimensions.CHUNK_BYTES


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_the_size_of_batches_does_not_show(tmp_path, compression):
    for batch in (1, 2, 5):
        write_gradients(tmp_path / f"{batch}.h5", count=5, batch=batch, compression=compression)
    assert len({file.read_bytes() for file in tmp_path.iterdir()}) == 1


def test_xarray_sees_coordinates(tmp_path):
    values = write_gradients(tmp_path / "g.h5")
    with xr.open_dataset(tmp_path / "g.h5", engine="h5netcdf") as data:
        assert data.gradient.dims == ("image", "unit", "filter", "in_channel", "k_row", "k_col")
        assert data.predicted.sel(image="i2") == 2
        assert (
            data.gradient.sel(image="i2", unit=1, filter=3, in_channel=1, k_row=0, k_col=1)
            == (values[2, 1, 3, 1, 0, 1])
        )
        assert data.score.sel(image="i2", unit=1) == 2 / 5
        assert data.unit_name.values.tolist() == ["bee", "ant"]
        assert data.attrs["layer"] == "features.0"


def test_missing_images_leave_nothing(tmp_path):
    with pytest.raises(StoreError, match="3 of 3 images were never written"):
        append_to(tmp_path)
    assert names(tmp_path) == []


def append_to(folder, *batches, shape=(4, 3), units=UNITS[:1], **options):
    with gradient_file.create(
        folder / "g.h5",
        layer="fc",
        units=units,
        shape=shape,
        images=images(3),
        provenance=made(),
        **options,
    ) as writer:
        for names, gradients, predicted, score in batches:
            writer.append(names, gradients, predicted=predicted, score=score)


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        ((["i1"], zeros(1, 1, 4, 3), [0], [[0.0]]), r"\['i0'\] come next, got \['i1'\]"),
        ((["i0"], zeros(2, 1, 4, 3), [0], [[0.0]]), r"gradient: an array of shape \(1, 1, 4, 3\)"),
        ((["i0"], zeros(1, 1, 4, 2), [0], [[0.0]]), r"gradient: an array of shape \(1, 1, 4, 3\)"),
        ((["i0"], zeros(1, 2, 4, 3), [0], [[0.0]]), r"gradient: an array of shape \(1, 1, 4, 3\)"),
        ((["i0"], zeros(1, 1, 4, 3), 0, [[0.0]]), r"predicted: an array of shape \(1,\) was"),
        ((["i0"], zeros(1, 1, 4, 3), [0], [0.0]), r"score: an array of shape \(1, 1\) was"),
        ((["i0"], zeros(1, 1, 4, 3) + np.nan, [0], [[0.0]]), r"gradient of \['i0'\]: not all"),
        ((["i0"], zeros(1, 1, 4, 3), [0], [[np.inf]]), r"score of \['i0'\]: not all"),
    ],
)
def test_what_was_not_announced_is_refused(tmp_path, batch, said):
    with pytest.raises(StoreError, match=said):
        append_to(tmp_path, batch)
    assert names(tmp_path) == []


@pytest.mark.parametrize("shape", [(4,), (4, 3, 2, 2, 2)])
def test_other_weights_are_refused(tmp_path, shape):
    with pytest.raises(StoreError, match=r"weights are .* got the shape \(4"):
        append_to(tmp_path, shape=shape)


def test_what_does_not_fit_the_disk_is_refused_before_it_begins(tmp_path):
    with pytest.raises(FileError, match=r"g\.h5 needs 12000000000 MB"):
        append_to(tmp_path, shape=(10**6, 10**9))
    assert names(tmp_path) == []


def test_an_unknown_image_is_refused(tmp_path):
    write_gradients(tmp_path / "g.h5")
    with pytest.raises(StoreError, match="no image 'i7'"):
        gradient_file.read(tmp_path / "g.h5", image="i7")


def test_another_kind_of_file_is_refused(tmp_path):
    write_store(tmp_path / "a.h5")
    with pytest.raises(StoreError, match="is a cnnvis/activations file; a cnnvis/gradients file"):
        gradient_file.read_all(tmp_path / "a.h5")


@pytest.mark.parametrize(("class_index", "correct"), [(3, True), (2, False), (None, None)])
def test_whether_the_network_was_right(class_index, correct):
    image = GradientImage("cat", class_index=class_index, predicted=3, score=0.5)
    assert image.correct is correct

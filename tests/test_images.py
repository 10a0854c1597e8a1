"""Photos become what torchvision's presets make of them; broken ones are refused by name."""

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from cnnvis import catalogue, images
from cnnvis.errors import ConfigError, ImageError
from cnnvis.files import sha256
from cnnvis.images import Preprocessing

SQUEEZENET = Preprocessing.from_mapping(catalogue.network("squeezenet1_1").preprocessing)
LITE0 = Preprocessing.from_mapping(catalogue.network("efficientnet_lite0").preprocessing)


@pytest.fixture(scope="module")
def presets():
    """torchvision's own preset of image classification."""
    from cnnvis.models import import_torchvision

    import_torchvision()
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms._presets import ImageClassification

    def preset(preprocessing):
        return ImageClassification(
            crop_size=preprocessing.crop,
            resize_size=preprocessing.resize,
            interpolation=InterpolationMode(preprocessing.interpolation),
            mean=preprocessing.mean,
            std=preprocessing.std,
        )

    return preset


def photo(rows, cols, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (rows, cols, 3), dtype=np.uint8)


def saved(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(
    ("rows", "cols"), [(300, 451), (451, 300), (256, 256), (64, 70), (255, 256), (333, 1001)]
)
def test_the_input_equals_torchvisions(presets, rows, cols, interpolation):
    preprocessing = Preprocessing(resize=256, crop=227, interpolation=interpolation)
    pixels = photo(rows, cols)
    expected = presets(preprocessing)(Image.fromarray(pixels)).numpy()
    found, _ = images.prepare(pixels, preprocessing)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.data())
def test_the_input_equals_torchvisions_for_any_sizes(presets, rows, cols, resize, data):
    crop = data.draw(st.integers(1, resize))
    preprocessing = Preprocessing(resize=resize, crop=crop)
    pixels = photo(rows, cols)
    expected = presets(preprocessing)(Image.fromarray(pixels)).numpy()
    found, frame = images.prepare(pixels, preprocessing)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert frame.crop[2:] == found.shape[1:]


def test_lite0_is_shown_values_around_zero():
    pixels = np.full((256, 256, 3), 127, np.uint8)
    found, _ = images.prepare(pixels, LITE0)
    assert found.shape == (3, 224, 224)
    assert not found.any()
    assert images.prepare(pixels + 128, LITE0)[0].max() == 1.0


def test_what_was_shown_is_the_input_before_normalisation():
    pixels = photo(300, 200)
    found, frame = images.prepare(pixels, SQUEEZENET)
    shown = images.shown(pixels, frame, interpolation=SQUEEZENET.interpolation)
    assert shown.shape == (227, 227, 3)
    again = (shown.transpose(2, 0, 1) / 255 - np.reshape(SQUEEZENET.mean, (3, 1, 1))) / np.reshape(
        SQUEEZENET.std, (3, 1, 1)
    )
    np.testing.assert_allclose(found, again, atol=1e-6)


def test_the_frame_leads_a_bright_spot_back_to_its_place_on_the_photo():
    pixels = np.zeros((400, 620, 3), np.uint8)
    pixels[120:140, 300:320] = 255
    found, frame = images.prepare(pixels, SQUEEZENET)
    weight = found[0] - found[0].min()
    rows, cols = np.indices(weight.shape)
    middle = [(weight * axis).sum() / weight.sum() for axis in (rows, cols)]
    np.testing.assert_allclose(frame.to_photo([middle]), [[129.5, 309.5]], atol=0.1)


def test_a_narrow_strip_is_refused_before_it_becomes_huge():
    with pytest.raises(ImageError, match="would become 256 x 1280000: it is too narrow"):
        images.prepare(np.zeros((1, 5000, 3), np.uint8), SQUEEZENET)


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((3, 4, 4), np.uint8), np.zeros((4, 4, 3))]
)
def test_only_photos_are_prepared(wrong):
    with pytest.raises(ImageError, match=r"a photo is \(row, col, 3\) in uint8"):
        images.prepare(wrong, SQUEEZENET)


def test_colour_is_read_as_it_is(tmp_path):
    pixels = photo(5, 7)
    path = tmp_path / "a.png"
    path.write_bytes(saved(Image.fromarray(pixels)))
    assert np.array_equal(images.read(path), pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_whatever_the_camera_says(orientation):
    upright = np.zeros((8, 16, 3), np.uint8)
    upright[:4, :8] = 255
    # What the camera stored: the inverse of the turn that EXIF asks for.
    turns = [
        lambda a: a,
        lambda a: a[:, ::-1],
        lambda a: a[::-1, ::-1],
        lambda a: a[::-1],
        lambda a: a.transpose(1, 0, 2),
        lambda a: np.rot90(a),
        lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        lambda a: np.rot90(a, -1),
    ]
    stored = Image.fromarray(np.ascontiguousarray(turns[orientation - 1](upright)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(stored, "PNG", exif=exif)
    assert np.array_equal(images.decode(data, "turned"), upright)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "RGB"])
def test_any_kind_of_colour_becomes_rgb(mode):
    grey = Image.fromarray(np.repeat(photo(16, 16)[:, :, :1] // 200 * 255, 3, axis=2))
    form = "TIFF" if mode in ("CMYK", "YCbCr") else "PNG"
    found = images.decode(saved(grey.convert(mode), form), mode)
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - np.array(grey)).max() <= 2


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_what_is_transparent_lies_on_white(mode):
    half = Image.new("RGBA", (4, 2), (0, 0, 0, 255))
    half.putalpha(Image.fromarray(np.array([[255, 0, 0, 255]] * 2, np.uint8)))
    form = "TIFF" if mode == "PA" else "PNG"
    data = saved(half if mode == "PA" else half.convert(mode), form)
    assert images.decode(data, mode)[0, :, 0].tolist() == [0, 255, 255, 0]


def test_a_transparent_colour_of_a_palette_lies_on_white():
    image = Image.fromarray(np.array([[0, 1]], np.uint8), mode=None).convert("P")
    image.putpalette([0, 0, 0, 10, 20, 30])
    data = saved(image, "PNG", transparency=0)
    assert images.decode(data, "palette")[0].tolist() == [[255, 255, 255], [10, 20, 30]]


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bits_become_8(form):
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    found = images.decode(saved(Image.fromarray(levels), form), "deep")
    assert np.array_equal(found[:, :, 1], np.arange(256).reshape(16, 16))
    near = images.decode(saved(Image.fromarray(levels[:, :-1] + np.uint16(100)), form), "deep")
    assert np.array_equal(near, found[:, :-1])


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_values_without_a_range_are_refused(dtype):
    image = Image.fromarray(np.full((4, 4), 70_000, dtype))
    with pytest.raises(ImageError, match="save it with 8 bits"):
        images.decode(saved(image, "TIFF"), "raw")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.6])
def test_a_cut_photo_is_refused_by_name(tmp_path, form, share):
    data = saved(Image.fromarray(photo(40, 40)), form)
    path = tmp_path / "cut.bin"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ImageError, match=r"cut\.bin cannot be decoded"):
        images.read(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(
        ImageError, match=r"cannot read the photo .*gone\.png: No such file.*image_part"
    ):
        images.read(tmp_path / "gone.png")
    with pytest.raises(ImageError, match="Is a directory"):
        images.read(tmp_path)


@pytest.mark.parametrize("side", [10_000, 40_000])
def test_a_decompression_bomb_is_not_decoded(side):
    small = saved(Image.new("L", (2, 2)), "PNG")
    header = b"IHDR" + struct.pack(">II", side, side) + small[24:29]
    bomb = small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]
    with pytest.raises(ImageError, match="more than 89 million pixels"):
        images.decode(bomb, "bomb")


def test_text_in_a_photo_does_no_harm():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("comment", "x" * 1000)
    assert images.decode(saved(Image.new("RGB", (2, 2)), pnginfo=notes), "a").shape == (2, 2, 3)


@pytest.fixture
def manifest(tmp_path):
    import pandas as pd

    for index in range(5):
        Image.fromarray(photo(30, 40 + index, seed=index)).save(tmp_path / f"{index}.png")
    return pd.DataFrame({"id": list("abcde"), "path": [f"{index}.png" for index in range(5)]})


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_batches_are_the_photos_one_by_one(manifest, tmp_path, size):
    small = Preprocessing(resize=24, crop=20)
    found = list(images.batches(manifest, small, root=tmp_path, size=size))
    assert [len(batch) for batch in found] == [min(size, 5 - i) for i in range(0, 5, size)]
    assert sum((batch.names for batch in found), ()) == tuple("abcde")
    for index, pixels in enumerate(np.concatenate([batch.pixels for batch in found])):
        one, frame = images.prepare(images.read(tmp_path / f"{index}.png"), small)
        assert np.array_equal(pixels, one)
        assert frame == found[index // size].frames[index % size]


def test_no_rows_are_an_empty_batch(manifest, tmp_path):
    empty = images.load(manifest.iloc[:0], Preprocessing(resize=24, crop=20), root=tmp_path)
    assert empty.pixels.shape == (0, 3, 20, 20)
    with pytest.raises(ConfigError, match="at least one image"):
        list(images.batches(manifest, SQUEEZENET, root=tmp_path, size=0))


def test_noise_depends_on_its_seed_only():
    a, b = (images.noise(["x", "y"], size=16, seed=seed) for seed in (0, 1))
    assert np.array_equal(a.pixels, images.noise(["x", "y"], size=16, seed=0).pixels)
    assert not np.array_equal(a.pixels, b.pixels)
    assert abs(a.pixels.mean()) < 0.1
    assert np.array_equal(a.frames[0].to_photo([[3, 4]]), [[3, 4]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop": 300}, "crop 300 must be from 1 to resize, which is 256"),
        ({"crop": 0}, "crop 0"),
        ({"interpolation": "nearest"}, "'nearest' is not one of bilinear, bicubic"),
        ({"mean": [0.5]}, "three numbers"),
        ({"std": [1, 0, 1]}, "not 0"),
        ({"scale": 0}, "not 0"),
        ({"crp": 3}, "give resize, crop and, if wanted, interpolation"),
    ],
)
def test_a_preprocessing_that_cannot_be_meant_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        Preprocessing.from_mapping({"resize": 256, "crop": 224} | changes)


def test_every_network_of_the_catalogue_has_a_preprocessing():
    for entry in catalogue.networks().values():
        preprocessing = Preprocessing.from_mapping(entry.preprocessing)
        assert preprocessing.crop <= preprocessing.resize


def test_reading_photos_needs_no_torch():
    heavy = {"torch", "pandas", "h5py", "requests"}
    code = f"import sys, cnnvis.sheets, cnnvis.manifests; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)


@pytest.fixture
def checked(manifest, tmp_path):
    """The manifest with the digests of its photos, as the workflow writes it."""
    digests = [sha256(tmp_path / path) for path in manifest["path"]]
    return manifest.assign(sha256=digests)


def test_photos_of_a_manifest_are_read_by_id(checked, tmp_path):
    photos = images.Photos(checked, root=tmp_path)
    assert list(photos) == list("abcde")
    assert len(photos) == 5
    assert np.array_equal(photos["c"], images.read(tmp_path / "2.png"))
    (tmp_path / "2.png").unlink()
    assert "c" in photos, "which reads nothing"
    assert "f" not in photos


CHANGED = (
    r"^c: .*2\.png was changed since it was checked: its sha256 was [0-9a-f]{64}, is [0-9a-f]{64}; "
    r"start the workflow with --forcerun image_part\.$"
)


def test_a_photo_that_was_changed_since_it_was_checked_is_refused(checked, tmp_path):
    small = Preprocessing(resize=24, crop=20)
    Image.fromarray(photo(30, 42, seed=9)).save(tmp_path / "2.png")
    with pytest.raises(ImageError, match=CHANGED):
        images.Photos(checked, root=tmp_path)["c"]
    with pytest.raises(ImageError, match=CHANGED):
        images.load(checked, small, root=tmp_path)
    with pytest.raises(ImageError, match=CHANGED):
        list(images.batches(checked, small, root=tmp_path, size=2))
    assert len(images.load(checked.iloc[:2], small, root=tmp_path)) == 2


def test_what_took_the_place_of_a_photo_in_a_tar_file_is_refused(checked, tmp_path):
    place = f"{tmp_path / 'photos.tar'}!512+{(tmp_path / '2.png').stat().st_size}"
    (tmp_path / "photos.tar").write_bytes(bytes(512) + (tmp_path / "2.png").read_bytes())
    rows = checked.iloc[2:3].assign(path=place)
    assert images.Photos(rows)["c"].shape == (30, 42, 3)
    (tmp_path / "photos.tar").write_bytes(bytes(512 + (tmp_path / "2.png").stat().st_size))
    with pytest.raises(ImageError, match=r"^c: .*photos\.tar.* was changed since it was checked"):
        images.Photos(rows)["c"]


def test_rows_without_digests_are_read_as_they_are(manifest, tmp_path):
    assert images.Photos(manifest, root=tmp_path)["a"].shape == (30, 40, 3)

"""Pictures that are broken, strange or enormous."""

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from cnnvis import frames, images
from cnnvis.errors import ImageError
from hostile.watching import outcome


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, *, depth=8, colour=0, packed=None, more=b""):
    """Write a PNG by hand; all black where nothing is given."""
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    if packed is None:
        packer, row = zlib.compressobj(9), bytes(1 + (width * bits + 7) // 8)
        packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + more + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def read(data, sealed, name="photo.png"):
    with sealed():
        return images.decode(data, name)


def test_a_real_picture_of_20000_by_20000_is_not_decoded(sealed):
    """50 kB on the disk, 1.2 GB in memory."""
    data = png(20_000, 20_000, depth=1)
    assert len(data) < 100_000
    with pytest.raises(ImageError, match=r"photo\.png has more than 89 million pixels"):
        read(data, sealed)


def test_the_limit_is_ours_and_not_pillows(sealed, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(ImageError, match="more than 89 million pixels"):
        read(png(20_000, 20_000, depth=1), sealed)


def test_text_that_unpacks_to_a_gigabyte_is_not_unpacked(sealed):
    note = b"comment\0\0" + zlib.compress(bytes(200 << 20), 9)
    with pytest.raises(ImageError, match=r"photo\.png cannot be decoded"):
        read(png(2, 2, more=chunk(b"zTXt", note)), sealed)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3)])
def test_the_smallest_pictures_are_pictures(size, sealed):
    assert read(png(*size), sealed).shape == (*size[::-1], 3)
    shape = (3, 20, 20)
    assert (
        images.prepare(np.zeros((1, 1, 3), np.uint8), images.Preprocessing(24, 20))[0].shape
        == shape
    )


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
def test_a_picture_without_pixels_is_refused(size, sealed):
    with pytest.raises(ImageError, match=r"photo\.png"):
        read(png(*size), sealed)


def test_16_bits_in_colour_become_8(sealed):
    row = b"\0" + struct.pack(">3H", 65535, 32896, 0)
    assert read(png(1, 1, depth=16, colour=2, packed=zlib.compress(row)), sealed).tolist() == [
        [[255, 128, 0]]
    ]


def test_cmyk_of_a_camera_is_colour(sealed):
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    found = read(saved(red, "JPEG", quality=100), sealed, "photo.jpg")
    assert np.abs(found.astype(int) - [255, 0, 0]).max() < 8


def test_a_palette_with_shades_of_transparency_lies_on_white(sealed):
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
    image.putpalette([0, 0, 0] * 3)
    data = saved(image, "PNG", transparency=bytes([0, 128, 255]))
    assert read(data, sealed)[0, :, 0].tolist() == [255, 127, 0]


def test_a_camera_that_lies_about_its_orientation_is_not_believed(sealed):
    for value in (0, 9, 255, 65535):
        exif = Image.Exif()
        exif[0x0112] = value
        data = saved(Image.new("RGB", (4, 2)), "JPEG", exif=exif)
        assert read(data, sealed, "photo.jpg").shape == (2, 4, 3)


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0MM\0*", b"Exif\0\0" + b"\xff" * 60])
def test_notes_of_a_camera_that_are_broken_do_no_harm(exif, sealed):
    data = saved(Image.new("RGB", (4, 2)), "JPEG", exif=exif)
    assert outcome(lambda: read(data, sealed, "photo.jpg"), "photo.jpg") in ("read", "refused")


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_picture_counts(form, sealed):
    first, *rest = (Image.new("RGB", (8, 8), (0, shade, 0)) for shade in (40, 200, 250))
    data = saved(first, form, save_all=True, append_images=rest)
    assert abs(int(read(data, sealed)[0, 0, 1]) - 40) < 6


NO_PICTURES = {
    "text": b"I am a photo, honestly",
    "a page": b"<html><script>alert(1)</script></html>",
    "a program": b"\x7fELF" + bytes(100),
    "an archive": b"PK\x03\x04" + bytes(100),
    "a vector drawing": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='/x'/></svg>",
    "a PostScript program": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
    "a folder icon": saved(Image.new("RGB", (16, 16)), "ICO"),
    "a PDF": saved(Image.new("RGB", (16, 16)), "PDF"),
    "a Targa picture": saved(Image.new("RGB", (16, 16)), "TGA"),
    "nothing": b"",
    "zeros": bytes(1000),
}  # fmt: skip


@pytest.mark.parametrize("data", NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture_is_refused_whatever_it_is_called(data, sealed):
    with pytest.raises(ImageError, match=r"photo\.png cannot be decoded.*save it again") as caught:
        read(data, sealed)
    assert " at 0x" not in str(caught.value), "the same file has to give the same words"


def test_postscript_is_not_handed_to_its_interpreter(tmp_path, sealed, monkeypatch):
    """Pillow would start Ghostscript, if it were there and EPS were one of our formats."""
    from PIL import EpsImagePlugin

    monkeypatch.setattr(EpsImagePlugin, "gs_binary", sys.executable)
    data = NO_PICTURES["a PostScript program"]
    for read_it in (lambda: images.decode(data, "photo.png"), lambda: frames.read("photo.gif")):
        (tmp_path / "a/b/photo.gif").write_bytes(data)
        with sealed(), pytest.raises(ImageError, match="photo"):
            read_it()


def test_an_animation_that_does_not_fit_into_memory_is_refused(tmp_path, sealed, monkeypatch):
    monkeypatch.setattr(frames, "_MOST_BYTES", 20_000)
    path = tmp_path / "film.gif"
    first, *rest = (Image.new("RGB", (50, 50), (shade, 0, 0)) for shade in range(0, 200, 50))
    path.write_bytes(saved(first, "GIF", save_all=True, append_images=rest))
    with sealed(), pytest.raises(ImageError, match=r"film\.gif take more than"):
        frames.read(path)
    folder = tmp_path / "film"
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (50, 50)).save(folder / f"{number}.png")
    with sealed(), pytest.raises(ImageError, match="film take more than"):
        frames.read(folder)

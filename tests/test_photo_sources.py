"""A photo is read from wherever a sheet says; of a local one it is known where it lies."""

import tarfile
import zipfile
from pathlib import Path

import pytest
from skimage import data

from cnnvis import catalogue, photo_sources, tars
from cnnvis.entries import Archive
from cnnvis.errors import ConfigError, ImageError

BYTES = b"not looked at here"


def read(source, folder):
    return photo_sources.read(source, folder / "sheets", folder / "archives")


def test_a_local_photo_lies_where_the_sheet_says(tmp_path):
    path = tmp_path / "sheets" / "cats" / "tom.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(BYTES)
    assert read("cats/tom.png", tmp_path) == (path, BYTES)
    assert read(str(path), tmp_path) == (path, BYTES), "an absolute path stays what it is"


def test_a_photo_in_a_tar_file_lies_at_its_place(tmp_path):
    (tmp_path / "tom.png").write_bytes(BYTES)
    with tarfile.open(tmp_path / "photos.tar", "w") as tar:
        tar.add(tmp_path / "tom.png", "tom.png")
    (sample,) = tars.samples(tmp_path / "photos.tar")
    place = sample.photos[".png"]
    assert read(f"tar:{place}", tmp_path) == (Path(place), BYTES)


def test_a_photo_of_an_archive_lies_nowhere_by_itself(tmp_path, monkeypatch):
    toy = Archive("toy", "url", "toy.zip", "0" * 64, url="x")
    monkeypatch.setattr(catalogue, "archives", lambda: {"toy": toy})
    (tmp_path / "archives").mkdir()
    with zipfile.ZipFile(tmp_path / "archives" / "toy.zip", "w") as archive:
        archive.writestr("tom.png", BYTES)
    assert read("archive:toy!tom.png", tmp_path) == (None, BYTES)
    with pytest.raises(ConfigError, match="no archive 'toi'"):
        read("archive:toi!tom.png", tmp_path)


def test_a_photo_of_a_package_lies_nowhere_that_would_stay(tmp_path):
    file = Path(data.__file__).parent / "coffee.png"
    assert read("package:skimage/data/coffee.png", tmp_path) == (None, file.read_bytes())


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gone.png", r"cannot read gone\.png: No such file"),
        ("a\nb.png", r"the name 'a\\nb\.png' holds what is no text"),
        ("\udcff.png", "holds what is no text"),
        ("package:os/path.py", "from the packages skimage, sklearn, not 'os/path"),
        ("package:skimage/../x.png", "from the packages"),
        ("package:skimage/data/gone.png", "cannot read package:skimage/data/gone"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, source, message):
    with pytest.raises(ImageError, match=message):
        read(source, tmp_path)

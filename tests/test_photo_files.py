"""A photo is read from a plain file of bearable size, and from nothing else."""

import os
import tarfile

import pytest
from PIL import Image

from cnnvis import images, manifests, photo_files, photo_sources, tars
from cnnvis.errors import ImageError
from cnnvis.sheets import read_sheet

HUGE = r"has 40960 MiB; photos of more than 256 MiB are not read\. Save it smaller"
STRANGE = "a photo has to be a plain file, and this is a device, a pipe or the like. Copy the photo"


@pytest.fixture(params=["sparse", "pipe", "device"])
def hostile(request, tmp_path):
    """A file that would fill the memory, one that would hang, one that never ends; and why not."""
    path = tmp_path / "photo.png"
    if request.param == "sparse":
        with path.open("wb") as file:
            file.truncate(40 << 30)
        return path, HUGE
    if request.param == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    return path, STRANGE


def test_a_plain_file_is_read_as_it_is(tmp_path):
    (tmp_path / "a.png").write_bytes(b"0123456789")
    assert photo_files.read(tmp_path / "a.png") == b"0123456789"
    (tmp_path / "link.png").symlink_to("a.png")
    assert photo_files.read(tmp_path / "link.png") == b"0123456789"


def test_a_place_in_a_tar_file_is_read(tmp_path):
    (tmp_path / "a.png").write_bytes(b"0123456789")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(tmp_path / "a.png", "a.png")
    (sample,) = tars.samples(tmp_path / "a.tar")
    assert photo_files.read(sample.photos[".png"]) == b"0123456789"


def test_what_is_no_photo_of_bearable_size_is_refused_in_words(hostile, tmp_path):
    path, reason = hostile
    with pytest.raises(ImageError, match=reason):
        photo_files.read(path)
    with pytest.raises(ImageError, match=rf"the photo .*photo\.png:? {reason}"):
        images.read(path)
    with pytest.raises(ImageError, match=rf"^(cannot read )?photo\.png:? {reason}"):
        photo_sources.read("photo.png", tmp_path, tmp_path)


def test_it_is_left_out_where_bad_photos_are(hostile, tmp_path):
    path, reason = hostile
    Image.new("RGB", (8, 8)).save(tmp_path / "good.png")
    (tmp_path / "sheet.csv").write_text(f"id,source\nbad,{path.name}\ngood,good.png\n")
    left_out = manifests.materialise(
        read_sheet(tmp_path / "sheet.csv"),
        sheet_dir=tmp_path,
        folder=tmp_path / "photos",
        archives_dir=tmp_path,
        manifest_path=tmp_path / "manifest.csv",
        skip_bad=True,
    )
    assert list(left_out["image"]) == ["bad"]
    assert left_out["reason"].str.contains(reason).all()
    assert list(manifests.read_manifest(tmp_path / "manifest.csv")["id"]) == ["good"]


def test_no_more_is_read_than_the_file_was_said_to_hold(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"0123456789")
    monkeypatch.setattr(photo_files, "MOST_BYTES", 9)
    with pytest.raises(ImageError, match="photos of more than 0 MiB"):
        photo_files.read(path)
    monkeypatch.setattr(photo_files, "MOST_BYTES", 10)
    assert photo_files.read(path) == b"0123456789"

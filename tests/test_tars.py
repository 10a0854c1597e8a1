"""Photos in tar files: listed by their headers, read in place, and what is refused."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from cnnvis import images, manifests, sheets, tars
from cnnvis.errors import ConfigError, ImageError


def picture(value):
    out = io.BytesIO()
    Image.fromarray(np.full((4, 5, 3), value, np.uint8)).save(out, "png")
    return out.getvalue()


def tar_of(path, files, mode="w"):
    with tarfile.open(path, mode) as tar:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def train(tmp_path):
    return tar_of(
        tmp_path / "train-0000.tar",
        [
            ("cats/tom.jpg", picture(10)),
            ("cats/tom.cls", b"281\n"),
            ("cats/tom.json", b"{}"),
            ("mug.PNG", picture(20)),
            ("notes.txt", b"no photo"),
        ],
    )


def test_samples_are_listed_with_their_class(train):
    sheet = sheets.tar_sheet(train)
    assert sheet["id"].tolist() == ["cats__tom", "mug"]
    assert sheet["class"].tolist() == ["281", ""]
    assert set(sheet["role"]) == {""}


def test_a_number_of_a_class_is_one_of_the_networks(train, tmp_path):
    assert sheets.tar_sheet(train, classes=["imagenet", None])["class"].tolist() == ["281", ""]
    (tmp_path / "names.txt").write_text("cat\nmug\n")
    with pytest.raises(ImageError, match=r"cats/tom: no class 281.*from 0 to 1"):
        sheets.tar_sheet(train, classes=[str(tmp_path / "names.txt")])


def test_photos_are_read_in_place(train):
    for source, value in zip(sheets.tar_sheet(train)["source"], (10, 20), strict=True):
        photo = images.read(source.removeprefix("tar:"))
        assert photo.shape == (4, 5, 3)
        assert (photo == value).all()


def test_a_manifest_keeps_the_place_and_writes_no_photo(train, tmp_path):
    manifest = tmp_path / "m.csv"
    manifests.materialise(
        sheets.tar_sheet(train),
        sheet_dir=".",
        folder=tmp_path / "photos",
        archives_dir=tmp_path,
        manifest_path=manifest,
    )
    rows = manifests.read_manifest(manifest)
    assert rows["path"].map(tars.is_place).all()
    assert not (tmp_path / "photos").exists()
    assert (images.read(rows["path"][1]) == 20).all()


def test_long_names_and_large_archives_are_listed_right(tmp_path):
    name = "a" * 300
    path = tar_of(tmp_path / "long.tar", [(f"{name}.png", picture(7))])
    (sample,) = tars.samples(path)
    assert sample.key == name
    assert (images.read(sample.photos[".png"]) == 7).all()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([("a.txt", b"x")], "holds no photos"),
        ([("a.png", b"x"), ("a.png", b"y")], "holds a.png twice"),
        ([("a.png", b"x"), ("a.jpg", b"y")], "has 2 photos"),
        ([("a.png", b"x"), ("a.cls", b"cat")], "number of a class"),
        ([("a.png", b"x"), ("a.cls", b"1" * 21)], "number of a class"),
        ([("a.png", b"x"), ("a.cls", b"5000")], r"5000"),
    ],
)
def test_what_no_set_may_hold_is_refused(tmp_path, files, message):
    with pytest.raises(ImageError, match=message):
        sheets.tar_sheet(tar_of(tmp_path / "a.tar", files))


def test_hidden_files_are_left_alone_as_in_a_folder(tmp_path):
    files = ["a/._tom.jpg", "a/.png", "a/.cls", ".hidden/x.png", "./b/tom.jpg", ".x.y.png"]
    path = tar_of(tmp_path / "a.tar", [(name, b"x") for name in files])
    with tarfile.open(path, "a") as tar:
        info = tarfile.TarInfo(".hidden/link")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    said = []
    found = tars.samples(path, said.append)
    assert [(sample.key, *sample.photos) for sample in found] == [("b/tom", ".jpg")]
    assert not said
    assert sheets.tar_sheet(path)["id"].tolist() == ["b__tom"]


def test_a_way_out_of_the_tar_file_is_no_hidden_file(tmp_path):
    with pytest.raises(ImageError, match=r"the id '\.\.__x' may hold"):
        sheets.tar_sheet(tar_of(tmp_path / "a.tar", [("../x.png", b"x")]))


def test_ids_are_told_apart_where_letters_are_lost(tmp_path):
    names = ["猫.png", "狗.png", "mean.png", f"{'a' * 200}.png", "x/y.png", "x__y.png", "tom.png"]
    ids = sheets.tar_sheet(tar_of(tmp_path / "a.tar", [(n, b"x") for n in names]))["id"].tolist()
    assert len(set(ids)) == len(names)
    assert ids[-1] == "tom"
    assert all(name.startswith("_-") for name in ids[:2])
    assert ids[2].startswith("mean-")
    assert len(ids[3]) == 150
    assert all(name.startswith("x__y-") for name in ids[4:6])


def test_an_id_that_lost_letters_does_not_depend_on_the_other_files(tmp_path):
    alone, both = (
        sheets.tar_sheet(tar_of(tmp_path / f"{len(names)}.tar", [(n, b"x") for n in names]))
        for names in (["猫.png"], ["狗.png", "猫.png"])
    )
    assert alone["id"][0] == both["id"][1] != both["id"][0]


def test_a_picture_with_points_in_its_name_is_told_of(tmp_path):
    names = ["a.png", "a.seg.png", "cat.v2.png", "cat.json", "b.tar.gz"]
    path = tar_of(tmp_path / "a.tar", [(name, b"x") for name in names])
    said = []
    assert sheets.tar_sheet(path, say=said.append)["id"].tolist() == ["a"]
    (line,) = said
    assert f"{path}: 2 pictures" in line
    assert "a.seg.png" in line
    with pytest.raises(ImageError, match=r"holds no photos.*2 pictures .*cat\.0\.png.*cat_0\.png"):
        tars.samples(tar_of(tmp_path / "b.tar", [("cat.0.png", b"x"), ("cat.1.PNG", b"x")]))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE]
)
def test_links_devices_and_holes_are_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        info = tarfile.TarInfo("a.png")
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(ImageError, match="only plain files"):
        tars.samples(tmp_path / "a.tar")


def test_compressed_cut_and_other_files_are_refused(tmp_path, train):
    compressed = tar_of(tmp_path / "z.tar", [("a.png", picture(1))], "w:gz")
    cut = tmp_path / "cut.tar"
    cut.write_bytes(train.read_bytes()[:700])
    other = tmp_path / "other.tar"
    other.write_bytes(b"no tar" * 500)
    for path in (compressed, other, tmp_path / "missing.tar"):
        with pytest.raises(ImageError, match=f"cannot read .*{path.name}"):
            tars.samples(path)
    with pytest.raises(ImageError, match=r"cannot read|ends before it|holds no photos"):
        [images.read(place) for one in tars.samples(cut) for place in one.photos.values()]


def test_a_tar_file_that_became_shorter_is_named(train):
    place = sheets.tar_sheet(train)["source"][1].removeprefix("tar:")
    train.write_bytes(train.read_bytes()[:1024])
    with pytest.raises(ImageError, match="was changed since"):
        tars.read(place)


@pytest.mark.parametrize("place", ["a.tar", "a.tar!x+1", "a.zip!1+1", "a.tar!1+99999999999"])
def test_places_are_exact(place):
    assert not tars.is_place(place)
    with pytest.raises(ImageError, match="no place in a tar file"):
        tars.read(place)


def test_more_than_a_photo_may_have_is_not_read(tmp_path):
    with pytest.raises(ImageError, match="MiB"):
        tars.read(f"{tmp_path}/a.tar!0+999999999")


def test_patterns(tmp_path):
    for number in ("08", "09", "10"):
        (tmp_path / f"t-{number}.tar").touch()
    expected = tuple(f"{tmp_path}/t-{number}.tar" for number in ("08", "09", "10"))
    assert tars.expand(f"{tmp_path}/t-{{08..10}}.tar") == expected
    assert tars.expand(f"{tmp_path}/t-*.tar") == expected
    with pytest.raises(ConfigError, match="there is no file"):
        tars.expand(f"{tmp_path}/t-{{08..11}}.tar")
    for many in ("{00000..10000}", "{0..999999999999}", "{000..100}-{00..99}"):
        with pytest.raises(ConfigError, match=r"\d+ tar files.*greater than the maximum of 10000"):
            tars.expand(f"{tmp_path}/t-{many}.tar")
    with pytest.raises(ConfigError, match="no file fits"):
        tars.expand(f"{tmp_path}/x-*.tar")
    with pytest.raises(ConfigError, match=r"no \.tar file"):
        tars.expand(f"{tmp_path}/t.tar.gz")

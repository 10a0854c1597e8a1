"""Sheets are checked before anything is made of them; manifests say what was found."""

import hashlib
import io
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnvis import catalogue, images, labels, sheets
from cnnvis.entries import Archive
from cnnvis.errors import AssetError, ConfigError, ImageError


def png(rows, cols, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, cols, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def write(tmp_path):
    def write(text, name="sheet.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def test_a_sheet_is_read_with_what_it_leaves_out_as_empty(write):
    sheet = sheets.read_sheet(write("id,source,class\na,a.png,Egyptian cat\nb.2,b.png,\n"))
    assert list(sheet.columns) == list(sheets.COLUMNS)
    assert sheet.to_dict("list") == {
        "id": ["a", "b.2"],
        "source": ["a.png", "b.png"],
        "class": ["285", ""],
        "role": ["", ""],
        "sha256": ["", ""],
    }


def test_words_that_pandas_takes_for_missing_stay_words(write):
    assert sheets.read_sheet(write("id,source\nNA,nan.png\n"))["id"].tolist() == ["NA"]


def test_a_byte_order_mark_does_no_harm(write):
    assert sheets.read_sheet(write("\ufeffid,source\na,a.png\n"))["id"].tolist() == ["a"]


def test_the_default_photos_are_a_valid_sheet():
    sheet = sheets.read_sheet(catalogue.image_set("photos").sheet)
    assert len(sheet) == 12
    assert sheet["class"].tolist()[:2] == ["285", "285"]
    assert set(sheet["role"]) == set(sheets.ROLES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,source\na,a.png\na,b.png\n", "the id 'a' stands in two rows"),
        ("id,source\na/b,a.png\n", "the id 'a/b' may hold"),
        ("id,source\n..,a.png\n", r"the id '\.\.' may hold"),
        ("id,source\nä,a.png\n", "the id 'ä' may hold"),
        ("id,source\na,\n", "image 'a' has no source"),
        ("id,source,class\na,a.png,Egyptian cta\n", "image 'a'.*mean 'Egyptian cat'"),
        ("id,source,class\na,a.png,1000\n", "image 'a'.*from 0 to 999"),
        ("id,source,role\na,a.png,similer\n", "image 'a': no role 'similer'.*'similar'"),
        ("id,source,sha256\na,a.png,abc\n", "image 'a': a sha256 has 64"),
        ("id,source,clas\na,a.png,1\n", "no column 'clas'; did you mean 'class'"),
        ("source\na.png\n", "lacks the column 'id'"),
        ("id,source\n", "lists no images"),
        ("", "cannot read the table"),
        ("id,source\na,b,c,d\ne,f,g,h,i\n", "cannot read the table"),
    ],
)
def test_a_wrong_sheet_is_refused_by_name(write, text, message):
    with pytest.raises(ImageError, match=message):
        sheets.read_sheet(write(text))


def test_a_missing_sheet_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"cannot read the table .*gone\.csv"):
        sheets.read_sheet(tmp_path / "gone.csv")


@pytest.fixture
def folder(tmp_path):
    def folder(*names):
        for name in names:
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return tmp_path / "photos"

    return folder


def test_a_folder_gives_ids_from_paths_sorted(folder):
    place = folder("b.PNG", "cats/tabby 1.jpg", "a.jpeg", "notes.txt", ".hidden/x.png", ".y.png")
    sheet = sheets.folder_sheet(place)
    assert sheet["id"].tolist() == ["a", "b", "cats__tabby_1"]
    assert sheet["source"].tolist() == ["a.jpeg", "b.PNG", "cats/tabby 1.jpg"]


def test_ids_of_a_folder_are_unique_and_the_same_again(folder):
    place = folder("x y.png", "x_y.png", "x_y.jpg", "u v.png", "u_v.png", "z.png")
    sheet = sheets.folder_sheet(place)
    names = dict(zip(sheet["source"], sheet["id"], strict=True))
    assert len(set(names.values())) == 6
    assert names["z.png"] == "z"
    assert sheets.folder_sheet(folder("new.png", "z z.png"))["id"].isin(names.values()).sum() == 6


def test_a_folder_makes_a_sheet_that_is_valid_as_a_file(folder, tmp_path):
    sheets.folder_sheet(folder("ä ö/ß.png", "-x.png")).to_csv(tmp_path / "s.csv", index=False)
    assert sheets.read_sheet(tmp_path / "s.csv")["id"].tolist() == ["-x", "______"]


def test_an_empty_or_missing_folder_is_refused(folder, tmp_path):
    with pytest.raises(ImageError, match="holds no photos"):
        sheets.folder_sheet(folder("a.txt"))
    with pytest.raises(ImageError, match="there is no folder"):
        sheets.folder_sheet(tmp_path / "gone")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Three photos: a local one, one in an archive in an archive, one of a package."""
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as archive:
        info = tarfile.TarInfo("cat.PNG")
        info.size = len(png(8, 9, seed=1))
        archive.addfile(info, io.BytesIO(png(8, 9, seed=1)))
    (tmp_path / "archives").mkdir()
    with zipfile.ZipFile(tmp_path / "archives" / "toy.zip", "w") as archive:
        archive.writestr("data/cats.tar.gz", inner.getvalue())
    toy = Archive("toy", "url", "toy.zip", "0" * 64, url="x")
    monkeypatch.setattr(catalogue, "archives", lambda: {"toy": toy})
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "local.png").write_bytes(png(5, 6))
    return pd.DataFrame(
        {
            "id": ["here", "cat", "coffee"],
            "source": [
                "local.png",
                "archive:toy!data/cats.tar.gz!cat.PNG",
                "package:skimage/data/coffee.png",
            ],
            "class": ["", "285", "967"],
            "role": ["", "reference", "dissimilar"],
            "sha256": ["", sha256(png(8, 9, seed=1)), ""],
        }
    )


def materialise(study):
    sheets.materialise(
        study,
        sheet_dir="config",
        folder="photos",
        archives_dir="archives",
        manifest_path="made/manifest.csv",
    )


def test_a_manifest_lists_what_was_found(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    materialise(study)
    manifest = sheets.read_manifest("made/manifest.csv")
    assert manifest["path"].tolist() == ["config/local.png", "photos/cat.png", "photos/coffee.png"]
    assert manifest[["rows", "cols"]].to_numpy().tolist() == [[5, 6], [8, 9], [400, 600]]
    assert [images.read(path).shape[0] for path in manifest["path"]] == [5, 8, 400]
    assert sorted(path.name for path in (tmp_path / "photos").iterdir()) == [
        "cat.png",
        "coffee.png",
    ]
    assert (tmp_path / "photos" / "cat.png").read_bytes() == png(8, 9, seed=1)
    assert sheets.labels(manifest)[:2] == (
        labels.Image("here", sha256(png(5, 6)), None, ""),
        labels.Image("cat", sha256(png(8, 9, seed=1)), 285, "reference"),
    )


def test_a_manifest_is_the_same_bytes_again_and_elsewhere(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    materialise(study)
    first = (tmp_path / "made" / "manifest.csv").read_bytes()
    (tmp_path / "photos" / "cat.png").unlink()
    materialise(study)
    assert (tmp_path / "made" / "manifest.csv").read_bytes() == first
    assert str(tmp_path).encode() not in first


def test_a_local_photo_may_lie_anywhere(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "far.png").write_bytes(png(3, 4))
    study.loc[0, "source"] = str(tmp_path / "far.png")
    materialise(study)
    manifest = sheets.read_manifest("made/manifest.csv")
    assert manifest["path"][0] == (tmp_path / "far.png").as_posix()


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("gone.png", ImageError, "image 'here': cannot read gone.png: No such file"),
        ("archive:toi!x", ConfigError, "image 'here': no archive 'toi'.*'toy'"),
        ("archive:toy!data/cat.tar.gz!x", AssetError, "image 'here': .*'data/cats.tar.gz'"),
        ("archive:toy!../x", AssetError, "image 'here': .*no path inside an archive"),
        ("package:os/path.py", ImageError, "from the packages skimage, sklearn, not os/path.py"),
        ("package:skimage/../x.png", ImageError, "from the packages"),
        ("package:skimage/data/gone.png", ImageError, "cannot read package:skimage/data/gone.png"),
        ("archives/toy.zip", ImageError, "image 'here': .*toy.zip"),
    ],
)
def test_a_photo_that_is_not_there_is_named(study, tmp_path, monkeypatch, source, error, message):
    monkeypatch.chdir(tmp_path)
    study.loc[0, "source"] = source
    with pytest.raises(error, match=message):
        materialise(study)
    assert not (tmp_path / "made").exists()


def test_another_photo_than_the_promised_one_is_refused(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study.loc[0, "sha256"] = sha256(b"other")
    with pytest.raises(AssetError, match=r"image 'here': local\.png is not the expected file"):
        materialise(study)


def test_a_broken_photo_is_refused_here_and_not_in_a_later_job(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config" / "local.png").write_bytes(png(50, 60)[:-600])
    with pytest.raises(ImageError, match=r"image 'here': local\.png cannot be decoded"):
        materialise(study)
    assert not (tmp_path / "photos").exists()


def test_a_table_that_is_no_manifest_is_refused(write):
    with pytest.raises(ImageError, match="lacks the column 'path'"):
        sheets.read_manifest(write("id,source\na,b\n"))


def manifest_of(count):
    return pd.DataFrame({"id": [f"i{n}" for n in range(count)]})


@given(st.integers(1, 60), st.data())
def test_shards_are_the_whole_in_order_and_of_equal_length(count, data):
    shards = data.draw(st.integers(1, count))
    parts = [sheets.shard(manifest_of(count), index, shards) for index in range(shards)]
    assert [name for part in parts for name in part["id"]] == manifest_of(count)["id"].tolist()
    lengths = {len(part) for part in parts}
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize(
    ("index", "count", "message"),
    [(0, 6, "5 images cannot be cut into 6"), (0, 0, "choose 1 to 5"), (2, 2, "no shard 2")],
)
def test_a_shard_that_cannot_be_is_refused(index, count, message):
    with pytest.raises(ImageError, match=message):
        sheets.shard(manifest_of(5), index, count)


def test_the_digest_is_of_pixels_and_labels_and_not_of_places():
    rows = {"id": ["a"], "path": ["x"], "sha256": ["0"], "class": ["285"], "role": [""]}
    digest = sheets.digest(pd.DataFrame(rows))
    assert sheets.digest(pd.DataFrame(rows | {"path": ["y"]})) == digest
    for change in ({"id": ["b"]}, {"sha256": ["1"]}, {"class": [""]}, {"role": ["similar"]}):
        assert sheets.digest(pd.DataFrame(rows | change)) != digest


# Photos that cannot be used


@pytest.fixture
def mixed(tmp_path, monkeypatch):
    """A sheet of two photos, and of one for every way in which a photo can be bad."""
    monkeypatch.chdir(tmp_path)
    files = {
        "good": png(5, 6),
        "cut": png(50, 60)[:-600],
        "text": b"no photo",
        "other": png(5, 6, seed=2),
        "narrow": png(1, 3000),
        "last": png(7, 8),
    }
    for name, data in files.items():
        (tmp_path / f"{name}.png").write_bytes(data)
    names = [*list(files)[:-1], "gone", "last"]
    digests = [sha256(b"promised") if name == "other" else "" for name in names]
    sheet = pd.DataFrame({"id": names, "source": [f"{name}.png" for name in names]})
    return sheet.assign(**{"class": "", "role": "", "sha256": digests})


def taken(sheet, **options):
    return sheets.materialise(
        sheet,
        sheet_dir=".",
        folder="photos",
        archives_dir="archives",
        manifest_path="manifest.csv",
        **options,
    )


def test_bad_photos_are_left_out_with_their_reasons_and_the_rest_goes_on(mixed):
    left_out = taken(mixed, resize=256, skip_bad=True)
    assert sheets.read_manifest("manifest.csv")["id"].tolist() == ["good", "last"]
    assert list(left_out.columns) == ["image", "source", "reason"]
    reasons = dict(zip(left_out["image"], left_out["reason"], strict=True))
    assert list(reasons) == ["cut", "text", "other", "narrow", "gone"]
    assert "cut.png cannot be decoded" in reasons["cut"]
    assert "begins like none of the formats" in reasons["text"]
    assert "other.png is not the expected file" in reasons["other"]
    assert "narrow.png: a photo of 1 x 3000 pixels would become 256 x 768000" in reasons["narrow"]
    assert "cannot read gone.png: No such file" in reasons["gone"]
    assert taken(mixed, resize=256, skip_bad=True).equals(left_out)


def test_a_narrow_photo_is_good_where_it_stays_small(mixed):
    assert "narrow" not in list(taken(mixed, resize=32, skip_bad=True)["image"])


@pytest.mark.parametrize("name", ["cut", "text", "other", "narrow", "gone"])
def test_without_leave_to_skip_the_first_bad_photo_is_the_end(mixed, name, tmp_path):
    rows = mixed[mixed["id"].isin(["good", name])]
    with pytest.raises((ImageError, AssetError), match=f"image '{name}'"):
        taken(rows, resize=256)
    assert not (tmp_path / "manifest.csv").exists()


def test_a_set_without_one_good_photo_is_refused(mixed, tmp_path):
    rows = mixed[mixed["id"].isin(["cut", "gone"])]
    with pytest.raises(ImageError, match=r"none of the 2 images can be used; .*'cut': cut\.png"):
        taken(rows, skip_bad=True)
    assert not (tmp_path / "manifest.csv").exists()


def test_an_archive_that_is_missing_is_no_fault_of_its_photos(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "archives/toy.zip").unlink()
    with pytest.raises(AssetError, match="image 'cat': there is no archive"):
        sheets.materialise(
            study,
            sheet_dir="config",
            folder="photos",
            archives_dir="archives",
            manifest_path="made/manifest.csv",
            skip_bad=True,
        )


def test_a_sheet_of_good_photos_leaves_nothing_out(mixed):
    rows = mixed[mixed["id"].isin(["good", "last"])]
    assert taken(rows, skip_bad=True).empty


def parts_of(tmp_path, *ids):
    paths = []
    for place, names in enumerate(ids):
        rows = "".join(f"{name},{name}.png,{'0' * 64},,,4,5\n" for name in names)
        path = tmp_path / f"{place:04d}.csv"
        path.write_text("id,path,sha256,class,role,rows,cols\n" + rows)
        paths.append(path)
    return paths


def test_manifests_of_parts_are_joined_in_order(tmp_path):
    sheets.join(parts_of(tmp_path, "ab", "c"), tmp_path / "all.csv")
    (tmp_path / "x").mkdir()
    (whole,) = parts_of(tmp_path / "x", "abc")
    assert (tmp_path / "all.csv").read_bytes() == whole.read_bytes()


def test_an_id_in_two_parts_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"'b' is in .*0000.csv and in .*0002.csv"):
        sheets.join(parts_of(tmp_path, "ab", "c", "b"), tmp_path / "all.csv")
    assert not (tmp_path / "all.csv").exists()


def test_a_part_of_a_sheet_is_what_the_whole_says_of_it(tmp_path):
    sheet = tmp_path / "s.csv"
    rows = [f"i{n},i{n}.png,{n}\n" for n in range(7)]
    sheet.write_text("id,source,class\n" + "".join(rows))
    parts = [sheets.read_sheet(sheet, (index, 3)) for index in range(3)]
    assert [len(part) for part in parts] == [2, 2, 3]
    whole = sheets.read_sheet(sheet)
    assert [row for part in parts for row in part.to_dict("records")] == whole.to_dict("records")


def test_an_id_that_another_part_has_is_refused_in_every_part(tmp_path):
    sheet = tmp_path / "s.csv"
    sheet.write_text("id,source\na,a.png\nb,b.png\na,c.png\nd,d.png\n")
    with pytest.raises(ImageError, match="'a' stands in two rows"):
        sheets.read_sheet(sheet, (0, 2))

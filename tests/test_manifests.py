"""A manifest says what was found, and a photo that cannot be used is named before any job."""

import hashlib
import io
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cnnvis import catalogue, images, labels, manifests
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
    manifests.materialise(
        study,
        sheet_dir="config",
        folder="photos",
        archives_dir="archives",
        manifest_path="made/manifest.csv",
    )


def test_a_manifest_lists_what_was_found(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    materialise(study)
    manifest = manifests.read_manifest("made/manifest.csv")
    assert manifest["path"].tolist() == ["config/local.png", "photos/cat.png", "photos/coffee.png"]
    assert manifest[["rows", "cols"]].to_numpy().tolist() == [[5, 6], [8, 9], [400, 600]]
    assert [images.read(path).shape[0] for path in manifest["path"]] == [5, 8, 400]
    assert sorted(path.name for path in (tmp_path / "photos").iterdir()) == [
        "cat.png",
        "coffee.png",
    ]
    assert (tmp_path / "photos" / "cat.png").read_bytes() == png(8, 9, seed=1)
    assert manifests.labels(manifest)[:2] == (
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
    manifest = manifests.read_manifest("made/manifest.csv")
    assert manifest["path"][0] == (tmp_path / "far.png").as_posix()


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("gone.png", ImageError, "image 'here': cannot read gone.png: No such file"),
        ("archive:toi!x", ConfigError, "image 'here': no archive 'toi'.*'toy'"),
        ("archive:toy!data/cat.tar.gz!x", AssetError, "image 'here': .*'data/cats.tar.gz'"),
        ("archive:toy!../x", AssetError, "image 'here': .*no path inside an archive"),
        ("package:os/path.py", ImageError, "from the packages skimage, sklearn, not 'os/path.py"),
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


def test_a_table_that_is_no_manifest_is_refused(tmp_path):
    (tmp_path / "sheet.csv").write_text("id,source\na,b\n")
    with pytest.raises(ImageError, match="lacks the column 'path'"):
        manifests.read_manifest(tmp_path / "sheet.csv")


def test_the_digest_is_of_pixels_and_labels_and_not_of_places():
    rows = {"id": ["a"], "path": ["x"], "sha256": ["0"], "class": ["285"], "role": [""]}
    digest = manifests.digest(pd.DataFrame(rows))
    assert manifests.digest(pd.DataFrame(rows | {"path": ["y"]})) == digest
    for change in ({"id": ["b"]}, {"sha256": ["1"]}, {"class": [""]}, {"role": ["similar"]}):
        assert manifests.digest(pd.DataFrame(rows | change)) != digest


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
    return manifests.materialise(
        sheet,
        sheet_dir=".",
        folder="photos",
        archives_dir="archives",
        manifest_path="manifest.csv",
        **options,
    )


def test_bad_photos_are_left_out_with_their_reasons_and_the_rest_goes_on(mixed):
    left_out = taken(mixed, resize=256, skip_bad=True)
    assert manifests.read_manifest("manifest.csv")["id"].tolist() == ["good", "last"]
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


def test_a_part_of_a_set_may_have_no_good_photo_but_not_all_of_them(mixed, tmp_path):
    rows = mixed[mixed["id"].isin(["cut", "gone"])]
    left_out = taken(rows, skip_bad=True, of_several=True)
    assert set(left_out["image"]) == {"cut", "gone"}
    assert manifests.read_manifest("manifest.csv").empty
    with pytest.raises(ImageError, match=r"none of the 2 images can be used; .*'cut': cut\.png"):
        manifests.join(["manifest.csv"] * 2, "all.csv", left_out=left_out)
    assert not (tmp_path / "all.csv").exists()


def test_an_archive_that_is_missing_is_no_fault_of_its_photos(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "archives/toy.zip").unlink()
    with pytest.raises(AssetError, match="image 'cat': there is no archive"):
        manifests.materialise(
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


NOTHING = pd.DataFrame(columns=list(manifests.LEFT_OUT_COLUMNS))


def test_manifests_of_parts_are_joined_in_order(tmp_path):
    manifests.join(parts_of(tmp_path, "ab", "", "c"), tmp_path / "all.csv", left_out=NOTHING)
    (tmp_path / "x").mkdir()
    (whole,) = parts_of(tmp_path / "x", "abc")
    assert (tmp_path / "all.csv").read_bytes() == whole.read_bytes()


def test_an_id_in_two_parts_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"'b' is in .*0000.csv and in .*0002.csv"):
        manifests.join(parts_of(tmp_path, "ab", "c", "b"), tmp_path / "all.csv", left_out=NOTHING)
    assert not (tmp_path / "all.csv").exists()

"""Sheets are checked before anything is made of them."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis import catalogue, sheets
from cnnvis.errors import ImageError


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


@pytest.fixture
def lists(tmp_path):
    def lists(*names, name="names.txt"):
        path = tmp_path / name
        path.write_text("\n".join(names) + "\n", encoding="utf-8")
        return str(path)

    return lists


def test_classes_are_those_of_the_networks(write, lists):
    own = lists("goldfish", "digit 3", *(f"c{n}" for n in range(1100)))
    sheet = write("id,source,class\na,a.png,goldfish\nb,b.png,digit 3\nc,c.png,1050\nd,d.png,\n")
    assert sheets.read_sheet(sheet, classes=[own])["class"].tolist() == ["0", "1", "1050", ""]
    numbered = write("id,source,class\na,a.png,5000\n")
    assert sheets.read_sheet(numbered, classes=[None])["class"].tolist() == ["5000"]


def test_a_text_that_means_the_same_to_all_networks_is_taken(write, lists):
    own = lists("tench", "mug")
    sheet = write("id,source,class\na,a.png,Tench\nb,b.png,1\n")
    both = sheets.read_sheet(sheet, classes=["imagenet", own])
    assert both["class"].tolist() == ["0", "1"]


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        ("77", ["names.txt"], r"image 'a'.*no class 77: .*from 0 to 2.*names\.txt"),
        ("tench", ["names.txt"], r"image 'a'.*no class 'tench'.*names\.txt"),
        ("goldfish", [None], r"image 'a'.*'goldfish'.*have no names.*key 'classes'"),
        (
            "goldfish",
            ["imagenet", "names.txt"],
            r"image 'a'.*'goldfish' is 1 of imagenet and 0 of \S*names\.txt.*index.*study",
        ),
        (
            "77",
            ["imagenet", "names.txt"],
            r"image 'a'.*'77' is 77 of imagenet and none of \S*names\.txt \(no class 77",
        ),
        (
            "goldfish",
            ["names.txt", None],
            r"image 'a'.*'goldfish' is 0 of \S*names\.txt and none of the classes without names",
        ),
    ],
)
def test_a_class_that_is_none_or_another_to_a_network_is_refused(
    write, lists, text, given, message
):
    own = lists("goldfish", "mug", "cup")
    sheet = write(f"id,source,class\na,a.png,{text}\n")
    with pytest.raises(ImageError, match=message):
        sheets.read_sheet(sheet, classes=[own if one == "names.txt" else one for one in given])


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


def sheet_of(count):
    return pd.DataFrame({"id": [f"i{n}" for n in range(count)]})


@given(st.integers(1, 60), st.data())
def test_shards_are_the_whole_in_order_and_of_equal_length(count, data):
    shards = data.draw(st.integers(1, count))
    parts = [sheets.shard(sheet_of(count), index, shards) for index in range(shards)]
    assert [name for part in parts for name in part["id"]] == sheet_of(count)["id"].tolist()
    lengths = {len(part) for part in parts}
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize(
    ("index", "count", "message"),
    [(0, 6, "5 images cannot be cut into 6"), (0, 0, "choose 1 to 5"), (2, 2, "no shard 2")],
)
def test_a_shard_that_cannot_be_is_refused(index, count, message):
    with pytest.raises(ImageError, match=message):
        sheets.shard(sheet_of(5), index, count)


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

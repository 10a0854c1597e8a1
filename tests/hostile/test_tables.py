"""Tables of images with formulas, wrong encodings, names that lead out; and our own tables."""

import csv
import os

import pytest
from PIL import Image

from cnnvis import (
    catalogue,
    classes,
    config_images,
    images,
    known_boxes,
    manifests,
    photo_sources,
    sheets,
    table_file,
)
from cnnvis.errors import CnnvisError, ConfigError, ImageError
from hostile.watching import outcome

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "＝1+1"]
IDS = {
    **{f"a formula, {formula!r}": formula for formula in FORMULAS},
    "a folder up": "../x",
    "an absolute path": "/etc/passwd",
    "the folder itself": ".",
    "a hidden file": ".x",
    "a backslash": "..\\x",
    "a drive": "C:x",
    "an address": "file:x",
    "a NUL": "a\0b",
    "a line": "a\nb",
    "an escape": "a\x1b[31mb",
    "from right to left": "a\u202eb",
    "another alphabet": "а",
    "a blank": " a",
    "nothing": "",
    "a page": "<script>",
    "very long": "a" * 5000,
    "a word of the configuration": "mean",
    "the first": "first",
    "the name of a figure": "all_photos",
}


def sheet(path, rows, columns=("id", "source")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


@pytest.mark.parametrize("name", IDS.values(), ids=IDS)
def test_an_id_that_is_no_name_of_a_file_is_refused(name, tmp_path, sealed):
    path = sheet(tmp_path / "sheet.csv", [(name, "a.png")])
    with sealed(), pytest.raises(ImageError, match=r"sheet\.csv.*id") as caught:
        sheets.read_sheet(path)
    assert len(str(caught.value)) < 600


def test_an_id_in_two_rows_is_refused(tmp_path, sealed):
    path = sheet(tmp_path / "sheet.csv", [("a", "a.png"), ("b", "b.png"), ("a", "c.png")])
    with sealed(), pytest.raises(ImageError, match=r"sheet\.csv: the id 'a' stands in two rows"):
        sheets.read_sheet(path)


ENCODINGS = {
    "UTF-16": "id,source\na,ä.png\n".encode("utf-16"),
    "UTF-16 without a mark": "id,source\na,ä.png\n".encode("utf-16-le"),
    "UTF-32": "id,source\na,ä.png\n".encode("utf-32"),
    "Latin-1": "id,source\na,ä.png\n".encode("latin-1"),
    "no text": bytes(range(256)),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a page": b"<html><body>id,source</body></html>",
    "a cell of a megabyte": b'id,source\na,"' + b"x" * (1 << 20) + b'"\n',
    "an open quote": b'id,source\na,"b.png\n',
    "NUL": b"id,source\na\0,b.png\0\n",
    "a column twice": b"id,id,source\na,b,c\n",
    "a thousand columns": b"id,source" + b",x" * 1000 + b"\n",
}


@pytest.mark.parametrize("data", ENCODINGS.values(), ids=ENCODINGS)
def test_a_table_in_another_form_is_refused_or_its_photo_is(data, tmp_path, sealed):
    path = tmp_path / "table.csv"
    path.write_bytes(data)
    for read in (read_and_look, manifests.read_manifest, known_boxes.read):
        with sealed(), pytest.raises(ImageError, match=r"table\.csv|cannot read|the name"):
            read(path)
    given = {"name": "mine", "sheet": str(path), "shards": 1, "on_bad_image": "fail"}
    with sealed():
        found = outcome(lambda: config_images.chosen(given), "images.mine.sheet")
    assert found in ("read", "refused")


def read_and_look(path):
    for row in sheets.read_sheet(path).to_dict("records"):
        photo_sources.read(row["source"], path.parent, path.parent)


def test_a_mark_of_byte_order_is_no_part_of_a_name(tmp_path, sealed):
    sheet_path, boxes = tmp_path / "sheet.csv", tmp_path / "boxes.csv"
    sheet_path.write_bytes(b"\xef\xbb\xbfid,source\na,a.png\n")
    boxes.write_bytes(b"\xef\xbb\xbfimage,row0,col0,row1,col1\na,0,0,1,1\n")
    with sealed():
        assert list(sheets.read_sheet(sheet_path)["id"]) == ["a"]
        assert known_boxes.read(boxes) == {"a": ((0, 0, 1, 1),)}
        assert config_images._read_sheet(sheet_path, "mine")[0] == ("a",)
        assert catalogue.listed(sheet_path)[1] == ()


SOURCES = {
    "a NUL": "a\0.png",
    "a line": "a\nb.png",
    "an escape": "\x1b[31m.png",
    "bytes that are no UTF-8": os.fsdecode(b"\xff.png"),
    "very long": "x/" * 5000 + ".png",
    "a device": "/dev/null",
    "a folder": "/",
    "a package of ours": "package:cnnvis/../../etc/passwd",
    "a package up": "package:skimage/../../secret.png",
    "an unknown package": "package:os/x.png",
    "no package": "package:",
    "a package itself": "package:skimage",
    "no archive": "archive:",
    "no tar file": "tar:",
    "an address": "http://127.0.0.1:9/x.png",
    "a file by address": "file:///etc/passwd",
    "a formula": "=cmd|' /C calc'!A0",
    "no member": "archive:squeezenet",
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_source_that_is_no_photo_is_refused_in_words(source, tmp_path, sealed):
    with sealed(), pytest.raises(CnnvisError, match="image 'a'") as caught:
        materialise(tmp_path, [("a", source)])
    str(caught.value).encode()  # whatever it was, the message is text


def materialise(folder, rows, **options):
    import pandas as pd

    table = pd.DataFrame(rows, columns=["id", "source"])
    return manifests.materialise(
        table.reindex(columns=list(sheets.COLUMNS), fill_value=""),
        sheet_dir=".",
        folder=folder / "photos",
        archives_dir=folder / "archives",
        manifest_path=folder / "manifest.csv",
        **options,
    )


def test_a_folder_of_hostile_names_becomes_harmless_ids(tmp_path, sealed):
    folder = tmp_path / "photos"
    names = ["=1+1.png", "-x.png", "a\nb.png", "mean.png", "x" * 240 + ".png", "é ü.png"]
    (folder / "deep" / ("d" * 200)).mkdir(parents=True)
    for name in (*names, "deep/" + "d" * 200 + "/x.png"):
        Image.new("RGB", (4, 4)).save(folder / name, "PNG")
    Image.new("RGB", (4, 4)).save(os.fsencode(folder) + b"/\xff.png", "PNG")
    with sealed():
        found = sheets.folder_sheet(folder)
    assert len(set(found["id"])) == len(names) + 2
    for name in found["id"]:
        assert sheets._ID.fullmatch(name), name
        assert len(name) <= 150
        assert name != "mean"


def test_a_manifest_begins_no_cell_with_a_formula(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (4, 4)).save("=1+1.png")
    materialise(tmp_path, [("a", "=1+1.png")])
    rows = manifests.read_manifest("manifest.csv")
    assert list(rows["path"]) == ["./=1+1.png"]
    assert images.read(rows["path"][0]).shape == (4, 4, 3)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_table_that_we_write_begins_no_cell_with_a_formula(text, tmp_path):
    import pandas as pd

    path = tmp_path / "table.tsv"
    table = pd.DataFrame({"name": [text, "cat"], "value": [-1.5, 2.0], "mixed": ["-2", text]})
    table_file.write(path, table)
    with path.open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file, delimiter="\t") for cell in row]
    assert f"'{text}" in cells
    assert {"-1.5", "-2"} <= set(cells), "numbers stay numbers"
    assert not [cell for cell in cells if cell == text]
    assert list(table_file.read(path)["name"]) == [text, "cat"]
    assert table_file.rows(path)[0]["name"] == text


@pytest.mark.parametrize("data", [b"\xff\xfe", "cat\n".encode("utf-16"), b"\x89PNG"])
def test_names_of_classes_in_another_encoding_are_refused(data, tmp_path, sealed):
    path = tmp_path / "names.txt"
    path.write_bytes(data)
    with sealed(), pytest.raises(ConfigError, match=r"names\.txt.*UTF-8"):
        classes.names_of(str(path))

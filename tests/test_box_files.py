"""Files of boxes in the layouts of VOC, COCO and ILSVRC."""

import json

import pytest

from cnnvis import box_files, known_boxes, sheets
from cnnvis.errors import ImageError


def xml(objects, width=20, height=10):
    parts = [
        f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox>"
        f"<xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax>"
        "</bndbox></object>"
        for name, box, difficult in objects
    ]
    size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
    return f"<annotation><filename>any</filename>{size}{''.join(parts)}</annotation>"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def voc(tmp_path):
    # Pixels 3 to 5 across and 2 to 2 down, counted from 1; and the whole photo.
    one = [("cat", (3, 2, 5, 2), 0), ("dog", (1, 1, 20, 10), 1)]
    write(tmp_path / "Annotations/2007_000001.xml", xml(one))
    write(tmp_path / "Annotations/2007_000002.xml", xml([("cat", ("1.4", 1, "2.6", 3), 0)]))
    write(tmp_path / "Annotations/2007_000003.xml", xml([]))
    write(tmp_path / "JPEGImages/2007_000001.txt", "no box")
    return tmp_path


def test_voc_counts_from_one_and_holds_its_last_pixel(voc):
    found = box_files.voc(voc)
    assert found.boxes == {
        "2007_000001": ((1, 2, 2, 5), (0, 0, 10, 20)),
        "2007_000002": ((0, 0, 3, 3),),
        "2007_000003": (),
    }
    assert found.names["2007_000001"] == ("cat", "dog")
    assert found.sizes["2007_000003"] == (10, 20)
    assert box_files.voc(voc / "Annotations").boxes == found.boxes
    assert box_files.voc(voc, difficult=False).names["2007_000001"] == ("cat",)


def test_one_class_alone(voc):
    found = box_files.voc(voc)
    assert found.of_class("dog") == {"2007_000001": ((0, 0, 10, 20),)}
    with pytest.raises(
        ImageError, match="no box is of the class 'cow'; there are boxes of cat, dog"
    ):
        found.of_class("cow")


def test_ilsvrc_has_folders_of_synsets_and_counts_from_zero(tmp_path):
    write(tmp_path / "n01440764/n01440764_18.xml", xml([("n01440764", (0, 2, 20, 9), 0)]))
    write(tmp_path / "n01443537/n01443537_2.xml", xml([("n01443537", (3, 0, 21, 10), 0)]))
    found = box_files.ilsvrc(tmp_path)
    assert found.boxes == {
        sheets.id_of("n01440764/n01440764_18.JPEG"): ((2, 0, 9, 20),),
        sheets.id_of("n01443537/n01443537_2.JPEG"): ((0, 3, 10, 20),),
    }
    assert found.of_class("n01440764") == {"n01440764__n01440764_18": ((2, 0, 9, 20),)}


def told():
    return {
        "images": [
            {"id": 7, "file_name": "000000000007.jpg", "width": 20, "height": 10},
            {"id": 9, "file_name": "sub/9.jpg", "width": 20, "height": 10},
        ],
        "annotations": [
            {"image_id": 7, "category_id": 17, "bbox": [2.5, 1.2, 3.0, 4.0], "iscrowd": 0},
            {"image_id": 7, "category_id": 18, "bbox": [0, 0, 20, 10.4]},
            {"image_id": 9, "category_id": 17, "bbox": [0, 0, 9, 9], "iscrowd": 1},
        ],
        "categories": [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog"}],
    }


def test_coco_has_corner_and_size_and_crowds_are_no_objects(tmp_path):
    write(tmp_path / "instances.json", json.dumps(told()))
    found = box_files.coco(tmp_path / "instances.json")
    assert found.boxes == {"000000000007": ((1, 2, 6, 6), (0, 0, 10, 20)), "sub__9": ()}
    assert found.names == {"000000000007": ("cat", "dog"), "sub__9": ()}


def test_a_table_is_written_that_the_study_reads(voc, tmp_path):
    found = box_files.voc(voc)
    box_files.write_table(found.boxes, tmp_path / "boxes.csv")
    expected = {photo: boxes for photo, boxes in found.boxes.items() if boxes}
    assert known_boxes.read(tmp_path / "boxes.csv") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation>", "cannot be read as XML"),
        (xml([]).replace("<height>10</height>", ""), "a.xml: lacks <size><height>"),
        (xml([("cat", ("x", 1, 2, 2), 0)]), "a.xml, object 1: <bndbox><xmin> is a number, not 'x'"),
        (xml([("cat", (1, 1, "", 2), 0)]), "object 1: lacks <bndbox><xmax>"),
        (xml([("", (1, 1, 2, 2), 0)]), "object 1: lacks <name>"),
        (xml([("cat", (9, 1, 3, 2), 0)]), "holds no pixel of a photo of 10 x 20"),
        (xml([("cat", (1, 1, "nan", 2), 0)]), "is a number, not 'nan'"),
        (xml([], height=0), "at least one row and column"),
        (
            '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><annotation>&c;</annotation>',
            "declares a document type",
        ),
    ],
)
def test_a_broken_file_of_voc_is_named(tmp_path, text, message):
    write(tmp_path / "a.xml", text)
    with pytest.raises(ImageError, match=message):
        box_files.voc(tmp_path)


def test_another_encoding_does_not_hide_a_document_type(tmp_path):
    (tmp_path / "a.xml").write_bytes("<!DOCTYPE a><annotation/>".encode("utf-16"))
    with pytest.raises(ImageError, match="cannot be read as XML"):
        box_files.voc(tmp_path)


def test_a_folder_without_files_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"no file \*\.xml in this folder"):
        box_files.ilsvrc(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("categories"), "lacks the list 'categories'.*this one has images, annot"),
        (lambda t: t["images"][1].pop("width"), "image 9: lacks 'width'"),
        (lambda t: t["images"][0].update(width="x"), "image 7: 'width' is a whole number, not 'x'"),
        (
            lambda t: t["images"][1].update(file_name="000000000007.png"),
            "another photo with the id",
        ),
        (
            lambda t: t["annotations"][2].pop("category_id"),
            r"annotations\[2\]: lacks 'category_id'",
        ),
        (lambda t: t["annotations"][1].update(image_id=8), r"annotations\[1\]: belongs to image 8"),
        (lambda t: t["annotations"][0].update(bbox=[1, 2, 3]), r"annotations\[0\]: a bbox is four"),
        (lambda t: t["annotations"][0].update(bbox=[30, 2, 3, 3]), "holds no pixel"),
    ],
)
def test_a_broken_file_of_coco_is_named(tmp_path, change, message):
    broken = told()
    change(broken)
    write(tmp_path / "instances.json", json.dumps(broken))
    with pytest.raises(ImageError, match=message):
        box_files.coco(tmp_path / "instances.json")


def test_what_is_no_json_is_named(tmp_path):
    write(tmp_path / "a.json", "[1]")
    with pytest.raises(ImageError, match="is an object with lists in it"):
        box_files.coco(tmp_path / "a.json")
    with pytest.raises(ImageError, match="cannot be read as JSON"):
        box_files.coco(tmp_path / "none.json")


def test_a_study_names_a_layout_and_falls_back_on_the_catalogue(voc, tmp_path):
    box_files.write_table(box_files.voc(voc).of_class("cat"), tmp_path / "cats.csv")
    (tmp_path / "a.json").write_text(json.dumps(told()))
    assert box_files.chosen(voc, "voc", "photos") == box_files.voc(voc).boxes
    write(tmp_path / "synsets/n01/a.xml", xml([("n01", (3, 2, 5, 4), 0)]))
    of_synsets = box_files.ilsvrc(tmp_path / "synsets").boxes
    assert box_files.chosen(tmp_path / "synsets", "ilsvrc") == of_synsets
    assert box_files.chosen(tmp_path / "synsets", "voc") != of_synsets
    of_coco = box_files.coco(tmp_path / "a.json").boxes
    assert box_files.chosen(tmp_path / "a.json", "coco") == of_coco
    assert box_files.chosen(tmp_path / "cats.csv") == known_boxes.read(tmp_path / "cats.csv")
    assert box_files.chosen(None, "table", "photos") == known_boxes.of_set("photos")
    assert box_files.chosen(None) == {}

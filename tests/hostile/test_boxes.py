"""Boxes in JSON and XML that mean harm."""

import json

import pytest

from cnnvis import box_files
from cnnvis.errors import ImageError

PHOTO = {"id": 1, "file_name": "a.png", "height": 20, "width": 30}
CAT = {"id": 2, "name": "cat"}
BOX = {"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4]}


def coco(photo=None, cat=None, box=None):
    return json.dumps(
        {
            "images": [PHOTO | (photo or {})],
            "categories": [CAT | (cat or {})],
            "annotations": [BOX | (box or {})],
        }
    )


JSON = {
    "nested a hundred thousand deep": "[" * 100_000,
    "a list for an id": coco(photo={"id": [1]}),
    "an object for a category": coco(cat={"id": {}}),
    "a list for the image of a box": coco(box={"image_id": [1]}),
    "numbers beyond all numbers": coco(box={"bbox": [10**400, 1, 2, 3]}),
    "infinity": coco(box={"bbox": [1, 2, 3, 4]}).replace("3, 4", "Infinity, 4"),
    "NaN": coco(box={"bbox": [1, 2, 3, 4]}).replace("3, 4", "NaN, 4"),
    "no size": coco(photo={"height": 0}),
    "a size of words": coco(photo={"height": "20"}),
    "a number of ten thousand digits": coco().replace("20", "2" * 10_000),
}


@pytest.mark.parametrize("text", JSON.values(), ids=JSON)
def test_json_of_strange_things_is_refused(text, tmp_path, sealed):
    path = tmp_path / "boxes.json"
    path.write_text(text)
    with sealed(), pytest.raises(ImageError, match=r"boxes\.json"):
        box_files.coco(path)


def test_the_maker_of_json_can_be_honest(tmp_path):
    path = tmp_path / "boxes.json"
    path.write_text(coco())
    assert box_files.coco(path).boxes == {"a": ((2, 1, 6, 4),)}


def test_a_name_that_leads_out_is_an_id_and_no_path(tmp_path, sealed):
    path = tmp_path / "boxes.json"
    path.write_text(coco(photo={"file_name": "../../etc/x.png"}))
    with sealed():
        (name,) = box_files.coco(path).boxes
    assert "/" not in name


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
XML = {
    "entities that grow": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>',
    "a file in an entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    "an address in an entity": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>',
    "an entity that nobody declares": "<a>&x;</a>",
    "deep": "<a>" * 100_000,
    "no XML": "boxes",
    "nothing": "",
}


@pytest.mark.parametrize("text", XML.values(), ids=XML)
def test_xml_that_reaches_out_or_grows_is_refused(text, tmp_path, sealed):
    (tmp_path / "boxes.xml").write_text(text)
    with sealed(), pytest.raises(ImageError, match=r"boxes\.xml"):
        box_files.voc(tmp_path)

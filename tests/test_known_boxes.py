"""Tables of true boxes."""

import pytest

from cnnvis import catalogue, known_boxes
from cnnvis.errors import ImageError

HEAD = "image,row0,col0,row1,col1\n"


def test_several_boxes_of_one_photo(tmp_path):
    table = tmp_path / "boxes.csv"
    table.write_text(HEAD + "tom,1,2,3,4\nmug,0,0,5,6\ntom,7,8,9,10\n")
    expected = {"tom": ((1, 2, 3, 4), (7, 8, 9, 10)), "mug": ((0, 0, 5, 6),)}
    assert known_boxes.read(table) == expected


def test_every_photo_of_the_catalogue_has_boxes():
    ids = [
        line.split(",")[0]
        for line in catalogue.image_set("photos").sheet.read_text().splitlines()[1:]
    ]
    assert list(known_boxes.of_set("photos")) == ids


@pytest.mark.parametrize("line", ["tom,1,2,3", "tom,1,2,1,4", "tom,-1,2,3,4", "tom,1,2,3,x"])
def test_a_line_that_is_no_box(tmp_path, line):
    table = tmp_path / "boxes.csv"
    table.write_text(HEAD + line + "\n")
    with pytest.raises(ImageError, match="line 2: a box is four whole numbers"):
        known_boxes.read(table)


def test_a_table_of_something_else(tmp_path):
    table = tmp_path / "boxes.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(ImageError, match="has the columns image, row0"):
        known_boxes.read(table)
    with pytest.raises(ImageError, match="cannot read the table of boxes"):
        known_boxes.read(tmp_path / "none.csv")

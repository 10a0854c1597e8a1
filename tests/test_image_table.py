"""The table of images, and the order in which they are written."""

import h5py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnvis import image_table
from cnnvis.errors import StoreError
from cnnvis.image_table import Progress
from cnnvis.labels import Image

IMAGES = st.lists(
    st.builds(
        Image,
        id=st.text("abcé._-0", min_size=1, max_size=5),
        sha256=st.sampled_from(["", "0" * 64]),
        class_index=st.none() | st.integers(0, 999),
        role=st.sampled_from(["", "reference", "similar"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda image: image.id,
)


@settings(max_examples=30)
@given(images=IMAGES)
def test_what_is_written_is_read_back(tmp_path_factory, images):
    path = tmp_path_factory.mktemp("images") / "a.h5"
    with h5py.File(path, "w") as file:
        image_table.write(file, images)
    with h5py.File(path) as file:
        assert image_table.read(file) == tuple(images)
        assert [image_table.row(file, image.id) for image in images] == list(range(len(images)))


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        yield file


def test_an_unknown_image_is_named_with_those_that_are_there(file):
    image_table.write(file, [Image(f"cat{n}") for n in range(7)])
    said = r"no image 'cat9' in .*a\.h5, which has 7: cat0, cat1, cat2, cat3, cat4, \.\.\.; did you"
    with pytest.raises(StoreError, match=said):
        image_table.row(file, "cat9")


def test_an_image_given_twice_is_refused(file):
    with pytest.raises(StoreError, match=r"twice there: \['a'\]"):
        image_table.write(file, [Image("a"), Image("b"), Image("a")])


def test_a_file_may_be_about_no_image(file):
    image_table.write(file, [])
    assert image_table.read(file) == ()


def test_images_are_written_in_their_order():
    progress = Progress([Image("a"), Image("b"), Image("c")])
    assert progress.take(["a", "b"]) == range(0, 2)
    with pytest.raises(StoreError, match=r"1 of 3 images were never written: c\. "):
        progress.finish()
    assert progress.take(["c"]) == range(2, 3)
    progress.finish()


@pytest.mark.parametrize("ids", [["b"], ["b", "a"], ["a", "c"], ["a", "b", "c", "d"]])
def test_other_images_than_the_next_are_refused(ids):
    progress = Progress([Image("a"), Image("b"), Image("c")])
    with pytest.raises(StoreError, match=r"are written in the order of the file: \['a'"):
        progress.take(ids)
    assert progress.take(["a"]) == range(0, 1)

"""What to keep in mind follows the tables, and nothing is said where there is nothing to say."""

import pandas as pd
import pytest

from cnnvis import table_file
from cnnvis.pages import cautions


def predictions(correct, roles=None):
    rows = [
        {"image": f"photo_{place}", "role": role, "rank": rank, "correct": said}
        for place, (said, role) in enumerate(
            zip(correct, roles or [""] * len(correct), strict=True)
        )
        for rank in (1, 2)
    ]
    return pd.DataFrame(rows)


def backtracks(lost=(0.0,), on_object=None, blob=0.5):
    return pd.DataFrame(
        {
            "image": [f"photo_{place}" for place in range(len(lost))],
            "rank": 1,
            "lost": lost,
            "on_object": on_object or [None] * len(lost),
            "blob": blob,
        }
    )


def detections(overlaps, centred):
    return pd.DataFrame({"rank": 1, "overlap": overlaps, "centred_overlap": centred})


@pytest.fixture
def said(tmp_path):
    """Return a function from tables to what is said; tables that are not given warn of nothing."""

    def write(filters=(), uncompared=(), **tables):
        fine = {
            "predictions": predictions(["yes"] * 3),
            "backtracks": backtracks(),
            "detections": detections([0.9], [0.2]),
            "class_sensitivity": pd.DataFrame({"overlap": [0.5], "other_photos": [0.5]}),
            "gradients/conv1/tests": pd.DataFrame({"question": ["q"], "smallest_p": [0.01]}),
        }
        for name, table in (fine | tables).items():
            table_file.write(tmp_path / f"{name}.tsv", table)
        return cautions.found(tmp_path, filters=filters, uncompared=uncompared)

    return write


def test_where_all_is_well_nothing_is_said(said):
    assert said(filters=("conv1",)) == ()


def test_wrong_and_unlabelled_images(said):
    (words, more) = said(predictions=predictions(["no", "yes", "no", None]))
    assert words.startswith("2 of 3 images are misclassified: photo_0, photo_2.")
    assert more.startswith("1 images have no class")


def test_lost_weight_is_named_from_five_percent(said):
    assert said(backtracks=backtracks([0.0, 0.05])) == ()
    (words,) = said(backtracks=backtracks([0.0, 0.0501, 0.42]))
    assert words.startswith("In 2 of 3 images more than 5% of the weight is lost")
    assert "photo_1, photo_2, at most 42%" in words


def test_a_density_no_better_than_a_blob(said):
    assert said(backtracks=backtracks([0.0, 0.0], [0.6, None])) == ()
    (words,) = said(backtracks=backtracks([0.0, 0.0, 0.0], [0.5, 0.6, None]))
    assert words.startswith("In 1 of 2 photos whose object is known")
    assert words.endswith("photo_0.")


def test_boxes_no_better_than_one_in_the_middle(said):
    (words,) = said(detections=detections([0.4, 0.6], [0.7, 0.8]))
    assert words.startswith("Boxes: the box of the first class overlaps a known box by half")
    assert said(detections=detections([None], [None])) == ()


def test_classes_that_look_alike(said):
    table = pd.DataFrame({"overlap": [0.8, 0.9], "other_photos": [0.6, 0.7]})
    (words,) = said(class_sensitivity=table)
    assert "overlap by 0.85, those of different photos by 0.65" in words


def test_few_images_matter_where_roles_are_compared(said):
    roles = ["reference"] * 2 + ["similar"] * 10
    table = predictions(["yes"] * 12, roles)
    assert said(predictions=table) == ()
    (words,) = said(predictions=table, filters=("conv1",))
    assert words.startswith("Roles have few images (2 reference):")


def test_gradients_that_are_not_compared_are_told_of(said):
    (words,) = said(uncompared=("conv1", "conv2"), predictions=predictions(["yes"] * 3))
    assert words.startswith("Images have no roles to compare")
    assert "conv1, conv2" in words
    assert "sheet" in words


def test_tests_that_cannot_come_out(said):
    table = pd.DataFrame(
        {"question": ["norms", "cosines", "norms"], "smallest_p": [0.1, 0.05, 0.2]}
    )
    (words,) = said(filters=("conv1",), **{"gradients/conv1/tests": table})
    assert words.endswith("whatever the gradients are: norms.")


def test_many_images_are_counted_and_not_all_named(said):
    (words,) = said(predictions=predictions(["no"] * 6))
    assert "photo_0, photo_1, photo_2, photo_3 and 2 more" in words

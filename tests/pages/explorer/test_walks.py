"""Backtracks as they are shown: the heaviest points of every start, and no weight that was not."""

import explorer_files
import numpy as np
import pytest
import readers_of_scripts
from hypothesis import given
from hypothesis import strategies as st

from cnnvis import attention, walk_file
from cnnvis.pages.explorer import walks


@pytest.fixture
def files(tmp_path):
    explorer_files.write_study(tmp_path, ids=("cat", "mug"), layers=LAYERS, units=2)
    return tmp_path / "files/net/photos/walks.h5"


LAYERS = [explorer_files.layer("conv", 5, 16), explorer_files.layer("deep", 3, 8)]


@given(st.lists(st.lists(st.floats(0, 1), max_size=6), max_size=4), st.integers(1, 4))
def test_the_heaviest_points_of_every_start_are_kept_in_their_order(weights, most):
    edge = np.cumsum([0, *map(len, weights)])
    flat = np.array([one for some in weights for one in some], np.float64)
    index = np.arange(len(flat))[:, None]
    kept, weight, edges = walks.heaviest((index, flat, edge), most)
    assert len(edges) == len(weights) + 1
    for start, mine in enumerate(weights):
        ranked = sorted(range(len(mine)), key=lambda place: (-mine[place], place))
        expected = sorted(int(edge[start]) + place for place in ranked[:most])
        own = slice(edges[start], edges[start + 1])
        assert kept[own, 0].tolist() == expected
        assert weight[own].tolist() == [flat[place] for place in expected]


def test_starts_of_a_node_are_neighbours(files):
    found = walk_file.starts(files, image="mug")
    assert walks.run(found, "scores") == slice(0, 2)
    assert walks.run(found, "conv") == slice(2, 12)
    assert walks.run(found, "deep") == slice(12, 18)
    assert walks.run(found, "nowhere") == slice(0, 0)


def test_backtracks_of_channels_are_those_of_the_file(files):
    starts = walk_file.starts(files, image="mug")
    found = readers_of_scripts.unpacked(walks.of_channels(starts, "conv"))
    assert found["value"] == pytest.approx(np.repeat(1 + np.arange(5) / 10, 2))
    assert found["arrived"].tolist() == [1] * 10
    peaks = [explorer_files.peak(LAYERS[0], 1, channel) for channel in range(5)]
    assert found["unit"].tolist() == [list(peak) for peak in peaks for _ in range(2)]
    assert [step["node"] for step in found["steps"]] == ["conv", "image"]
    layer = found["steps"][0]
    for start in range(10):
        own = slice(layer["edge"][start], layer["edge"][start + 1])
        assert layer["index"][own].tolist() == [[start // 2, *peaks[start // 2]]]
        assert layer["weight"][own].tolist() == [1]
    assert layer["count"].tolist() == [1] * 10


def test_a_backtrack_of_a_class_has_a_box_on_the_input(files):
    starts = walk_file.starts(files, image="mug")
    said = walks.of_class(
        starts,
        0,
        names=explorer_files.CLASSES,
        probability=0.5,
        pixels="image",
        saliency=explorer_files.SALIENCY,
    )
    assert (said["class"], said["name"]) == (1, "Egyptian cat")
    assert said["arrived"] == pytest.approx(0.6)
    pixels = np.array([[30 + place, 20 + place] for place in range(6)])
    frame = explorer_files.FRAME
    photo = attention.on_photo(pixels, np.full(6, 0.1), frame, **explorer_files.SALIENCY).box
    back = frame.to_photo(np.reshape(said["box"], (2, 2)) - 0.5) + 0.5
    assert back.ravel() == pytest.approx(photo, abs=1e-3)
    # The photo is 90 / 66 times as fine, and boxes are of whole pixels there.
    assert said["box"] == pytest.approx([30, 20, 36, 26], abs=66 / 90)


def test_a_class_without_points_has_no_box(tmp_path):
    explorer_files.write_study(tmp_path, refused={"scores": "no rule"})
    starts = walk_file.starts(tmp_path / "files/net/photos/walks.h5", image="cat")
    said = walks.of_class(
        starts, 1, names=[], probability=0.1, pixels="image", saliency=explorer_files.SALIENCY
    )
    assert said["box"] is None
    assert said["steps"] == []
    assert said["name"] == "class 1"


def test_refusals_of_the_scores_have_no_name():
    own = {"scores_node": "head", "refused": '{"head": "why", "conv": "because"}'}
    assert walks.refused(own) == {"": "why", "conv": "because"}


def test_a_node_says_what_it_sees_where_that_is_known():
    known = {"op": "Conv2d", "shape": [4, 8, 8], "receptive_field": [3, 5], "stride": [1, 2]}
    assert walks.node("conv", known | {"start": [-1, -2]}) == {
        "name": "conv",
        "op": "Conv2d",
        "shape": [4, 8, 8],
        "field": [3, 5],
        "stride": [1, 2],
        "start": [-1, -2],
    }
    assert walks.node("scores", {"op": "Linear", "shape": [4]})["field"] is None

"""Files of walks from many nodes: what the one reader says, the other says too."""

from types import SimpleNamespace

import explorer_files
import numpy as np
import pytest
from result_files import NODES, RANKS, write_backtracks

from cnnvis import backtrack_file, provenance, shards, walk_file
from cnnvis.errors import StoreError
from cnnvis.labels import Image

LAYERS = [explorer_files.layer("conv", 5, 16), explorer_files.layer("deep", 3, 8)]


@pytest.fixture
def walks(tmp_path):
    explorer_files.write_study(tmp_path, ids=("cat", "mug", "goose"), layers=LAYERS)
    return tmp_path / "files/net/photos/walks.h5"


def test_starts_are_read_at_once_as_one_by_one(walks):
    for image in ("cat", "goose"):
        found = walk_file.starts(walks, image=image)
        assert found.node == ("scores",) * 2 + ("conv",) * 5 + ("deep",) * 3
        one_by_one = backtrack_file.image(walks, image)
        assert found.frame == one_by_one.frame
        for rank, start in enumerate(one_by_one.starts):
            assert found.target[rank] == start.target
            assert found.score[rank] == start.score
            assert found.arrived[rank] == start.arrived
            for node in found.points:
                index, weight, edge = found.points[node]
                own = slice(edge[rank], edge[rank + 1])
                slow = backtrack_file.points(walks, node=node, image=image, rank=rank + 1)
                assert np.array_equal(index[own], slow[0])
                assert np.array_equal(weight[own], slow[1])


def test_units_have_places_and_classes_have_none(walks):
    found = walk_file.starts(walks, image="mug")
    assert found.place[:2].tolist() == [[-1, -1]] * 2
    assert found.place[2:7].tolist() == [
        list(explorer_files.peak(LAYERS[0], 1, channel)) for channel in range(5)
    ]


def test_a_file_of_classes_alone_is_read_too(tmp_path):
    write_backtracks(tmp_path / "b.h5")
    found = walk_file.starts(tmp_path / "b.h5", image="i1")
    assert found.node == ("",) * RANKS
    assert found.place.tolist() == [[-1, -1]] * RANKS
    assert [*found.points] == [*NODES]


def test_files_say_what_they_and_their_nodes_are(walks):
    own, nodes = walk_file.described(walks)
    assert own["scores_node"] == "scores"
    assert nodes["conv"]["stride"].tolist() == [4, 4]
    assert "provenance" not in own


def test_gathered_walks_are_those_of_their_shards(tmp_path, walks):
    other = explorer_files.write_study(tmp_path / "other", ids=("ant", "bee"), layers=LAYERS)
    second = other.parent / "files/net/photos/walks.h5"
    shards.gather([walks, second], tmp_path / "all.h5")
    for path, image in ((walks, "goose"), (second, "bee")):
        one, all_of_it = (
            walk_file.starts(file, image=image) for file in (path, tmp_path / "all.h5")
        )
        assert one.node == all_of_it.node
        assert np.array_equal(one.place, all_of_it.place)
        for node, (index, weight, edge) in one.points.items():
            assert np.array_equal(all_of_it.points[node][0], index)
            assert np.array_equal(all_of_it.points[node][1], weight)
            assert np.array_equal(all_of_it.points[node][2], edge)


def created(path, **changes):
    options = {
        "nodes": {"x": (3, 4, 4), "conv": (2, 4, 4)},
        "image_node": "x",
        "images": [Image("a")],
        "provenance": provenance.of("test", params={}, inputs={}, source="code"),
        "ranks": 2,
        "start_nodes": ["conv", "conv"],
    }
    return backtrack_file.create(path, **options | changes)


@pytest.mark.parametrize("start_nodes", [["conv"], ["conv", "nowhere"]])
def test_starts_of_unknown_nodes_are_refused(tmp_path, start_nodes):
    with (
        pytest.raises(StoreError, match="each of the 2 starts belongs to one of the nodes"),
        created(tmp_path / "w.h5", start_nodes=start_nodes),
    ):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("start_nodes", "place"), [(["conv"] * 2, None), ([], [[[0, 0]] * 2])])
def test_places_belong_to_files_of_several_nodes_and_to_no_other(tmp_path, start_nodes, place):
    nothing = SimpleNamespace(points={}, lost={}, arrived=[0, 0])
    with (
        pytest.raises(StoreError, match="rows and columns of starts"),
        created(tmp_path / "w.h5", start_nodes=start_nodes) as writer,
    ):
        writer.append(
            ["a"],
            nothing,
            target=[[0, 1]],
            score=[[1, 1]],
            frames=[explorer_files.FRAME],
            place=place,
        )

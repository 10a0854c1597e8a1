"""What the figures of the walk show is what the files say."""

import numpy as np
import pytest
import result_files
from backtrack import nets
from result_files import NODES, backtrack, begun, write_backtracks
from some_variants import made

from cnnvis import backtrack_file, overlap, walk_views
from cnnvis.backtrack import Options, Starts, from_units, reachable, variants
from cnnvis.errors import StoreError
from cnnvis.figures.path import Step, through_layers
from cnnvis.geometry import Frame
from cnnvis.variants import Milestone

PREDICTIONS = """image\trole\trank\tclass\tname\tprobability
i1\t\t1\t2\tcat\t0.75
i1\t\t2\t5\tdog\t0.2
i2\t\t1\t3\tfox\t0.5
"""


@pytest.fixture
def path(tmp_path):
    write_backtracks(tmp_path / "b.h5")
    (tmp_path / "predictions.tsv").write_text(PREDICTIONS)
    return tmp_path / "b.h5"


def test_all_classes_of_one_image(path):
    names = ["n0", "n1", "n2"]
    found = walk_views.classes(path, path.parent / "predictions.tsv", "i1", names)
    assert found.image == backtrack_file.images(path)[1]
    assert found.names == ("n2", "class 3")
    assert found.probabilities == (0.75, None)
    for rank, (index, weight) in enumerate(found.fixations, start=1):
        expected = backtrack_file.fixations(path, image="i1", rank=rank)
        assert np.array_equal(index, expected[0])
        assert np.array_equal(weight, expected[1])
    first = walk_views.classes(path, path.parent / "predictions.tsv", "first", names)
    assert first.image.id == "i0"


def test_the_tables_compare_densities_over_the_input(path):
    tables = walk_views.tables(path, ["n0", "n1"])
    assert tables["sensitivity"]["image"].tolist() == ["i0", "i1", "i2"]
    pairs = tables["pairs"]
    assert pairs["class"].tolist() == ["n0", "class 2", "class 4"]
    a, b = (
        overlap.density(*backtrack_file.fixations(path, image="i2", rank=rank), (10, 12))
        for rank in (1, 2)
    )
    assert pairs["overlap"].iloc[2] == pytest.approx(overlap.shared(a, b), abs=1e-6)
    assert tables["sensitivity"]["overlap"].tolist() == pairs["overlap"].tolist()


def test_steps_are_the_first_backtrack_at_the_milestones(path):
    mean = np.ones((3, 4), np.float32)
    milestones = {"x": Milestone("image", None), "features.0": Milestone("Conv2d", mean)}
    found = walk_views.steps(path, made(image="i2", milestones=milestones))
    walked = backtrack(begun([2])[:1])
    for (node, kind, shape, index, weight, shown), expected in zip(
        found, milestones.items(), strict=True
    ):
        assert (node, kind, shown) == (expected[0], expected[1].kind, expected[1].mean)
        assert shape == NODES[node]
        assert np.array_equal(index, walked.points[node].index)
        assert np.array_equal(weight, walked.points[node].weight)


def test_variants_of_another_network_are_refused(path):
    with pytest.raises(StoreError, match="no node 'conv'"):
        walk_views.steps(path, made(image="i2", milestones={"conv": Milestone("Conv2d", None)}))


def test_a_walk_that_passes_over_nodes_of_the_head_is_written_and_drawn(tmp_path):
    """By the map of a class: from the scores to the maps, with nothing at the pool between."""
    net, record = nets.family("squeezenet")
    options = Options(average_pool="map", rivals=2, dead_end="follow")
    starts = Starts.ranked(net.scores, [[1, 2], [3, 0]])
    found = from_units(net, record, starts, options)
    frame = Frame(photo=(13, 17), resized=(13, 17), crop=(0, 0, 13, 17))
    with backtrack_file.create(
        tmp_path / "b.h5",
        nodes=reachable(net, net.scores),
        image_node=net.image,
        images=result_files.images(2),
        provenance=result_files.made("backtracks"),
        ranks=2,
    ) as writer:
        score = record[net.scores].numpy()[starts.image, starts.index[:, 0]].reshape(2, 2)
        target = starts.index.reshape(2, 2)
        writer.append(["i0", "i1"], found, target=target, score=score, frames=[frame] * 2)
    trail = backtrack_file.trail(tmp_path / "b.h5", image="i1", rank=2)
    came = {node: index for node, (index, _) in trail.items() if len(index)}
    assert list(came) == list(reversed(found.points))
    assert not {"6", "7", "8"} & came.keys(), "convolution, activation, pool"
    for node, points in found.points.items():
        assert np.array_equal(came[node], points.index[points.start == 3])
    one = {node: values[:1] for node, values in record.items()}
    seen = variants.compared(
        net, one, variants.choices(options, ["soft"], []), image="i0", target=1, frame=frame
    )
    steps = [Step(*step) for step in walk_views.steps(tmp_path / "b.h5", seen)]
    assert [step.node for step in steps][-2:] == ["5", net.scores]
    assert all(step.weight.sum() == pytest.approx(1) for step in steps)
    through_layers(np.zeros((13, 17, 3), np.uint8), steps, target="a class")

"""What the figures of the walk show is what the files say."""

import numpy as np
import pytest
from result_files import NODES, backtrack, begun, write_backtracks
from some_variants import made

from cnnvis import backtrack_file, overlap, walk_views
from cnnvis.errors import StoreError
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

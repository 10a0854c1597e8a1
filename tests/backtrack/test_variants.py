"""One photo with several choices: each variant is the walk with these options, and no other."""

import numpy as np
import pytest

from backtrack import nets
from cnnvis import backtrack
from cnnvis.backtrack import Options, variants
from cnnvis.geometry import Frame
from cnnvis.variants import KEPT, OWN, WINNER

FRAME = Frame(photo=(13, 17), resized=(13, 17), crop=(0, 0, 13, 17))
OWN_CHOICE = Options(position="spatial", dead_end="follow", paths=20)


@pytest.fixture(scope="module")
def compared():
    net, record = nets.family("vgg", images=1)
    options = variants.choices(OWN_CHOICE, ["channel_sum", "argmax", "sample", "soft"], [1, "all"])
    found = variants.compared(
        net, record, options, image="cat", target=2, frame=FRAME, layers=["1"]
    )
    return net, record, options, found


def test_every_choice_differs_from_the_own_in_one_thing():
    found = variants.choices(OWN_CHOICE, ["channel_sum", "soft"], [5])
    assert [(kind, name) for kind, name, _ in found] == [
        (OWN, "own"),
        (WINNER, "channel_sum, centre"),
        (WINNER, "channel_sum, spatial"),
        (WINNER, "channel_sum, fine"),
        (WINNER, "soft"),
        (KEPT, "k = 5"),
    ]
    centre, spatial, fine, soft, five = (options for _, _, options in found[1:])
    assert centre == Options(dead_end="follow", paths=20)
    assert spatial == OWN_CHOICE
    assert fine == Options(position="fine", dead_end="follow", paths=20)
    assert soft == Options(position="spatial", dead_end="follow", paths=20, winner="soft")
    assert five == Options(position="spatial", dead_end="follow", paths=20, k=5)


def test_every_variant_is_the_walk_with_its_options(compared):
    net, record, options, found = compared
    assert (found.image, found.target, found.frame) == ("cat", 2, FRAME)
    for (kind, name, one), variant in zip(options, found.found, strict=True):
        walk = backtrack.from_scores(net, record, targets=[2], options=one)
        assert (variant.kind, variant.name) == (kind, name)
        assert np.array_equal(variant.index, walk.fixations.index)
        assert np.array_equal(variant.weight, walk.fixations.weight)
        assert variant.points == sum(map(len, walk.points.values()))
        assert variant.choice["winner"] == one.winner
        assert variant.choice["k"] == str(one.linear_k)
    positions = ["centre", "spatial", "fine", "", "", ""]
    assert [one.choice["position"] for one in found.of(WINNER)] == positions


def test_milestones_hold_the_mean_maps_of_the_nodes_that_have_maps(compared):
    net, record, _, found = compared
    assert next(iter(found.milestones)) == net.image
    assert list(found.milestones)[-1] == net.scores
    assert "1" in found.milestones
    assert found.milestones["1"].kind == "ReLU"
    maps = 0
    for node, milestone in found.milestones.items():
        recorded = record[node][0].numpy()
        if milestone.mean is None:
            assert recorded.ndim == 1
            continue
        maps += 1
        assert milestone.mean == pytest.approx(recorded.mean(0), rel=1e-5, abs=1e-6)
    assert maps >= 3

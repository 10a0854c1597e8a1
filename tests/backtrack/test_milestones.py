"""Milestones of a walk: one for each size of maps and each step between vectors."""

from cnnvis.backtrack.milestones import milestones

#: In the order of execution: padding makes maps larger for a moment, a gate has one place.
SHAPES = {
    "image": (3, 32, 32),
    "pad": (3, 34, 34),
    "conv1": (8, 32, 32),
    "relu1": (8, 32, 32),
    "size": None,
    "pool1": (8, 16, 16),
    "pad2": (8, 17, 17),
    "conv2": (16, 8, 16),
    "conv3": (16, 16, 8),
    "gate": (16, 1, 1),
    "flatten": (16,),
    "fc1": (10,),
    "relu2": (10,),
    "fc2": (10,),
    "scores": (4,),
}
COUNTS = dict.fromkeys(SHAPES, 9) | {"fc1": 5, "relu2": 5, "fc2": 3, "scores": 1}


def test_the_last_maps_of_every_size_and_the_last_vectors_of_every_step():
    found = milestones(COUNTS, SHAPES)
    assert found == (
        "image",
        "relu1",
        "pool1",
        "conv2",
        "flatten",
        "relu2",
        "fc2",
        "scores",
    )


def test_layers_asked_for_are_there_if_they_were_visited_and_have_maps():
    found = milestones(COUNTS, SHAPES, ["conv1", "fc1", "elsewhere", "pad2"])
    assert [node for node in found if node not in milestones(COUNTS, SHAPES)] == ["conv1", "pad2"]
    assert found.index("conv1") < found.index("relu1")


def test_a_walk_without_maps_is_shown_by_its_vectors():
    assert milestones({"image": 2, "fc": 1}, {"image": (5,), "fc": (3,)}) == ("image", "fc")

"""Boxes in frames: a network that answers to colours finds coloured objects where they are."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnvis import backtrack, network, sequences, spotting, tracking, tracking_scores
from cnnvis.errors import ConfigError
from cnnvis.images import Preprocessing
from cnnvis.spotting import Wanted

PREPROCESSING = Preprocessing(resize=72, crop=64, mean=(0, 0, 0), std=(1, 1, 1))
NAMES = ("red", "green", "blue")
SALIENCY = {"sigma": 0.04, "level": 0.1}


@pytest.fixture(scope="module")
def net():
    """Class c is how much of colour c there is beyond the two others."""
    colours = nn.Conv2d(3, 3, 1, bias=True)
    with torch.no_grad():
        colours.weight.copy_((2 * torch.eye(3) - 1).reshape(3, 3, 1, 1))
        colours.bias.fill_(-0.4)
    model = nn.Sequential(colours, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return network.fold(network.trace(model.eval(), input_shape=(3, 64, 64)))


def frame(*objects):
    """A grey frame with coloured boxes: (colour, box)."""
    picture = np.full((128, 128, 3), 90, np.uint8)
    for colour, (row0, col0, row1, col1) in objects:
        picture[row0:row1, col0:col1] = 0
        picture[row0:row1, col0:col1, colour] = 255
    return picture


LEFT, RIGHT = (40, 10, 80, 50), (60, 80, 100, 120)


def spotted(net, frames, batch=2, **wanted):
    return spotting.in_frames(
        net, PREPROCESSING, frames, Wanted(**wanted), names=NAMES, saliency=SALIENCY, batch=batch
    )


def test_objects_are_found_where_they_are(net):
    frames = [frame((0, LEFT), (1, RIGHT)), frame((1, LEFT)), frame((0, RIGHT))]
    found = spotted(net, frames, classes=(0, 1), among=2)
    assert {(one.frame, one.label) for one in found} >= {
        (0, "red"), (0, "green"), (1, "green"), (2, "red"),
    }  # fmt: skip
    expected = {(0, "red"): LEFT, (0, "green"): RIGHT, (1, "green"): LEFT, (2, "red"): RIGHT}
    for one in found:
        if (one.frame, one.label) in expected:
            np.testing.assert_allclose(one.box, expected[one.frame, one.label], atol=8)
            assert one.score > 1 / 3
            assert one.id == -1


def test_the_size_of_batches_does_not_show(net):
    frames = [frame((0, LEFT)), frame((1, RIGHT)), frame((0, RIGHT))]
    assert spotted(net, frames, batch=1) == spotted(net, frames, batch=3)


def test_a_class_that_is_not_among_the_best_is_not_seen(net):
    small = (100, 10, 115, 25)
    frames = [frame((0, LEFT), (1, small)), frame((1, LEFT), (0, small))]
    first = spotted(net, frames, classes=(0,), among=1)
    assert [(one.frame, one.label) for one in first] == [(0, "red")]
    assert [one.frame for one in spotted(net, frames, classes=(0,), among=2)] == [0, 1]
    assert spotted(net, frames, classes=(2,), among=1) == ()


def test_without_classes_the_best_one_is_followed(net):
    frames = [frame((0, LEFT)), frame((1, LEFT))]
    assert [one.label for one in spotted(net, frames)] == ["red", "green"]


def test_two_objects_of_one_class_are_two_parts(net):
    frames = [frame((0, LEFT), (0, RIGHT))]
    found = spotted(net, frames, classes=(0,), parts=2)
    assert len(found) == 2
    for one, box in zip(sorted(found, key=lambda o: o.box[1]), (LEFT, RIGHT)):
        np.testing.assert_allclose(one.box, box, atol=8)
    assert len(spotted(net, frames, classes=(0,))) == 1


def test_a_made_sequence_is_followed_from_end_to_end(net):
    parts = [np.full((60, 60, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 255, 0))]
    film = sequences.crossing(parts, name="x", count=8)
    found = spotted(net, film.frames, classes=(0, 1), among=2)
    frames = [[one for one in found if one.frame == k] for k in range(8)]
    tracks = tracking.link(frames)
    scores = tracking_scores.compare(film.truth, tracks)
    others = tracking_scores.baselines(found, film.frames[0].shape, 8)
    assert scores.idf1 > 0.9
    assert scores.switches == 0
    for other in others.values():
        assert tracking_scores.compare(film.truth, other).idf1 < 0.5


def test_the_classes_of_a_sequence():
    true = {"a": 281, "b": 967, "c": None}
    named = {"classes": ["espresso", 3], "photos": ["a"]}
    assert spotting.classes_of(named, true, "imagenet") == (967, 3)
    assert spotting.classes_of({"classes": [], "photos": ["b", "a", "b"]}, true, None) == (967, 281)
    assert spotting.classes_of({"classes": [], "photos": ["c"]}, true, None) == ()
    with pytest.raises(ConfigError, match="espreso"):
        spotting.classes_of({"classes": ["espreso"], "photos": []}, true, "imagenet")


def test_options_of_the_walk_are_used(net):
    frames = [frame((0, LEFT))]
    soft = spotting.in_frames(
        net,
        PREPROCESSING,
        frames,
        Wanted(classes=(0,)),
        options=backtrack.Options(winner="soft"),
        saliency=SALIENCY,
    )
    np.testing.assert_allclose(soft[0].box, LEFT, atol=8)
    assert soft[0].label == "class 0"

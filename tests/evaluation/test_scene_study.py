"""Scenes whose truth is known: a method that sees it beats one that does not."""

import numpy as np
import pytest

from cnnvis import digits, evaluation, network, scene_training, scenes
from cnnvis.errors import NetworkError
from cnnvis.evaluation import scene_study


@pytest.fixture(scope="module")
def shown():
    return scenes.make(digits.load()[1], 12, seed=4)


@pytest.fixture(scope="module")
def net():
    model = scene_training.train(*digits.load(), count=300, epochs=2, least=0, exam=1)
    return network.trace(model, input_shape=(1, scenes.SIDE, scenes.SIDE))


@pytest.fixture(scope="module")
def found(net, shown):
    methods = evaluation.chosen(["backtrack", "centre"], {"position": "spatial"})
    how = evaluation.protocols(["deletion"], 3, side=scenes.SIDE)
    return scene_study.measured(net, shown, methods, how)


def test_scenes_named_wrongly_are_left_out(net, shown, found):
    scores = network.record(net, shown.images, [net.scores])[net.scores].numpy()
    right = np.flatnonzero(scores.argmax(1) == shown.labels)
    assert 0 < len(right) < len(shown)
    table, curves, maps, refused = found
    assert maps.ids == tuple(scenes.name(place) for place in right)
    assert set(table.image) == set(curves.image) == set(maps.ids)
    assert maps.targets == tuple(shown.labels[right])
    assert not refused


def test_energy_is_that_on_the_mask(shown, found):
    table, _, maps, _ = found
    name = maps.ids[0]
    mask = shown.masks[int(name.removeprefix("scene_"))]
    other = shown.distractors[int(name.removeprefix("scene_"))]
    one = maps.map_of("backtrack", name)
    for metric, where in (("energy", mask), ("energy_on_others", other)):
        rows = table[(table.method == "backtrack") & (table.metric == metric)]
        rows = rows[rows.image == name]
        assert rows.value.item() == pytest.approx(one[where].sum() / one.sum(), abs=1e-6)


def test_all_metrics_are_there(found):
    table = found[0]
    assert set(table.metric) == {
        "deletion",
        "energy",
        "energy_on_others",
        "pointing",
        "localisation",
        "max_box_accuracy",
        "gini",
    }
    assert set(table.method) == {"backtrack", "centre", "chance", "centred_box"}


def test_a_network_that_knows_nothing_is_refused(shown):
    model = scene_training.network()
    for parameter in model.parameters():
        parameter.data.zero_()
    model.fc5.bias.data[0] = 1
    net = network.trace(model.eval(), input_shape=(1, scenes.SIDE, scenes.SIDE))
    others = scenes.make(digits.load()[1], 12, seed=4)
    keep = others.labels != 0
    few = scenes.Scenes(*(getattr(others, name)[keep] for name in others.__dataclass_fields__))
    how = evaluation.protocols(["deletion"], 2, side=scenes.SIDE)
    with pytest.raises(NetworkError, match="names none of"):
        scene_study.measured(net, few, evaluation.chosen(["centre"]), how)

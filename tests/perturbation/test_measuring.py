"""Curves of deletion and insertion: planted importance, a slow twin, and shared batches."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnvis import metrics, network, perturbation
from cnnvis.errors import MeasureError, NetworkError
from cnnvis.perturbation import PROTOCOLS, measuring, protocol
from cnnvis.perturbation.fills import filled
from cnnvis.perturbation.imputing import imputed
from cnnvis.perturbation.ranks import counts, ranks

SIDE = 12
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(2, 3, SIDE, SIDE)).astype(np.float32)
MAPS = RANDOM.normal(size=(3, 2, SIDE, SIDE))
TARGETS = [1, 3]


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(100, 5)
    )
    return network.trace(model, input_shape=(3, SIDE, SIDE))


@pytest.fixture(scope="module")
def adder():
    """A network whose score is the sum of the pixels of the first row."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 2, bias=False))
    weight = torch.zeros(2, 3, SIDE, SIDE)
    weight[0, :, 0] = 1.0
    model[1].weight.data.copy_(weight.flatten(1))
    return network.trace(model, input_shape=(3, SIDE, SIDE))


def slow_curve(net, image, one, target, plan, seed):
    """One forward pass for each step, pixel by pixel."""
    order = ranks(one, first=plan.first, patch=plan.patch, seed=seed)
    values = []
    for count in counts(one.shape, plan.shares, plan.patch):
        gone = order < count
        if plan.fill == "impute":
            shown = imputed(image.astype(float), gone, seed=seed)
        else:
            fill = filled(image.astype(float), plan, seed=seed)
            shown = image.astype(float).copy()
            for row in range(SIDE):
                for col in range(SIDE):
                    if gone[row, col] == (plan.begin == "image"):
                        shown[:, row, col] = fill[:, row, col]
        with torch.no_grad():
            scores = net.model(torch.from_numpy(shown[None]).float())[0].double()
        values.append(float(scores.softmax(0)[target]))
    return values


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_is_that_of_single_forward_passes(net, name):
    plan = protocol(name, patch=min(PROTOCOLS[name].patch, 5))
    found = perturbation.curves(net, IMAGES, MAPS, TARGETS, plan, at_once=7, seed=4)
    assert found.values.shape == (3, 2, len(plan.shares))
    for method, image in np.ndindex(3, 2):
        expected = slow_curve(net, IMAGES[image], MAPS[method, image], TARGETS[image], plan, 4)
        np.testing.assert_allclose(found.values[method, image], expected, atol=1e-6)
    np.testing.assert_allclose(found.area, metrics.area(plan.shares, found.values))


def test_the_map_of_the_pixels_that_count_beats_all_others(adder):
    images = np.ones((1, 3, SIDE, SIDE), np.float32)
    right = np.zeros((1, SIDE, SIDE))
    right[0, 0] = np.arange(SIDE) + 1
    random = RANDOM.random((20, 1, SIDE, SIDE))
    middle = np.full((1, SIDE, SIDE), 0.0)
    middle[0, 4:8, 4:8] = 1.0
    maps = np.stack([right, -right, middle, *random])
    shares = tuple(step / SIDE for step in range(SIDE + 1))  # a row of pixels a step

    def areas(name):
        plan = protocol(name, fill=0.0, measure="score", patch=1, shares=shares)
        return perturbation.curves(adder, images, maps, [0], plan)

    deletion, insertion = areas("deletion"), areas("insertion")
    np.testing.assert_allclose(deletion.values[0, 0], [36.0, *[0.0] * SIDE])
    np.testing.assert_allclose(deletion.values[1, 0], [*[36.0] * SIDE, 0.0])
    np.testing.assert_allclose(insertion.values[0, 0], [0.0, *[36.0] * SIDE])
    assert deletion.area[0, 0] < deletion.area[2:].min()
    assert insertion.area[0, 0] > insertion.area[2:].max()
    assert deletion.area[3:].mean() == pytest.approx(18, rel=0.1)
    # What goes last when the most important go first goes first when the least important do.
    np.testing.assert_allclose(areas("lerf").values[1], deletion.values[0])


def test_an_empty_map_is_a_random_one_and_not_one_from_the_top(adder):
    images = np.ones((1, 3, SIDE, SIDE), np.float32)
    plan = protocol("deletion", fill=0.0, measure="score")
    found = perturbation.curves(adder, images, np.zeros((1, SIDE, SIDE)), [0], plan)
    assert found.area[0] == pytest.approx(18, rel=0.2)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_only_the_order_of_the_pixels_counts(net, name):
    plan = protocol(name, patch=1)
    found = perturbation.curves(net, IMAGES, np.stack([MAPS, 7 * MAPS - 3]), TARGETS, plan)
    np.testing.assert_array_equal(found.values[0], found.values[1])
    if name == "deletion":
        other = perturbation.curves(net, IMAGES, np.exp(MAPS), TARGETS, plan)
        np.testing.assert_array_equal(found.values[0], other.values)


def test_what_no_map_changes_runs_once(net, monkeypatch):
    ran = []
    real = measuring.run

    def counted(net, batch, wanted):
        ran.append(len(batch))
        return real(net, batch, wanted)

    monkeypatch.setattr(measuring, "run", counted)
    plan = protocol("deletion", shares=(0.0, 0.25, 0.5, 1.0))
    perturbation.curves(net, IMAGES, MAPS, TARGETS, plan, at_once=5)
    assert ran == [5, 5, 5, 1]  # two ends of two images, two steps of three maps of two images


def test_batches_do_not_change_a_curve(net):
    one = perturbation.curves(net, IMAGES, MAPS, TARGETS, "morf", at_once=1)
    all_ = perturbation.curves(net, IMAGES, MAPS, TARGETS, "morf", at_once=64)
    np.testing.assert_allclose(one.values, all_.values, atol=1e-6)
    alone = perturbation.curves(net, IMAGES[1:], MAPS[:, 1:], TARGETS[1:], "morf")
    np.testing.assert_allclose(alone.values[:, 0], all_.values[:, 1], atol=1e-6)


def test_the_network_is_left_as_it_was(net):
    before = {name: value.clone() for name, value in net.model.state_dict().items()}
    images = IMAGES.copy()
    perturbation.curves(net, images, MAPS, TARGETS)
    assert all(torch.equal(value, before[name]) for name, value in net.model.state_dict().items())
    assert not any(module._forward_hooks for module in net.model.modules())
    np.testing.assert_array_equal(images, IMAGES)


def test_what_does_not_fit_is_refused(net):
    with pytest.raises(
        MeasureError, match=r"images \(2, 3, 12, 12\) need maps .* \(3, 2, 12, 11\)"
    ):
        perturbation.curves(net, IMAGES, MAPS[..., :11], TARGETS)
    for targets in ([1], [1, 5], [-1, 0]):
        with pytest.raises(MeasureError, match="2 images need a class each, from 0 to 4"):
            perturbation.curves(net, IMAGES, MAPS, targets)
    with pytest.raises(MeasureError, match="one at a time or more, not 0"):
        perturbation.curves(net, IMAGES, MAPS, TARGETS, at_once=0)
    with pytest.raises(NetworkError, match="do not fit"):
        perturbation.curves(net, IMAGES[:, :2], MAPS, TARGETS)

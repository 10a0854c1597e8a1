"""Winners other than the largest channel: closed forms, draws that converge, and the contrast."""

from math import log, sqrt

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backtrack import nets
from backtrack.test_functional import Applied
from backtrack.test_walk import (
    assert_agrees_with_slow_twin,
    assert_nothing_vanishes,
    assert_same_points,
    some_starts,
)
from cnnvis import backtrack, network
from cnnvis.backtrack import Options
from cnnvis.errors import BacktrackError

SOFT = Options(winner="soft", residual="split")


@pytest.mark.parametrize("name", nets.FAMILIES)
@pytest.mark.parametrize("winner", ["argmax", "soft"])
def test_families_agree_with_the_slow_twin(name, winner):
    net, record = nets.family(name, size=(9, 11))
    starts = some_starts(record, net.scores, count=4)
    options = Options(winner=winner, residual="split")
    assert_agrees_with_slow_twin(net, record, starts, options)
    assert_nothing_vanishes(net, backtrack.from_units(net, record, starts, options))


def dense(points, shape):
    """The weights of the points of one start as an array."""
    found = np.zeros(shape)
    np.add.at(found, tuple(points.index.T), points.weight)
    return found


def positive_model():
    """Convolutions, pools and linear layers; what each reads is never negative."""
    model = nn.Sequential(
        *(nn.Conv2d(3, 6, 3, stride=2, padding=1, bias=False), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 8, 3, padding=1, groups=2), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(32, 12), nn.ReLU(), nn.Linear(12, 4)),
    )
    model = nets.fill(model, seed=3, whole=False)
    draw = torch.Generator().manual_seed(4)
    return model, torch.rand((1, 3, 18, 18), generator=draw, dtype=torch.float64)


def excitation_backprop(model, images, target):
    """Marginal winning probabilities by their formula: p_j = a_j * sum_i w+_ij p_i / z_i."""
    values = [images]
    for layer in model:
        values.append(layer(values[-1]))
    winning = torch.zeros_like(values[-1])
    winning[0, target] = 1
    for layer, read in zip(reversed(model), reversed(values[:-1]), strict=True):
        read = read.detach().requires_grad_()
        if isinstance(layer, nn.Conv2d):
            excited = F.conv2d(
                read, layer.weight.clamp(min=0), None, layer.stride, layer.padding, 1, layer.groups
            )
        elif isinstance(layer, nn.Linear):
            excited = F.linear(read, layer.weight.clamp(min=0))
        elif isinstance(layer, nn.AvgPool2d):
            excited = layer(read)
        elif isinstance(layer, nn.ReLU):
            continue
        else:
            (winning,) = torch.autograd.grad(layer(read), read, winning)
            continue
        share = torch.where(excited > 0, winning / excited, 0)
        winning = read.detach() * torch.autograd.grad(excited, read, share)[0]
    return winning[0].numpy()


@pytest.mark.parametrize("target", [0, 1, 2, 3])
def test_soft_is_excitation_backprop(target):
    model, images = positive_model()
    net, record = nets.opened(model, images)
    found = backtrack.from_scores(net, record, targets=[target], options=SOFT)
    expected = excitation_backprop(model, images, target)
    assert expected.sum() > 0.1
    got = dense(found.points["image"], expected.shape)
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-15)


def test_soft_shares_by_what_contributes_whatever_the_signs():
    """(w * a)+ counts a negative weight on a negative value; w+ * a would not."""
    layer = nn.Conv2d(2, 3, 3, padding=1).double()
    draw = torch.Generator().manual_seed(0)
    images = torch.randn((1, 2, 5, 5), generator=draw, dtype=torch.float64)
    net, record = nets.opened(nn.Sequential(nn.Identity(), layer), images)
    starts = backtrack.Starts.of("1", image=[0], index=[[2, 0, 3]])
    found = backtrack.from_units(net, record, starts, SOFT)
    padded = F.pad(images[0], (1, 1, 1, 1))[:, 0:3, 3:6]
    share = (layer.weight[2] * padded).clamp(min=0).detach()
    expected = np.zeros((2, 7, 7))
    expected[:, 0:3, 3:6] = share / share.sum()
    got = dense(found.points["0"], (2, 5, 5))
    np.testing.assert_allclose(got, expected[:, 1:6, 1:6], rtol=1e-12)


@pytest.mark.parametrize("name", ["vgg", "resnet", "squeezenet"])
def test_sampled_paths_converge_to_soft(name):
    """No place may be off by more than Hoeffding's bound, which holds but for one run in 10^9."""
    paths, error = 20_000, 1e-9
    net, record = nets.family(name, images=1, size=(9, 11))
    soft = backtrack.from_scores(net, record, targets=[1], options=SOFT)
    options = Options(winner="sample", residual="split", paths=paths, seed=5)
    drawn = backtrack.from_scores(net, record, targets=[1], options=options)
    compared = 0
    for node, points in soft.points.items():
        shape = net.nodes[node].shape
        off = np.abs(dense(points, shape) - dense(drawn.points[node], shape))
        assert off.max() < sqrt(log(2 * off.size / error) / (2 * paths)), node
        compared += np.count_nonzero(off)
    assert compared > 100, "nothing was drawn"


def test_every_path_keeps_its_part_of_the_weight():
    net, record = nets.family("resnet")
    options = Options(winner="sample", residual="split", paths=64, seed=1)
    found = backtrack.from_scores(net, record, targets=[1, 2], options=options)
    for points in found.points.values():
        assert (points.weight * 64 % 1 == 0).all()
    assert_nothing_vanishes(net, found)
    again = backtrack.from_scores(net, record, targets=[1, 2], options=options)
    assert_same_points(again.points["image"], found.points["image"])
    other = Options(winner="sample", residual="split", paths=64, seed=2)
    different = backtrack.from_scores(net, record, targets=[1, 2], options=other)
    assert different.points["image"].index.tolist() != found.points["image"].index.tolist()


def test_a_dead_end_is_followed_by_every_path_if_asked():
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 1)).double()
    model[1].weight.data[:] = torch.tensor([[-3.0, -1.0, -2.0]])
    net, record = nets.opened(model, torch.ones(1, 1, 1, 3).double())
    for dead_end, arrived in (("stop", 0), ("follow", 1)):
        options = Options(winner="sample", dead_end=dead_end)
        found = backtrack.from_scores(net, record, targets=[0], options=options)
        assert found.arrived.tolist() == [arrived]
    assert found.fixations.index.tolist() == [[0, 1]]


def test_the_contrast_is_what_the_dual_class_does_not_explain():
    model, images = positive_model()
    net, record = nets.opened(model, images)
    last = nn.Linear(12, 4).double()
    last.weight.data = -model[-1].weight.detach()
    plus = excitation_backprop(model, images, 1)
    minus = excitation_backprop(nn.Sequential(*model[:-1], last), images, 1)
    found = backtrack.contrastive(net, record, targets=[1], options=SOFT, node="image")
    expected = (plus - minus).clip(min=0)
    assert 0 < expected.sum() < plus.sum()
    np.testing.assert_allclose(dense(found, expected.shape), expected, rtol=1e-9, atol=1e-15)
    pixels = backtrack.contrastive(net, record, targets=[1], options=SOFT)
    expected = (plus - minus).sum(0).clip(min=0)
    np.testing.assert_allclose(dense(pixels, expected.shape), expected, rtol=1e-9, atol=1e-15)


def test_the_contrast_leaves_the_network_as_it_was():
    model, images = positive_model()
    net, record = nets.opened(model, images)
    before = model[-1].weight.clone()
    backtrack.contrastive(net, record, targets=[0], options=SOFT)
    assert torch.equal(model[-1].weight, before)
    assert network.record(net, images)[net.scores].equal(record[net.scores])


def test_the_contrast_of_a_layer_that_is_a_function():
    model, images = positive_model()
    applied = nn.Sequential(*model[:-1], Applied(model[-1], F.linear))
    expected = backtrack.contrastive(*nets.opened(model, images), targets=[2], options=SOFT)
    found = backtrack.contrastive(*nets.opened(applied, images), targets=[2], options=SOFT)
    assert_same_points(found, expected)


def test_what_no_contrast_can_be_made_of():
    net, record = nets.opened(*positive_model())
    with pytest.raises(BacktrackError, match="no weight came to node 'nowhere'; it came to"):
        backtrack.contrastive(net, record, targets=[0], node="nowhere")
    last = nn.Sequential(
        nn.Flatten(), nn.Linear(12, 3), nn.Unflatten(1, (1, 3)), nn.Conv1d(1, 1, 1)
    )
    net, record = nets.opened(last.double(), torch.rand(1, 3, 2, 2).double())
    with pytest.raises(BacktrackError, match=r"negates the weights of.*'3' \(Conv1d\) has weights"):
        backtrack.contrastive(net, record, targets=[0])
    two = nn.Sequential(nets.Cat(nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)), nets.Mean()).double()
    net, record = nets.opened(two, torch.rand(1, 3, 4, 4).double())
    with pytest.raises(BacktrackError, match=r"single layer behind the scores.*reads 2 others"):
        backtrack.contrastive(net, record, targets=[0])

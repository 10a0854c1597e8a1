"""Random layers, other classes, small changes: explanations that are known to pass or to fail."""

import numpy as np
import pytest
import torch
from network.nets import AlexNetLike, ResNetLike
from torch import nn

from cnnvis import metrics, network, sanity
from cnnvis.errors import MeasureError

SHAPE = (3, 33, 33)
IMAGES = np.random.default_rng(0).normal(size=(2, *SHAPE)).astype(np.float32)
TARGETS = [1, 3]


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return network.trace(AlexNetLike(), input_shape=SHAPE)


@torch.enable_grad()
def gradient(net, images, targets):
    """Honest: the size of the gradient of the score."""
    pixels = torch.from_numpy(np.array(images)).requires_grad_()
    scores = net.model(pixels)[np.arange(len(targets)), list(targets)].sum()
    return torch.autograd.grad(scores, pixels)[0].abs().sum(1).double().numpy()


def edges(net, images, targets):
    """Dishonest: it never looks at the network or the class."""
    return np.abs(np.diff(images.sum(1), axis=2, append=0)).astype(float)


def weights(net):
    return {name: value.clone() for name, value in net.model.state_dict().items()}


def changed(before, after):
    return {name.rpartition(".")[0] for name in before if not before[name].equal(after[name])}


# --- random layers --------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", sanity.DRAWS)
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("cascade", [{"8"}, {"8", "3"}, {"8", "3", "0"}]),
        ("independent", [{"8"}, {"3"}, {"0"}]),
        ("last", [{"8"}]),
    ],
)
def test_the_right_layers_are_random(net, draw, order, expected):
    before = weights(net)
    found = [
        (layer, changed(before, weights(one)))
        for layer, one in sanity.randomised(net, order, draw=draw)
    ]
    assert [layer for layer, _ in found] == ["8", "3", "0"][: len(expected)]
    assert [layers for _, layers in found] == expected
    assert not changed(before, weights(net))


def test_random_numbers_are_like_those_of_the_layer():
    torch.manual_seed(0)
    net = network.trace(nn.Sequential(nn.Conv2d(3, 40, 5)), input_shape=SHAPE)
    own = net.model[0].weight.data.mul_(7).add_(2).clone()
    ((_, normal),) = sanity.randomised(net)
    drawn = normal.model[0].weight
    assert drawn.mean().item() == pytest.approx(own.mean().item(), abs=0.05)
    assert drawn.std().item() == pytest.approx(own.std().item(), rel=0.05)
    assert abs(np.corrcoef(drawn.flatten(), own.flatten())[0, 1]) < 0.05
    ((_, shuffled),) = sanity.randomised(net, draw="shuffle")
    assert torch.equal(shuffled.model[0].weight.flatten().sort()[0], own.flatten().sort()[0])


def test_random_numbers_depend_on_the_seed_and_the_place_alone(net):
    runs = [
        [weights(one)["0.weight"] for _, one in sanity.randomised(net, order, seed=seed)][-1]
        for order, seed in (("cascade", 1), ("independent", 1), ("cascade", 2))
    ]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_residual_networks_have_their_layers_in_the_order_of_execution():
    model = ResNetLike()
    net = network.trace(model, input_shape=SHAPE)
    blocks = [f"blocks.{i}.conv{j}" for i in (1, 0) for j in (2, 1)]
    assert sanity.layers(net) == ("fc", *blocks, "stem.0")
    before = weights(net)
    *_, (_, last) = sanity.randomised(net)
    assert changed(before, weights(last)) == set(sanity.layers(net))  # no batch norm among them


def test_the_cascade_tells_an_honest_explanation_from_a_dishonest_one(net):
    tables = {
        explain: sanity.table(
            sanity.randomisation(explain, net, IMAGES, TARGETS), ["cat", "dog"]
        ).pivot_table(index="change", columns="measure", values="value")
        for explain in (gradient, edges)
    }
    np.testing.assert_allclose(tables[edges], 1.0)
    assert tables[gradient].loc["0", "spearman"] < 0.6
    assert list(tables[gradient].columns) == ["pearson", "spearman", "ssim"]


def test_the_network_is_left_as_it_was_when_an_explanation_fails(net):
    before = weights(net)

    def failing(changed, images, targets):
        if changed is not net:
            raise RuntimeError("no")
        return gradient(changed, images, targets)

    with pytest.raises(RuntimeError, match="no"):
        list(sanity.randomisation(failing, net, IMAGES, TARGETS))
    assert not changed(before, weights(net))
    assert all(parameter.grad is None for parameter in net.model.parameters())
    assert not any(module._forward_hooks for module in net.model.modules())


# --- other classes --------------------------------------------------------------------------------


def test_other_classes_are_others_and_each_once():
    asked = []

    def explain(images, targets):
        asked.append(list(targets))
        return np.ones((2, 33, 33))

    pairs = list(sanity.other_classes(explain, IMAGES, TARGETS, 5, count=4))
    assert [name for name, *_ in pairs] == [f"other class {n}" for n in (1, 2, 3, 4)]
    assert asked[0] == TARGETS
    others = np.array(asked[1:])
    assert sorted(others[:, 0]) == [0, 2, 3, 4]
    assert sorted(others[:, 1]) == [0, 1, 2, 4]


@pytest.mark.parametrize(("explain", "low", "high"), [(edges, 1.0, 1.0), (gradient, -1.0, 0.99)])
def test_a_map_that_ignores_the_class_is_found(net, explain, low, high):
    pairs = sanity.other_classes(
        lambda images, targets: explain(net, images, targets), IMAGES, TARGETS, 5, count=3
    )
    found = sanity.table(pairs, "ab", measures={"pearson": metrics.pearson})
    assert len(found) == 6
    assert found["value"].between(low - 1e-9, high + 1e-9).all()


# --- small changes --------------------------------------------------------------------------------


def brightness(images, targets):
    """A map that goes wherever its image goes."""
    return images.sum(axis=1).astype(float)


def fixed(images, targets):
    """A map that stays where it is."""
    return np.broadcast_to(np.arange(33.0) + 2 * np.arange(33.0)[:, None], (len(images), 33, 33))


@pytest.mark.parametrize("shift", [(3, 0), (-2, 5), (0, -1), (0, 0)])
def test_what_moves_with_the_image_is_stable(shift):
    pairs = list(sanity.stability(brightness, IMAGES, TARGETS, shifts=[shift], noises=[]))
    (_, before, mirrored), (name, was, now) = pairs
    np.testing.assert_array_equal(before, mirrored)
    np.testing.assert_array_equal(was, now)
    assert was.shape == (2, 33 - abs(shift[0]), 33 - abs(shift[1]))
    assert name == f"shifted by {shift[0]}, {shift[1]}"


def test_what_stays_is_not():
    (_, before, mirrored), (_, was, now) = sanity.stability(
        fixed, IMAGES, TARGETS, shifts=[(4, 2)], noises=[]
    )
    assert (metrics.pearson(before, mirrored) < 0.9).all()
    np.testing.assert_array_equal(now - was, 2 * 4 + 2)


def test_noise_is_a_share_of_the_spread_of_the_image():
    seen = []

    def explain(images, targets):
        seen.append(images.copy())
        return brightness(images, targets)

    images = IMAGES * np.array([1, 10], np.float32)[:, None, None, None]
    pairs = list(sanity.stability(explain, images, TARGETS, shifts=[], noises=[0.01, 0.5]))
    assert [name for name, *_ in pairs] == ["mirrored", "noise of 0.01", "noise of 0.5"]
    apart_by = [(noisy - images).std(axis=(1, 2, 3)) for noisy in seen[2:]]
    spread = images.std(axis=(1, 2, 3))
    np.testing.assert_allclose(apart_by, [0.01 * spread, 0.5 * spread], rtol=0.05)
    values = sanity.table(pairs, "ab", measures={"change": metrics.change})["value"].to_numpy()
    np.testing.assert_allclose(values[2:], [0.01, 0.01, 0.5, 0.5], rtol=0.1)


def test_the_sensitivity_of_captum_is_the_change_of_a_map(net):
    from captum.metrics import sensitivity_max

    def only(given):
        return given[0] if isinstance(given, tuple) else given

    noise = 0.1 * np.random.default_rng(1).normal(size=IMAGES.shape).astype(np.float32)
    expected = sensitivity_max(
        lambda given: (torch.from_numpy(gradient(net, only(given).detach().numpy(), TARGETS)),),
        torch.from_numpy(IMAGES),
        perturb_func=lambda given: only(given) + torch.from_numpy(noise),
        n_perturb_samples=1,
    )
    found = metrics.change(gradient(net, IMAGES, TARGETS), gradient(net, IMAGES + noise, TARGETS))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


# --- errors ---------------------------------------------------------------------------------------


def test_what_means_nothing_is_refused(net):
    with pytest.raises(MeasureError, match=r"one of cascade, independent, last; got 'cascading'"):
        list(sanity.randomised(net, "cascading"))
    with pytest.raises(MeasureError, match="one of normal, shuffle; got 'zeros'"):
        list(sanity.randomised(net, draw="zeros"))
    with pytest.raises(MeasureError, match=r"an explanation of 2 images .* got shape \(33, 33\)"):
        list(sanity.randomisation(lambda *_: np.ones((33, 33)), net, IMAGES, TARGETS))
    with pytest.raises(MeasureError, match="of 5 classes, 1 to 4 are others"):
        list(sanity.other_classes(brightness, IMAGES, TARGETS, 5))
    with pytest.raises(MeasureError, match="shifted by less than that, not by 33, 0"):
        list(sanity.stability(brightness, IMAGES, TARGETS, shifts=[(33, 0)]))


def test_a_copy_shares_nothing(net):
    (_, copy), *_ = sanity.randomised(net, "last")
    own = {value.data_ptr() for value in net.model.state_dict().values()}
    assert own.isdisjoint(value.data_ptr() for value in copy.model.state_dict().values())


def test_stages_are_spaced_evenly_from_the_last_layer_to_the_first(net):
    assert sanity.stages(net, 2) == ("8", "0")
    assert sanity.stages(net, 3) == sanity.stages(net, 99) == sanity.layers(net)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("cascade", [("8", {"8"}), ("0", {"8", "3", "0"})]),
        ("independent", [("8", {"8"}), ("0", {"0"})]),
        ("last", [("8", {"8"})]),
    ],
)
def test_only_some_stages_are_looked_at_and_the_weights_are_the_same(net, order, expected):
    before = weights(net)
    all_of_them = {layer: weights(one) for layer, one in sanity.randomised(net, order)}
    found = []
    for layer, one in sanity.randomised(net, order, at=("8", "0")):
        after = weights(one)
        found.append((layer, changed(before, after)))
        assert all(value.equal(all_of_them[layer][name]) for name, value in after.items())
    assert found == expected

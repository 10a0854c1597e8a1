"""Filters removed behind a tap against a copy with zeroed weights, and what is left as found."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from network.nets import SHAPE, AlexNetLike, Overwriting, ResNetLike
from torch import nn

from cnnvis import ablation, network, removal
from cnnvis.errors import ImportanceError, LayerError, NetworkError


class Branching(nn.Module):
    """Behind the layer, the network reads what came before it, and counts its images."""

    def __init__(self):
        super().__init__()
        self.before, self.conv = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norm, self.fc = nn.BatchNorm2d(4), nn.Linear(8, 5)

    def forward(self, x):
        first = self.before(x)
        second = self.norm(self.conv(first)).sigmoid()
        both = torch.cat([first * second, first], dim=1)
        return self.fc(both.mean((2, 3)).view(x.size(0), -1))


class Twice(nn.Module):
    """One convolution called twice, one behind the other, and another with the same weights."""

    def __init__(self):
        super().__init__()
        self.conv, self.twin, self.fc = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3), nn.Linear(6, 4)
        self.twin.weight, self.twin.bias = self.conv.weight, self.conv.bias

    def forward(self, x):
        one = self.conv(self.conv(x).tanh()).mean((2, 3))
        return self.fc(torch.cat([one, self.twin(x).mean((2, 3))], dim=1))


class Tokens(nn.Module):
    """A linear layer that is applied to every place of a map."""

    def __init__(self):
        super().__init__()
        self.conv, self.mix, self.fc = nn.Conv2d(3, 4, 3, 4), nn.Linear(4, 6), nn.Linear(6, 5)

    def forward(self, x):
        tokens = self.conv(x).flatten(2).transpose(1, 2)
        return self.fc(self.mix(tokens).tanh().mean(1))


class Hidden(nn.Module):
    """A network that only hooks can see, and that overwrites what it reads."""

    def __init__(self, model):
        super().__init__()
        self.inner = model

    def forward(self, x):
        return x if x.sum() > 1e9 else self.inner(x)


NETS = [
    (AlexNetLike, "0"),
    (AlexNetLike, "3"),  # in groups
    (AlexNetLike, "8"),  # the linear layer whose output is the scores
    (ResNetLike, "stem.0"),
    (ResNetLike, "blocks.0.conv1"),  # without bias, a batch norm behind it, and a way round it
    (ResNetLike, "blocks.1.conv2"),  # depthwise
    (Overwriting, "conv"),
    (Branching, "before"),
    (Branching, "conv"),
    (Tokens, "mix"),
    (Twice, "conv"),
    (Twice, "twin"),
]
REMOVED = [[], [0], [2, 1], [0, 1, 2]]


def made(kind):
    """Return a network with a batch norm that is not the identity, in float64."""
    torch.manual_seed(0)
    model = kind().double().eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
    return model


def photos(count=4):
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(1)).double()


def by_zeroing(model, layer, removed, images):
    """Copy the model, zero the weights and the bias, and run all of it."""
    found = []
    for filters in removed:
        other = copy.deepcopy(model)
        module = other.get_submodule(layer)
        with torch.no_grad():
            for number in filters:
                module.weight[number] = 0
                if module.bias is not None:
                    module.bias[number] = 0
            found.append(other(images.clone()).numpy())
    return np.stack(found)


@pytest.mark.parametrize(("kind", "layer"), NETS, ids=lambda x: getattr(x, "__name__", x))
@pytest.mark.parametrize("hidden", [False, True])
def test_scores_are_those_of_a_copy_with_zeroed_weights(kind, layer, hidden):
    model, images = made(kind), photos()
    opened = Hidden(model) if hidden else model
    net = network.open(opened, input_shape=SHAPE)
    assert (net.graph is None) == hidden
    name = f"inner.{layer}" if hidden else layer
    found = ablation.scores(net, images, layer=name, removed=REMOVED)
    expected = by_zeroing(model, layer, REMOVED, images)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    assert not np.allclose(found[0], found[3]), "nothing was removed"


def test_what_does_not_depend_on_the_layer_is_computed_once():
    calls = []
    model = made(AlexNetLike)
    net = network.open(model, input_shape=SHAPE)
    modules = dict(net.model.named_modules())
    handles = [
        modules[name].register_forward_hook(partial(lambda name, *_: calls.append(name), name))
        for name in ("0", "3", "8")
    ]
    ablation.scores(net, photos(), layer="3", removed=[[0], [1], [2]])
    for handle in handles:
        handle.remove()
    assert calls == ["0", "3", "8", "8", "8"]


@pytest.mark.parametrize("hidden", [False, True])
def test_the_model_is_left_as_found_also_after_an_error(hidden):
    model = Hidden(made(ResNetLike)) if hidden else made(ResNetLike)
    model.train()
    numbers = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    images = photos()
    pixels = images.clone()
    net = network.open(model, input_shape=SHAPE)
    layer = "inner.stem.0" if hidden else "stem.0"
    ablation.scores(net, images, layer=layer, removed=REMOVED)
    with pytest.raises(LayerError, match=r"filters 0 \.\.\. 3, not 4"):
        ablation.scores(net, images, layer=layer, removed=[[0], [4]])
    with pytest.raises(ImportanceError, match="class 99"):
        ablation.margins(net, [images], layer=layer, removed=[[0]], target=99)
    assert torch.equal(images, pixels)
    assert all(torch.equal(numbers[name], t) for name, t in model.state_dict().items())
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    assert all(module.training for module in model.modules())
    assert not any(m._forward_hooks for m in (*model.modules(), *net.model.modules()))
    assert not torch.is_inference_mode_enabled()


def test_margins_come_batch_by_batch_and_equal_removals_once():
    net, images = network.open(made(Branching), input_shape=SHAPE), photos(5)
    removed = [[0], [], [0], [1, 3]]
    scores = ablation.scores(net, images, layer="conv", removed=removed)
    found = ablation.margins(
        net, iter([images[:3], images[3:]]), layer="conv", removed=removed, target=2
    )
    np.testing.assert_allclose(found, removal.margins(scores, 2), rtol=1e-10, atol=1e-12)
    assert found.shape == (4, 5)


def test_curves_measure_every_removal_of_the_plan():
    net, images = network.open(made(Branching), input_shape=SHAPE), photos(5)
    weighed = {"l2": [3.0, 1.0, 2.0, 4.0]}
    table = ablation.curves(
        net, [images], layer="conv", importances=weighed, target=1, steps=2, seeds=3
    )
    plan = removal.plan(weighed, steps=2, seeds=3)
    scores = ablation.scores(net, images, layer="conv", removed=[one.filters for one in plan])
    expected = removal.margins(scores, 1).mean(axis=1)
    assert table.order.tolist() == [one.order for one in plan]
    np.testing.assert_allclose(table.value, expected, atol=1e-6)


def test_what_cannot_be_removed_is_refused():
    net = network.open(made(AlexNetLike), input_shape=SHAPE)
    with pytest.raises(LayerError, match=r"'1' \(ReLU\) is neither"):
        ablation.scores(net, photos(), layer="1", removed=[[]])
    with pytest.raises(LayerError, match="not -1"):
        ablation.scores(net, photos(), layer="0", removed=[[-1]])
    with pytest.raises(NetworkError, match="do not fit"):
        ablation.scores(net, photos()[:, :2], layer="0", removed=[[]])
    with pytest.raises(ImportanceError, match="needs images; got none"):
        ablation.margins(net, [], layer="0", removed=[[]], target=0)


def test_a_layer_without_effect_on_the_scores_is_refused():
    class Aside(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.aside = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3)

        def forward(self, x):
            self.aside(x)
            return self.conv(x).mean((2, 3))

    net = network.open(Aside(), input_shape=SHAPE)
    with pytest.raises(LayerError, match="do not depend on 'aside'"):
        ablation.scores(net, photos(), layer="aside", removed=[[]])

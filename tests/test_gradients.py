"""Gradients of filters against central differences, vmap(grad) and loops, and how they are got."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from cnnvis import gradients, network
from cnnvis.errors import LayerError, NetworkError

SHAPE = (3, 17, 15)


class Classifier(nn.Module):
    """A convolution of one's choice inside a smooth little network."""

    def __init__(self, conv, *, before=None):
        super().__init__()
        self.before = before or nn.Identity()
        self.conv = conv
        self.act = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.fc = nn.Linear(conv.out_channels * 4, 5)

    def forward(self, x):
        x = self.act(self.conv(self.before(x)))
        return self.fc(self.pool(x.sigmoid()).flatten(1))


class Hidden(nn.Module):
    """The same network where only hooks can see it; its ReLU and addition overwrite."""

    def __init__(self, model):
        super().__init__()
        self.inner = model

    def forward(self, x):
        x = x.add_(0)
        if x.sum() > 1e9:
            return x
        return self.inner(x)


def small(*, hidden=False, dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    before = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Tanh())
    model = Classifier(nn.Conv2d(4, 6, 3, stride=2, groups=2), before=before).to(dtype)
    return Hidden(model) if hidden else model


def opened(model):
    return network.open(model, input_shape=SHAPE)


def images(count=4, *, dtype=torch.float64, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, *SHAPE, generator=generator, dtype=dtype)


def by_vmap(model, name, batch, target):
    """Per-sample gradients as torch.func gives them."""
    model = model.eval()
    parameters = {key: p.detach() for key, p in model.named_parameters()}
    buffers = dict(model.named_buffers())
    for module in model.modules():
        if hasattr(module, "inplace"):
            module.inplace = False

    def score(weight, image, cls):
        everything = {**parameters, **buffers, f"{name}.weight": weight}
        scores = torch.func.functional_call(model, everything, (image[None],))
        return scores[0].gather(0, cls[None])[0]

    classes = torch.as_tensor(np.broadcast_to(target, len(batch)).copy())
    each = torch.func.vmap(torch.func.grad(score), in_dims=(None, 0, 0))
    return each(parameters[f"{name}.weight"], batch, classes).numpy()


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def convolutions(draw):
    groups = draw(st.sampled_from([1, 3]))
    padding = draw(st.one_of(st.sampled_from(["same", "valid"]), pairs, st.just(0)))
    return nn.Conv2d(
        3,
        groups * draw(st.integers(1, 2)),
        draw(pairs),
        stride=1 if padding == "same" else draw(pairs),
        padding=padding,
        dilation=draw(pairs),
        groups=groups,
        bias=draw(st.booleans()),
        padding_mode=draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"])),
    )


@given(convolutions(), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_any_convolution_agrees_with_vmap(conv, seed):
    torch.manual_seed(seed)
    model = Classifier(conv).double()
    batch, target = images(3, seed=seed), [0, 4, 2]
    found = gradients.filters(opened(model), batch, layer="conv", target=target)
    assert found.shape == (3, *conv.weight.shape)
    assert relative(found, by_vmap(model, "conv", batch, target)) < 1e-12


@pytest.mark.parametrize("layer", ["before.0", "conv", "fc"])
@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_every_layer_agrees_with_vmap(layer, dtype, close):
    model, batch = small(dtype=dtype), images(dtype=dtype)
    found = gradients.filters(opened(model), batch, layer=layer, target=[1, 2, 3, 0])
    assert found.dtype == (np.float64 if dtype == torch.float64 else np.float32)
    assert relative(found, by_vmap(model, layer, batch, [1, 2, 3, 0])) < close


@pytest.mark.parametrize("layer", ["before.0", "conv", "fc"])
@pytest.mark.parametrize("hidden", [False, True])
def test_central_differences(layer, hidden):
    model, batch = small(hidden=hidden), images(2)
    layer = f"inner.{layer}" if hidden else layer
    net = opened(model)
    assert (net.graph is None) == hidden
    found = gradients.filters(net, batch, layer=layer, target=3)
    weight = model.get_submodule(layer).weight.detach()
    relu = "inner.act" if hidden else "act"
    draw, compared = np.random.default_rng(0), 0
    for _ in range(60):
        index = tuple(int(draw.integers(size)) for size in weight.shape)
        there = float(weight[index])
        step = 1e-4 * max(1, abs(there))
        sides = []
        for moved in (there + step, there - step):
            weight[index] = moved
            sides.append(network.record(net, batch, [relu, net.scores]))
        weight[index] = there
        up, down = (side[net.scores][:, 3].numpy() for side in sides)
        # An image in which a unit passes the kink of the ReLU between the two has no derivative.
        smooth = ((sides[0][relu] > 0) == (sides[1][relu] > 0)).flatten(1).all(1).numpy()
        slope, exact = (up - down)[smooth] / (2 * step), found[(slice(None), *index)][smooth]
        if np.abs(exact).min(initial=np.inf) > 1e-3 * np.abs(found).max():
            np.testing.assert_allclose(slope, exact, rtol=1e-5)
            compared += smooth.sum()
    assert compared > 20


@pytest.mark.parametrize("layer", ["before.0", "conv", "fc"])
def test_hooks_give_what_the_graph_gives(layer):
    plain = gradients.filters(opened(small()), images(), layer=layer, target=1)
    hidden = gradients.filters(
        opened(small(hidden=True)), images(), layer=f"inner.{layer}", target=1
    )
    np.testing.assert_allclose(hidden, plain, rtol=1e-12, atol=1e-15)


class Spoiling(nn.Module):
    """Overwrites what it gave to the convolution, where only hooks can see it."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        x = x * 2
        scores = self.conv(x).mean((2, 3))
        x.zero_()
        return scores if scores.sum() < 1e9 else x


def test_what_went_into_a_layer_is_kept_though_it_is_overwritten():
    found = gradients.filters(opened(Spoiling().double()), images(), layer="conv", target=2)
    places = (2 * images()).unfold(2, 3, 1).unfold(3, 3, 1).mean((2, 3))  # (image, channel, 3, 3)
    np.testing.assert_allclose(found[:, 2], places.numpy(), rtol=1e-12)


def test_one_dimension_and_three():
    class Sliding(nn.Module):
        def __init__(self, conv):
            super().__init__()
            self.conv = conv

        def forward(self, x):
            return self.conv(x).sigmoid().flatten(2).mean(2)

    torch.manual_seed(0)
    for conv, shape in (
        (nn.Conv1d(3, 4, 3, padding="same", dilation=2), (3, 11)),
        (nn.Conv3d(2, 4, (1, 2, 3), stride=(1, 2, 1), groups=2, padding=1), (2, 5, 6, 7)),
    ):
        model = Sliding(conv).double()
        batch = torch.randn(3, *shape, dtype=torch.float64)
        net = network.open(model, input_shape=shape)
        found = gradients.filters(net, batch, layer="conv", target=2)
        assert relative(found, by_vmap(model, "conv", batch, 2)) < 1e-12


def test_a_linear_layer_over_many_places_adds_them_up():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = nn.Linear(3, 4)

        def forward(self, x):
            return torch.tanh(self.mix(x.permute(0, 2, 3, 1))).mean((1, 2))

    torch.manual_seed(0)
    model = Tokens().double()
    found = gradients.filters(opened(model), images(), layer="mix", target=2)
    assert found.shape == (4, 4, 3)
    assert relative(found, by_vmap(model, "mix", images(), 2)) < 1e-12


class Twice(nn.Module):
    """One convolution called twice, the second time on what the first gave."""

    def __init__(self, *, hidden):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.hidden = hidden

    def forward(self, x):
        x = torch.tanh(self.conv(x))
        if self.hidden and x.sum() > 1e9:
            return x
        return self.conv(x).mean((2, 3))


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("layer", ["conv", "conv:2"])
def test_a_layer_called_twice_counts_with_both_uses(hidden, layer):
    torch.manual_seed(0)
    model = Twice(hidden=hidden).double()
    found = gradients.filters(opened(model), images(), layer=layer, target=1)
    model.hidden = False
    assert relative(found, by_vmap(model, "conv", images(), 1)) < 1e-12


def test_weights_shared_by_two_layers_count_with_both():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Tanh(), nn.Conv2d(3, 3, 3), nn.Flatten()).double()
    model[2].weight = model[0].weight
    found = gradients.filters(opened(model), images(), layer="2", target=7)
    assert relative(found, by_vmap(model, "0", images(), 7)) < 1e-12


def test_a_batch_is_its_images_one_by_one():
    net, batch = opened(small()), images(5)
    together = gradients.filters(net, batch, layer="conv", target=[0, 1, 2, 3, 4])
    for i in range(5):
        alone = gradients.filters(net, batch[i : i + 1], layer="conv", target=i)
        np.testing.assert_allclose(together[i : i + 1], alone, rtol=1e-12, atol=1e-15)


def test_classes_from_one_pass_are_those_of_several():
    net, batch = opened(small()), images()
    found = gradients.filters_by_class(net, batch, layer="conv", classes=[4, 0])
    each = [gradients.filters(net, batch, layer="conv", target=target) for target in (4, 0)]
    np.testing.assert_allclose(found, each, rtol=1e-12, atol=1e-15)


def test_the_scores_of_several_classes_come_along():
    net, batch = opened(small()), images()
    found, scores = gradients.filters_by_class_and_scores(net, batch, layer="conv", classes=[2, 2])
    one, expected = gradients.filters_and_scores(net, batch, layer="conv", target=2)
    np.testing.assert_array_equal(found, [one, one])
    np.testing.assert_array_equal(scores, expected)


def test_no_class_is_refused():
    with pytest.raises(NetworkError, match="at least one class"):
        gradients.filters_by_class(opened(small()), images(), layer="conv", classes=[])


def test_the_shape_of_a_gradient_is_known_beforehand():
    net = opened(small())
    assert gradients.weight_shape(net, "conv") == (6, 2, 3, 3)
    assert gradients.weight_shape(net, "fc") == (5, 24)
    with pytest.raises(LayerError, match="neither a convolution"):
        gradients.weight_shape(net, "act")


def test_the_scores_of_the_same_pass_come_along():
    net = opened(small())
    found, scores = gradients.filters_and_scores(net, images(), layer="conv", target=1)
    np.testing.assert_array_equal(found, gradients.filters(net, images(), layer="conv", target=1))
    expected = network.record(net, images(), [net.scores])[net.scores]
    np.testing.assert_array_equal(scores, expected.numpy())


class Kernels(TorchDispatchMode):
    """Counts convolutions, and how often the backward one is asked for (input, weight, bias)."""

    def __init__(self):
        super().__init__()
        self.forward = 0
        self.backward = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function is torch.ops.aten.convolution.default:
            self.forward += 1
        if function is torch.ops.aten.convolution_backward.default:
            self.backward[tuple(args[-1])] += 1
        return function(*args, **(kwargs or {}))


def test_a_batch_takes_one_forward_pass_and_no_more_of_the_backward_pass_than_needed():
    torch.manual_seed(0)
    model = nn.Sequential(*(nn.Conv2d(3, 3, 3, padding=1) for _ in range(5)), nn.Flatten())
    net = opened(model)
    with Kernels() as kernels:
        gradients.filters(net, images(4, dtype=torch.float32), layer="2", target=0)
    assert kernels.forward == 5
    # Behind layer 2 lie two convolutions: gradients of their inputs, never of their weights.
    assert kernels.backward == {(True, False, False): 2, (False, True, False): 4}
    with Kernels() as kernels:
        gradients.filters_by_class(net, images(4, dtype=torch.float32), layer="4", classes=range(7))
    assert kernels.forward == 5
    assert kernels.backward == {(False, True, False): 28}
    with Kernels() as kernels:
        gradients.filters_by_class(net, images(4, dtype=torch.float32), layer="2", classes=range(3))
    assert kernels.forward == 5
    assert kernels.backward == {(True, False, False): 2 * 3, (False, True, False): 4 * 3}


@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize("hidden", [False, True])
def test_a_batch_is_seen_once_whatever_the_number_of_classes(classes, hidden):
    model = small(hidden=hidden)
    net = opened(model)
    seen = []
    first = net.model.get_submodule("inner.before.0" if hidden else "before.0")
    handle = first.register_forward_hook(lambda *_: seen.append("forward"))
    layer = "inner.conv" if hidden else "conv"
    gradients.filters_by_class_and_scores(net, images(), layer=layer, classes=range(classes))
    handle.remove()
    assert seen == ["forward"]


@pytest.mark.parametrize("hidden", [False, True])
def test_the_model_is_left_as_it_was(hidden):
    model = small(hidden=hidden).train()
    model.requires_grad_(True)
    numbers = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    batch = images()
    pixels = batch.clone()
    net = opened(model)
    layer = "inner.conv" if hidden else "conv"
    gradients.filters(net, batch, layer=layer, target=1)
    with pytest.raises(NetworkError):
        gradients.filters(net, batch, layer=layer, target=99)
    assert torch.equal(batch, pixels)
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert all(p.grad is None for p in net.model.parameters())
    assert all(module.training for module in model.modules())
    assert not any(m._forward_hooks for m in (*model.modules(), *net.model.modules()))
    assert all(torch.equal(numbers[name], t) for name, t in model.state_dict().items())


def test_gradients_work_where_gradients_are_switched_off():
    expected = gradients.filters(opened(small()), images(), layer="conv", target=1)
    with torch.no_grad():
        found = gradients.filters(opened(small()), images(), layer="conv", target=1)
        assert not torch.is_grad_enabled()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ("act", r"'act' \(ReLU\) is neither .* has 3 of these: 'before.0', 'conv', 'fc'"),
        ("before.1", r"'before.1' \(BatchNorm2d\)"),
        ("image", r"'image' \(image\)"),
        ("convv", "did you mean 'conv'"),
        ("before", "a block of 3 layers"),
    ],
)
def test_a_layer_without_filters_is_refused(layer, reason):
    with pytest.raises(LayerError, match=reason):
        gradients.filters(opened(small()), images(), layer=layer, target=0)


@pytest.mark.parametrize("target", [-1, 5, [0, 1], 1.5, True, [0, 1, 2, 5], "cat", [[0, 1, 2, 3]]])
def test_a_target_that_is_no_class_is_refused(target):
    with pytest.raises(NetworkError, match="target"):
        gradients.filters(opened(small()), images(), layer="conv", target=target)


class Aside(nn.Module):
    def __init__(self, *, used=False):
        super().__init__()
        self.conv, self.aside = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3)
        self.used = used

    def forward(self, x):
        aside = self.aside(x)
        x = self.conv(x)
        if self.used:  # read, but to no effect on any derivative
            x = x + aside.detach()
        return x.mean((2, 3))


@pytest.mark.parametrize("used", [False, True])
def test_a_layer_without_effect_on_the_scores_is_refused(used):
    with pytest.raises(LayerError, match="do not depend on 'aside'"):
        gradients.filters(opened(Aside(used=used)), images(), layer="aside", target=0)


def test_a_layer_that_does_not_see_images_one_by_one_is_refused():
    class Folded(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)

        def forward(self, x):
            planes = self.conv(x.reshape(-1, 1, 17, 15))
            return planes.reshape(-1, 3, 2, 15, 13).mean((1, 3, 4))

    with pytest.raises(LayerError, match=r"\(12, 1, 17, 15\), whose first axis does not count"):
        gradients.filters(opened(Folded()), images(dtype=torch.float32), layer="conv", target=0)


def test_a_convolution_that_computes_otherwise_is_not_taken_for_one():
    class Standardised(nn.Conv2d):
        def forward(self, x):
            return F.conv2d(x, self.weight - self.weight.mean(), self.bias) if x.sum() < 1e9 else x

    model = Hidden(Classifier(Standardised(3, 4, 3)).double())
    with pytest.raises(LayerError, match=r"'inner.conv' \(Conv2d\) .* 1 of these: 'inner.fc'"):
        gradients.filters(opened(model), images(), layer="inner.conv", target=0)


def test_no_images_give_no_gradients():
    found = gradients.filters(opened(small()), images(0), layer="conv", target=0)
    assert found.shape == (0, 6, 2, 3, 3)


def test_a_network_whose_scores_are_a_map_counts_its_units():
    model = nn.Sequential(nn.Conv2d(3, 2, 3)).double()
    found = gradients.filters(opened(model), images(), layer="0", target=15 * 13 + 1)
    np.testing.assert_array_equal(found[:, 0], 0)
    np.testing.assert_array_equal(found[:, 1], images()[:, :, 0:3, 1:4].numpy())
    assert replace(opened(model)).scores == "0"

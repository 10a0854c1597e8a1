"""Every method behind one function: maps as agreed, and the network left as it was found."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from network.nets import SHAPE, AlexNetLike, ResNetLike
from torch import nn

from cnnvis import attribution, backtrack, network, saliency
from cnnvis.attribution import make
from cnnvis.errors import AttributionError, BacktrackError, ConfigError, NetworkError

TARGETS = [3, 0, 4]
FAST = {"occlusion": {"window": 0.3, "blank": 1.0}, "integrated_gradients": {"steps": 4}}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return ResNetLike().double().eval()


@pytest.fixture(scope="module")
def net(model):
    return network.trace(model, input_shape=SHAPE)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).standard_normal((3, *SHAPE))


def state(net):
    hooks = [
        len(hooks)
        for module in net.model.modules()
        for hooks in (
            module._forward_hooks,
            module._forward_pre_hooks,
            module._backward_hooks,
            module._backward_pre_hooks,
        )
    ]
    flags = [module.training for module in net.model.modules()]
    asks = [(p.requires_grad, p.grad) for p in net.model.parameters()]
    return sum(hooks), flags, asks, [t.sum().item() for t in net.model.state_dict().values()]


@pytest.mark.parametrize("method", attribution.METHODS)
def test_a_batch_gives_what_its_images_give_alone(net, images, method):
    before = state(net)
    options = FAST.get(method, {})
    found = attribution.by_channel(net, images, TARGETS, method, at_once=2, **options)
    assert found.shape[::2] == (3, 33)
    assert found.dtype == np.float64
    assert np.ptp(found[0]) > 0
    for place, target in enumerate(TARGETS):
        alone = attribution.by_channel(net, images[place : place + 1], target, method, **options)
        np.testing.assert_allclose(found[place], alone[0], rtol=1e-9, atol=1e-12)
    assert state(net) == before
    assert torch.is_grad_enabled()


def test_no_two_methods_give_the_same_map(net, images):
    found = {
        method: attribution.maps(
            net, images[1:2], 0, method, **FAST.get(method, {}), reduction="sum"
        ).ravel()
        for method in attribution.METHODS
    }
    for one in found:
        for other in found:
            if one != other:
                assert np.corrcoef(found[one], found[other])[0, 1] < 0.999, (one, other)


@pytest.mark.parametrize("method", [m for m in attribution.METHODS if attribution.METHODS[m].needs])
def test_the_network_is_left_as_it_was_found_when_something_fails(model, images, method):
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside, self.relu, self.broken = model, nn.ReLU(), False

        def forward(self, x):
            return self.relu(fail(self.inside(x)))

    net = network.trace(Broken(), input_shape=SHAPE)
    before = state(net)
    FAILS.append(True)
    try:
        with pytest.raises(ArithmeticError):
            attribution.maps(net, images, TARGETS, method, **FAST.get(method, {}))
    finally:
        FAILS.clear()
    assert state(net) == before
    assert torch.is_grad_enabled()


FAILS = []


def fail(x):
    if FAILS:
        raise ArithmeticError
    return x


torch.fx.wrap("fail")


def test_the_table_of_methods_has_a_function_for_each():
    assert list(make.FUNCTIONS) == list(attribution.METHODS)
    kinds = {"gradient", "activation", "removal", "backtracking", "control"}
    for method in attribution.METHODS.values():
        assert method.kind in kinds
        assert method.reduction in attribution.REDUCTIONS
        assert bool(method.reduction_source) == (method.reduction != "sum")


def test_colours_are_reduced_as_the_name_says():
    colours = np.array([[1.0, -3.0, 1.0], [-1.0, -1.0, -1.0]]).reshape(2, 3, 1, 1)
    found = {
        name: reduce(colours).ravel().tolist() for name, reduce in attribution.REDUCTIONS.items()
    }
    assert found == {
        "abs_max": [3, 1],
        "abs_sum": [5, 3],
        "positive_sum": [0, 0],
        "sum": [-1, -3],
    }
    assert attribution.REDUCTIONS["positive_sum"](-colours).ravel().tolist() == [1, 3]


def test_a_reduction_may_be_chosen(net, images):
    signed = attribution.by_channel(net, images, TARGETS, "input_x_gradient")
    assert signed.shape == images.shape
    chosen = attribution.maps(net, images, TARGETS, "input_x_gradient", reduction="abs_max")
    np.testing.assert_array_equal(chosen, np.abs(signed).max(axis=1))
    with pytest.raises(ConfigError, match="not 'absmax'; did you mean 'abs_max'"):
        attribution.maps(net, images, TARGETS, "gradient", reduction="absmax")


def test_soft_is_excitation_backprop():
    weights = torch.tensor([[1.0, 2.0, -4.0, 0.0], [0.0, 1.0, 1.0, 1.0]])
    linear = nn.Linear(4, 2, bias=False)
    linear.weight.data = weights
    net = network.trace(nn.Sequential(nn.Flatten(), linear), input_shape=(1, 2, 2))
    pixels = np.array([1.0, 3.0, 1.0, 1.0], np.float32).reshape(1, 1, 2, 2)
    found = attribution.maps(net, np.repeat(pixels, 2, 0), [0, 1], "soft", sigma=0)
    np.testing.assert_allclose(found[0].ravel(), [1 / 7, 6 / 7, 0, 0])
    np.testing.assert_allclose(found[1].ravel(), [0, 3 / 5, 1 / 5, 1 / 5])


@pytest.mark.parametrize("sigma", [0, 0.1])
def test_backtrack_is_the_density_of_the_fixations(net, images, sigma):
    choices = {"k": 2, "position": "spatial"}
    more = {"options": choices, "sigma": sigma, "share": 0}
    found = attribution.maps(net, images, TARGETS, "backtrack", **more)
    folded = network.fold(net)
    for place, target in enumerate(TARGETS):
        record = network.record(folded, images[place : place + 1])
        walked = backtrack.from_scores(
            folded, record, targets=[target], options=backtrack.Options(**choices)
        ).fixations
        expected = saliency.from_points(
            walked.index, walked.weight, shape=(33, 33), sigma=sigma * 33
        )
        np.testing.assert_allclose(found[place], expected, atol=1e-12)
        assert sigma or found[place].sum() == pytest.approx(walked.weight.sum())


def test_backtrack_leaves_out_what_lies_alone_and_counts_pixels_if_asked(net, images):
    folded = network.fold(net)
    record = network.record(folded, images[:1])
    options = backtrack.Options()
    walked = backtrack.from_scores(folded, record, targets=TARGETS[:1], options=options).fixations
    at, weight = walked.index, walked.weight
    assert len(set(weight.tolist())) > 1

    def found(share=0.0, **more):
        more |= {"options": options, "sigma": 0, "share": share}
        return attribution.maps(net, images[:1], TARGETS[:1], "backtrack", **more)[0]

    def dense(kept, values):
        made = np.zeros((33, 33))
        made[tuple(at[kept].T)] = values[kept]
        return made

    everything, ones = np.ones(len(at), bool), np.ones(len(at))
    np.testing.assert_array_equal(found(), dense(everything, weight))
    np.testing.assert_array_equal(found(weighted=False), dense(everything, ones))
    for rule in ({"near": 0.2, "share": 0.2}, {"near": 0.15, "share": 0.1}):
        for counts, weighted in ((weight, True), (ones, False)):
            kept = saliency.inliers(at, (33, 33), weight=counts, **rule)
            assert 0 < kept.sum() < len(kept)
            got = found(weighted=weighted, **rule)
            np.testing.assert_array_equal(got, dense(kept, counts))


def test_backtrack_does_what_is_recommended_unless_told_otherwise(net, images):
    plain = attribution.maps(net, images, TARGETS, "backtrack")
    more = {"sigma": saliency.SIGMA, "share": 0.05}
    said = attribution.maps(
        net, images, TARGETS, "backtrack", options=backtrack.RECOMMENDED, **more
    )
    np.testing.assert_array_equal(plain, said)
    paper = attribution.maps(net, images, TARGETS, "backtrack", options=backtrack.Options())
    assert not np.array_equal(plain, paper)
    with pytest.raises(ConfigError, match="no option 'rival'; did you mean 'rivals'"):
        attribution.maps(net, images, TARGETS, "backtrack", options={"rival": 1})


def test_controls_do_not_look_at_the_network(net, images):
    for method in ("centre", "random", "edges"):
        one = attribution.maps(net, images, TARGETS, method)
        np.testing.assert_array_equal(one, attribution.maps(net, images, 1, method))
    noise = [attribution.maps(net, images, 0, "random", seed=seed) for seed in (0, 1)]
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.3
    assert abs(np.corrcoef(noise[0][0].ravel(), noise[0][1].ravel())[0, 1]) < 0.5


def test_what_cannot_be_is_refused(net, images):
    with pytest.raises(ConfigError, match="'gradcam'; did you mean 'grad_cam'"):
        attribution.maps(net, images, TARGETS, "gradcam")
    with pytest.raises(ConfigError, match="'grad_cam' has the options layer, rivals, not 'layers'"):
        attribution.maps(net, images, TARGETS, layers="stem.0")
    with pytest.raises(ConfigError, match="'gradient' has no options, not 'steps'"):
        attribution.maps(net, images, TARGETS, "gradient", steps=3)
    with pytest.raises(NetworkError, match="one for each of 3 images"):
        attribution.maps(net, images, [1, 2])
    with pytest.raises(NetworkError, match=r"from 0 to 4.*got \[5\]"):
        attribution.maps(net, images, 5)
    with pytest.raises(NetworkError, match="do not fit a network opened for"):
        attribution.maps(net, images[0], 1)
    with pytest.raises(NetworkError, match="'input_x_gradient' came to values that"):
        attribution.maps(net, images * np.nan, 1, "input_x_gradient")


def test_no_image_gives_no_map(net, images):
    assert attribution.maps(net, images[:0], [], "centre").shape == (0, 33, 33)


def test_without_captum_its_methods_say_how_to_get_it(net, images, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum", None)
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    for method, known in attribution.METHODS.items():
        if "captum" in known.needs:
            with pytest.raises(AttributionError, match=r"pip install 'cnnvis\[baselines\]'.*soft"):
                attribution.maps(net, images, TARGETS, method)
        else:
            attribution.maps(net, images, TARGETS, method)


def test_captum_loads_no_torchvision(monkeypatch):
    for name in list(sys.modules):
        if name.split(".")[0] in ("captum", "torchvision"):
            monkeypatch.delitem(sys.modules, name)
    import captum.attr  # noqa: F401

    assert "torchvision" not in sys.modules


def test_a_network_seen_through_hooks_has_the_methods_that_need_no_graph(images):
    torch.manual_seed(0)
    model = AlexNetLike().double().eval()
    traced, hooked = (network.trace(model, input_shape=SHAPE) for _ in range(2))
    hooked = replace(hooked, graph=None, untraceable="It looks into the data.")
    for module in hooked.model.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = True  # as it would be in a model that was never traced
    early = {"layer": "0"}  # the rectifier behind it overwrites what it gives
    for method, options in (("gradient", {}), ("grad_cam", {}), ("grad_cam", early)):
        one, two = (
            attribution.maps(net, images, TARGETS, method, **options) for net in (hooked, traced)
        )
        np.testing.assert_allclose(one, two)
    with pytest.raises(AttributionError, match="made sure of in traced networks only"):
        attribution.maps(hooked, images, TARGETS, "guided_backprop")
    with pytest.raises(BacktrackError, match="backtracking follows the graph"):
        attribution.maps(hooked, images, TARGETS, "soft")

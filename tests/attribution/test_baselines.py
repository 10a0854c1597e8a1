"""What Captum gives for our networks is what the definitions say, or is refused."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from network.nets import SHAPE, AlexNetLike, ResNetLike
from torch import nn

from attribution import slow
from cnnvis import attribution, network
from cnnvis.attribution import layers
from cnnvis.errors import AttributionError, ConfigError, LayerError

TARGETS = [3, 0]
NETS = {"a row of layers": AlexNetLike, "residual blocks": ResNetLike}


@pytest.fixture(scope="module", params=NETS)
def model(request):
    torch.manual_seed(2)
    model = NETS[request.param]().double().eval()
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return model


@pytest.fixture(scope="module")
def net(model):
    return network.trace(model, input_shape=SHAPE)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(3).standard_normal((2, *SHAPE))


def test_gradients_are_those_of_autograd(model, net, images):
    expected = slow.gradient(model, images, TARGETS)
    found = attribution.by_channel(net, images, TARGETS, "gradient")
    np.testing.assert_allclose(found, expected, atol=1e-12)
    found = attribution.by_channel(net, images, TARGETS, "input_x_gradient")
    np.testing.assert_allclose(found, expected * images, atol=1e-12)


@pytest.mark.parametrize(
    ("method", "function"),
    [("guided_backprop", slow.Guided), ("deconvolution", slow.Deconvolved)],
)
def test_rectifiers_have_another_derivative(model, net, images, method, function):
    expected = slow.gradient(slow.with_rectifier(model, function), images, TARGETS)
    found = attribution.by_channel(net, images, TARGETS, method)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    plain = attribution.by_channel(net, images, TARGETS, "gradient")
    assert np.abs(found - plain).max() > 0.1 * np.abs(plain).max()


def test_integrated_gradients_add_up_to_the_difference_of_the_scores(model, net, images):
    blank = 0.5
    found = attribution.by_channel(
        net, images, TARGETS, "integrated_gradients", steps=64, blank=blank
    )
    with torch.no_grad():
        nothing = model(torch.full_like(torch.as_tensor(images), blank))
        rise = (model(torch.as_tensor(images)) - nothing).numpy()[[0, 1], TARGETS]
    # Rectifiers switch between the steps: with 64 of them less than 2 parts in 100 are lost.
    np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), rise, atol=0.02 * np.abs(rise).max())
    few = attribution.by_channel(
        net, images[:1], TARGETS[0], "integrated_gradients", steps=5, blank=blank
    )
    expected = slow.integrated_gradients(model, images[0], TARGETS[0], 5, blank)
    np.testing.assert_allclose(few[0], expected, atol=1e-9)  # Captum's points are rounded


def test_nothing_may_be_an_image(net, images):
    black = np.full(SHAPE, -2.0)
    one = attribution.maps(net, images, 1, "integrated_gradients", steps=4, blank=black)
    two = attribution.maps(net, images, 1, "integrated_gradients", steps=4, blank=-2.0)
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(("window", "stride", "pixels"), [(0.25, 0, (8, 4)), (0.3, 0.2, (10, 7))])
def test_occlusion_is_the_fall_of_the_score(model, net, images, window, stride, pixels):
    found = attribution.maps(
        net, images, TARGETS, "occlusion", window=window, stride=stride, blank=0.5, reduction="sum"
    )
    expected = slow.occlusion(model, images[0], TARGETS[0], *pixels, 0.5)
    np.testing.assert_allclose(found[0], expected, atol=1e-12)


def last_maps(net):
    """The module of a model that gives its last maps."""
    layer = attribution.layer_of_maps(net)
    # A rectifier that is called twice: the model's output of the block.
    return layer.rsplit(".", 1)[0] if ":" in layer else layer


def test_grad_cam_is_that_of_the_paper(model, net, images):
    found = attribution.maps(net, images, TARGETS)
    assert found.max() > 0
    expected = slow.grad_cam(model, last_maps(net), images, TARGETS)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("rivals", [1, 2, 99])
def test_grad_cam_against_rivals_differentiates_the_difference_of_scores(
    model, net, images, rivals
):
    found = attribution.maps(net, images, TARGETS, rivals=rivals)
    expected = slow.grad_cam(model, last_maps(net), images, TARGETS, rivals)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert np.abs(found - attribution.maps(net, images, TARGETS)).max() > 0.01 * found.max() > 0


def test_grad_cam_against_rivals_is_the_map_of_the_difference_of_weights():
    """Behind an average of all places the gradient of a score is the layer's weight."""
    torch.manual_seed(4)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    ).double()
    net = network.trace(model, input_shape=SHAPE)
    images = np.random.default_rng(5).standard_normal((1, *SHAPE))
    with torch.no_grad():
        maps = model[:2](torch.as_tensor(images))[0]
        first, second, third = model(torch.as_tensor(images))[0].argsort(descending=True).tolist()
        weight = model[-1].weight
        own = weight[second] - weight[[first, third]].mean(0)
        expected = F.relu(torch.einsum("c,cyx->yx", own, maps)).numpy()
    found = attribution.maps(net, images, second, rivals=2)[0]
    expected = slow.bilinear(expected, SHAPE[1:])
    np.testing.assert_allclose(found / found.max(), expected / expected.max(), atol=1e-12)


def test_a_single_score_has_no_rivals(images):
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 31 * 31, 1))
    net = network.trace(model.double(), input_shape=SHAPE)
    alone = attribution.maps(net, images, 0)
    np.testing.assert_array_equal(attribution.maps(net, images, 0, rivals=3), alone)
    with pytest.raises(ConfigError, match="grad_cam: rivals must be a whole number from 0 up"):
        attribution.maps(net, images, 0, rivals=-1)


def test_grad_cam_may_look_at_another_layer(model, net, images):
    layer = {"AlexNetLike": "0", "ResNetLike": "stem.0"}[type(model).__name__]
    found = attribution.maps(net, images, TARGETS, "grad_cam", layer=layer)
    np.testing.assert_allclose(found, slow.grad_cam(model, layer, images, TARGETS), atol=1e-12)
    with pytest.raises(LayerError, match="no layer 'nowhere'"):
        attribution.maps(net, images, TARGETS, "grad_cam", layer="nowhere")
    with pytest.raises(AttributionError, match=r"gives \(5,\); the last one with maps is"):
        attribution.maps(net, images, TARGETS, "grad_cam", layer=net.scores)


class Ended(nn.Module):
    """Maps made by a function, and layers at the end that pass them through."""

    def __init__(self, bend, aside=False):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(3, 4, 3), nn.ReLU()
        self.more, self.fc = nn.Conv2d(8, 4, 3), nn.Linear(4, 5)
        self.bend, self.aside = bend, aside

    def forward(self, x):
        x = self.relu(self.conv(x))
        x = torch.cat([x, x], 1)
        x = self.bend(self.more(x))
        return self.fc(
            F.adaptive_avg_pool2d(F.max_pool2d(F.dropout(x, 0.5, False), 2), 1).flatten(1)
        )


def traced(bend):
    return network.trace(Ended(bend), input_shape=SHAPE)


def test_the_last_maps_may_come_from_a_function(images):
    net = traced(torch.relu)
    assert attribution.layer_of_maps(net) == "relu_1"
    images = images.astype(np.float32)
    found = attribution.maps(net, images, TARGETS)
    module = network.trace(Ended(nn.ReLU()).train(False), input_shape=SHAPE)
    module.model.load_state_dict(net.model.state_dict())
    np.testing.assert_allclose(found, attribution.maps(module, images, TARGETS))


@pytest.mark.parametrize("method", ["guided_backprop", "deconvolution"])
@pytest.mark.parametrize(
    ("bend", "named"),
    [
        (nn.ReLU6(), "'bend' is ReLU6:"),
        (nn.SiLU(), "'bend' is SiLU:"),
        (torch.relu, r"'relu_1' is relu \(a function\)"),
        (F.relu6, r"'relu6' is hardtanh \(a function\)|'relu6' is relu6 \(a function\)"),
        (lambda x: x.clamp(min=0), r"'clamp' is clamp \(a function\)"),
    ],
    ids=["ReLU6", "SiLU", "relu", "relu6", "clamp"],
)
def test_rectifiers_that_captum_does_not_see_are_refused(images, method, bend, named):
    with pytest.raises(AttributionError, match=named):
        attribution.maps(traced(bend), images.astype(np.float32), TARGETS, method)


def test_a_network_without_rectifiers_is_refused(images):
    net = network.trace(nn.Sequential(nn.Conv2d(3, 2, 33), nn.Flatten()), input_shape=SHAPE)
    with pytest.raises(AttributionError, match="this network has none"):
        attribution.maps(net, images.astype(np.float32), [0, 1], "guided_backprop")
    with pytest.raises(AttributionError, match=r"no layer of this network has maps"):
        attribution.maps(net, images.astype(np.float32), [0, 1], "grad_cam")


def test_what_the_scores_do_not_rest_on_does_not_count():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.relu, self.fc = nn.Conv2d(3, 2, 33), nn.ReLU(), nn.Linear(2, 2)
            self.late = nn.Conv2d(3, 2, 3)

        def forward(self, x):
            scores = self.fc(self.relu(self.conv(x)).flatten(1))
            return scores, torch.sigmoid(self.late(x))

    net = network.trace(Two(), input_shape=SHAPE)
    layers.check_rectifiers(net, "guided_backprop")
    with pytest.raises(AttributionError, match="no layer of this network has maps"):
        layers.layer_of_maps(net)


def test_a_type_made_from_a_relu_is_one():
    class Own(nn.ReLU):
        pass

    layers.check_rectifiers(traced(Own()), "guided_backprop")

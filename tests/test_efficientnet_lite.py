"""EfficientNet-Lite0 has the shape, the names and the padding of the published network."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnvis import network
from cnnvis.efficientnet_lite import Block, EfficientNetLite0


@pytest.fixture(scope="module")
def model():
    return EfficientNetLite0().eval()


def test_it_has_the_published_tensors(model):
    state = model.state_dict()
    assert len(state) == 296
    assert sum(parameter.numel() for parameter in model.parameters()) == 4_652_008
    assert state["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert state["_blocks.15._project_conv.weight"].shape == (320, 1152, 1, 1)
    assert state["_fc.weight"].shape == (1000, 1280)
    assert "_blocks.0._expand_conv.weight" not in state
    assert "_blocks.0._bn0.weight" not in state
    prefixes = {name.split(".")[0] for name in state}
    assert prefixes == {"_conv_stem", "_bn0", "_blocks", "_conv_head", "_bn1", "_fc"}


def test_every_batch_norm_divides_by_the_published_epsilon(model):
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 49
    assert {norm.eps for norm in norms} == {1e-3}


def tensorflow_same(size, kernel, stride):
    """Padding (before, after) by TensorFlow's definition of ``same``."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def test_every_convolution_pads_as_tensorflow_does():
    """On 224 pixels; with stride 2 that is one pixel more to the right and below."""
    model = EfficientNetLite0().eval()
    seen = []
    sizes = {}

    def note(name):
        def hook(module, arguments, output):
            sizes[name] = arguments[0].shape[-1]
            seen.append((name, module))

        return hook

    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.ZeroPad2d):
            module.register_forward_hook(note(name))
    with torch.no_grad():
        model(torch.zeros(1, 3, 224, 224))
    strided = 0
    for place, (name, module) in enumerate(seen):
        if not isinstance(module, nn.Conv2d):
            continue
        kernel, stride = module.kernel_size[0], module.stride[0]
        pad = seen[place - 1][1]
        before = after = module.padding[0]
        size = sizes[name]
        if isinstance(pad, nn.ZeroPad2d):
            left, right, top, bottom = pad.padding
            assert (left, right) == (top, bottom)
            before, after, size = left + before, right + after, size - left - right
            strided += 1
        assert (before, after) == tensorflow_same(size, kernel, stride), name
    assert strided == 5


@pytest.mark.parametrize(("stride", "channels"), [(1, 8), (1, 6), (2, 8)])
def test_a_block_adds_its_input_where_that_fits(stride, channels):
    torch.manual_seed(0)
    block = Block(8, channels, expansion=6, kernel=3, stride=stride).eval()
    x = torch.randn(2, 8, 10, 10)
    with torch.no_grad():
        inner = nn.Sequential(*block)(x)
        expected = inner + x if stride == 1 and channels == 8 else inner
        assert torch.equal(block(x), expected)


def test_it_can_be_traced_and_gives_the_same_scores(model):
    net = network.trace(model, input_shape=(3, 64, 64))
    x = torch.randn(2, 3, 64, 64)
    found = network.record(net, x, [net.scores])[net.scores]
    with torch.no_grad():
        np.testing.assert_allclose(found.numpy(), model(x).numpy(), atol=1e-5)
    adds = [node for node in net.nodes.values() if node.kind == "add"]
    assert len(adds) == 9


def test_the_maps_behind_the_stem_are_those_of_its_kernels():
    net = network.open(EfficientNetLite0().eval(), input_shape=(3, 64, 64))
    assert net.convolution_of_image("_relu0") == "_conv_stem"
    assert net.convolution_of_image("_blocks.0._depthwise_conv") == ""

"""Every family of classifiers in torchvision can be traced, recorded, folded and listed."""

import pytest
import torch

from cnnvis import backtrack, models, network
from cnnvis.backtrack.rules import lookup

FAMILIES = [
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "inception_v3",
    "maxvit_t",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "regnet_y_400mf",
    "resnet18",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "swin_t",
    "swin_v2_t",
    "vgg11_bn",
    "vit_b_32",
]


WITHOUT_A_RULE = {
    "maxvit_t": {"einsum"},
    "swin_t": {"shifted_window_attention"},
    "swin_v2_t": {"shifted_window_attention"},
}
"""Operations that backtracking refuses; that of ViT gives a pair, and no maps to walk through."""


@pytest.mark.parametrize("architecture", FAMILIES)
def test_a_family_is_traced(architecture):
    device = "cpu" if architecture.startswith("regnet") else "meta"  # its init reads numbers
    with torch.device(device):
        model = models.build(architecture)
    net = network.trace(model)
    assert net.node(net.scores).shape == (1000,)
    assert len(network.table(net)) > 0.7 * len(net.layers)
    assert net.receptive_field(net.layers[0]) is not None
    on_the_way = [net.nodes[name] for name in backtrack.reachable(net, net.scores)]
    unknown = {node.kind for node in on_the_way if node.inputs and lookup(node) is None}
    assert unknown == WITHOUT_A_RULE.get(architecture, set())


@pytest.mark.parametrize(
    "architecture", ["squeezenet1_1", "shufflenet_v2_x0_5", "mobilenet_v3_small"]
)
def test_a_real_network_computes_the_same_traced_and_folded(architecture):
    torch.manual_seed(0)
    model = models.build(architecture).double()
    net = network.trace(model, input_shape=(3, 97, 97))
    batch = torch.randn(2, 3, 97, 97, dtype=torch.float64)
    with torch.no_grad():
        expected = model.eval()(batch)
    for same in (net, network.fold(net)):
        scores = network.record(same, batch, [net.scores])[net.scores]
        torch.testing.assert_close(scores, expected, rtol=1e-11, atol=1e-12)

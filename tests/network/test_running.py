"""A run that begins in the middle says what a whole one does, and computes less."""

import pytest
import torch

from cnnvis import network
from cnnvis.errors import LayerError
from cnnvis.network.running import resume, run

from .nets import SHAPE, ResNetLike


class Branching(ResNetLike):
    def forward(self, x):
        return super().forward(x) if x.sum() > 0 else self.fc(x.mean((2, 3)).repeat(1, 2)[:, :4])


def opened(kind=ResNetLike):
    torch.manual_seed(0)
    return network.open(kind().eval(), input_shape=SHAPE)


@torch.no_grad()
def test_what_is_known_is_not_computed_again_and_stays_as_it_is():
    net, images = opened(), torch.randn(2, *SHAPE)
    middle = "blocks.0.relu:2"
    whole = run(net, images, [middle, net.scores])
    known = {middle: whole[middle]}
    before = known[middle].clone()
    seen = []
    handles = [
        module.register_forward_hook(lambda m, *_: seen.append(type(m).__name__))
        for module in net.model.modules()
        if not list(module.children())
    ]
    found = resume(net, images, known, [net.scores])
    for handle in handles:
        handle.remove()
    assert torch.equal(found[net.scores], whole[net.scores])
    assert torch.equal(known[middle], before)
    assert list(known) == [middle]
    assert seen.count("Conv2d") == 2, "one block of two convolutions lies behind"


@torch.no_grad()
def test_a_tap_behind_what_is_known_changes_what_flows_on():
    net, images = opened(), torch.randn(2, *SHAPE)
    given = []

    def doubled(inputs, output):
        given.append(inputs)
        return 2 * output

    middle = "blocks.0.relu:2"
    expected = run(net, images, [net.scores], {middle: doubled})[net.scores]
    known = run(net, images, [middle])
    found = resume(net, images, known, [net.scores], {middle: doubled})[net.scores]
    assert torch.equal(found, expected)
    assert torch.is_tensor(given[0])
    assert given[1] is None


def test_a_network_that_only_hooks_see_cannot_begin_in_the_middle():
    net = opened(Branching)
    assert net.graph is None
    with pytest.raises(LayerError, match="runs from the image on"):
        resume(net, torch.randn(2, *SHAPE), {}, [net.scores])

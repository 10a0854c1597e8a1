"""Where walks begin, through which network, and what is said where they cannot."""

import numpy as np
import pytest
import torch
from backtrack import nets

from cnnvis import network, walks
from cnnvis.backtrack import Options
from cnnvis.errors import BacktrackError, LayerError
from walks.test_batch import traced

OPTIONS = Options(k=3, rivals=2)


def test_maps_in_front_of_a_norm_are_walked_as_they_are_shown():
    """Folding the norm behind a convolution changes its maps; the others keep the folded ones."""
    net, pixels = traced("resnet")
    scores, before, behind = walks.routes(net, ["0", "2"], classes=1, units=1, options=OPTIONS)
    shown = network.record(net, pixels, ["0", "2"])
    folded = network.record(network.fold(net), pixels, ["0"])
    assert not torch.allclose(folded["0"], shown["0"]), "the norm does nothing here"
    for way in (before, behind):
        own = network.record(way.net, pixels, [way.node])
        torch.testing.assert_close(own[way.node], shown[way.node])
    assert behind.net is scores.net


def test_routes_count_their_starts_and_ask_channels_for_no_rivals():
    net, _ = traced("vgg")
    ways = walks.routes(net, ["1", "4"], classes=3, units=2, options=OPTIONS)
    assert [(way.node, way.count) for way in ways] == [(net.scores, 3), ("1", 8), ("4", 12)]
    assert [way.choices(OPTIONS).rivals for way in ways] == [2, 0, 0]
    only = walks.routes(net, ["1", "4"], classes=3, units=0, options=OPTIONS)
    assert [way.node for way in only] == [net.scores]


def test_walks_are_shown_from_their_start_to_the_image_in_the_order_of_the_network():
    net, _ = traced("vgg")
    ways = walks.routes(net, ["1", "4"], classes=1, units=1, options=OPTIONS)
    nodes = walks.shown(ways, ["1", "4"])
    assert next(iter(nodes)) == net.image
    assert {"1", "4", net.scores} <= {*nodes}
    assert [*nodes] == [name for name in net.nodes if name in nodes]
    assert all(net.nodes[name].shape == shape for name, shape in nodes.items())


def test_nodes_are_described_by_what_they_do_and_see():
    net, _ = traced("vgg")
    said = walks.described(net, [net.image, "1", net.scores])
    assert said["1"] == {
        "op": "ReLU",
        "receptive_field": [3, 3],
        "stride": [1, 1],
        "start": [-1, -1],
        "convolution": "0",
    }
    assert said[net.image]["receptive_field"] == [1, 1]
    assert "convolution" not in said[net.scores]


def test_layers_without_rows_and_columns_are_refused():
    net, _ = traced("vgg")
    with pytest.raises(BacktrackError, match=r"rows and columns.*shape \(5,\)"):
        walks.routes(net, [net.scores], classes=1, units=1, options=OPTIONS)
    with pytest.raises(LayerError, match="nowhere"):
        walks.routes(net, ["nowhere"], classes=1, units=1, options=OPTIONS)


class Turns(torch.nn.Module):
    """A network whose way depends on its input, which cannot be traced."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)

    def forward(self, x):
        maps = self.conv(x)
        return maps.mean((2, 3)) if maps.sum() > 0 else maps.amax((2, 3))


def test_a_network_without_a_graph_is_refused_in_words():
    model = nets.fill(Turns(), seed=0, whole=False)
    net = network.open(model, input_shape=(3, 8, 8))
    assert net.graph is None
    ways = walks.routes(net, ["conv"], classes=1, units=1, options=OPTIONS)
    assert all(way.refused for way in ways)
    found = walks.walk(
        ways,
        walks.shown(ways, ["conv"]),
        torch.ones(1, 3, 8, 8).double(),
        targets=lambda scores: np.zeros((1, 1), np.intp),
        options=OPTIONS,
    )
    assert found.arrived.tolist() == [0] * 5

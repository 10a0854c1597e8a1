"""The position "fine": the largest contribution in fine maps, and the centre in coarse ones."""

import numpy as np
import pytest
import torch
from torch import nn

from backtrack import nets
from backtrack.test_walk import as_dictionary, assert_agrees_with_slow_twin
from cnnvis import backtrack
from cnnvis.backtrack import Options

POSITIONS = ("centre", "spatial", "fine")


@pytest.mark.parametrize(
    ("size", "image", "position"),
    [
        ((28, 28), (224, 224), "spatial"),
        ((28, 28), (227, 227), "spatial"),  # of a network that pads little, at a stride of 8
        ((24, 28), (224, 224), "centre"),
        ((28, 24), (224, 224), "centre"),
        ((28, 56), (223, 448), "spatial"),
        ((28,), (224, 224), "centre"),  # along one axis of two, no one knows which
        ((2, 2, 2), (16, 16, 16), "spatial"),
        ((2, 1, 2), (16, 16, 16), "centre"),
    ],
)
def test_a_fine_map_has_a_unit_for_every_eight_pixels(size, image, position):
    options = Options(position="fine", k=3, rivals=2)
    assert options.on_map(size, image) == Options(position=position, k=3, rivals=2)


def test_other_positions_are_those_of_every_map():
    for position in ("centre", "spatial"):
        options = Options(position=position)
        assert options.on_map((1, 1), (99, 99)) is options


def strided(size):
    """Return (network, record) of convolutions whose maps are half as large each time."""
    layers = []
    for channels in (3, 6, 6, 6, 6):
        layers += [nn.Conv2d(channels, 6, 3, stride=2, padding=1), nn.ReLU()]
    model = nets.fill(nn.Sequential(*layers), seed=2, whole=False)
    draw = torch.Generator().manual_seed(3)
    return nets.opened(model, nets.numbers((1, 3, *size), draw, whole=False))


@pytest.mark.parametrize("size", [(48, 48), (48, 96), (40, 24)])
def test_a_walk_through_coarse_and_fine_maps_agrees_with_the_slow_twin(size):
    net, record = strided(size)
    options = Options(position="fine", dead_end="follow")
    assert_agrees_with_slow_twin(net, record, nets.every_unit(record, net.scores), options)


def test_every_convolution_looks_at_the_map_that_it_reads():
    """Of 48 pixels, maps of 24, 12 and 6 are fine, and that of 3 is coarse."""
    net, record = strided((48, 48))
    starts = {layer: nets.every_unit(record, layer) for layer in ("8", "6", "4", "2", "0")}
    for layer, every in starts.items():
        (source,) = net.nodes[layer].inputs
        centre, spatial, fine = (
            as_dictionary(
                backtrack.from_units(net, record, every, Options(position=position)).points[source]
            )
            for position in POSITIONS
        )
        assert centre != spatial
        assert fine == (centre if layer == "8" else spatial), layer


@pytest.mark.parametrize("layer", [nn.ConvTranspose2d(1, 1, 3), nn.Conv1d(1, 1, 3, padding=1)])
def test_other_convolutions_look_at_theirs(layer):
    """A map as large as the image, then one a sixteenth of it."""
    layer = layer.double()
    layer.weight.data = torch.ones_like(layer.weight)
    places = 1 if isinstance(layer, nn.Conv1d) else 2
    pool = (nn.MaxPool1d, nn.MaxPool2d)[places - 1]
    random = np.random.default_rng(0).random((1, 1, *[32] * places))
    for before, kept in ((nn.Identity(), "spatial"), (pool(16), "centre")):
        net, record = nets.opened(nn.Sequential(before, layer), torch.from_numpy(random))
        starts = nets.every_unit(record, net.scores)
        walks = {
            position: backtrack.from_units(net, record, starts, Options(position=position))
            for position in POSITIONS
        }
        found = {name: as_dictionary(walk.points["0"]) for name, walk in walks.items()}
        assert found["centre"] != found["spatial"]
        assert found["fine"] == found[kept]

"""What a file says about a layer, from what a network knows of it."""

from types import SimpleNamespace

import pytest

from cnnvis.errors import LayerError, StoreError
from cnnvis.geometry import ReceptiveField
from cnnvis.layer_spec import LayerSpec, describe


class Network:
    """As much of a network as is asked for."""

    input_shape = (3, 12, 20)

    def __init__(self, kind, shape, fields=None, convolution=""):
        self.convolution = convolution
        self.layer = SimpleNamespace(kind=kind, shape=shape)
        self.fields = fields

    def node(self, layer):
        if layer != "conv":
            raise LayerError(f"no layer {layer!r}")
        return self.layer

    def receptive_field(self, layer):
        self.node(layer)
        return self.fields

    def convolution_of_image(self, layer):
        self.node(layer)
        return self.convolution


def test_centres_are_those_of_the_receptive_fields():
    fields = (ReceptiveField(11, 4, -2), ReceptiveField(5, 2, 0))
    (spec,) = describe(Network("Conv2d", (8, 3, 2), fields, "conv0"), ["conv"])
    assert spec == LayerSpec(
        "conv",
        (8, 3, 2),
        op="Conv2d",
        receptive_field=(11, 5),
        stride=(4, 2),
        row=(3.0, 7.0, 11.0),
        col=(2.0, 4.0),
        convolution="conv0",
    )
    assert spec.voxel == (4.0, 4.0, 2.0)


def test_without_receptive_fields_units_lie_evenly_over_the_input():
    (spec,) = describe(Network("Conv2d", (8, 3, 2)), ["conv"])
    assert spec.receptive_field is None
    assert spec.stride is None
    assert spec.row == (1.5, 5.5, 9.5)
    assert spec.col == (4.5, 14.5)
    assert spec.voxel == (4.0, 4.0, 10.0)


@pytest.mark.parametrize("shape", [(10,), (50, 768)])
def test_what_has_no_rows_and_columns_has_no_centres(shape):
    (spec,) = describe(Network("Linear", shape), ["conv"])
    assert spec == LayerSpec("conv", shape, op="Linear")
    assert spec.voxel == (1.0, 1.0, 1.0)


def test_units_that_see_the_same_are_one_voxel_apart():
    same = ReceptiveField(20, 0, 0)
    (spec,) = describe(Network("AdaptiveAvgPool2d", (8, 2, 1), (same, same)), ["conv"])
    assert spec.row == (9.5, 9.5)
    assert spec.voxel == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("shape", [None, ()])
def test_a_layer_without_an_array_is_refused(shape):
    with pytest.raises(StoreError, match=r"output of 'conv' \(getattr\) is no array per image"):
        describe(Network("getattr", shape), ["conv"])


def test_an_unknown_layer_is_the_network_s_error():
    with pytest.raises(LayerError, match="no layer 'cnov'"):
        describe(Network("Conv2d", (8, 3, 2)), ["conv", "cnov"])


@pytest.mark.parametrize(("row", "col"), [((), ()), ((1.0, 2.0), (1.0,)), ((1.0,), (1.0, 2.0))])
def test_centres_have_to_fit_the_shape(row, col):
    with pytest.raises(StoreError, match=r"layer 'conv' of shape \(8, 1, 1\) has \d centres"):
        LayerSpec("conv", (8, 1, 1), row=row, col=col)


def test_a_linear_layer_has_no_centres():
    with pytest.raises(StoreError, match="has 1 centres of rows, 1 of columns; 0 and 0 were"):
        LayerSpec("fc", (8,), row=(1.0,), col=(1.0,))


def test_a_traced_network_is_described():
    from torch import nn

    from cnnvis import network

    model = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten())
    net = network.trace(model, input_shape=(3, 8, 6))
    conv, flat = describe(net, ["0", "2"])
    assert (conv.op, conv.shape, conv.receptive_field, conv.stride) == (
        *("Conv2d", (4, 4, 3)),
        *((3, 3), (2, 2)),
    )
    assert conv.row == (0.0, 2.0, 4.0, 6.0)
    assert conv.convolution == "0"
    assert (flat.op, flat.shape, flat.row) == ("Flatten", (48,), ())

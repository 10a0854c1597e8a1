"""Files of Caffe with sizes that cannot be."""

import numpy as np
import pytest
from caffe import nets, wire

from cnnvis import caffe
from cnnvis.caffe import importing
from cnnvis.errors import NetworkError

ABSURD = [
    (0, 3, 3),
    (3, 0, 0),
    (3, -4, -4),
    (-3, -4, 4),
    (3, 2**40, 2**40),
    (2**62, 2**62, 2**62),
    (3, 4, 5),
    (1, 2, 3, 4, 5),
    (1,) * 1000,
    (),
]


def shaped(dims, values):
    """An array of Caffe with whatever shape one likes."""
    packed = b"".join(wire.varint(size & (2**64 - 1)) for size in dims)
    data = np.asarray(values, "<f4").tobytes()
    return wire.message(7, wire.message(1, packed)) + wire.message(5, data)


@pytest.mark.parametrize("dims", ABSURD, ids=lambda dims: "x".join(map(str, dims[:5])))
def test_a_mean_image_of_an_absurd_shape_is_refused(dims, tmp_path, sealed):
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(shaped(dims, np.ones(48)))
    with sealed(), pytest.raises(NetworkError, match=r"mean\.binaryproto"):
        importing.mean_pixel(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_mean_that_is_no_number_is_refused(value, tmp_path, sealed):
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(shaped((3, 4, 4), np.full(48, value)))
    with sealed(), pytest.raises(NetworkError, match=r"mean\.binaryproto.*NaN or infinity"):
        importing.mean_pixel(path)


@pytest.mark.parametrize("dims", ABSURD, ids=lambda dims: "x".join(map(str, dims[:5])))
def test_weights_of_an_absurd_shape_are_refused(dims, tmp_path, sealed):
    layers = nets.alexnet()
    described = tmp_path / "deploy.prototxt"
    described.write_text(wire.text(layers, shape=nets.SHAPE, version=2))
    path = tmp_path / "net.caffemodel"
    first = layers[0].name.encode()
    blobs = wire.message(7, shaped(dims, np.ones(48))) + wire.message(7, shaped((4,), np.ones(4)))
    layer = wire.message(1, first) + wire.message(2, b"Convolution") + blobs
    path.write_bytes(wire.message(100, layer))
    model = caffe.build(described)
    with sealed(), pytest.raises(NetworkError, match=r"net\.caffemodel"):
        caffe.state_dict(model, path)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("num_output", 2**31),
        ("kernel_size", 2**31),
        ("stride", 0),
        ("pad", 2**32 - 1),
        ("group", 0),
    ],
)
def test_a_description_of_an_absurd_size_is_refused(setting, value, tmp_path, sealed):
    settings = {"num_output": 4, "kernel_size": 3, "stride": 1, "pad": 0, "group": 1}
    words = " ".join(f"{name}: {n}" for name, n in (settings | {setting: value}).items())
    path = tmp_path / "deploy.prototxt"
    path.write_text(
        'input: "data" input_dim: 1 input_dim: 3 input_dim: 32 input_dim: 32 '
        'layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" '
        f"convolution_param {{ {words} }} }}"
    )
    with sealed(), pytest.raises(NetworkError, match=r"conv|deploy\.prototxt"):
        caffe.build(path)

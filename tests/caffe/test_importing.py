"""Weights find their tensors, in RGB; files that do not fit are named, and nothing is written."""

import contextlib
import re

import numpy as np
import pytest
import torch

from cnnvis import caffe, images, models
from cnnvis.entries import NetworkEntry
from cnnvis.errors import NetworkError

from . import nets, wire


@pytest.fixture
def files(tmp_path):
    """Write a network's two files, the weights perhaps of other layers; return their paths."""

    def write(layers, weights=None, shape=nets.SHAPE, **how):
        prototxt, path = tmp_path / "deploy.prototxt", tmp_path / "small.caffemodel"
        prototxt.write_text(wire.text(layers, shape=shape))
        path.write_bytes(wire.weights(layers if weights is None else weights, **how))
        return prototxt, path

    return write


def state(prototxt, weights):
    return caffe.state_dict(caffe.build(prototxt), weights)


def changed(name, /, **changes):
    """AlexNet's layers with one changed."""
    layers = nets.alexnet()
    layer = next(layer for layer in layers if layer.name == name)
    for key, value in changes.items():
        setattr(layer, key, value)
    return layers


def test_only_the_first_convolution_is_turned_to_rgb(files):
    found = state(*files(nets.alexnet()))
    layers = {layer.name: layer for layer in nets.alexnet()}
    np.testing.assert_array_equal(found["conv1.weight"], layers["conv1"].blobs[0][:, ::-1])
    for name in ("conv2", "conv3", "fc6", "fc7"):
        np.testing.assert_array_equal(found[f"{name}.weight"], layers[name].blobs[0])
    np.testing.assert_array_equal(found["conv2.bias"], layers["conv2"].blobs[1])
    assert set(found) == {
        *(f"{name}.weight" for name in ("conv1", "conv2", "conv3", "fc6", "fc7")),
        *(f"{name}.bias" for name in ("conv1", "conv2", "fc6")),
    }


def test_two_layers_that_read_the_image_are_both_turned(files):
    layers = [
        nets.convolution("a", "data", 3, 4, 3, seed=1),
        nets.convolution("b", "data", 3, 4, 3, seed=2),
        wire.Layer("Eltwise", "sum", ("a", "b"), ("sum",)),
    ]
    found = state(*files(layers))
    for layer in layers[:2]:
        np.testing.assert_array_equal(found[f"{layer.name}.weight"], layer.blobs[0][:, ::-1])


def test_a_part_of_a_network_takes_its_part_of_the_weights(files):
    prototxt, weights = files(nets.alexnet()[:4], nets.alexnet())
    assert set(state(prototxt, weights)) == {"conv1.weight", "conv1.bias"}


def test_weights_of_a_layer_for_training_only_are_found(files):
    layers = changed("conv2", phase="TRAIN")
    assert "conv2.weight" in state(*files(nets.alexnet(), layers))


def test_weights_in_double_precision(files):
    layers = nets.alexnet()[:1]
    prototxt, path = files(layers)
    weight, bias = layers[0].blobs
    blobs = b"".join(
        wire.message(
            7,
            wire.message(7, wire.packed_integers(1, array.shape))
            + wire.message(8, array.astype("<f8").tobytes()),
        )
        for array in (weight, bias)
    )
    layer = wire.string(1, "conv1") + wire.string(2, "Convolution") + blobs
    path.write_bytes(wire.message(100, layer))
    np.testing.assert_array_equal(state(prototxt, path)["conv1.bias"], bias)


NAN = np.full((8, 3, 5, 5), np.nan, np.float32)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (changed("conv2", name="other"), "no weights for the layer 'conv2'; did you mean 'conv3'"),
        (changed("conv2", blobs=()), "no weights for the layer 'conv2'"),
        (changed("conv2", blobs=(nets.array(1, 12, 4, 5, 5),)), "'conv2'.*1 arrays.*instead of 2"),
        (
            changed("conv2", blobs=(nets.array(1, 12, 8, 5, 5), nets.array(1, 12))),
            r"weight of layer 'conv2' .Convolution. has the shape \(12, 8, 5, 5\) instead of",
        ),
        (
            changed("fc6", blobs=(nets.array(1, 20, 90), nets.array(1, 21))),
            r"bias of layer 'fc6' .InnerProduct. has the shape \(21,\) instead of \(20,\)",
        ),
        (
            changed("conv1", blobs=(NAN, nets.array(1, 8))),
            "small.caffemodel: 600 of the 600 values of 'conv1.weight' are NaN",
        ),
        ([], "no 'layer'"),
    ],
)
def test_weights_that_do_not_fit_are_named(files, weights, message):
    with pytest.raises(NetworkError, match=message):
        state(*files(nets.alexnet(), weights))


def test_a_shape_without_its_numbers_is_damage(files):
    prototxt, path = files(nets.alexnet()[:1])
    short = wire.message(7, wire.packed_integers(1, (8, 3, 5, 5))) + wire.message(5, bytes(40))
    layer = wire.string(1, "conv1") + wire.message(7, short) * 2
    path.write_bytes(wire.message(100, layer))
    with pytest.raises(NetworkError, match=r"weight of layer 'conv1'.*holds 10 numbers.*needs 600"):
        state(prototxt, path)


@pytest.mark.parametrize("size", [-1, 2**62])
def test_absurd_sizes_are_refused_and_never_allocated(files, size):
    prototxt, path = files(nets.alexnet()[:1])
    blob = wire.message(7, wire.packed_integers(1, (size, size, size, size)))
    path.write_bytes(wire.message(100, wire.string(1, "conv1") + wire.message(7, blob) * 2))
    with pytest.raises(NetworkError, match=r"'conv1'.*has the shape"):
        state(prototxt, path)


def entry(prototxt, weights, crop=43):
    preprocessing = {"resize": 48, "crop": crop, "mean": [3, 2, 1], "std": [1, 1, 1], "scale": 1}
    kind = {"kind": "file", "path": str(weights)}
    return NetworkEntry("small", f"caffe:{prototxt}", kind, preprocessing)


def test_converted_once_it_is_a_network_like_all_others(files, tmp_path):
    prototxt, weights = files(nets.alexnet())
    small = entry(prototxt, weights)
    models.convert(small, None, tmp_path / "small.safetensors")
    converted = models.load(small, weights=tmp_path / "small.safetensors")
    direct = models.load(small, weights=weights)
    photo = np.random.default_rng(0).integers(0, 256, (50, 60, 3)).astype(np.uint8)
    preset = images.Preprocessing.from_mapping(small.preprocessing)
    pixels = torch.from_numpy(images.prepare(photo, preset)[0])[None]
    with torch.no_grad():
        assert torch.equal(converted(pixels), direct(pixels))
    assert pixels[0, 0].mean() < pixels[0, 2].mean()  # red lost the largest mean


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "cut short"),
        (lambda path: path.write_bytes(b"<html>not found</html>"), "cannot be read as weights"),
        (lambda path: path.unlink(), "cannot read .*import-a-caffe-network.md says where"),
    ],
)
def test_nothing_is_written_where_the_weights_are_wrong(files, tmp_path, change, message):
    prototxt, weights = files(nets.alexnet())
    change(weights)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(NetworkError, match=message):
        models.convert(entry(prototxt, weights), weights, tmp_path / "small.safetensors")
    assert sorted(tmp_path.iterdir()) == before


def test_a_crop_that_the_description_does_not_have_is_refused(files, tmp_path):
    small = entry(*files(nets.alexnet()), crop=40)
    with pytest.raises(NetworkError, match=r"cropped to 40 x 40.*input of 43 x 43"):
        models.convert(small, None, tmp_path / "small.safetensors")


def test_weights_of_caffe_need_a_description(files):
    _, weights = files(nets.alexnet())
    with pytest.raises(NetworkError, match=r"give the architecture caffe:path/to/deploy\.prototxt"):
        models.load("alexnet", weights=weights)


def test_damage_anywhere_is_harmless_or_named(files):
    """Some bytes are changed, lost or added: no other error comes of it."""
    prototxt, path = files(nets.branches(), shape=(3, 9, 11))
    model, whole = caffe.build(prototxt), path.read_bytes()
    random = np.random.default_rng(0)
    named = 0
    for _ in range(300):
        data = bytearray(whole)
        start, lost, added = random.integers((0, 0, 0), (len(data), 9, 5))
        data[start : start + lost] = random.bytes(added)
        path.write_bytes(data)
        try:
            caffe.state_dict(model, path)
        except NetworkError:
            named += 1
    assert 100 < named < 300


def test_any_number_in_a_description_is_built_or_named(files):
    """Each number of a description in turn becomes an absurd one: no other error comes of it."""
    prototxt, _ = files(nets.alexnet())
    text = prototxt.read_text()
    numbers = list(re.finditer(r"(?<=: )\d+", text))
    assert len(numbers) > 20
    for number in numbers:
        for absurd in ("0", "-1", "4294967295", "9" * 20, "nan", "MAX"):
            prototxt.write_text(text[: number.start()] + absurd + text[number.end() :])
            with contextlib.suppress(NetworkError):
                caffe.build(prototxt)


@pytest.mark.parametrize("legacy", [True, False])
def test_the_mean_pixel_of_a_mean_image_is_in_rgb(tmp_path, legacy):
    path = tmp_path / "mean.binaryproto"
    blue, green, red = (np.arange(20.0).reshape(4, 5) + start for start in (90, 110, 120))
    path.write_bytes(wire.blob(np.stack([blue, green, red])[None], legacy=legacy))
    assert caffe.mean_pixel(path) == pytest.approx((129.5, 119.5, 99.5))


def test_a_mean_image_without_colour_is_refused(tmp_path):
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(wire.blob(np.ones((1, 1, 4, 4))))
    with pytest.raises(NetworkError, match=r"mean\.binaryproto: the mean image has the shape"):
        caffe.mean_pixel(path)

"""All layers compute what OpenCV's own importer of Caffe computes."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnnvis import caffe, network
from cnnvis.errors import NetworkError

from . import nets, wire


def imported(folder, layers, shape, *, version=2, form="input_dim", **how):
    """Write the files of a network; return ours and OpenCV's."""
    prototxt, weights = folder / "deploy.prototxt", folder / "small.caffemodel"
    prototxt.write_text(wire.text(layers, shape=shape, version=version, form=form))
    weights.write_bytes(wire.weights(layers, version=version, **how))
    ours = caffe.build(prototxt)
    ours.load_state_dict(caffe.state_dict(ours, weights))
    theirs = cv2.dnn.readNetFromCaffe(str(prototxt), str(weights))
    theirs.enableFusion(False)
    return ours, theirs


def compare(ours, theirs, shape, images=2):
    """Hold every layer's output to OpenCV's; return how many were compared."""
    bgr = np.random.default_rng(0).normal(0, 2, (images, *shape)).astype(np.float32)
    net = network.trace(ours, input_shape=shape)
    names = {step.module: step.layer for step in ours.steps}
    found = network.record(net, torch.from_numpy(bgr[:, ::-1].copy()), list(names))
    theirs.setInput(bgr)
    expected = theirs.forward(list(names.values()))
    for (module, layer), values in zip(names.items(), expected):
        np.testing.assert_allclose(
            found[module].numpy().reshape(values.shape), values, atol=1e-5, rtol=1e-5, err_msg=layer
        )
    return len(names)


V1 = [(1, form, legacy) for form in ("input_dim", "input_shape") for legacy in (True, False)]
V2 = [(2, form, False) for form in ("input_dim", "input_shape", "Input")]


@pytest.mark.parametrize(("version", "form", "legacy"), [*V1, *V2])
@pytest.mark.parametrize("packed", [True, False])
def test_alexnets_layers(tmp_path, version, form, legacy, packed):
    how = {"version": version, "form": form, "legacy": legacy, "packed": packed}
    ours, theirs = imported(tmp_path, nets.alexnet(), nets.SHAPE, **how)
    assert compare(ours, theirs, nets.SHAPE) == 15


@pytest.mark.parametrize("version", [1, 2])
def test_layers_that_part_and_join(tmp_path, version):
    ours, theirs = imported(tmp_path, nets.branches(), (3, 9, 11), version=version)
    assert compare(ours, theirs, (3, 9, 11)) == 9


SIDE = st.integers(1, 11)


@settings(max_examples=60, deadline=None)
@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    pad=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=st.integers(1, 2),
    group=st.sampled_from([1, 2]),
    size=st.tuples(SIDE, SIDE),
)
def test_any_convolution(tmp_path_factory, kernel, stride, pad, dilation, group, size):
    assume(all(n + 2 * p >= dilation * (k - 1) + 1 for n, p, k in zip(size, pad, kernel)))
    first = nets.convolution("first", "data", 3, 4, 1)
    second = wire.Layer(
        "Convolution",
        "second",
        ("first",),
        ("second",),
        {
            **{"num_output": 6, "group": group, "dilation": dilation},
            **{"kernel_h": kernel[0], "kernel_w": kernel[1], "pad_h": pad[0], "pad_w": pad[1]},
            **{"stride_h": stride[0], "stride_w": stride[1]},
        },
        (nets.array(2, 6, 4 // group, *kernel), nets.array(3, 6)),
    )
    folder = tmp_path_factory.mktemp("convolution")
    ours, theirs = imported(folder, [first, second], (3, *size))
    compare(ours, theirs, (3, *size))


def pooled(maps, method, kernel, stride, pad):
    """Caffe's pooling by its definition: (channel, row, col) to the same."""
    out = []
    for n, k, s, p in zip(maps.shape[1:], kernel, stride, pad):
        count = -(-(n + 2 * p - k) // s) + 1
        if any(pad) and (count - 1) * s >= n + p:
            count -= 1
        out.append(count)
    found = np.zeros((len(maps), *out))
    for row in range(out[0]):
        for col in range(out[1]):
            start = (row * stride[0] - pad[0], col * stride[1] - pad[1])
            # The end is cut at the padded map before the area is taken, at the map after it.
            end = [min(a + k, n + p) for a, k, n, p in zip(start, kernel, maps.shape[1:], pad)]
            area = (end[0] - start[0]) * (end[1] - start[1])
            window = maps[:, max(start[0], 0) : end[0], max(start[1], 0) : end[1]]
            sums = window.sum((1, 2)) / area
            found[:, row, col] = window.max((1, 2)) if method == "MAX" else sums
    return found


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["MAX", "AVE"]),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    pad=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    size=st.tuples(SIDE, SIDE),
)
def test_any_pooling(tmp_path_factory, method, kernel, stride, pad, size):
    sides = list(zip(size, kernel, stride, pad))
    assume(all(2 * p <= k <= n + 2 * p for n, k, _, p in sides))
    empty = any(p == 0 and -(-(n - k) // s) * s >= n for n, k, s, p in sides)
    settings_ = {
        **{"pool": method, "kernel_h": kernel[0], "kernel_w": kernel[1]},
        **{"stride_h": stride[0], "stride_w": stride[1], "pad_h": pad[0], "pad_w": pad[1]},
    }
    layers = [
        nets.convolution("first", "data", 3, 2, 1),
        wire.Layer("Pooling", "second", ("first",), ("second",), settings_),
    ]
    folder = tmp_path_factory.mktemp("pooling")
    if empty:
        with pytest.raises(NetworkError, match=r"'second'.*empty window"):
            imported(folder, layers, (3, *size))
        return
    ours, theirs = imported(folder, layers, (3, *size))
    net = network.trace(ours, input_shape=(3, *size))
    image = torch.randn((1, 3, *size), generator=torch.Generator().manual_seed(0))
    found = network.record(net, image, ["first", "second"])
    expected = pooled(found["first"][0].double().numpy(), method, kernel, stride, pad)
    np.testing.assert_allclose(found["second"][0].numpy(), expected, atol=1e-5)
    compare(ours, theirs, (3, *size))

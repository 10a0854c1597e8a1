"""Small networks with the layers of Caffe's own, with random weights."""

import numpy as np

from .wire import Layer

SHAPE = (3, 43, 43)


def array(seed, *shape):
    """Random weights that keep values near 1 from layer to layer."""
    scale = (2 / max(1, np.prod(shape[1:]))) ** 0.5
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def convolution(name, bottom, channels, out, kernel, *, seed=1, bias=True, **settings):
    """A convolution with weights; ``channels`` are those it reads."""
    group = settings.get("group", 1)
    blobs = [array(seed, out, channels // group, kernel, kernel)]
    blobs += [array(seed + 100, out)] if bias else []
    given = {"num_output": out, "kernel_size": kernel, **settings}
    given |= {} if bias else {"bias_term": False}
    return Layer("Convolution", name, (bottom,), (name,), given, tuple(blobs))


def inner_product(name, bottom, inputs, out, *, seed=1, bias=True):
    blobs = [array(seed, out, inputs)] + ([array(seed + 100, out)] if bias else [])
    given = {"num_output": out} | ({} if bias else {"bias_term": False})
    return Layer("InnerProduct", name, (bottom,), (name,), given, tuple(blobs))


def in_place(kind, name, value, **settings):
    return Layer(kind, name, (value,), (value,), settings)


def single(kind, name, bottom, **settings):
    return Layer(kind, name, (bottom,), (name,), settings)


def alexnet():
    """The layers of CaffeNet in their order, small: two groups, LRN, pools that reach over."""
    return [
        convolution("conv1", "data", 3, 8, 5, stride=2, seed=1),
        in_place("ReLU", "relu1", "conv1"),
        single("Pooling", "pool1", "conv1", pool="MAX", kernel_size=3, stride=2),
        single("LRN", "norm1", "pool1", local_size=5, alpha=0.5, beta=0.75),
        convolution("conv2", "norm1", 8, 12, 5, pad=2, group=2, seed=2),
        in_place("ReLU", "relu2", "conv2"),
        single("Pooling", "pool2", "conv2", pool="MAX", kernel_size=3, stride=2),
        single("LRN", "norm2", "pool2", local_size=3, alpha=2.0, beta=0.5),
        convolution("conv3", "norm2", 12, 10, 3, pad=1, seed=3, bias=False),
        in_place("ReLU", "relu3", "conv3"),
        single("Pooling", "pool5", "conv3", pool="AVE", kernel_size=2, stride=2, pad=1),
        inner_product("fc6", "pool5", 10 * 3 * 3, 20, seed=4),
        in_place("ReLU", "relu6", "fc6"),
        in_place("Dropout", "drop6", "fc6", dropout_ratio=0.5),
        inner_product("fc7", "fc6", 20, 10, seed=5, bias=False),
        single("Softmax", "prob", "fc7"),
    ]


def branches():
    """A network that parts and joins again, by channels and by addition."""
    return [
        convolution("stem/3x3", "data", 3, 6, 3, pad=1, seed=1),
        in_place("ReLU", "stem/relu", "stem/3x3", negative_slope=0.25),
        convolution("left", "stem/3x3", 6, 6, 1, seed=2),
        convolution("right", "stem/3x3", 6, 6, 3, pad=2, dilation=2, seed=3),
        Layer("Eltwise", "sum", ("left", "right", "stem/3x3"), ("sum",), {"operation": "SUM"}),
        Layer("Concat", "both/output", ("sum", "left"), ("both/output",)),
        single("Pooling", "mean", "both/output", pool="AVE", global_pooling=True),
        single("Flatten", "flat", "mean"),
        inner_product("scores", "flat", 12, 5, seed=4),
    ]

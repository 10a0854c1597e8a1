"""Small networks: four families by hand, and whatever hypothesis draws."""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import assume
from hypothesis import strategies as st
from torch import nn

from cnnvis import network
from cnnvis.backtrack import Options, Starts


class Add(nn.Module):
    """A residual block: ``body(x) + skip(x)``, the two in either order."""

    def __init__(self, body, skip=None, *, flipped=False):
        super().__init__()
        self.body, self.skip, self.flipped = body, skip or nn.Identity(), flipped

    def forward(self, x):
        return self.skip(x) + self.body(x) if self.flipped else self.body(x) + self.skip(x)


class Cat(nn.Module):
    """Branches joined along the channels."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Pad(nn.Module):
    """Zero padding by the function."""

    def __init__(self, padding):
        super().__init__()
        self.padding = padding

    def forward(self, x):
        return F.pad(x, self.padding)


class Mean(nn.Module):
    """The mean over rows and columns."""

    def forward(self, x):
        return x.mean((2, 3))


def vgg():
    """Two fully connected layers behind convolutions and max-pools."""
    return nn.Sequential(
        *(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2, ceil_mode=True)),
        *(nn.AdaptiveAvgPool2d((2, 3)), nn.Flatten(), nn.Dropout()),
        *(nn.Linear(36, 20), nn.ReLU(), nn.Linear(20, 5)),
    )


def resnet():
    """Batch norms, residual additions with and without a projection, global average pooling."""
    body = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU())
    down = nn.Sequential(nn.Conv2d(6, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU()),
        *(Add(body), nn.ReLU(), Add(down, nn.Conv2d(6, 8, 1, stride=2)), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)),
    )


def squeezenet():
    """Fire modules (concatenation), no linear layer: a convolution and global average pooling."""

    def fire(inputs, squeezed, expanded):
        one = nn.Sequential(nn.Conv2d(squeezed, expanded, 1), nn.ReLU())
        three = nn.Sequential(nn.Conv2d(squeezed, expanded, 3, padding=1), nn.ReLU())
        return nn.Sequential(nn.Conv2d(inputs, squeezed, 1), nn.ReLU(), Cat(one, three))

    return nn.Sequential(
        *(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True)),
        *(fire(8, 4, 6), fire(12, 4, 6)),
        *(nn.Dropout(), nn.Conv2d(12, 5, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    )


def mobilenet():
    """Depthwise convolutions behind asymmetric padding, linear bottlenecks, a mean."""
    body = nn.Sequential(
        *(nn.Conv2d(4, 8, 1), nn.ReLU6(), nn.Conv2d(8, 8, 3, padding=1, groups=8)),
        *(nn.ReLU6(), nn.Conv2d(8, 4, 1)),
    )
    return nn.Sequential(
        *(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 4, 3, stride=2), nn.ReLU6(), Add(body)),
        *(Mean(), nn.Linear(4, 5)),
    )


FAMILIES = {"vgg": vgg, "resnet": resnet, "squeezenet": squeezenet, "mobilenet": mobilenet}


def fill(model, *, seed, whole):
    """Give a model weights in float64: whole numbers, so that sums are exact, or normal ones."""
    draw = torch.Generator().manual_seed(seed)
    for values in (*model.parameters(), *model.buffers()):
        if values.is_floating_point():
            values.data = numbers(values.shape, draw, whole)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_var.abs_().add_(0.5)
    return model.double().eval()


def numbers(shape, draw, whole):
    if whole:
        return torch.randint(-2, 3, shape, generator=draw).double()
    return torch.randn(shape, generator=draw, dtype=torch.float64)


def opened(model, images):
    """Return the folded network of a model, and everything it gives for ``images``."""
    model.register_buffer("precision", images.new_zeros(()))  # for models without any weights
    net = network.fold(network.trace(model, input_shape=tuple(images.shape[1:])))
    return net, network.record(net, images)


def family(name, *, images=2, seed=0, size=(13, 17)):
    """Return (network, record) of one of the families, with normal weights."""
    model = fill(FAMILIES[name](), seed=seed, whole=False)
    draw = torch.Generator().manual_seed(seed + 1)
    return opened(model, numbers((images, 3, *size), draw, whole=False))


def every_unit(record, node):
    """Return starts at every unit of a node, of every image."""
    where = np.argwhere(np.ones(record[node].shape))
    return Starts(where[:, 0], where[:, 1:], node)


# What hypothesis draws. ``whole`` keeps all numbers exact: then ties are common, and must be broken
# as defined; normal numbers never tie, but reach what whole numbers cannot.


@st.composite
def drawn(draw):
    """Return (network, record, start node, options) of a network that nobody would build."""
    whole = draw(st.booleans())
    channels = draw(st.sampled_from([4, 1, 3]))
    size = (draw(st.integers(5, 8)), draw(st.integers(5, 8)))
    layers, shape = [], (channels, *size)
    for _ in range(draw(st.integers(1, 4))):
        layer = draw(block(shape, whole))
        try:
            shape = shape_behind(layer, shape)
        except RuntimeError:  # smaller than the kernel: draw the next
            continue
        layers.append(layer)
    head = draw(heads(shape))
    layers += head
    model = fill(nn.Sequential(nn.Identity(), *layers), seed=draw(seeds), whole=whole)
    count = draw(st.integers(1, 2))
    generator = torch.Generator().manual_seed(draw(seeds))
    net, record = opened(model, numbers((count, channels, *size), generator, whole))
    assume(record[net.scores].isfinite().all())  # max-pools of nothing but padding give -inf
    chosen = draw(options())
    return net, record, net.scores, chosen if head else replace(chosen, rivals=0)


seeds = st.integers(0, 10_000)


def shape_behind(layer, shape):
    with torch.no_grad():
        return tuple(layer.eval()(torch.zeros(1, *shape)).shape[1:])


@st.composite
def convolutions(draw, channels, *, same=False):
    divisors = [n for n in range(1, channels + 1) if channels % n == 0]
    groups = draw(st.sampled_from(divisors))
    outputs = channels if same else groups * draw(st.integers(1, 2))
    kernel = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    if same:
        padding, stride = "same", 1
    else:
        free = (draw(st.integers(0, 3)), draw(st.integers(0, 3)))
        padding = draw(st.sampled_from([free, free, "valid"]))
        stride = (draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    dilation = (draw(st.integers(1, 2)), draw(st.integers(1, 3)))
    return nn.Conv2d(
        channels, outputs, kernel, stride, padding, dilation, groups, bias=draw(st.booleans())
    )


@st.composite
def block(draw, shape, whole):
    channels = shape[0]
    kind = draw(st.sampled_from(["conv"] * 3 + ["max", "average", "add", "cat", "pad"]))
    if kind == "conv":
        return nn.Sequential(draw(convolutions(channels)), *draw(activations))
    if kind == "add":
        body = nn.Sequential(draw(convolutions(channels, same=True)), *draw(activations))
        skip = draw(st.sampled_from([None, nn.Conv2d(channels, channels, 1)]))
        return Add(body, skip, flipped=draw(st.booleans()))
    if kind == "cat":
        return Cat(*(draw(convolutions(channels, same=True)) for _ in range(draw(twice))))
    if kind == "pad":
        sides = tuple(draw(st.lists(st.integers(0, 2), min_size=4, max_size=4)))
        return draw(st.sampled_from([nn.ZeroPad2d(sides), Pad(sides)]))
    return draw(pools(kind, whole))


twice = st.integers(1, 3)
activations = st.sampled_from(
    [lambda: [], lambda: [nn.ReLU()], lambda: [nn.ReLU(), nn.Dropout()], lambda: [nn.ReLU6()]]
).map(lambda make: make())


@st.composite
def pools(draw, kind, whole):
    sides = st.integers(1, 2) if kind == "average" and whole else st.integers(1, 3)
    kernel = (draw(sides), draw(sides))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    ceil_mode = draw(st.booleans())
    if kind == "max":
        dilation = draw(st.sampled_from([1, 1, (2, 1)]))
        return nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=ceil_mode)
    return nn.AvgPool2d(kernel, stride, padding, ceil_mode, count_include_pad=False)


@st.composite
def heads(draw, shape):
    """Return layers that end a network: none, global pooling, or fully connected layers."""
    kind = draw(st.sampled_from(["none", "pooled", "pooled", "adaptive", "linear"]))
    if kind == "none":
        return []
    if kind == "pooled":
        pool = draw(st.sampled_from([Mean(), nn.AdaptiveAvgPool2d(1), nn.AvgPool2d(shape[1:])]))
        flat = [pool, nn.Dropout(), nn.Flatten()]
        if draw(st.booleans()):
            return [*flat, nn.Linear(shape[0], 3)]
        return [nn.Conv2d(shape[0], 3, 1), *draw(activations), *flat]
    first = []
    if kind == "adaptive":
        first = [nn.AdaptiveAvgPool2d((draw(st.integers(1, 3)), draw(st.integers(1, 3))))]
    inputs = torch.Size(shape_behind(nn.Sequential(*first), shape)).numel()
    return [*first, nn.Flatten(), nn.Linear(inputs, 4), nn.ReLU(), nn.Linear(4, 3)]


def options():
    """Return a strategy of all options but those that draw."""
    return st.builds(
        Options,
        winner=st.sampled_from(["channel_sum", "channel_sum", "argmax", "soft"]),
        k=st.sampled_from([1, 2, 3, 10, "all", 0.5, 0.9]),
        position=st.sampled_from(["centre", "spatial", "fine"]),
        contribution=st.sampled_from(["positive", "absolute"]),
        dead_end=st.sampled_from(["stop", "follow"]),
        residual=st.sampled_from(["larger", "split"]),
        average_pool=st.sampled_from(["spread", "argmax", "map", "map"]),
        rivals=st.sampled_from([0, 0, 1, 2, 9]),  # of three classes; then halves are exact
    )

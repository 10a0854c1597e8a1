"""What works on a network: every number against a slow twin that shares nothing with the package.

``tools/write_support_table.py`` checks all families so; a test does some, and holds the page to it.
"""

from copy import deepcopy
from math import log, sqrt

import numpy as np
import torch
from torch import nn

from backtrack import slow
from cnnvis import backtrack, gradients, models, network
from cnnvis.backtrack import Options
from cnnvis.errors import BacktrackError

FAMILIES = {
    "AlexNet": ("alexnet", 64),
    "VGG": ("vgg11", 32),
    "ResNet": ("resnet18", 32),
    "ResNeXt": ("resnext50_32x4d", 32),
    "Wide ResNet": ("wide_resnet50_2", 32),
    "SqueezeNet": ("squeezenet1_1", 32),
    "DenseNet": ("densenet121", 32),
    "GoogLeNet": ("googlenet", 32),
    "Inception v3": ("inception_v3", 75),
    "MobileNet v2": ("mobilenet_v2", 32),
    "MobileNet v3": ("mobilenet_v3_small", 32),
    "ShuffleNet v2": ("shufflenet_v2_x0_5", 32),
    "MNASNet": ("mnasnet0_5", 32),
    "EfficientNet": ("efficientnet_b0", 32),
    "EfficientNet v2": ("efficientnet_v2_s", 32),
    "EfficientNet-Lite": ("efficientnet_lite0", 32),
    "RegNet X": ("regnet_x_400mf", 32),
    "RegNet Y": ("regnet_y_400mf", 32),
    "ConvNeXt": ("convnext_tiny", 32),
    "ViT": ("vit_b_32", 224),
    "Swin": ("swin_t", 64),
    "Swin v2": ("swin_v2_t", 64),
    "MaxViT": ("maxvit_t", 224),
}
"""Family -> (the network that stands for it, the side of its images here)."""

WINNERS = ("channel_sum", "argmax", "soft", "sample")
CAPABILITIES = ("extraction", "gradients", *WINNERS)

CLOSE = 1e-9
PATHS, ERROR = 20_000, 1e-9  # a drawn share is off by more than its bound in one of 1e9 runs
CHOICES = {
    "channel_sum": [
        Options(k=3),
        Options(k=3, dead_end="follow", position="spatial", residual="split"),
    ],
    "argmax": [Options(winner="argmax"), Options(winner="argmax", dead_end="follow")],
    "soft": [Options(winner="soft", residual="split")],
    "sample": [Options(winner="sample", residual="split", paths=PATHS)],
}


def check(name, side, capabilities=CAPABILITIES):
    """Return capability -> "" where all numbers agree, or the words of the refusal.

    Raises:
        AssertionError: numbers do not agree.
    """
    model = random_network(name)
    draw = torch.Generator().manual_seed(1)
    images = torch.randn((1, 3, side, side), generator=draw)
    found = {}
    if "extraction" in capabilities:
        found["extraction"] = extraction(model, images)
    model, images = model.double(), images.double()
    if "gradients" in capabilities:
        found["gradients"] = filter_gradients(model, images)
    net = network.fold(network.trace(model, input_shape=(3, side, side)))
    walks = Walks(net, network.record(net, images))
    for winner in WINNERS:
        if winner in capabilities:
            found[winner] = walks.check(winner)
    return found


def random_network(name):
    """Return a network with random weights; batch norms and layer scales that do something."""
    torch.manual_seed(0)
    model = models.build(name).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.5)  # some are negative
            nn.init.normal_(module.bias, 0, 0.1)
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
        if isinstance(module, nn.Linear) and not module.weight.any():  # as in the head of ViT
            nn.init.normal_(module.weight, 0, 0.1)
        if hasattr(module, "layer_scale"):
            nn.init.uniform_(module.layer_scale, 0.5, 1)
    return model


def extraction(model, images):
    """Every layer's map is what a hook sees, bit for bit, before anything overwrites it."""
    seen = {}

    def keep(layer):
        def hook(module, given, output):
            if isinstance(output, torch.Tensor):
                seen.setdefault(layer, output.clone())

        return hook

    twin = deepcopy(model)
    for layer, module in twin.named_modules():
        if type(module).__module__.startswith("torch.nn.") and not any(module.children()):
            module.register_forward_hook(keep(layer))
    with torch.no_grad():
        twin(images.clone())
    net = network.trace(model, input_shape=tuple(images.shape[1:]))
    found = network.record(net, images, seen)  # every layer of torch's own is a node
    assert all(torch.equal(found[layer], output) for layer, output in seen.items())
    return ""


def filter_gradients(model, images, layers=6):
    """The gradients of filters in some layers are those of autograd on a whole pass."""
    twin = deepcopy(model)
    scores = twin(images.clone())
    target = int(scores.argmax())
    scores[0, target].backward()
    net = network.trace(model, input_shape=tuple(images.shape[1:]))
    kinds = (nn.Conv2d, nn.Linear)
    known = [layer for layer in net.layers if isinstance(net.nodes[layer].module, kinds)]
    for place in np.linspace(0, len(known) - 1, layers).astype(int):
        found = gradients.filters(net, images, layer=known[place], target=target)[0]
        expected = twin.get_submodule(known[place]).weight.grad.numpy()
        assert np.abs(expected).max() > 0
        assert np.abs(found - expected).max() <= CLOSE * np.abs(expected).max(), known[place]
    return ""


class Walks:
    """Walks through one network, from its best class, against those of the slow twin."""

    def __init__(self, net, record):
        self.net, self.record = net, record
        self.target = int(record[net.scores].argmax())
        self.soft = None

    def check(self, winner):
        """Return "" where a winner's points are those of the slow twin, or why it is refused."""
        try:
            walks = [(options, self.walk(options)) for options in CHOICES[winner]]
            reached = self.walk(Options(winner=winner, dead_end="follow", residual="split"))
        except BacktrackError as error:
            return str(error)
        assert abs(reached.arrived[0] - 1) < CLOSE, "some weight did not reach the pixels"
        for options, found in walks:
            self.nothing_vanishes(found)
            if winner == "sample":
                self.compare_drawn(found)
            else:
                self.compare(found, options)
        return ""

    def walk(self, options):
        return backtrack.from_scores(self.net, self.record, targets=[self.target], options=options)

    def slow_walk(self, options):
        return slow.walk(self.net, self.record, [0], [[self.target]], self.net.scores, options)

    def nothing_vanishes(self, found):
        """What came to a node went on or was lost there; here, all that did, and at the end."""
        assert abs(found.arrived[0] + found.lost_total[0] - 1) < CLOSE
        for name, points in found.points.items():
            lost = found.lost[name][0] if name in found.lost else 0.0
            assert -CLOSE < lost <= points.weight.sum() + CLOSE, name

    def compare(self, found, options):
        """The same points with the same weights at every node, and the same weight lost."""
        points, lost = self.slow_walk(options)
        if options.winner == "soft":
            self.soft = points
        assert found.points.keys() == points.keys()
        for name, here in found.points.items():
            expected = {place[1:]: weight for place, weight in points[name].items()}
            got = dict(zip(map(tuple, here.index.tolist()), here.weight.tolist(), strict=True))
            assert len(got) == len(here)
            differing = got.keys() ^ expected.keys()
            if options.winner == "soft":  # of weights too small for float64 the one says nothing
                small = {place for place in differing if expected.get(place, 1) < 1e-290}
                differing -= small
            assert not differing, (name, len(differing))
            for place, weight in got.items():
                assert abs(weight - expected[place]) <= CLOSE * weight, (name, place)
        for name, weights in lost.items():
            assert abs(found.lost[name][0] - weights[0]) < CLOSE, name

    def compare_drawn(self, found):
        """No place is off from "soft" by more than Hoeffding's bound; every path is whole."""
        if self.soft is None:
            self.soft = self.slow_walk(CHOICES["soft"][0])[0]
        for name, expected in self.soft.items():
            shape = self.net.nodes[name].shape
            soft, drawn = np.zeros(shape), np.zeros(shape)
            for (_, *place), weight in expected.items():
                soft[tuple(place)] = weight
            if name in found.points:
                here = found.points[name]
                drawn[tuple(here.index.T)] = here.weight
                paths = here.weight * PATHS
                assert np.abs(paths - paths.round()).max() < 1e-6, name
            bound = sqrt(log(2 * soft.size / ERROR) / (2 * PATHS))
            assert np.abs(soft - drawn).max() < bound, name

"""What rules refuse, in words; how they are found; what they read."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backtrack import nets
from backtrack.layers import Does
from cnnvis import backtrack
from cnnvis.backtrack import Points, Starts
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import RULES, find
from cnnvis.errors import BacktrackError

REFUSED = {
    "product": (lambda x: x * F.relu(x), "which of the factors, of shape .* is a gate"),
    "difference": (lambda x: x - F.relu(x), "only a number or a parameter on its right"),
    "reciprocal": (lambda x: 1 / x, "only a number or a parameter on its right"),
    "bilinear": (lambda x: F.interpolate(x, (4, 4), mode="bilinear"), "with mode 'bilinear'"),
    "roll of all": (lambda x: torch.roll(x, 1), "moves values from one image to another"),
    "flipped images": (lambda x: x.flip(0), "moves values from one image to another"),
    "repeated": (lambda x: x.repeat(1, x.size(1), 1, 1), r"depends on 'size' \(size\)"),
    "pool of all": (
        lambda x: F.avg_pool2d(x, x.size(2)),
        "its kernel_size is computed in the network",
    ),
    "pieces": (lambda x: torch.max(x, 1)[0], r"a part of what 'max_1' \(max\) gives"),
    "stack of pieces": (lambda x: torch.stack(x.unbind(1), 2), "no list of tensors"),
    "stack of images": (lambda x: torch.stack([x, x])[0], "takes a part"),
    "some": (lambda x: x[:, [0, 1]], "only slices and whole numbers"),
    "some images": (lambda x: torch.cat([x, x])[: x.size(0)], "only slices and whole numbers"),
    "chunk of images": (lambda x: x.chunk(1)[0], "works along the axis of the images"),
    "cat of chunks": (lambda x: torch.cat(torch.chunk(x, 2, 1), 2), "no list of tensors"),
    "maximum": (torch.maximum, "no backtracking rule for torch.maximum at node 'maximum'"),
}


@pytest.mark.parametrize(("function", "message"), REFUSED.values(), ids=REFUSED)
def test_what_a_rule_cannot_do_is_said(function, message):
    forward = (lambda x: torch.maximum(x, F.relu(x))) if function is torch.maximum else function
    net, record = nets.opened(Does(forward), torch.rand(2, 2, 3, 3))
    starts = nets.every_unit(record, net.scores)
    with pytest.raises(BacktrackError, match=message) as error:
        backtrack.from_units(net, record, starts)
    assert "docs/how-to/add-a-backtracking-rule.md" in str(error.value)


def test_mixed_images_cannot_be_told_apart():
    net, record = nets.opened(Does(lambda x: x.view(-1, 3).view(2, -1)), torch.rand(2, 2, 3, 3))
    starts = Starts.of(net.scores, image=[0], index=[[0]])
    with pytest.raises(BacktrackError, match=r"'view'.* is no tensor with one row for each image"):
        backtrack.from_units(net, record, starts)


def test_values_are_read_where_they_are():
    net, record = nets.opened(Does(lambda x: x.flatten(1)), torch.rand(2, 2, 3, 3))
    seen = Record(net, record, np.array([1]))
    assert seen.values("flatten", Points.of([[5]])).tolist() == [record["flatten"][1, 5]]
    with pytest.raises(BacktrackError, match=r"'flatten' has the shape \(18,\), .* 3 dimensions"):
        seen.values("flatten", Points.of([[1, 1, 1]]))


def test_a_subclass_of_a_layer_has_no_rule():
    class Odd(nn.Conv2d):
        def forward(self, x):
            return -super().forward(x)

    net, _ = nets.opened(nn.Sequential(nn.Conv2d(1, 1, 1)), torch.rand(1, 1, 2, 2))
    node = net.nodes["0"]
    assert find(node).follow is RULES[nn.Conv2d].follow
    with pytest.raises(BacktrackError, match=r"no backtracking rule for .*Odd at node '0'"):
        find(replace(node, op=Odd))

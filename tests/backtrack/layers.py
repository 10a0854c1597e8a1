"""Networks of a single layer or function, and what their jacobian says of them."""

import numpy as np
import torch
from hypothesis import reject
from hypothesis import strategies as st
from torch import nn

from backtrack import nets
from cnnvis import backtrack
from cnnvis.backtrack import Points, Starts
from cnnvis.errors import TraceError


class Does(nn.Module):
    """A network that is a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def one_unit(net, unit, options=None):
    """Return the points at the image for one unit of the output, which ``record`` holds."""
    network, record = net
    starts = Starts.of(network.scores, image=[0], index=[unit])
    found = backtrack.from_units(network, record, starts, options)
    nothing = Points.of(np.zeros((0, len(network.input_shape)), np.int64))
    return found.points.get(network.image, nothing)


def share_of_input(layer, images, unit):
    """Return what each input adds to a unit, its derivative times its value; and which it reads."""
    jacobian = torch.autograd.functional.jacobian(lambda x: layer(x)[0][unit], images)
    return (jacobian * images)[0].numpy(), jacobian[0].numpy() != 0


def a_unit(draw, shape):
    return tuple(draw(st.integers(0, size - 1)) for size in shape)


@st.composite
def layers(draw, make):
    """Return (layer, its network and record for one image, a unit of it)."""
    shape = (draw(st.sampled_from([4, 1, 6])), draw(st.integers(5, 9)), draw(st.integers(5, 9)))
    layer = nets.fill(draw(make(shape)), seed=draw(nets.seeds), whole=False)
    generator = torch.Generator().manual_seed(draw(nets.seeds))
    images = nets.numbers((1, *shape), generator, whole=False)
    try:
        net = nets.opened(nn.Sequential(layer), images)
    except TraceError:  # the kernel does not fit
        reject()
    return layer, images, net, a_unit(draw, net[1][net[0].scores].shape[1:])

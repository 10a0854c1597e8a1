"""A network whose classes are corners: each sees the brightness of its own quarter of the image."""

import numpy as np
import torch
from torch import nn

from cnnvis import network

SIDE = 32
SHAPE = (3, SIDE, SIDE)


def corners():
    """Return a traced network of four classes; class c adds up quarter c, counted row by row."""
    model = nn.Sequential(
        nn.Conv2d(3, 1, 1, bias=False), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(64, 4)
    )
    with torch.no_grad():
        model[0].weight.fill_(1.0)
        weight = torch.zeros(4, 8, 8)
        for number, (row, col) in enumerate(((0, 0), (0, 4), (4, 0), (4, 4))):
            weight[number, row : row + 4, col : col + 4] = 1.0
        model[4].weight.copy_(weight.reshape(4, 64))
        model[4].bias.zero_()
    return network.trace(model.eval(), input_shape=SHAPE)


def bright(quarter, *, seed=0):
    """Return an image (3, row, col) of faint noise that is bright in one quarter."""
    image = np.random.default_rng(seed).uniform(0, 0.1, SHAPE).astype(np.float32)
    row, col = divmod(quarter, 2)
    half = SIDE // 2
    image[:, row * half : (row + 1) * half, col * half : (col + 1) * half] += 1
    return image


def asked(quarters=(0, 1, 2, 3)):
    """Return images of those quarters as a study asks for them, and the network."""
    from cnnvis.evaluation import Asked
    from cnnvis.geometry import Frame

    pixels = np.stack([bright(one, seed=place) for place, one in enumerate(quarters)])
    frame = Frame((SIDE, SIDE), (SIDE, SIDE), (0, 0, SIDE, SIDE))
    bytes_ = (np.clip(pixels, 0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    return Asked(
        ids=tuple(f"photo_{place}" for place in range(len(quarters))),
        pixels=pixels,
        pictures=bytes_,
        frames=(frame,) * len(quarters),
        truth=tuple(quarters),
        best=tuple(quarters),
    )

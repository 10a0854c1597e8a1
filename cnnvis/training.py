"""A small classifier of digits, trained in seconds: the same seed gives the same weights."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from cnnvis import digits
from cnnvis.errors import NetworkError

FILTERS = (16, 32)
"""Filters of its two convolutions, ``conv1`` and ``conv2``."""

_MOMENTUM = 0.9


def network() -> nn.Module:
    """Return the classifier with random weights: two convolutions, each pooled, a linear layer."""
    first, second = FILTERS
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, first, 3, padding=1),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(first, second, 3, padding=1),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc=nn.Linear(second * 4, digits.CLASSES),
        )
    )


def train(
    images: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    epochs: int = 20,
    batch: int = 64,
    rate: float = 0.1,
    seed: int = 0,
) -> nn.Module:
    """Return the classifier trained on images (image, 1, 8, 8) and their labels, in eval mode.

    Stochastic gradient descent with momentum on the cross-entropy, in one thread; the rate falls to
    0 along a straight line. The random numbers and the threads of torch are as before afterwards.

    Raises:
        NetworkError: images of another shape, or labels that do not fit them.

    >>> part, _ = digits.load()
    >>> model = train(part.images[:64], part.labels[:64], epochs=1)
    >>> model.training
    False
    """
    pixels, wanted = _checked(images, labels)
    return fit(network, pixels, wanted, epochs=epochs, batch=batch, rate=rate, seed=seed)


def fit(
    made: Callable[[], nn.Module],
    pixels: Tensor,
    wanted: Tensor,
    *,
    epochs: int,
    batch: int,
    rate: float,
    seed: int,
) -> nn.Module:
    """Return a network trained as :func:`train` says, in eval mode.

    Args:
        made: returns the network with random weights.
        pixels: (image, channel, row, col).
        wanted: (image,) the class of each image, int64.
        epochs: how often all images are shown.
        batch: images in a step.
        rate: at the first step; 0 at the end.
        seed: of the weights and the order of the images.
    """
    with _alone(seed):
        model = made().train()
        weights = list(model.parameters())
        speeds = [torch.zeros_like(weight) for weight in weights]
        batches = [part for _ in range(epochs) for part in _shuffled(len(pixels), batch)]
        for step, chosen in enumerate(batches):
            loss = F.cross_entropy(model(pixels[chosen]), wanted[chosen])
            _descend(weights, speeds, loss, rate * (1 - step / len(batches)))
    return model.eval().requires_grad_(False)


@torch.no_grad()
def accuracy(model: nn.Module, part: digits.Part) -> float:
    """Return the share of images whose digit has the largest score."""
    scores = model(torch.from_numpy(part.images))
    return float((scores.argmax(dim=1).numpy() == part.labels).mean())


def _shuffled(images: int, batch: int) -> tuple[Tensor, ...]:
    """Return the places of all images in a random order, a batch each."""
    return torch.split(torch.randperm(images), batch)


def _descend(
    weights: Sequence[Tensor], speeds: Sequence[Tensor], loss: Tensor, rate: float
) -> None:
    """Take one step; torch.optim would import a compiler first, for longer than the training."""
    gradients = torch.autograd.grad(loss, list(weights))
    with torch.no_grad():
        for weight, speed, gradient in zip(weights, speeds, gradients, strict=True):
            speed.mul_(_MOMENTUM).add_(gradient)
            weight.sub_(speed, alpha=rate)


def _checked(images: Any, labels: Any) -> tuple[Tensor, Tensor]:
    """Return images and labels as tensors, or say what does not fit."""
    pixels, wanted = np.asarray(images, np.float32), np.asarray(labels, np.int64)
    if pixels.shape[1:] != digits.SHAPE or wanted.shape != pixels.shape[:1] or not len(pixels):
        raise NetworkError(
            f"the classifier is trained on images (image, {', '.join(map(str, digits.SHAPE))}) and "
            f"one label each; got {pixels.shape} and {wanted.shape}. Take them from cnnvis.digits."
        )
    return torch.from_numpy(pixels.copy()), torch.from_numpy(wanted.copy())


@contextmanager
def _alone(seed: int) -> Iterator[None]:
    """Compute in one thread with random numbers from ``seed``, and put both back after it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums of several threads differ in their last digits
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)

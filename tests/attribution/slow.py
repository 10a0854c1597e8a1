"""Methods of attribution once more, slowly: autograd on the model itself, and plain loops."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Guided(torch.autograd.Function):
    """Passes back what is positive, where the unit was on."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (x > 0) * (grad > 0)


class Deconvolved(torch.autograd.Function):
    """Passes back what is positive, wherever."""

    @staticmethod
    def forward(ctx, x):
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad):
        return grad * (grad > 0)


def with_rectifier(model, function):
    """A copy of a model whose ReLUs have another derivative."""

    class Own(nn.Module):
        def forward(self, x):
            return function.apply(x)

    changed = copy.deepcopy(model)
    for name, module in list(changed.named_modules()):
        if isinstance(module, nn.ReLU):
            changed.set_submodule(name, Own())
    return changed


def gradient(model, images, targets):
    x = torch.as_tensor(images).clone().requires_grad_()
    score = model(x)[range(len(x)), targets].sum()
    return torch.autograd.grad(score, x)[0].numpy()


def grad_cam(model, layer, images, targets, rivals=0):
    """Equations 1 and 2 of the paper, at a module of the model that overwrites nothing."""
    seen = {}
    handle = model.get_submodule(layer).register_forward_hook(
        lambda module, inputs, output: seen.update(maps=output)
    )
    scores = model(torch.as_tensor(images).clone().requires_grad_())
    handle.remove()
    found = []
    for image, target in enumerate(targets):
        asked = scores[image, target]
        others = [one for one in scores[image].argsort(descending=True).tolist() if one != target]
        if rivals:
            asked = asked - torch.stack([scores[image, one] for one in others[:rivals]]).mean()
        by_maps = torch.autograd.grad(asked, seen["maps"], retain_graph=True)[0]
        weights = by_maps[image].mean(dim=(1, 2))
        summed = sum(w * channel for w, channel in zip(weights, seen["maps"][image]))
        found.append(F.relu(summed).detach())
    return np.stack([bilinear(one.double().numpy(), images.shape[2:]) for one in found])


def bilinear(coarse, size):
    """Each pixel between the four nearest units, in coordinates of middles of pixels."""
    made = np.zeros(size)
    for row in range(size[0]):
        for col in range(size[1]):
            at = [
                min(max((place + 0.5) * units / pixels - 0.5, 0), units - 1)
                for place, units, pixels in zip((row, col), coarse.shape, size)
            ]
            for r in {int(at[0]), min(int(at[0]) + 1, coarse.shape[0] - 1)}:
                for c in {int(at[1]), min(int(at[1]) + 1, coarse.shape[1] - 1)}:
                    share = max(0, 1 - abs(at[0] - r)) * max(0, 1 - abs(at[1] - c))
                    made[row, col] += share * coarse[r, c]
    return made


@torch.no_grad()
def occlusion(model, image, target, window, stride, blank):
    """The mean fall of the score over all windows that cover a pixel."""
    rows, cols = image.shape[1:]
    whole = float(model(torch.as_tensor(image[None]))[0, target])
    total, covered = np.zeros((rows, cols)), np.zeros((rows, cols))
    for row in range(0, rows - window + stride, stride):
        for col in range(0, cols - window + stride, stride):
            hidden = image.copy()
            hidden[:, row : row + window, col : col + window] = blank
            fall = whole - float(model(torch.as_tensor(hidden[None]))[0, target])
            total[row : row + window, col : col + window] += fall
            covered[row : row + window, col : col + window] += 1
    return total / np.maximum(covered, 1)


def integrated_gradients(model, image, target, steps, blank):
    """The mean gradient at the points of Gauss and Legendre, times the way."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    summed = np.zeros(image.shape)
    for point, weight in zip((points + 1) / 2, weights / 2):
        between = (blank + point * (image - blank)).astype(image.dtype)
        summed += weight * gradient(model, between[None], [target])[0]
    return summed * (image - blank)

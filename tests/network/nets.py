"""Small networks with the habits of large ones, and what must not change about a model."""

import torch
import torch.nn.functional as F
from torch import nn

SHAPE = (3, 33, 33)


class AlexNetLike(nn.Sequential):
    """ReLUs that overwrite the convolutions before them, a pool, dropout, a linear layer."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 6, 5, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(6, 8, 3, padding=1, groups=2),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(3),
            nn.Flatten(),
            nn.Dropout(),
            nn.Linear(72, 5),
        )


class Block(nn.Module):
    """A residual block with one ReLU called twice and an addition that overwrites."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x
        return self.relu(out)


class ResNetLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(True))
        self.blocks = nn.Sequential(Block(4), Block(4))
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        x = self.blocks(self.stem(x))
        return self.fc(x.mean([2, 3]))


class Overwriting(nn.Module):
    """Every way to write in place, and results that are read under the old name."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.other = nn.Conv2d(4, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x):
        x = self.conv(x)
        y = self.other(x)
        self.relu(x)  # the result is read under its old name
        y.add_(x)
        y = F.relu(y, True)
        z = self.norm(y)
        z *= 2
        torch.relu_(z)
        F.hardtanh(z, -1, 3, inplace=True)
        z.mul_(y).sub_(0.5)
        z -= 0.25
        torch.add(z, y, out=z)
        return torch.sigmoid_(z).mean((2, 3))


class PartOverwritten(nn.Module):
    """Writes into a part of what is read again: only hooks can observe it."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.last = nn.Conv2d(4, 5, 3)

    def forward(self, x):
        x = self.conv(x)
        x[:, :2].relu_()
        return self.last(x).mean((2, 3))


class Double(nn.Module):
    """A module of one's own that overwrites its input."""

    def forward(self, x):
        return x.mul_(2)


class Choosing(nn.Module):
    """Looks into the data to find its way: cannot be traced."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.doubling = Double()
        self.bright = nn.Conv2d(4, 5, 3)
        self.dark = nn.Conv2d(4, 5, 3, stride=2)

    def forward(self, x):
        x = x.sub_(0.1)
        x = self.doubling(self.conv(x))
        x = F.relu(x, inplace=True)
        way = self.bright if x.mean() > 1e6 else self.dark
        return {"logits": way(x).mean((2, 3)), "features": x}


class Branching(nn.Module):
    """Pieces, a shuffle of the channels, a gate from the whole image, branches side by side."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.left = nn.Conv2d(4, 4, 5, padding=2, groups=4)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.Sigmoid())
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        one, two = self.conv(x).chunk(2, dim=1)
        x = torch.cat([self.left(one), two], dim=1)
        images, channels, rows, cols = x.size()
        x = x.view(images, 2, channels // 2, rows, cols).transpose(1, 2).contiguous()
        x = x.view(images, channels, rows, cols)
        x = x * self.gate(x)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1)), one


def prepared(kind, *, seed=0):
    """A network in float64 with weights and batch norms that are nothing special, in train mode."""
    torch.manual_seed(seed)
    model = kind().double().train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            if module.track_running_stats:
                nn.init.uniform_(module.running_mean, -1, 1)
                nn.init.uniform_(module.running_var, 0.5, 2)
            if module.affine:
                nn.init.uniform_(module.weight, -1.5, 1.5)
                nn.init.uniform_(module.bias, -1, 1)
    return model


def images(count=3, *, shape=SHAPE, seed=1):
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(seed)).double()


def truth(model, batch):
    """What the model itself gives in eval mode, as a tensor."""
    from cnnvis.network.running import first_tensor

    training = {module: module.training for module in model.modules()}
    with torch.no_grad():
        scores = first_tensor(model.eval()(batch.clone()))
    for module, flag in training.items():
        module.training = flag
    return scores


def state(model):
    """Everything about a model that must be left as it was found."""
    hooks = [
        (name, len(found))
        for module in model.modules()
        for name, found in vars(module).items()
        if "hooks" in name and isinstance(found, dict)
    ]
    flags = [(module.training, getattr(module, "inplace", None)) for module in model.modules()]
    numbers = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    gradients = [(p.requires_grad, p.grad is None) for p in model.parameters()]
    return hooks, flags, numbers, gradients, [id(module) for module in model.modules()]


def unchanged(before, model):
    *rest, numbers = [part for part in state(model) if not isinstance(part, dict)], state(model)[2]
    same = all(torch.equal(before[2][name], tensor) for name, tensor in numbers.items())
    return same and rest[0] == [part for part in before if not isinstance(part, dict)]

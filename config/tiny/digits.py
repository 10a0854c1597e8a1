"""The tiny study: a small network, and a sheet of digits that come with scikit-learn.

``python digits.py FOLDER`` writes the digits and their sheet into a folder.
"""

import sys
from pathlib import Path

#: Digit that is inspected, one that is easily taken for it, and one that is not.
ROLES = {3: "reference", 8: "similar", 1: "dissimilar"}
SIDE = 40


def network():
    """Return a network with every kind of layer that a small classifier has."""
    from torch import nn

    class Digits(nn.Module):
        """Two convolutions, two fully connected layers."""

        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 8, 5, padding=2)
            self.pool = nn.MaxPool2d(2, ceil_mode=True)
            self.conv2 = nn.Conv2d(8, 12, 3)
            self.norm = nn.BatchNorm2d(12)
            self.relu = nn.ReLU(inplace=True)
            self.mean = nn.AdaptiveAvgPool2d(3)
            self.fc1 = nn.Linear(12 * 9, 20)
            self.fc2 = nn.Linear(20, 10)

        def forward(self, x):
            x = self.pool(self.relu(self.conv1(x)))
            x = self.mean(self.relu(self.norm(self.conv2(x))))
            return self.fc2(self.relu(self.fc1(x.flatten(1))))

    return Digits()


def write(folder, each=2):
    """Write ``each`` digits of every role as pictures, and a sheet that lists them."""
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    folder = Path(folder)
    (folder / "digits").mkdir(parents=True, exist_ok=True)
    data = load_digits()
    lines = ["id,source,class,role"]
    for digit, role in ROLES.items():
        for number, place in enumerate(np.flatnonzero(data.target == digit)[:each]):
            name = f"digit_{digit}_{number}"
            grey = (255 - data.images[place] * 15).astype(np.uint8)
            Image.fromarray(grey).resize((SIDE, SIDE)).save(folder / f"digits/{name}.png")
            lines.append(f"{name},digits/{name}.png,{digit},{role}")
    (folder / "digits.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write(sys.argv[1])

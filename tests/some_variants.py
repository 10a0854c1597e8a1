"""Variants for tests, made by hand."""

import numpy as np

from cnnvis.geometry import Frame
from cnnvis.variants import KEPT, OWN, WINNER, Milestone, Variant, Variants

FRAME = Frame(photo=(60, 40), resized=(30, 20), crop=(1, 2, 16, 16))


def variant(kind, name, places, weight, points=9, **choice):
    choice = {"winner": "channel_sum", "position": "centre", "k": "10", **choice}
    index = np.array(places, np.int64).reshape(-1, 2)
    return Variant(kind, name, choice, index, np.array(weight, float), points)


def made(**changed):
    """Own and spatial are the same; soft has half of its weight elsewhere; k grows to all."""
    mean = np.arange(16, dtype=np.float32).reshape(4, 4)
    parts = {
        "image": "cat",
        "target": 3,
        "frame": FRAME,
        "found": (
            variant(OWN, "own", [[2, 3]], [0.5], position="spatial"),
            variant(WINNER, "channel_sum, spatial", [[2, 3]], [0.5], position="spatial"),
            variant(WINNER, "soft", [[2, 3], [12, 13]], [0.5, 0.5], 99, winner="soft", position=""),
            variant(KEPT, "k = 1", [[2, 3]], [1.0], 4, k="1"),
            variant(KEPT, "k = all", [[2, 3], [2, 4]], [0.75, 0.25], 6, k="all"),
        ),
        "milestones": {
            "image": Milestone("image", np.ones((16, 16), np.float32)),
            "conv": Milestone("Conv2d", mean),
            "fc": Milestone("Linear", None),
        },
    }
    return Variants(**parts | changed)

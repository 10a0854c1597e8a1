"""Tables as an evaluation writes them, made up: curves, means and what sanity checks give."""

import numpy as np
import pandas as pd

from cnnvis import differences

METHODS = (
    "backtrack",
    "soft",
    "grad_cam",
    "gradient",
    "input_x_gradient",
    "guided_backprop",
    "deconvolution",
    "integrated_gradients",
    "occlusion",
    "centre",
    "random",
    "edges",
)
MANY = (
    *METHODS,
    *(f"backtrack, k = {k}, winner = sample, sharpened by a power of {k}" for k in (1, 5, 20, 50)),
    *(f"a baseline with a very long name indeed {number}" for number in range(9)),
)


def curves(methods=METHODS, photos=4, protocols=("deletion", "insertion"), steps=9):
    """A curve for each photo, that of a later method farther from the axis."""
    share = np.linspace(0, 1, steps)
    return pd.DataFrame(
        [
            (f"image {photo}", f"photo {photo}", method, protocol, x, y)
            for protocol in protocols
            for place, method in enumerate(methods, start=1)
            for photo in range(photos)
            for x, y in zip(share, (0.5 + 0.1 * photo) * share ** (1 / place))
        ],
        columns=["image", "photo", "method", "protocol", "share", "value"],
    )


def measures(metric, methods, photos=12, seed=0):
    """Values near those given by method, each photo as hard for all of them; (photo,) if spread."""
    random = np.random.default_rng(seed)
    hard = random.normal(0, 0.05, photos)
    return pd.DataFrame(
        [
            (f"photo {place}", f"photo {place}", method, metric, value)
            for method, mean in methods.items()
            for place, value in enumerate(mean + hard + random.normal(0, 0.01, photos))
        ],
        columns=["image", "photo", "method", "metric", "value"],
    )


def summary(*tables, references=("grad_cam", "centre")):
    """The means of all tables, with the differences to references where they were measured."""
    return pd.concat(
        [
            differences.summary(table, [name for name in references if name in set(table.method)])
            for table in tables
        ]
    )


def sanity(check, values, images=3, changes=None, measure="spearman"):
    """Rows of one check: (change,) means by method, the images a little below and above."""
    apart = 0.01 * (np.arange(images) - (images - 1) / 2)
    names = changes or [f"layer {step}" for step in range(99)]
    return pd.DataFrame(
        [
            (check, step, names[step], f"photo {at}", method, measure, mean + apart[at])
            for method, means in values.items()
            for step, mean in enumerate(means)
            for at in range(images)
        ],
        columns=["check", "step", "change", "image", "method", "measure", "value"],
    )

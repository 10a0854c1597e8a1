"""Importance and removal of filters in the classifier of digits, every digit in turn inspected.

What photos are too few for: an error whose curve means something. The filters are weighed on images
that the classifier was trained on, and the error is that of images it has never seen.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnvis import ablation, gradients, importance
from cnnvis.digits import CLASSES, Part
from cnnvis.network import Network

if TYPE_CHECKING:
    import pandas as pd

_WEIGHED = 20  # images of every digit that importance is averaged over


def tables(
    net: Network,
    train: Part,
    test: Part,
    *,
    layer: str,
    methods: Sequence[str] = ("l2", "taylor"),
    steps: int = 8,
    seeds: int = 10,
    fewest_images: int = 50,
) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Return the tables of importance and of removals of one layer, unit after unit.

    A unit is a digit: its importance is that for its own score, of its images and of the others',
    and what is measured are its own test images.

    Args:
        net: the classifier.
        train: images that filters are weighed on; the first 20 of each digit.
        test: images whose margins and error are measured.
        layer: ``conv1`` or ``conv2``.
        methods: measures of importance that order the filters.
        steps: points of a curve, see :func:`cnnvis.removal.plan`.
        seeds: random orders.
        fewest_images: that make an error worth giving.
    """
    import pandas as pd

    few = train.first_of_each(_WEIGHED)
    weights = net.node(layer).module.weight.detach().numpy()  # type: ignore[union-attr,operator]
    found = gradients.filters_by_class(net, few.images, layer=layer, classes=range(CLASSES))
    weighed, removed = [], []
    for digit in range(CLASSES):
        own = few.labels == digit
        groups = {importance.SAME: own.nonzero()[0], importance.OTHER: (~own).nonzero()[0]}
        by_image = importance.by_image(found[digit], weights)
        means = importance.by_group(by_image, groups, seed=2 * digit)
        weighed.append(importance.table(means, groups, unit=digit))
        curves = ablation.curves(
            net,
            [test.of(digit)],
            layer=layer,
            importances={name: means[importance.SAME][name] for name in methods},
            target=digit,
            steps=steps,
            seeds=seeds,
            fewest_images=fewest_images,
        )
        removed.append(curves)
    return pd.concat(weighed, ignore_index=True), pd.concat(removed, ignore_index=True)

"""Measures of attribution maps: do they point at the object, how sharply, and are two alike?

A map is (row, col) over the pixels of a network's input, larger where a pixel matters more. Every
measure takes stacks of them (..., image, row, col), with any axes before, such as methods, and
gives one number a map (..., image). Where chance has a value, a function gives it.
"""

from cnnvis.metrics.curves import area, mean_drop
from cnnvis.metrics.likeness import LIKENESS, Likeness, change, pearson, spearman, ssim
from cnnvis.metrics.localisation import (
    BARS,
    accuracy,
    best_level,
    centred_overlaps,
    left_out_accuracy,
    max_box_accuracy,
    overlaps,
)
from cnnvis.metrics.maps import masks
from cnnvis.metrics.measures import MEASURES, Measure, is_better
from cnnvis.metrics.pointing import (
    TOLERANCE,
    energy,
    energy_chance,
    grid_pointing,
    pointing,
    pointing_chance,
)
from cnnvis.metrics.sparseness import gini
from cnnvis.metrics.truth import in_input

__all__ = [
    "BARS",
    "LIKENESS",
    "MEASURES",
    "TOLERANCE",
    "Likeness",
    "Measure",
    "accuracy",
    "area",
    "best_level",
    "centred_overlaps",
    "change",
    "energy",
    "energy_chance",
    "gini",
    "grid_pointing",
    "in_input",
    "is_better",
    "left_out_accuracy",
    "masks",
    "max_box_accuracy",
    "mean_drop",
    "overlaps",
    "pearson",
    "pointing",
    "pointing_chance",
    "spearman",
    "ssim",
]

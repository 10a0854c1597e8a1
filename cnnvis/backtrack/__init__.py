"""Backtracking: from a unit of a network back to the pixels responsible for it."""

from cnnvis.backtrack import (  # noqa: F401 - registers their rules
    convolution,
    functional,
    moves,
    other_convolutions,
    other_pools,
    paddings,
    pools,
    rearranging,
    reductions,
    sums,
)
from cnnvis.backtrack.bias import bias_share
from cnnvis.backtrack.contrast import contrastive
from cnnvis.backtrack.options import RECOMMENDED, Options
from cnnvis.backtrack.points import Points, concat
from cnnvis.backtrack.rearranging import rearranged
from cnnvis.backtrack.record import Record
from cnnvis.backtrack.rules import RULES, arguments, rule
from cnnvis.backtrack.shares import chosen
from cnnvis.backtrack.starts import Starts
from cnnvis.backtrack.walk import Backtrack, from_scores, from_units, needed, reachable

__all__ = [
    "RECOMMENDED",
    "RULES",
    "Backtrack",
    "Options",
    "Points",
    "Record",
    "Starts",
    "arguments",
    "bias_share",
    "chosen",
    "concat",
    "contrastive",
    "from_scores",
    "from_units",
    "needed",
    "reachable",
    "rearranged",
    "rule",
]

"""Walks for looking around: back from classes and from the highest units of every channel.

Where they begin is a route (:mod:`cnnvis.walks.routes`); all of a batch are walked at once
(:mod:`cnnvis.walks.batch`), and become one entry of a backtrack file.
"""

from cnnvis.walks.batch import Walked, walk
from cnnvis.walks.routes import Route, described, routes, shown

__all__ = ["Route", "Walked", "described", "routes", "shown", "walk"]

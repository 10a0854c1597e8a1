"""Explanations put to the test: on photos, on mosaics of them, on scenes, and by random networks.

Methods are those of :mod:`cnnvis.attribution`, what is measured those of :mod:`cnnvis.metrics`,
:mod:`cnnvis.perturbation` and :mod:`cnnvis.sanity`; here they come together, and go into tables.
"""

from cnnvis.evaluation.asked import Asked, ask
from cnnvis.evaluation.chosen import Chosen, chosen
from cnnvis.evaluation.explaining import Explained, explain, had
from cnnvis.evaluation.protocols import protocols

__all__ = ["Asked", "Chosen", "Explained", "ask", "chosen", "explain", "had", "protocols"]

"""What pixels do to a score: they are taken away or given back in the order of a map."""

from cnnvis.perturbation.measuring import Curves, curves
from cnnvis.perturbation.protocols import PROTOCOLS, Protocol, protocol

__all__ = ["PROTOCOLS", "Curves", "Protocol", "curves", "protocol"]

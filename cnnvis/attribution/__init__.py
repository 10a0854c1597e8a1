"""Attribution: maps of what in an image a score rests on, by many methods behind one function."""

from cnnvis.attribution.layers import layer_of_maps
from cnnvis.attribution.make import by_channel, maps
from cnnvis.attribution.methods import METHODS, REDUCTIONS, Method

__all__ = ["METHODS", "REDUCTIONS", "Method", "by_channel", "layer_of_maps", "maps"]

"""Networks saved by Caffe: ``.prototxt`` and ``.caffemodel`` become torch modules, without Caffe.

Jia et al., Caffe, arXiv:1408.5093 (2014).
"""

from cnnvis.caffe.building import build
from cnnvis.caffe.importing import is_caffemodel, mean_pixel, state_dict
from cnnvis.caffe.module import CaffeNetwork

__all__ = ["CaffeNetwork", "build", "is_caffemodel", "mean_pixel", "state_dict"]

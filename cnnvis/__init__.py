"""cnnvis: see what a convolutional network does, and prove that what you see is true.

This file imports nothing, so that ``import cnnvis.ordering`` loads neither torch nor h5py.
"""

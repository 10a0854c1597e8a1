"""What the classes of a network are called."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from cnnvis.errors import ConfigError, did_you_mean

DATA_FILES = ("data/imagenet_classes.txt",)
"""Files of the package that this module reads."""

IMAGENET = "imagenet"

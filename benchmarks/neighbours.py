"""thingsvision, opened without the packages that it imports and that its torch part never uses."""

import contextlib
import importlib
import io
import sys
from collections.abc import Callable, Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np
import torch

from cnnvis import models

#: What thingsvision imports at its top for networks of other packages.
UNUSED = ("tensorflow", "timm", "transformers", "open_clip", "dreamsim", "harmonization", "clip")


class _Nothing(type):
    """A class of which any attribute is there, and is the same class."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything


class _Anything(metaclass=_Nothing):
    """Whatever is called or listed: an empty list."""

    def __init__(self, *args: object, **kwargs: object) -> None: ...

    def __iter__(self) -> Iterator[object]:
        return iter(())

    def __bool__(self) -> bool:
        return False


class _StandIn(ModuleType):
    """A module of a package that is not installed."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything


class _StandIns(MetaPathFinder, Loader):
    """Finds them, after all that is installed."""

    def find_spec(self, fullname: str, *args: object) -> ModuleSpec | None:
        mine = fullname.partition(".")[0] in UNUSED
        return ModuleSpec(fullname, self, is_package=True) if mine else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None: ...


def thingsvision(model: torch.nn.Module, layers: list[str]) -> Callable[[Any, str], None]:
    """Return what records layers of batches of images into a folder, as thingsvision does."""
    models.import_torchvision()
    if not hasattr(np, "AxisError"):
        # thingsvision wants the name that it had before NumPy 2.
        np.AxisError = np.exceptions.AxisError  # type: ignore[attr-defined]
    stand_ins = _StandIns()
    sys.meta_path.append(stand_ins)
    try:
        made = importlib.import_module("thingsvision").get_extractor_from_model(model, "cpu", "pt")
    finally:
        sys.meta_path.remove(stand_ins)

    def extract(batches: Any, folder: str) -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            made.extract_features(batches, module_names=layers, output_dir=folder)

    return extract

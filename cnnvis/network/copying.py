"""Copies of a model that share its weights: what is done to a copy, the model never notices.

A copy has module objects of its own (flags, hooks, in-place switches) around the same numbers. Its
parameters ask for no gradient, so that nothing can ever appear in the ``.grad`` of the model.
"""

from collections import OrderedDict
from collections.abc import Callable
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from cnnvis.errors import TraceError

Change = Callable[[Tensor], Tensor]


def shared(model: nn.Module) -> nn.Module:
    """Return a copy of ``model`` in eval mode that shares its parameters and buffers.

    Raises:
        TraceError: a module is compiled with TorchScript, or still waits for its first input.
    """
    for name, module in model.named_modules():
        _refuse(name or type(model).__name__, module)
    return _Copier(lambda tensor: tensor).of(model).eval()


def apart(model: nn.Module) -> nn.Module:
    """Return a copy of ``model`` with numbers of its own, for a run that might write into them."""
    return _Copier(lambda tensor: tensor.clone()).of(model)


def without_data(model: nn.Module) -> nn.Module:
    """Return a copy of ``model`` whose tensors have shapes only (device "meta")."""
    return _Copier(lambda tensor: tensor.to("meta")).of(model)


class _Copier:
    """Copies modules, and whatever in their attributes refers to modules, once each."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._done: dict[int, Any] = {}

    def of(self, module: nn.Module) -> nn.Module:
        """Return the copy of ``module``."""
        if id(module) not in self._done:
            copy = type(module).__new__(type(module))
            self._done[id(module)] = copy  # before its parts: a part may refer back to it
            copy.__dict__ = {name: self._moved(value) for name, value in vars(module).items()}
        found: nn.Module = self._done[id(module)]
        return found

    def _moved(self, value: Any) -> Any:
        if isinstance(value, nn.Module):
            return self.of(value)
        if isinstance(value, Tensor):
            return self._tensor(value)
        if isinstance(value, MethodType) and isinstance(value.__self__, nn.Module):
            return MethodType(value.__func__, self.of(value.__self__))
        if type(value) in (list, tuple):
            return type(value)(self._moved(item) for item in value)
        if type(value) in (dict, OrderedDict):
            return type(value)((key, self._moved(item)) for key, item in value.items())
        return value

    def _tensor(self, tensor: Tensor) -> Tensor:
        """Return the same numbers; a parameter used twice stays one parameter."""
        if id(tensor) not in self._done:
            changed = self._change(tensor.detach())
            if isinstance(tensor, nn.Parameter):
                changed = nn.Parameter(changed, requires_grad=False)
            self._done[id(tensor)] = changed
        found: Tensor = self._done[id(tensor)]
        return found


def _refuse(name: str, module: nn.Module) -> None:
    if isinstance(module, torch.jit.ScriptModule):
        raise TraceError(
            f"{name} is compiled with TorchScript, which hides its operations. "
            "Give the Python module it was compiled from, with the same weights."
        )
    if any(is_lazy(parameter) for parameter in module.parameters(recurse=False)):
        raise TraceError(
            f"{name} is a {type(module).__name__} whose weights have no shape yet. "
            "Run the model once on an image, or load its weights, before tracing it."
        )

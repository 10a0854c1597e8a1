"""Replace operations that write in place by those that do not, so that no output is overwritten.

Which operations write in place is not read off their names: the rehearsal has seen it.
"""

import inspect
import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.utils._pytree import tree_leaves

from cnnvis.errors import TraceError
from cnnvis.network.rehearsal import Outcome

_OPERATORS: dict[Any, Callable[..., Any]] = {
    getattr(operator, f"i{name}"): getattr(operator, name)
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
}


def out_of_place(graph: fx.Graph, model: nn.Module, seen: dict[fx.Node, Outcome]) -> None:
    """Rewrite ``graph``, and the in-place switches of the modules in it, to overwrite nothing.

    What was read after an operation had overwritten it is read from that operation instead.

    Raises:
        TraceError: an operation overwrites a part of something that is read again.
    """
    order: dict[fx.Node, float] = {node: place for place, node in enumerate(graph.nodes)}
    memory = {node: _memory(outcome.value) for node, outcome in seen.items()}
    for node in memory:
        for overwritten in seen[node].overwrote:
            touched = [other for other in memory if memory[other] & memory[overwritten]]
            for other in touched:
                _read_instead(other, node, order, seen)
            for clone in _replace(node, touched, model):
                seen[clone], order[clone] = seen[overwritten], order[node] - 0.5
    for node in graph.nodes:
        if node.op == "call_module":
            _switch_off(model.get_submodule(str(node.target)))


def _memory(value: Any) -> frozenset[int]:
    """Return the identities of the storages that ``value`` lies in."""
    tensors = (leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor))
    return frozenset(tensor.untyped_storage()._cdata for tensor in tensors)


def _read_instead(
    old: fx.Node, new: fx.Node, order: dict[fx.Node, float], seen: dict[fx.Node, Outcome]
) -> None:
    """Let everything after ``new`` that reads ``old``, which ``new`` overwrites, read ``new``."""
    readers = [user for user in old.users if order[user] > order[new]]
    if order[old] >= order[new] or not readers:
        return
    if not _same_place(seen[old].value, seen[new].value):
        raise TraceError(
            f"node {new.name!r} ({new.target}) overwrites a part of {old.name!r}, which "
            f"{readers[0].name!r} reads afterwards. Use an operation that does not write in place, "
            "or network.open(), which observes such a model through hooks."
        )
    for reader in readers:
        reader.replace_input_with(old, new)


def _same_place(a: Any, b: Any) -> bool:
    """Tell whether two tensors are the same numbers in the same memory."""
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        return False
    same_storage = a.untyped_storage()._cdata == b.untyped_storage()._cdata
    return same_storage and _layout(a) == _layout(b)


def _layout(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.storage_offset(), tuple(tensor.shape), tensor.stride(), tensor.dtype


def _replace(node: fx.Node, touched: list[fx.Node], model: nn.Module) -> list[fx.Node]:
    """Let ``node`` write elsewhere: as another operation, or into clones, which are returned."""
    if node.op == "call_module" and hasattr(model.get_submodule(str(node.target)), "inplace"):
        return []  # its switch will be turned off
    if node.op == "call_function" and _without_flag(node):
        return []
    twin = _twin(node)
    if twin is not None:
        node.target = twin
        return []
    return [_clone(source, node) for source in node.all_input_nodes if source in touched]


def _clone(source: fx.Node, reader: fx.Node) -> fx.Node:
    """Let ``reader`` read a clone of ``source``."""
    with reader.graph.inserting_before(reader):
        clone = reader.graph.call_function(torch.clone, (source,))
    reader.replace_input_with(source, clone)
    return clone


def _without_flag(node: fx.Node) -> bool:
    """Turn off an argument ``inplace``, where the function has one."""
    try:
        call = inspect.signature(node.target).bind(*node.args, **node.kwargs)  # type: ignore[arg-type]
    except (TypeError, ValueError):  # a built-in function without a signature
        return False
    if not call.arguments.get("inplace", False):
        return False
    call.arguments["inplace"] = False
    node.args, node.kwargs = call.args, call.kwargs
    return True


def _twin(node: fx.Node) -> Any:
    """Return the operation without the underscore: ``add`` for ``add_``; None if there is none."""
    if node.target in _OPERATORS:
        return _OPERATORS[node.target]
    name = str(node.target) if node.op == "call_method" else getattr(node.target, "__name__", "")
    if not name.endswith("_") or name.endswith("__"):
        return None
    if node.op == "call_method":
        return name[:-1] if hasattr(Tensor, name[:-1]) else None
    return next(_homes(name[:-1]), None)


def _homes(name: str) -> Iterator[Any]:
    for home in (torch, F):
        if hasattr(home, name):
            yield getattr(home, name)


def _switch_off(module: nn.Module) -> None:
    if getattr(module, "inplace", False) is True:
        module.inplace = False  # type: ignore[assignment]

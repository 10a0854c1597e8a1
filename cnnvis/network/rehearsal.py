"""Run a graph once with shapes instead of numbers: what comes out, and who writes in place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, fx, nn
from torch.utils._pytree import tree_leaves

from cnnvis.errors import TraceError
from cnnvis.network.copying import apart, without_data

BATCH = 5
"""Images in a rehearsal: few, and no size that a layer's first axis has by chance."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a node gave, and the nodes whose values it overwrote."""

    value: Any
    overwrote: tuple[fx.Node, ...] = ()


_FEW_WEIGHTS = 6_000_000
"""A network of no more is run with numbers: it takes a tenth of a second."""

Rehearsed = Mapping[fx.Node, Outcome]
Found = TypeVar("Found")


def rehearse(
    model: nn.Module, graph: fx.Graph, input_shape: tuple[int, ...]
) -> dict[fx.Node, Outcome]:
    """Return the outcome of every node for a batch of images of ``input_shape``.

    Raises:
        TraceError: a node cannot compute on such images.
    """
    return on_some_images(model, input_shape, lambda copy, images: _run(copy, graph, images))


def on_some_images(
    model: nn.Module, input_shape: tuple[int, ...], run: Callable[[nn.Module, Tensor], Found]
) -> Found:
    """Return what ``run`` finds with a copy of a model and a batch of images of ``input_shape``.

    Small networks are run on black images: that takes a tenth of a second, while torch takes two to
    load the compiler that its kernels for tensors without numbers (device "meta") rest on. Large
    ones are run on such tensors, which cost neither time nor memory; where that fails, for an
    operation without such a form or a branch on the numbers, on black images, too.
    """
    if not _small(model):
        try:
            with torch.device("meta"):
                images = torch.empty(BATCH, *input_shape, dtype=dtype_of(model))
                return run(without_data(model), images)
        except Exception:
            pass  # with numbers it works, or fails with an error that says more
    return run(apart(model), _black(model, input_shape))


def _small(model: nn.Module) -> bool:
    """Tell whether a model on the processor has so few weights that running it takes no time."""
    weights = [*model.parameters(), *model.buffers()]
    on_processor = all(tensor.device.type == "cpu" for tensor in weights)
    return on_processor and sum(tensor.numel() for tensor in weights) <= _FEW_WEIGHTS


def _black(model: nn.Module, input_shape: tuple[int, ...]) -> Tensor:
    """Return a batch of images that are zero everywhere."""
    return torch.zeros(BATCH, *input_shape, dtype=dtype_of(model), device=device_of(model))


def shape_of(value: Any) -> tuple[int, ...] | None:
    """Return the shape without the batch, None for what is no batch of tensors."""
    if isinstance(value, Tensor) and value.ndim > 0 and value.shape[0] == BATCH:
        return tuple(value.shape[1:])
    return None


def dtype_of(model: nn.Module) -> torch.dtype:
    """Return the precision of a model's weights, or torch's default where it has none."""
    tensors = [*model.parameters(), *model.buffers()]
    floating = [tensor.dtype for tensor in tensors if tensor.is_floating_point()]
    return floating[0] if floating else torch.get_default_dtype()


def device_of(model: nn.Module) -> torch.device:
    """Return the device of a model's weights, or the processor where it has none."""
    for tensor in (*model.parameters(), *model.buffers()):
        return tensor.device
    return torch.device("cpu")


@torch.no_grad()
def _run(model: nn.Module, graph: fx.Graph, images: Tensor) -> dict[fx.Node, Outcome]:
    interpreter = fx.Interpreter(model, garbage_collect_values=False, graph=graph)
    outcomes: dict[fx.Node, Outcome] = {}
    for node in graph.nodes:
        before = [(other, _versions(outcomes[other].value)) for other in node.all_input_nodes]
        try:
            value = images if node.op == "placeholder" else interpreter.run_node(node)
        except Exception as error:
            raise TraceError(
                f"{_described(node)} cannot work on images of shape {tuple(images.shape[1:])}: "
                f"{_first_line(error)}. Try another input_shape (channel, row, col)."
            ) from error
        interpreter.env[node] = value
        overwrote = tuple(n for n, versions in before if _versions(outcomes[n].value) != versions)
        outcomes[node] = Outcome(value, overwrote)
    return outcomes


def _versions(value: Any) -> list[int]:
    """Return how often each tensor in ``value`` has been written to."""
    return [leaf._version for leaf in tree_leaves(value) if isinstance(leaf, Tensor)]


def _described(node: fx.Node) -> str:
    kind = "module" if node.op == "call_module" else "node"
    return f"{kind} {str(node.target) if kind == 'module' else node.name!r}"


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")

"""Networks that cannot be traced: what hooks on their modules see."""

from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from cnnvis.errors import TraceError
from cnnvis.network.copying import shared
from cnnvis.network.graph import IMAGE, SCORES, Network, Node, operation_of
from cnnvis.network.rehearsal import on_some_images, shape_of
from cnnvis.network.running import first_tensor, leaves, watched
from cnnvis.network.tracing import trace, unwrapped


def open(model: nn.Module, *, input_shape: tuple[int, ...] = (3, 224, 224)) -> Network:
    """Return the graph of ``model``, or what hooks see of it where it cannot be traced.

    Through hooks, :func:`record` and the gradients work, for modules; receptive fields are not
    known (None), and nothing can be backtracked or folded. ``untraceable`` says why.

    Raises:
        TraceError: the model cannot even run on images of ``input_shape``.
    """
    try:
        return trace(model, input_shape=input_shape)
    except TraceError as error:
        return _observed(shared(unwrapped(model)), tuple(input_shape), str(error))


def _observed(copy: nn.Module, input_shape: tuple[int, ...], why: str) -> Network:
    modules = leaves(copy)
    nodes = {IMAGE: Node(IMAGE, IMAGE, shape=input_shape)}
    for name, shape in _shapes(copy, input_shape).items():
        module = modules.get(name.split(":")[0])
        op = SCORES if module is None else operation_of(module)
        nodes[name] = Node(name, op, module=module, shape=shape)
    return Network(
        nodes=MappingProxyType(nodes),
        graph=None,
        model=copy,
        image=IMAGE,
        scores=SCORES,
        input_shape=input_shape,
        untraceable=why,
    )


def _shapes(copy: nn.Module, input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...] | None]:
    """Return the shape of every module's output, in the order of execution, the scores last."""
    try:
        return on_some_images(copy, input_shape, _seen)
    except Exception as error:
        raise TraceError(
            f"{type(copy).__name__} cannot run on images of shape {input_shape}: {error}. "
            "Try another input_shape (channel, row, col)."
        ) from error


@torch.no_grad()
def _seen(model: nn.Module, images: Tensor) -> dict[str, tuple[int, ...] | None]:
    shapes: dict[str, tuple[int, ...] | None] = {}

    def see(name: str, _: Any, output: Any) -> Any:
        shapes[name] = shape_of(output)
        return output

    with watched(model, see):
        scores = first_tensor(model(images))
    return {**shapes, SCORES: shape_of(scores)}

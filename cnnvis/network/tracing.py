"""From a model to a graph of named operations, by ``torch.fx``."""

from collections import Counter
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, fx, nn

from cnnvis.errors import TraceError
from cnnvis.network.copying import shared
from cnnvis.network.graph import CONSTANT, IMAGE, Network, Node, Ref, operation_of
from cnnvis.network.receptive import with_fields
from cnnvis.network.rehearsal import Rehearsed, rehearse, shape_of
from cnnvis.network.rewriting import out_of_place
from cnnvis.network.running import is_leaf, numbered

_ADVICE = (
    "Tracing needs a forward pass that takes the same way for every image. Use network.open(): it "
    "falls back to hooks on modules, with which recording and gradients work (backtracking does "
    "not). Or mark the function that looks into the data with torch.fx.wrap."
)


def trace(model: nn.Module, *, input_shape: tuple[int, ...] = (3, 224, 224)) -> Network:
    """Return the graph of ``model`` in eval mode for images of shape ``input_shape``, no batch.

    The model itself is neither run nor changed: tracing happens on a copy that shares its weights.
    Operations that write in place are replaced by those that do not, so that what is recorded
    behind a layer is what the layer gave. Move a model to its device before tracing it.

    Raises:
        TraceError: the way through the model depends on the data, or it cannot take such images;
            the message names the module or node.

    >>> net = trace(nn.Sequential(nn.Conv2d(3, 8, 5, padding=2), nn.ReLU(inplace=True)))
    >>> net.layers, net.nodes["1"].inputs, net.node("1").shape
    (('0', '1'), ('0',), (8, 224, 224))
    """
    copy = shared(unwrapped(model))
    graph = _traced(copy)
    rehearsed = rehearse(copy, graph, input_shape)
    out_of_place(graph, copy, rehearsed)
    names = _names(graph)
    nodes = {
        names[fx_node]: _node(fx_node, names, copy, rehearsed)
        for fx_node in graph.nodes
        if fx_node.op != "output"
    }
    return Network(
        nodes=MappingProxyType(with_fields(nodes)),
        graph=graph,
        model=copy,
        image=IMAGE,
        scores=names[_scores(graph)],
        input_shape=tuple(input_shape),
    )


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the model inside the wrappers that torch.compile and data parallelism put around."""
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return unwrapped(model.module)
    inner = getattr(model, "_orig_mod", None)
    return unwrapped(inner) if isinstance(inner, nn.Module) else model


class _Tracer(fx.Tracer):
    """Follows a symbolic image, and remembers the module in which it got lost."""

    def __init__(self) -> None:
        super().__init__()
        self.lost_in = ""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return is_leaf(m)

    def create_args_for_root(
        self, root_fn: Callable[..., Any], is_module: bool, concrete_args: Any = None
    ) -> tuple[Callable[..., Any], list[Any]]:
        """Give the model one image and leave its other arguments at their defaults."""
        return root_fn, [self.root, self.create_proxy("placeholder", IMAGE, (), {})]

    def call_module(
        self,
        m: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        try:
            return super().call_module(m, forward, args, kwargs)
        except Exception:
            self.lost_in = self.lost_in or f"module {self.path_of_module(m)!r}"
            raise


def _traced(copy: nn.Module) -> fx.Graph:
    tracer = _Tracer()
    try:
        with torch.no_grad():
            return tracer.trace(copy)
    except Exception as error:
        where = tracer.lost_in or "its forward()"
        name = type(copy).__name__
        raise TraceError(f"cannot trace {name}: lost in {where}: {error}. {_ADVICE}") from error


def _names(graph: fx.Graph) -> dict[fx.Node, str]:
    """Return a name for each node: modules take their paths first, functions what is left."""
    names: dict[fx.Node, str] = {}
    taken: Counter[str] = Counter()
    for wants_path in (True, False):
        for node in graph.nodes:
            if node.op == "output" or (node.op == "call_module") != wants_path:
                continue
            wish = str(node.target) if wants_path else node.name
            taken[wish] += 1
            names[node] = numbered(wish, taken[wish])
    return names


def _node(node: fx.Node, names: dict[fx.Node, str], copy: nn.Module, seen: Rehearsed) -> Node:
    module = copy.get_submodule(str(node.target)) if node.op == "call_module" else None
    shape = shape_of(seen[node].value)
    if node.op == "placeholder":
        return Node(names[node], IMAGE, shape=shape)
    if node.op == "get_attr":
        return Node(names[node], CONSTANT, args=(_attribute(copy, str(node.target)),))
    args: Any = fx.node.map_arg(node.args, lambda other: Ref(names[other]))
    kwargs: Any = fx.node.map_arg(node.kwargs, lambda other: Ref(names[other]))
    return Node(
        name=names[node],
        op=node.target if module is None else operation_of(module),
        inputs=tuple(names[other] for other in node.all_input_nodes),
        args=args,
        kwargs=kwargs,
        module=module,
        shape=shape,
    )


def _attribute(copy: nn.Module, path: str) -> Any:
    value: Any = copy
    for part in path.split("."):
        value = getattr(value, part)
    return value.detach() if isinstance(value, Tensor) else value


def _scores(graph: fx.Graph) -> fx.Node:
    """Return the node that the output is, or the first of several (the others are auxiliary)."""
    given = [other for node in graph.nodes if node.op == "output" for other in node.all_input_nodes]
    if not given:
        raise TraceError("the network returns nothing that depends on the image")
    scores: fx.Node = given[0]
    return scores

"""Run a network up to the last layer that is wanted, and change what flows on the way.

This is the one place where a network computes. A :data:`Tap` sits behind a layer: it is given what
went into the layer and what came out, and returns what the rest of the network reads.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, fx, nn
from torch.utils._pytree import tree_leaves

from cnnvis.errors import LayerError, NetworkError
from cnnvis.network.graph import CONSTANT, IMAGE, SCORES, Network, Node, Ref

Tap = Callable[[Any, Any], Any]
Seen = Callable[[str, Any, Any], Any]


def run(
    net: Network, images: Tensor, wanted: Iterable[str], taps: Mapping[str, Tap] | None = None
) -> dict[str, Any]:
    """Return the outputs of the ``wanted`` nodes, computing nothing that none of them needs.

    Raises:
        LayerError: there is no such layer, or these images did not lead through it (possible only
            where hooks see the network: in a traced one there are no branches to choose from).
    """
    names = frozenset(net.node(name).name for name in wanted)
    if net.graph is None:
        return _observe(net, images, names, taps or {})
    return _evaluate(needed(net.nodes, names), images, names, taps or {})


def resume(
    net: Network,
    images: Tensor,
    known: Mapping[str, Any],
    wanted: Iterable[str],
    taps: Mapping[str, Tap] | None = None,
) -> dict[str, Any]:
    """Return what :func:`run` does, where the outputs of some nodes for these images are ``known``.

    Nothing that only these depend on is computed again. A tap behind a known node is given None for
    what went in, and what it returns flows on; ``known`` itself is left as it is.

    Raises:
        LayerError: there is no such layer, or only hooks see the network, which has no inside to
            begin at.
    """
    if net.graph is None:
        raise LayerError(
            f"a network that only hooks can see runs from the image on ({net.untraceable})"
        )
    names = frozenset(net.node(name).name for name in wanted)
    return _evaluate(needed(net.nodes, names, known), images, names, taps or {}, known)


def needed(
    nodes: Mapping[str, Node], wanted: Iterable[str], known: Iterable[str] = ()
) -> list[Node]:
    """Return the ``wanted`` nodes and all they depend on, in the order of execution.

    What only the ``known`` nodes depend on is left out.
    """
    take, given = set(wanted), frozenset(known)
    for name in reversed(list(nodes)):
        if name in take and name not in given:
            take.update(nodes[name].inputs)
    return [node for name, node in nodes.items() if name in take]


def _evaluate(
    nodes: Sequence[Node],
    images: Tensor,
    wanted: frozenset[str],
    taps: Mapping[str, Tap],
    known: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Compute ``nodes`` one by one, letting go of each value after its last use."""
    given = known or {}
    inputs = {node.name: () if node.name in given else node.inputs for node in nodes}
    last_use = {name: node.name for node in nodes for name in inputs[node.name]}
    values: dict[str, Any] = {}
    for node in nodes:
        value = given[node.name] if node.name in given else _call(node, values, images)
        if node.name in taps:
            first = inputs[node.name][:1]
            value = taps[node.name](values[first[0]] if first else None, value)
        values[node.name] = value
        for name in inputs[node.name]:
            if last_use[name] == node.name and name not in wanted:
                del values[name]
    return {node.name: values[node.name] for node in nodes if node.name in wanted}


def _call(node: Node, values: Mapping[str, Any], images: Tensor) -> Any:
    if node.op == IMAGE:
        return images
    if node.op == CONSTANT:
        return node.args[0]

    def filled(leaf: Any) -> Any:
        return values[leaf] if isinstance(leaf, Ref) else leaf

    args = fx.node.map_aggregate(node.args, filled)
    kwargs = fx.node.map_aggregate(dict(node.kwargs), filled)
    if node.module is not None:
        return node.module(*args, **kwargs)
    if isinstance(node.op, str):
        return getattr(args[0], node.op)(*args[1:], **kwargs)
    return node.op(*args, **kwargs)


class _Enough(BaseException):
    """Ends a forward pass in which everything wanted has been seen; no model may catch it."""


def _observe(
    net: Network, images: Tensor, wanted: frozenset[str], taps: Mapping[str, Tap]
) -> dict[str, Any]:
    """Run the model under hooks until all that is wanted has been seen."""
    found: dict[str, Any] = {IMAGE: images} if IMAGE in wanted else {}

    def see(name: str, inputs: Any, output: Any) -> Any:
        if name in taps:
            output = taps[name](inputs, output)
        if name in wanted:
            found[name] = output
        if len(found) == len(wanted):
            raise _Enough
        return output

    if len(found) < len(wanted):
        try:
            with watched(net.model, see):
                scores = first_tensor(net.model(images.clone()))  # a model may write to its input
            found |= {SCORES: scores} if SCORES in wanted else {}
        except _Enough:
            pass
    missing = [name for name in wanted if name not in found]
    if missing:
        raise LayerError(
            f"these images did not lead through {sorted(missing)}; choose other layers"
        )
    return {name: found[name] for name in net.nodes if name in wanted}


@contextmanager
def watched(model: nn.Module, see: Seen) -> Iterator[None]:
    """Call ``see(node name, input, output)`` after each leaf module; what it returns flows on."""
    calls: Counter[str] = Counter()

    def hook_of(path: str) -> Callable[..., Any]:
        def hook(_: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
            calls[path] += 1
            inputs = next(iter((*args, *kwargs.values())), None)
            return see(numbered(path, calls[path]), inputs, output)

        return hook

    handles = [
        module.register_forward_hook(hook_of(path), with_kwargs=True)
        for path, module in leaves(model).items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def numbered(path: str, call: int) -> str:
    """Return the name of the node for the nth call of a module: ``relu``, ``relu:2`` ...

    >>> numbered("relu", 1), numbered("relu", 2)
    ('relu', 'relu:2')
    """
    return path if call == 1 else f"{path}:{call}"


def is_leaf(module: nn.Module) -> bool:
    """Tell whether a module computes as one of torch's own does, and so is one operation."""
    forward = vars(module).get("forward", type(module).forward)
    own = getattr(forward, "__module__", "").startswith(("torch.nn.", "torch.ao.nn."))
    holders = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    return own and forward is not nn.Module.forward and not isinstance(module, holders)


def leaves(model: nn.Module) -> dict[str, nn.Module]:
    """Return the modules inside ``model`` that are one operation, by path."""
    found: dict[str, nn.Module] = {}
    for path, module in model.named_modules():
        inside = not path or any(path.startswith(f"{leaf}.") for leaf in found)
        if not inside and (is_leaf(module) or not any(module.children())):
            found[path] = module
    return found


def first_tensor(output: Any) -> Tensor:
    """Return the first tensor of what a model returns (a tensor, or a tuple or dict of them).

    Raises:
        NetworkError: there is none.
    """
    for leaf in tree_leaves(output):
        if isinstance(leaf, Tensor):
            return leaf
    raise NetworkError(f"the network returns a {type(output).__name__} without a tensor in it")

"""The rules of backtracking: one function for each kind of operation.

A rule says which points of its inputs explain given points of its node. The walk knows no
operation, a rule knows no other. ``docs/how-to/add-a-backtracking-rule.md`` shows how to add one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cnnvis.backtrack.options import Options
from cnnvis.backtrack.points import Points
from cnnvis.backtrack.record import Record
from cnnvis.errors import BacktrackError
from cnnvis.network.graph import Node, Ref

HOW_TO = "docs/how-to/add-a-backtracking-rule.md"

Follow = Callable[[Node, Record, Points, Options], Mapping[str, Points]]


@dataclass(frozen=True)
class Rule:
    """A rule's function, and whether it reads the activations of its node's inputs."""

    follow: Follow
    reads: bool


RULES: dict[Any, Rule] = {}
"""Operation -> rule. The key is what :class:`cnnvis.network.Node` calls ``op``: a module's type, a
function, or a method's name; or a function's full dotted name, where importing it is too much."""


def rule(*ops: Any, reads: bool = True) -> Callable[[Follow], Follow]:
    """Register the decorated function as the rule of the operations ``ops``.

    A rule takes ``(node, record, points, options)`` and returns input name -> points. The weight of
    its points may be split among new ones, moved or dropped (it is then counted as lost), and never
    grow. Index columns are those of the node's output without the batch.

    Args:
        ops: module types, functions, method names, dotted names of functions.
        reads: whether the rule looks at the activations of its node's inputs; those are recorded.

    A later rule takes the place of an earlier one of the same operation.
    """

    def register(follow: Follow) -> Follow:
        RULES.update(dict.fromkeys(ops, Rule(follow, reads)))
        return follow

    return register


def find(node: Node) -> Rule:
    """Return the rule of a node.

    A subclass of a layer has no rule until it is given one: it may compute something else.

    Raises:
        BacktrackError: its operation has no rule.
    """
    known = lookup(node)
    if known is None:
        raise BacktrackError(
            f"no backtracking rule for {_op_name(node.op)} at node {node.name!r} (it reads "
            f"{', '.join(map(repr, node.inputs)) or 'nothing'}); {HOW_TO} shows how to add one in "
            "a few lines"
        )
    return known


def lookup(node: Node) -> Rule | None:
    """Return the rule of a node, None where there is none."""
    return RULES.get(node.op) or RULES.get(_op_name(node.op))


def arguments(node: Node, *names: str) -> dict[str, Any]:
    """Return a function call's arguments after the first, by name, as far as they were given.

    Args:
        node: a node that is a call of a function or a method.
        names: the names of its parameters after the first, in their order.
    """
    return dict(zip(names, node.args[1:], strict=False)) | {
        name: value for name, value in node.kwargs.items() if name in names
    }


def settings(node: Node, *names: str) -> dict[str, Any]:
    """Return the settings of a layer: a module's attributes, or a function's arguments.

    Raises:
        BacktrackError: one of them is computed in the network.
    """
    if node.module is not None:
        return {name: getattr(node.module, name) for name in names}
    given = arguments(node, *names)
    for name, value in given.items():
        parts = value if isinstance(value, tuple | list) else (value,)
        if any(isinstance(part, Ref) for part in parts):
            raise refusal(node, f"its {name} is computed in the network, and not a fixed number")
    return given


def refusal(node: Node, why: str) -> BacktrackError:
    """Return the error that says what a rule cannot do at a node."""
    return BacktrackError(
        f"backtracking cannot pass node {node.name!r} ({node.kind}): {why}; {HOW_TO} shows how to "
        "give the operation a rule of your own"
    )


def _op_name(op: Any) -> str:
    """Return the dotted name of an operation."""
    if isinstance(op, str):
        return op
    name = getattr(op, "__name__", repr(op))
    module = getattr(op, "__module__", None)
    return f"{module}.{name}" if module else str(name)

"""Milestones: the few nodes of a walk at which it is shown, from the input to its beginning."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from math import prod

Shape = tuple[int, ...]


def milestones(
    visited: Mapping[str, int], shapes: Mapping[str, Shape | None], layers: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the nodes that show a walk: maps of every size, and vectors of every length.

    Of the maps, the last ones of each size, sizes that grow again (padding) left out, and those of
    the ``layers``; the first of all nodes is the input itself. Of the vectors (maps of one place
    are vectors, too), the last one of each length and number of points.

    Args:
        visited: node -> how many points came there.
        shapes: node -> shape of its output for one image; all that were visited, in the order of
            execution.
        layers: nodes to show in any case, if they were visited and have rows and columns.

    >>> shapes = {"image": (3, 8, 8), "conv": (4, 8, 8), "pool": (4, 4, 4), "fc": (10,)}
    >>> milestones({"image": 5, "conv": 5, "pool": 5, "fc": 1}, shapes)
    ('image', 'conv', 'pool', 'fc')
    """
    known = {node: shape for node, shape in shapes.items() if shape is not None}
    wanted = {next(iter(known)), *_maps(known), *_vectors(known, visited)}
    wanted |= {node for node in layers if node in known and has_maps(known[node])}
    return tuple(node for node in known if node in wanted)


def has_maps(shape: Shape) -> bool:
    """Tell whether an output has rows and columns.

    >>> has_maps((64, 7, 7)), has_maps((64, 1, 1)), has_maps((64,))
    (True, False, False)
    """
    return len(shape) == 3 and prod(shape[1:]) > 1


def _maps(shapes: Mapping[str, Shape]) -> set[str]:
    """Return the last node of each size of maps, as long as sizes shrink."""
    last: dict[Shape, str] = {}
    for node, shape in shapes.items():
        size = shape[1:]
        if has_maps(shape) and (size in last or all(prod(size) < prod(known) for known in last)):
            last[size] = node
    return set(last.values())


def _vectors(shapes: Mapping[str, Shape], visited: Mapping[str, int]) -> set[str]:
    """Return the last of neighbouring vectors that have one length and one number of points."""
    vectors = [node for node, shape in shapes.items() if prod(shape) == shape[0]]
    runs = groupby(vectors, key=lambda node: (shapes[node][0], visited[node]))
    return {list(run)[-1] for _, run in runs}

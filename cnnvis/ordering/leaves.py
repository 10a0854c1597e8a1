"""The best order of the leaves of a tree: alike ones next to each other.

Bar-Joseph, Gifford and Jaakkola, "Fast optimal leaf ordering for hierarchical clustering",
Bioinformatics 17 (2001): of all orders that flipping the branches of a tree can give, the one with
the shortest sum of distances between neighbours, exactly.

The leaves are renumbered first, so that every branch holds a range of them: then all that a step
of the search reads and writes are rectangles of two matrices, and nothing is copied to find them.
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

_AT_ONCE = 1 << 13
"""Sums that are formed at once; more of them leave the nearest cache and are slower, not faster."""


def shortest_chain(distance: Matrix) -> NDArray[np.intp]:
    """Return the leaves of the average-linkage tree of (leaf, leaf) distances, in their best order.

    >>> place = np.array([0.0, 5.0, 1.0, 6.0])
    >>> shortest_chain(np.abs(place[:, None] - place[None, :])).tolist()
    [0, 2, 1, 3]
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    if len(distance) == 1:
        return np.zeros(1, np.intp)
    tree = linkage(squareform(distance, checks=False), "average")
    return best_order(distance, tree[:, :2].astype(np.intp))


def best_order(distance: Matrix, tree: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the leaves of a tree in the order with the shortest sum of neighbouring distances.

    ``tree`` lists the joins, (join, 2): node ``n + i`` joins the two nodes in row ``i``; the nodes
    below ``n`` are the leaves. Cubic in time, no recursion; beside ``distance`` no more than three
    matrices of its size are held.
    """
    n = len(distance)
    spans = _spans(tree, n)
    leaf = np.empty(n, np.intp)
    leaf[spans[:n, 0]] = np.arange(n)
    step = distance[np.ix_(leaf, leaf)]
    # best[i, j]: the shortest path from i to j through all leaves of the smallest branch with both.
    best = np.zeros((n, n))
    for a, b in tree:
        (start, _, middle), (_, _, end) = spans[a], spans[b]
        path = _through(best, spans[a], step[start:middle, middle:end])
        path = _through(best, spans[b], path.T)
        best[middle:end, start:middle] = path
        best[start:middle, middle:end] = path.T
    return leaf[_walk(best, step, tree, spans)]


def _spans(tree: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """Return (node, 3): where the leaves of each node start, where its second branch does, the end.

    A leaf has no second branch: its middle is its end.
    """
    size = np.ones(n + len(tree), np.intp)
    for node, (a, b) in enumerate(tree, n):
        size[node] = size[a] + size[b]
    start = np.zeros_like(size)
    middle = np.ones_like(size)
    for node in range(len(size) - 1, n - 1, -1):
        a, b = tree[node - n]
        start[a] = start[node]
        start[b] = middle[node] = start[node] + size[a]
    middle[:n] = start[:n] + 1
    return np.stack([start, middle, start + size], axis=1)


def _through(best: Matrix, span: NDArray[np.intp], onward: Matrix) -> Matrix:
    """Return (leaf, goal): the least cost from each leaf of a branch, through all of it, to a goal.

    ``onward`` (leaf, goal) is the cost from the leaf where the path through the branch ends. That
    leaf is on the other side of the branch than the one where the path starts.
    """
    start, middle, end = span
    if middle == end:  # a leaf
        return onward
    half = middle - start
    cost = np.empty(onward.shape)
    _min_plus(best[start:middle, middle:end], onward[half:], cost[:half])
    _min_plus(best[middle:end, start:middle], onward[:half], cost[half:])
    return cost


def _min_plus(a: Matrix, b: Matrix, out: Matrix) -> None:
    """Put the smallest of ``a[i, k] + b[k, j]`` over ``k`` into ``out[i, j]``."""
    rows, (inner, cols) = len(a), b.shape
    if rows * inner * cols <= _AT_ONCE:
        np.min(a[:, :, None] + b[None], axis=1, out=out)
    elif inner <= min(rows, cols):
        np.add(a[:, :1], b[0], out=out)
        for k in range(1, inner):
            np.minimum(out, a[:, k : k + 1] + b[k], out=out)
    elif rows <= cols:
        for i in range(rows):
            np.min(a[i][:, None] + b, axis=0, out=out[i])
    else:
        turned = np.ascontiguousarray(b.T)
        for j in range(cols):
            np.min(a + turned[j], axis=1, out=out[:, j])


def _walk(
    best: Matrix, step: Matrix, tree: NDArray[np.intp], spans: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Follow the shortest path of the whole tree down to its leaves."""
    n = len(step)
    _, middle, _ = spans[-1]
    i, j = np.unravel_index(np.argmin(best[:middle, middle:]), (middle, n - middle))
    order: list[int] = []
    todo = [(len(spans) - 1, int(i), int(j + middle))]
    while todo:
        node, first, last = todo.pop()
        if node < n:
            order.append(first)
            continue
        a, b = map(int, tree[node - n])
        if first >= spans[node, 1]:
            a, b = b, a
        ends, starts = _opposite(spans[a], first), _opposite(spans[b], last)
        cost = best[first, ends][:, None] + step[ends, starts] + best[starts, last]
        i, j = np.unravel_index(np.argmin(cost), cost.shape)
        todo.append((b, int(starts.start + j), last))
        todo.append((a, first, int(ends.start + i)))
    return np.array(order, np.intp)


def _opposite(span: NDArray[np.intp], leaf: int) -> slice:
    """Return where a path through a branch may end that starts at this leaf of it."""
    start, middle, end = span
    if middle == end or leaf >= middle:
        return slice(start, middle)
    return slice(middle, end)

"""The best order of the leaves of a tree: alike ones next to each other.

Bar-Joseph, Gifford and Jaakkola, "Fast optimal leaf ordering for hierarchical clustering",
Bioinformatics 17 (2001): of all orders that flipping the branches of a tree can give, the one with
the shortest sum of distances between neighbours, exactly.
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Leaves = NDArray[np.intp]
Branch = tuple[Leaves, Leaves]


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
    below ``n`` are the leaves. Cubic in time, quadratic in memory, no recursion.
    """
    n = len(distance)
    leaf = np.arange(n)
    # sides[v]: (leaves where a path through v may start, leaves where it then ends)
    sides: list[list[Branch]] = [[(leaf[i : i + 1], leaf[i : i + 1])] for i in range(n)]
    # best[i, j]: the shortest path from i to j through all leaves of the smallest branch with both.
    best = np.zeros((n, n))
    for a, b in tree:
        _join(best, distance, sides[a], sides[b])
        left, right = _leaves(sides[a]), _leaves(sides[b])
        sides.append([(left, right), (right, left)])
    return _walk(best, distance, tree, sides)


def _join(best: Matrix, distance: Matrix, left: list[Branch], right: list[Branch]) -> None:
    """Fill in the shortest paths from any leaf of one branch to any leaf of the other."""
    for start, inner_left in left:
        for end, inner_right in right:
            across = distance[np.ix_(inner_left, inner_right)]
            path = _min_plus(best[np.ix_(start, inner_left)], across)
            path = _min_plus(path, best[np.ix_(inner_right, end)])
            best[np.ix_(start, end)] = path
            best[np.ix_(end, start)] = path.T


def _walk(
    best: Matrix, distance: Matrix, tree: NDArray[np.intp], sides: list[list[Branch]]
) -> NDArray[np.intp]:
    """Follow the shortest path of the whole tree down to its leaves."""
    n = len(distance)
    (left, right), _ = sides[-1]
    i, j = np.unravel_index(np.argmin(best[np.ix_(left, right)]), (len(left), len(right)))
    order: list[int] = []
    todo = [(len(sides) - 1, int(left[i]), int(right[j]))]
    while todo:
        node, first, last = todo.pop()
        if node < n:
            order.append(first)
            continue
        a, b = (int(child) for child in tree[node - n])
        if first not in _leaves(sides[a]):
            a, b = b, a
        ends, starts = _opposite(sides[a], first), _opposite(sides[b], last)
        cost = (
            best[first, ends][:, None]
            + distance[np.ix_(ends, starts)]
            + best[starts, last][None, :]
        )
        i, j = np.unravel_index(np.argmin(cost), cost.shape)
        todo.append((b, int(starts[j]), last))
        todo.append((a, first, int(ends[i])))
    return np.array(order, np.intp)


def _leaves(sides: list[Branch]) -> Leaves:
    """Return all leaves of a branch, given its sides."""
    return np.concatenate([start for start, _ in sides])


def _opposite(sides: list[Branch], leaf: int) -> Leaves:
    """Return where a path through a branch may end that starts at this leaf of it."""
    return next(end for start, end in sides if leaf in start)


def _min_plus(a: Matrix, b: Matrix) -> Matrix:
    """Return the smallest of ``a[i, k] + b[k, j]`` over ``k``, for every (i, j)."""
    if len(a) > b.shape[1]:
        return _min_plus(b.T, a.T).T
    return np.stack([(row[:, None] + b).min(axis=0) for row in a])

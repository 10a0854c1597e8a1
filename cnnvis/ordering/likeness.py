"""Orders from the correlation of every two channels, over all pixels of all images.

Correlation sees where a channel answers and not how strongly. A channel that is constant, dead for
example, has no correlation with any other: such channels come first.
"""

import numpy as np
from numpy.typing import NDArray

from cnnvis.ordering.found import Found, by_brightness, rounded, sign, sorted_by
from cnnvis.ordering.gram import EPSILON, Gram, Matrix, correlations, eigen
from cnnvis.ordering.leaves import shortest_chain
from cnnvis.ordering.sums import SCATTER, Sums


def optimal_leaf(sums: Sums) -> Found:
    """Follow the leaves of the average-linkage tree of ``1 - correlation``, in their best order.

    Of all orders that flipping the branches of the tree can give, the one with the shortest sum of
    ``1 - correlation`` between neighbours: Bar-Joseph, Gifford and Jaakkola (2001), exactly. The
    end that rises with brightness comes last; channels that correlate 1 are ties.
    """
    gram = correlations(sums.gram(SCATTER))
    # By position in order of brightness: where distances tie, numbers of channels do not decide.
    position = by_brightness(gram.brightness)
    live = np.diag(gram.products)[position] > 0
    dead, position = position[~live], position[live]
    if not position.size:
        return Found(dead)
    distance = rounded(1.0 - gram.products[np.ix_(position, position)])
    np.fill_diagonal(distance, 0.0)
    chain = shortest_chain(distance)
    if sign(np.argsort(chain).astype(np.float64), gram.brightness[position]) < 0:
        chain = chain[::-1]
    chain = _ties_by_position(chain, distance)
    return Found(np.concatenate([dead, position[chain]]))


def spectral(sums: Sums) -> Found:
    """Sort by the Fiedler vector of the affinity ``(1 + correlation) / 2``.

    It is the eigenvector of the second smallest eigenvalue of the graph Laplacian, the smoothest
    way to lay the channels along a line. Where some order makes alikeness fall steadily with the
    distance of places, it is found: Atkins, Boman and Hendrickson (1998).
    """
    gram, live = _live(sums)
    affinity = (1.0 + gram.products) / 2.0
    degree = affinity.sum(axis=1)
    laplacian = np.diag(degree) - affinity
    # The constant vector, whose eigenvalue is 0, is moved to the far end of the spectrum.
    laplacian = laplacian + 2.0 * degree.max(initial=0.0) / max(len(degree), 1)
    return sorted_by(_smoothest(laplacian, gram.brightness[live]), gram.brightness, live=live)


def pca_angle(sums: Sums) -> Found:
    """Sort by the angle in the plane of the first two components of the correlation matrix.

    Channels that point the same way are alike. The circle is cut where the gap between two
    neighbours is largest: Friendly (2002), "Corrgrams", The American Statistician 56.
    """
    gram, live = _live(sums)
    if not live.any():
        return sorted_by(np.zeros(0), gram.brightness, live=live)
    values, vectors = eigen(gram.products)
    rank = min(2, int(np.count_nonzero(values > len(values) * EPSILON * values[0])))
    plane = np.zeros((2, len(values)))
    plane[:rank] = (vectors[:, :rank] * np.sqrt(values[:rank])).T
    along, up = (part * sign(part, gram.brightness[live]) for part in plane)
    angle = rounded(np.mod(np.arctan2(up, along), 2 * np.pi))
    return sorted_by(_from_largest_gap(angle), gram.brightness, live=live)


def _live(sums: Sums) -> tuple[Gram, NDArray[np.bool_]]:
    """Return the correlations of channels that are not constant, and (channel,) which those are.

    The brightness is that of all channels.
    """
    gram = correlations(sums.gram(SCATTER))
    live = np.diag(gram.products) > 0
    return Gram(gram.products[np.ix_(live, live)], gram.brightness), live


def _ties_by_position(chain: NDArray[np.intp], distance: Matrix) -> NDArray[np.intp]:
    """Sort every run of neighbours without distance; that changes no distance along the chain."""
    run = np.cumsum(np.append(0, distance[chain[:-1], chain[1:]] > 0))
    return chain[np.lexsort((chain, run))]


def _smoothest(laplacian: Matrix, brightness: Matrix) -> Matrix:
    """Return the eigenvector (channel,) of the smallest eigenvalue.

    Where several share it, the direction among them that brightness is nearest to.
    """
    if len(laplacian) < 2:
        return np.zeros(len(laplacian))
    values, vectors = eigen(laplacian)
    shared = values <= values[-1] + len(values) * EPSILON * values[0]
    if np.count_nonzero(shared) == 1:
        return vectors[:, -1]
    among = vectors[:, shared]
    return np.asarray(among @ (among.T @ (brightness - brightness.mean())))


def _from_largest_gap(angle: Matrix) -> Matrix:
    """Return angles counted from the far side of the largest gap between two neighbours.

    >>> _from_largest_gap(np.array([0.5, 6.0, 0.0])).round(2).tolist()
    [0.78, 0.0, 0.28]
    """
    around = np.sort(angle)
    gaps = np.diff(np.append(around, around[0] + 2 * np.pi))
    start = around[(int(np.argmax(rounded(gaps))) + 1) % len(around)]
    return np.asarray(np.mod(angle - start, 2 * np.pi))

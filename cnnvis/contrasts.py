"""Do gradients of images differ by role? Intervals of norms, and permutation tests of roles.

Images are few, so nothing here takes a distribution for granted, and every result says how little
the number of images allows to be said.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import factorial, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import CnnvisError

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
Statistic = Callable[[Labels], Floats]
"""Takes ways to deal out the roles (way, image), as numbers of roles, and gives (way,) values."""

STATES = {True: "correct", False: "misclassified", None: "no label"}
"""What the network made of an image, in words."""

LEVEL = 0.95
"""How often an interval is to hold the true mean."""

RESAMPLES = 9999
"""How often images are drawn again for an interval."""

WAYS, DRAWS = 50_000, 9999
"""Up to so many ways to deal out the roles, a test takes all of them; beyond, so many draws."""

_AT_ONCE = 4096  # ways in memory


@dataclass(frozen=True)
class Group:
    """The images of one role that the network got right, or wrong: ``places`` in a stack."""

    role: str
    correct: bool | None
    places: tuple[int, ...]

    @property
    def name(self) -> str:
        """Role and state in words."""
        return f"{self.role or 'no role'}, {STATES[self.correct]}"

    @property
    def file_name(self) -> str:
        """Role and state as part of the name of a file."""
        return f"{self.role}_{STATES[self.correct]}".replace(" ", "_")


def groups(roles: Sequence[str], correct: Sequence[bool | None]) -> tuple[Group, ...]:
    """Return the images by role, in the order in which roles come, the correct ones first.

    Raises:
        CnnvisError: not one state for each role.

    >>> [group.name for group in groups(["a", "b", "a"], [False, True, True])]
    ['a, correct', 'a, misclassified', 'b, correct']
    """
    if len(roles) != len(correct):
        raise CnnvisError(f"got {len(roles)} roles and {len(correct)} states: one each per image.")
    found = []
    for role in dict.fromkeys(roles):
        for state in STATES:
            both = zip(roles, correct, strict=True)
            places = tuple(i for i, pair in enumerate(both) if pair == (role, state))
            if places:
                found.append(Group(role, state, places))
    return tuple(found)


def interval(values: ArrayLike, *, level: float = LEVEL, seed: int = 0) -> tuple[float, float]:
    """Return the bootstrap interval of a mean: BCa, bias-corrected and accelerated.

    Images are drawn again with replacement (B. Efron, Better bootstrap confidence intervals,
    Journal of the American Statistical Association 82, 1987). Of fewer than two values there is no
    interval, (NaN, NaN); of a handful, it is too short.

    Raises:
        CnnvisError: values that are not one row of finite numbers.

    >>> interval([2.0, 2.0, 2.0])
    (2.0, 2.0)
    """
    data = np.asarray(values, np.float64)
    if data.ndim != 1 or not np.isfinite(data).all():
        raise CnnvisError(f"an interval is of one row of finite numbers; got shape {data.shape}.")
    if len(data) < 2:
        return float("nan"), float("nan")
    if np.ptp(data) == 0:
        return float(data[0]), float(data[0])
    from scipy.stats import bootstrap

    found = bootstrap(
        (data,),
        np.mean,
        method="BCa",
        confidence_level=level,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


@dataclass(frozen=True)
class Outcome:
    """What came of dealing out the roles of the images in other ways.

    Attributes:
        value: of the statistic, with the roles as they are.
        p: the share of ways whose value is at least as large.
        ways: how many ways were tried.
        every: whether these are all there are; otherwise they were drawn.
        smallest: the least p that so many images can give, whatever their gradients.
    """

    value: float
    p: float
    ways: int
    every: bool
    smallest: float

    @property
    def words(self) -> str:
        """The result in words, with a warning where the images are too few for one."""
        how = f"all {self.ways}" if self.every else f"{self.ways} drawn"
        said = f"p = {self.p:.2g} ({how} ways to deal out the roles"
        if self.smallest > 1 - LEVEL:
            return (
                f"{said}): too few images to say anything, for p cannot come out below "
                f"{self.smallest:.2g}"
            )
        return f"{said}, the least p possible {self.smallest:.2g})"


def permutation_test(
    statistic: Statistic,
    labels: Sequence[int],
    *,
    most: int = WAYS,
    draws: int = DRAWS,
    seed: int = 0,
) -> Outcome:
    """Ask how often roles dealt out at random give at least the value of the roles as they are.

    All different ways are tried where there are at most ``most``, the one at hand among them; else
    ``draws`` are drawn, and p = (b + 1) / (m + 1), never zero (B. Phipson and G. K. Smyth,
    Permutation p-values should never be zero, Statistical Applications in Genetics and Molecular
    Biology 9, 2010).

    Args:
        statistic: the larger, the more the roles differ.
        labels: the number of the role of each image.
        most: where there are more ways than that, they are drawn.
        draws: how many are drawn then.
        seed: of the drawing.

    Raises:
        CnnvisError: no two roles.
    """
    own = np.asarray(labels)
    sizes = np.unique(own, return_counts=True)[1]
    if len(sizes) < 2:
        raise CnnvisError("roles are compared: a test needs images of two of them.")
    value = float(statistic(own[None])[0])
    total = factorial(len(own)) // prod(factorial(int(size)) for size in sizes)
    every = total <= most
    parts = _all_ways(own) if every else _drawn_ways(own, draws, seed)
    # Values that differ by rounding alone are the same.
    bar = value - 1e-9 * max(1.0, abs(value))
    above = sum(int(np.count_nonzero(statistic(part) >= bar)) for part in parts)
    p = above / total if every else (above + 1) / (draws + 1)
    # Roles with as many images may change their names without changing what is compared.
    alike = prod(factorial(int(count)) for count in np.unique(sizes, return_counts=True)[1])
    smallest = alike / total if every else max(alike / total, 1 / (draws + 1))
    return Outcome(value, p, total if every else draws, every, smallest)


def _all_ways(labels: Labels) -> Iterator[Labels]:
    """Yield every different way (way, image) to deal out the labels, some at a time."""
    kinds, sizes = np.unique(labels, return_counts=True)
    rows = _dealt(tuple(range(len(labels))), kinds.tolist(), sizes.tolist(), [0] * len(labels))
    while some := list(islice(rows, _AT_ONCE)):
        yield np.array(some)


def _dealt(
    free: tuple[int, ...], kinds: list[int], sizes: list[int], so_far: list[int]
) -> Iterator[list[int]]:
    """Yield every way to give the first kind to some of the free places, the others to the rest."""
    if not kinds:
        yield list(so_far)
        return
    for chosen in combinations(free, sizes[0]):
        for place in chosen:
            so_far[place] = kinds[0]
        rest = tuple(place for place in free if place not in chosen)
        yield from _dealt(rest, kinds[1:], sizes[1:], so_far)


def _drawn_ways(labels: Labels, draws: int, seed: int) -> Iterator[Labels]:
    """Yield ways (way, image) drawn at random, some at a time."""
    random = np.random.default_rng(seed)
    for start in range(0, draws, _AT_ONCE):
        count = min(_AT_ONCE, draws - start)
        yield random.permuted(np.tile(labels, (count, 1)), axis=1)


def within_and_between(cosines: ArrayLike, roles: Sequence[str]) -> tuple[float, float]:
    """Return the mean cosine between images of one role, and between images of two.

    NaN where there is no such pair.

    Raises:
        CnnvisError: no square matrix with one role per image.

    >>> within_and_between([[1.0, 0.5, 0.1], [0.5, 1.0, 0.3], [0.1, 0.3, 1.0]], "aab")
    (0.5, 0.2)
    """
    matrix, numbers = _checked(cosines, roles)
    same = numbers[:, None] == numbers[None, :]
    pairs = ~np.eye(len(matrix), dtype=bool)
    means = [matrix[pairs & part] for part in (same, ~same)]
    one, other = (float(part.mean()) if part.size else float("nan") for part in means)
    return one, other


def cosine_test(cosines: ArrayLike, roles: Sequence[str]) -> Outcome:
    """Test whether images of one role are more alike than images of two.

    The value is the mean cosine within roles minus that between roles.

    Raises:
        CnnvisError: no two roles, no role with two images, or no square matrix for them.
    """
    matrix, numbers = _checked(cosines, roles)
    n = len(matrix)
    sizes = np.bincount(numbers)
    inside = int((sizes * (sizes - 1)).sum())
    if not inside:
        raise CnnvisError("no role has two images, so that none can be alike within a role.")
    total = float(matrix.sum() - np.trace(matrix))

    def statistic(labels: Labels) -> Floats:
        within = np.zeros(len(labels))
        for kind in range(len(sizes)):
            member = (labels == kind).astype(float)
            within += ((member @ matrix) * member).sum(axis=1) - member @ np.diagonal(matrix)
        return np.asarray(within / inside - (total - within) / max(1, n * (n - 1) - inside))

    return permutation_test(statistic, numbers.tolist())


def norm_test(norms: ArrayLike, roles: Sequence[str]) -> Outcome:
    """Test whether the mean norms of two roles differ, in either direction.

    The value is the absolute difference of the means.

    Raises:
        CnnvisError: not exactly two roles, or not one norm per image.
    """
    values, numbers = np.asarray(norms, np.float64), _numbers(roles)
    if values.shape != numbers.shape or len(set(roles)) != 2:
        raise CnnvisError(
            "norms are compared between two roles, one role per image; got norms of shape "
            f"{values.shape} and {len(set(roles))} roles of {len(roles)} images."
        )

    def statistic(labels: Labels) -> Floats:
        second = labels.sum(axis=1)
        apart = (labels @ values) / second - ((1 - labels) @ values) / (len(values) - second)
        return np.asarray(np.abs(apart))

    return permutation_test(statistic, numbers.tolist())


def _numbers(roles: Sequence[str]) -> Labels:
    """Return the number of each image's role, in the order in which roles come."""
    kinds = list(dict.fromkeys(roles))
    return np.array([kinds.index(role) for role in roles], np.intp)


def _checked(cosines: ArrayLike, roles: Sequence[str]) -> tuple[Floats, Labels]:
    """Return a matrix (image, image) and the numbers of the roles."""
    matrix = np.asarray(cosines, np.float64)
    if matrix.shape != (len(roles), len(roles)) or not np.isfinite(matrix).all():
        raise CnnvisError(
            f"cosines are a finite matrix (image, image); got shape {matrix.shape} for "
            f"{len(roles)} images."
        )
    return matrix, _numbers(roles)

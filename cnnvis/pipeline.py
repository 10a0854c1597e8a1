"""Work that goes on beside other work, in order: the next batch is read while one is computed.

Reading, decoding and writing mostly wait for a disk, or run in libraries that let other threads of
Python work. Each of these gets a thread of its own, and hands over in the order in which it was
given: results are the same as without.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


def ahead(items: Iterable[T], *, count: int = 2) -> Generator[T]:
    """Yield the items, of which up to ``count`` are made in a thread before they are asked for.

    What making one raises is raised in its place. Where no more are taken, no more are made.

    >>> list(ahead(n * n for n in range(4)))
    [0, 1, 4, 9]
    """
    source, end = iter(items), object()
    with ThreadPoolExecutor(1) as thread:
        coming = deque(thread.submit(next, source, end) for _ in range(count))
        try:
            while (item := coming.popleft().result()) is not end:
                coming.append(thread.submit(next, source, end))
                yield item  # type: ignore[misc]  # it is not the end
        finally:
            for future in coming:
                future.cancel()


@contextmanager
def behind(call: Callable[P, None], *, count: int = 2) -> Iterator[Callable[P, None]]:
    """Yield a function that lets a thread call ``call``, in order, and returns at once.

    Where ``count`` calls wait it waits for the first of them. The block ends when all are done.
    What a call raises is raised by a later one, or at the end of the block; no call follows it.

    >>> found = []
    >>> with behind(found.append) as append:
    ...     for n in range(3):
    ...         append(n)
    >>> found
    [0, 1, 2]
    """
    waiting: deque[Future[None]] = deque()
    failed = False

    def one(*args: P.args, **kwargs: P.kwargs) -> None:
        nonlocal failed
        if not failed:
            failed = True
            call(*args, **kwargs)
            failed = False

    def later(*args: P.args, **kwargs: P.kwargs) -> None:
        if len(waiting) >= count:
            waiting.popleft().result()
        waiting.append(thread.submit(one, *args, **kwargs))

    with ThreadPoolExecutor(1) as thread:
        yield later
        for future in waiting:
            future.result()

"""Long work shows itself: how much is done, how fast, and how long the rest will take.

Functions that work long take a :data:`Watch`, something to pass what they go through by.
:class:`Lines` writes plain lines, which logs, clusters and several jobs at once can show; a bar
would overwrite itself there.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TextIO, TypeVar

T = TypeVar("T")

Watch = Callable[[Sequence[T], str], Iterable[T]]
"""Takes what is gone through and what it is, and yields the same."""

EVERY = 10.0
"""Seconds between two lines."""


def unwatched(items: Sequence[T], what: str) -> Iterable[T]:
    """Return the items, and say nothing."""
    return items


class Lines:
    """Writes a line at the beginning, every ten seconds, and at the end.

    Args:
        streams: what is written to; what Python calls ``sys.stderr`` then unless given.
        every: seconds between two lines.
        clock: seconds since some moment.

    >>> list(Lines([sys.stdout], clock=lambda: 0.0)(["a", "b"], "photos"))
    photos: 0 of 2
    photos: 2 of 2, 0 s
    ['a', 'b']
    """

    def __init__(
        self,
        streams: Sequence[TextIO] | None = None,
        *,
        every: float = EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write nothing yet."""
        self._streams, self._every, self._clock = streams, every, clock

    def __call__(self, items: Sequence[T], what: str) -> Iterator[T]:
        """Yield the items, and write lines about them on the way."""
        count, began = len(items), self._clock()
        said = began
        self._write(f"{what}: 0 of {count}")
        for done, item in enumerate(items):
            now = self._clock()
            if done and now - said >= self._every:
                said = now
                left = (now - began) / done * (count - done)
                rate = done / (now - began)
                self._write(
                    f"{what}: {done} of {count}, {rate:.2g} a second, about {_time(left)} left"
                )
            yield item
        self._write(f"{what}: {count} of {count}, {_time(self._clock() - began)}")

    def _write(self, line: str) -> None:
        for stream in [sys.stderr] if self._streams is None else self._streams:
            print(line, file=stream, flush=True)


def _time(seconds: float) -> str:
    """Return a time as people say it.

    >>> _time(12.4), _time(200)
    ('12 s', '3 min 20 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"

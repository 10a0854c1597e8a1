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
    """Writes a line every ten seconds, and one at the end if there was any; nothing of short work.

    Args:
        name: what lines begin with, such as that of a job.
        streams: what is written to; what Python calls ``sys.stderr`` then unless given.
        every: seconds between two lines.
        clock: seconds since some moment.

    >>> seconds = iter([0.0, 0.0, 30.0, 50.0])
    >>> watch = Lines("walk", [sys.stdout], clock=lambda: next(seconds))
    >>> list(watch(["a", "b"], "photos"))
    walk: photos 1 of 2, 0.033 a second, about 30 s left
    walk: photos 2 of 2 in 50 s
    ['a', 'b']
    """

    def __init__(
        self,
        name: str = "",
        streams: Sequence[TextIO] | None = None,
        *,
        every: float = EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write nothing yet."""
        self._name, self._streams = name, streams
        self._every, self._clock = every, clock

    def __call__(self, items: Sequence[T], what: str) -> Iterator[T]:
        """Yield the items, and write lines about them on the way."""
        count, began = len(items), self._clock()
        said = began
        for done, item in enumerate(items):
            now = self._clock()
            if done and now - said >= self._every:
                said, rate = now, done / (now - began)
                left = _time((count - done) / rate)
                self._write(f"{what} {done} of {count}, {_rate(rate)} a second, about {left} left")
            yield item
        if said > began:
            self._write(f"{what} {count} of {count} in {_time(self._clock() - began)}")

    def _write(self, line: str) -> None:
        for stream in [sys.stderr] if self._streams is None else self._streams:
            print(f"{self._name}: {line}" if self._name else line, file=stream, flush=True)


def _rate(rate: float) -> str:
    """Return a rate with two digits, a large one as a whole number.

    >>> _rate(0.0331), _rate(99.6), _rate(1234.5)
    ('0.033', '100', '1234')
    """
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.2g}"


def _time(seconds: float) -> str:
    """Return a time as people say it.

    >>> _time(12.4), _time(200)
    ('12 s', '3 min 20 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"

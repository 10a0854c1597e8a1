"""Where modules of a study's own are looked for, by jobs that build a network and by its digest."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def working_directory_first() -> Iterator[None]:
    """Have modules looked for in the working directory first, as own networks are."""
    place = str(Path.cwd())
    sys.path.insert(0, place)
    try:
        yield
    finally:
        with suppress(ValueError):  # what was imported has taken it away
            sys.path.remove(place)

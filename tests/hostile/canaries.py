"""Things that leave a trace when they are called, made or given a state: a file ``canary``."""

from pathlib import Path


def touch(*_):
    """Leave a trace."""
    Path("canary").touch()


class New:
    """Leaves a trace when an object of it is made."""

    def __new__(cls, *arguments, **options):
        touch()
        return super().__new__(cls)


class State:
    """Leaves a trace when an object of it is given a state."""

    def __setstate__(self, state):
        touch()


class Reduced:
    """Leaves a trace when it is unpickled."""

    def __reduce__(self):
        return touch, ("x",)

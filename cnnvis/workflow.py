"""What every thin script runs in: a job whose log keeps all that is printed."""

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from cnnvis.errors import CnnvisError


@contextlib.contextmanager
def job(log: str) -> Iterator[None]:
    """Run the body of a script with everything it prints in the rule's log.

    File descriptors are redirected, not Python's streams alone, so that what libraries print from C
    is kept too. An error meant for the user is printed as one paragraph, any other with its
    traceback; both end the script with exit code 1.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with Path(log).open("w", buffering=1, encoding="utf-8") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
        try:
            yield
        except CnnvisError as error:
            print(f"error: {error}", file=file)
            sys.exit(1)
        except Exception:
            traceback.print_exc(file=file)
            sys.exit(1)

"""Ask a vulnerability service about every pinned package: ``make audit``.

An audit that could not ask must not look like one that found nothing. So the service is first asked
about an old release that is known to be vulnerable, and every package without an answer is named.

Exit status: 0 where every package was looked up and none is vulnerable, 1 where one is, 2 where the
audit could not be done.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CONTROL = "urllib3==1.24.1"
"""A release that every such service knows to be vulnerable (CVE-2019-11324)."""

SILENCE = (
    f"the service knows nothing of {CONTROL}, which is vulnerable, so its silence about other "
    "packages would mean nothing. It cannot be reached from here, or a mirror answers for it; "
    "run make audit where the network is open."
)

CLEAN, VULNERABLE, NOT_DONE = 0, 1, 2

Dependency = Mapping[str, Any]


def asked(file: str | Path) -> list[Dependency]:
    """Return what pip-audit says of the pinned packages of a requirements file.

    Raises:
        RuntimeError: it says nothing, as where no service answers.
    """
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json"]
    command += ["--progress-spinner", "off", "--timeout", "30", "--requirement", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found: list[Dependency] = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError) as error:
        said = (run.stderr.strip().splitlines() or ["nothing"])[-1]
        raise RuntimeError(f"there is no answer about {file}; pip-audit said: {said}") from error
    return found


def answers() -> bool:
    """Tell whether the service knows what every such service knows.

    Raises:
        RuntimeError: see :func:`asked`.
    """
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder) / "control.txt"
        known.write_text(CONTROL + "\n")
        return any(one.get("vulns") for one in asked(known))


def verdict(found: Sequence[Dependency]) -> tuple[int, str]:
    """Return the exit status and the words for what was found."""
    vulnerable = [one for one in found if one.get("vulns")]
    silent = [str(one["name"]) for one in found if "skip_reason" in one]
    lines = [
        f"{one['name']} {one['version']}: {bug['id']}, mended in "
        f"{', '.join(bug['fix_versions']) or 'no release yet'}"
        for one in vulnerable
        for bug in one["vulns"]
    ]
    if silent:
        lines.append(f"AUDIT NOT COMPLETE: no answer about {', '.join(silent)}.")
    lines.append(f"{len(vulnerable)} of {len(found)} packages are known to be vulnerable.")
    status = VULNERABLE if vulnerable else NOT_DONE if silent else CLEAN
    return status, "\n".join(lines)


def main(files: Sequence[str]) -> int:
    """Audit requirements files and return the exit status."""
    try:
        if answers():
            status, words = verdict([one for file in files for one in asked(file)])
        else:
            status, words = NOT_DONE, f"AUDIT NOT DONE: {SILENCE}"
    except RuntimeError as error:
        status, words = NOT_DONE, f"AUDIT NOT DONE: {error}."
    print(words)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

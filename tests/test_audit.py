"""An audit says what it found, and says so where it could not look."""

import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
AUDIT = runpy.run_path(str(ROOT / "tools/audit.py"))
BUG = {"id": "CVE-1", "fix_versions": ["2.0"]}
KNOWN = [{"name": "urllib3", "version": "1.24.1", "vulns": [BUG]}]
GOOD = {"name": "good", "version": "1.0", "vulns": []}
BAD = {"name": "bad", "version": "1.0", "vulns": [BUG, {"id": "CVE-2", "fix_versions": []}]}
SILENT = {"name": "silent", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "control", "status", "words"),
    [
        ([GOOD], KNOWN, 0, ["0 of 1 packages"]),
        ([GOOD, BAD], KNOWN, 1, ["bad 1.0: CVE-1, mended in 2.0", "CVE-2, mended in no release"]),
        ([GOOD, SILENT], KNOWN, 2, ["NOT COMPLETE", "silent"]),
        ([BAD, SILENT], KNOWN, 1, ["NOT COMPLETE", "CVE-1"]),
        ([GOOD], [SILENT], 2, ["AUDIT NOT DONE", "1 other packages means nothing"]),
        ([GOOD], [], 2, ["AUDIT NOT DONE"]),
        ([GOOD], [GOOD], 2, ["AUDIT NOT DONE"]),
    ],
)
def test_the_verdict(found, control, status, words):
    code, text = AUDIT["verdict"](found, control)
    assert code == status
    for word in words:
        assert word in text


def test_without_pip_audit_nothing_is_claimed(tmp_path, capsys):
    """The environment of the tests does not have it: as good as no answer."""
    file = tmp_path / "some.txt"
    file.write_text("six==1.16.0\n")
    assert AUDIT["main"]([str(file)]) == 2
    assert "AUDIT NOT DONE: no vulnerability service answered" in capsys.readouterr().out
    assert "pip_audit" not in sys.modules

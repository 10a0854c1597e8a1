"""An audit says what it found, and says so where it could not look."""

import json
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
    ("found", "status", "words"),
    [
        ([GOOD], 0, ["0 of 1 packages"]),
        ([GOOD, BAD], 1, ["bad 1.0: CVE-1, mended in 2.0", "CVE-2, mended in no release"]),
        ([GOOD, SILENT], 2, ["NOT COMPLETE", "silent"]),
        ([BAD, SILENT], 1, ["NOT COMPLETE", "CVE-1"]),
    ],
)
def test_the_verdict(found, status, words):
    code, text = AUDIT["verdict"](found)
    assert code == status
    for word in words:
        assert word in text


#: What stands in for pip-audit: it answers by the name of the file it is asked about.
STAND_IN = """
import json, pathlib, sys
name = pathlib.Path(sys.argv[sys.argv.index("--requirement") + 1]).name
print(json.dumps({"dependencies": json.loads(pathlib.Path("answers.json").read_text())[name]}))
"""


@pytest.fixture
def service(tmp_path, monkeypatch):
    """Return a function that lets pip-audit answer, and gives what an audit then says."""
    (tmp_path / "pip_audit.py").write_text(STAND_IN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def audit(capsys, **answers):
        given = {f"{name}.txt": answer for name, answer in answers.items()}
        (tmp_path / "answers.json").write_text(json.dumps(given))
        return AUDIT["main"](["a.txt", "b.txt"]), capsys.readouterr().out

    return audit


def test_an_audit_asks_about_every_file(service, capsys):
    status, said = service(capsys, control=KNOWN, a=[GOOD], b=[GOOD])
    assert (status, said) == (0, "0 of 2 packages are known to be vulnerable.\n")
    status, said = service(capsys, control=KNOWN, a=[GOOD], b=[BAD])
    assert status == 1
    assert "1 of 2 packages" in said


@pytest.mark.parametrize("control", [[], [SILENT], [GOOD]])
def test_a_service_that_does_not_know_the_known_is_not_believed(service, capsys, control):
    status, said = service(capsys, control=control, a=[GOOD], b=[GOOD])
    assert status == 2
    assert said.startswith("AUDIT NOT DONE: the service knows nothing of urllib3==1.24.1")


def test_without_pip_audit_nothing_is_claimed(tmp_path, capsys):
    """The environment of the tests does not have it: as good as no answer."""
    file = tmp_path / "some.txt"
    file.write_text("six==1.16.0\n")
    assert AUDIT["main"]([str(file)]) == 2
    assert "AUDIT NOT DONE: there is no answer about" in capsys.readouterr().out
    assert "pip_audit" not in sys.modules

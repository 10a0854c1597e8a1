"""The examples of the documentation run, and its links lead somewhere."""

import doctest
import re
from pathlib import Path

import pytest

from cnnvis.backtrack import RULES

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks/README.md"])
WITH_EXAMPLES = [page for page in PAGES if ">>> " in page.read_text()]


@pytest.fixture
def rules_put_back():
    """An example that adds a rule of backtracking adds it for its own page only."""
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)


def name(page):
    return str(page.relative_to(ROOT))


def test_the_tutorial_has_examples():
    assert ROOT / "docs/tutorial/first-steps.md" in WITH_EXAMPLES


@pytest.mark.usefixtures("rules_put_back")
@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name)
def test_the_examples_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some examples write files
    result = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files(page):
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    broken = [
        target for target in targets if "://" not in target and not (page.parent / target).exists()
    ]
    assert not broken

"""The examples of the how-to page run."""

import doctest
from pathlib import Path

import pytest

from cnnvis.backtrack import RULES
from cnnvis.backtrack.rules import HOW_TO

PAGE = Path(__file__).parents[2] / HOW_TO


@pytest.fixture
def rules_put_back():
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)


@pytest.mark.usefixtures("rules_put_back")
def test_the_examples_of_the_page_run():
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 10
    assert result.failed == 0

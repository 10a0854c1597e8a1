"""Every rule says what it needs, with room over what was measured."""

import re
from pathlib import Path

import pytest
from docs.test_reference import tool

ROOT = Path(__file__).parents[2]
RULES = "\n".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))


def script(body):
    """The text of a rule's script."""
    return (ROOT / "workflow/scripts" / re.search(r"scripts/(\w+\.py)", body)[1]).read_text()


#: Rules that do something, by name; those that inherit (`use rule`) have what their model has.
WORKING = {
    name: body
    for name, body in re.findall(r"^rule (\w+):\n((?:(?:[ ].*)?\n)+)", RULES, re.MULTILINE)
    if "script:" in body
}
#: Those whose scripts run a network of the study, on a GPU if it is to.
WITH_NETWORK = {name for name, body in WORKING.items() if "inputs.read(" in script(body)}


@pytest.fixture(scope="module")
def table():
    return tool("write_resource_table")


@pytest.fixture(scope="module")
def declared(table):
    return table.declared()


def test_every_rule_declares_memory_time_and_threads():
    assert len(WORKING) > 35
    for name, body in WORKING.items():
        assert re.search(r"^    threads: \d+$", body, re.MULTILINE), name
        assert re.search(r"^        mem_mb=memory\(\d+( \+ CUDA)?\),", body, re.MULTILINE), name
        assert re.search(r"^        runtime=\d+,$", body, re.MULTILINE), name


def test_the_rules_that_run_a_network_ask_for_a_gpu_where_there_is_to_be_one():
    assert {name for name, body in WORKING.items() if "**GPU" in body} == WITH_NETWORK
    assert {name for name, body in WORKING.items() if "+ CUDA" in body} == WITH_NETWORK
    assert len(WITH_NETWORK) == 11


def test_what_is_declared_has_room_over_what_was_measured(table, declared):
    measured = table.read_table()
    assert set(measured) == set(declared)
    for rule, one in measured.items():
        asked = declared[rule]
        assert asked.memory >= table.beside() + 1.25 * one.memory, rule
        assert asked.minutes * 60 >= 10 * one.seconds, rule
        assert one.cores < asked.threads + 0.1, rule


def test_the_page_is_that_of_the_table_and_of_the_rules(table):
    assert table.PAGE.read_text() == table.page(), "run: make reference"

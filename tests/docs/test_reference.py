"""The reference pages agree with what they describe."""

import importlib.util
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_configuration_reference_is_that_of_the_schema():
    writer = tool("write_configuration_reference")
    expected = writer.page(yaml.safe_load(writer.SCHEMA.read_text()))
    assert writer.PAGE.read_text() == expected, "run: make reference"


def test_the_list_of_networks_is_that_of_the_catalogue():
    writer = tool("write_network_reference")
    assert writer.PAGE.read_text() == writer.page(), "run: make reference"


def test_the_methods_of_attribution_are_those_of_the_package():
    writer = tool("write_method_reference")
    assert writer.PAGE.read_text() == writer.page(), "run: make reference"


def test_the_options_of_backtracking_are_those_of_their_class():
    writer = tool("write_option_reference")
    assert writer.PAGE.read_text() == writer.page(), "run: make reference"


def test_the_graph_of_rules_in_the_readme_is_that_of_the_workflow():
    writer = tool("write_rule_graph")
    shown = writer.readme_edges()
    assert len(shown) > 20
    assert shown == writer.snakemake_edges(), "run: make reference"

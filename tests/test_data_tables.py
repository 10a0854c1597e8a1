"""The generated tables are what their generator would write today."""

import importlib.util
from pathlib import Path

import pytest

from cnnvis import catalogue, classes

TOOL = Path(__file__).parents[1] / "tools" / "write_data_tables.py"
ADVICE = "out of date; run: python tools/write_data_tables.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("write_data_tables", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_classes_are_torchvisions(tool):
    assert list(classes.names_of("imagenet")) == tool.class_lines(), ADVICE


def test_the_classifiers_are_torchvisions(tool):
    lines = (tool.DATA / "torchvision.tsv").read_text().splitlines()
    assert lines == tool.torchvision_lines(), ADVICE


@pytest.mark.parametrize(
    "name",
    ["squeezenet1_1", "efficientnet_lite0", "alexnet", "googlenet", "regnet_y_400mf", "vit_b_32"],
)
def test_the_layers_are_those_of_the_network(tool, name):
    assert list(catalogue.layer_table(name)) == tool.layer_rows(name), ADVICE


def test_every_network_has_its_layers_and_no_other_has():
    tables = {path.stem for path in (TOOL.parents[1] / "cnnvis/data/layers").glob("*.tsv")}
    assert tables == set(catalogue.networks())

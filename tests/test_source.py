"""The source digest sees what changes results, and nothing else."""

import ast
import sys
from pathlib import Path

import pytest

from cnnvis import source

SCRIPT = '''"""A thin script."""
from cnnvis.deep import module


def main():
    """Do it."""
    from cnnvis import lazy

    return lazy.value + module.value  # a sum
'''
MODULE = '''"""A module."""
from cnnvis.helper import help_

DATA_FILES = ("data/*.txt",)
value = help_(1)
'''


def forget():
    """Files may have changed since they were read."""
    source._read.cache_clear()
    source._files_of.cache_clear()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package of our name, so that a test may change its source."""
    root = tmp_path / "cnnvis"
    (root / "deep").mkdir(parents=True)
    (root / "data").mkdir()
    files = {
        "__init__.py": "",
        "deep/__init__.py": '"""Deep things."""\n',
        "deep/module.py": MODULE,
        "helper.py": "def help_(x):\n    return x\n",
        "lazy.py": "value = 1\n",
        "unused.py": "value = 2\n",
        "data/table.txt": "1\n",
        "data/other.bin": "1\n",
        "../script.py": SCRIPT,
    }
    for name, text in files.items():
        (root / name).write_text(text)
    monkeypatch.setattr(source, "PACKAGE", root)
    forget()
    yield root
    forget()


def digest(package):
    forget()
    return source.source_digest(package.parent / "script.py")


@pytest.mark.parametrize(
    "name",
    [
        "../script.py",
        "__init__.py",
        "deep/__init__.py",
        "deep/module.py",
        "helper.py",
        "lazy.py",
    ],
)
def test_a_change_of_code_changes_the_digest(package, name):
    before = digest(package)
    file = package / name
    file.write_text(file.read_text() + "extra = 1\n")
    assert digest(package) != before


def test_a_change_of_a_declared_data_file_changes_the_digest(package):
    before = digest(package)
    (package / "data/table.txt").write_text("2\n")
    assert digest(package) != before


@pytest.mark.parametrize("name", ["unused.py", "data/other.bin"])
def test_a_file_that_the_script_does_not_use_does_not_count(package, name):
    before = digest(package)
    (package / name).write_text("value = 3\n")
    assert digest(package) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a sum", "# the sum"),
        ('"""Do it."""', '"""Do it well."""'),
        ("\n\n\n", "\n\n\n# a comment of its own\n\n"),
    ],
)
def test_comments_docstrings_and_blank_lines_do_not_count(package, old, new):
    before = digest(package)
    script = package.parent / "script.py"
    assert old in script.read_text()
    script.write_text(script.read_text().replace(old, new, 1))
    assert digest(package) == before


def test_a_string_that_is_no_docstring_counts(package):
    script = package.parent / "script.py"
    script.write_text(script.read_text() + "\nword = 'a'\n")
    before = digest(package)
    script.write_text(script.read_text().replace("'a'", "'b'"))
    assert digest(package) != before


def test_relative_imports_are_followed(package):
    (package / "deep/module.py").write_text("from . import sister\nfrom .. import helper\n")
    (package / "deep/sister.py").write_text("value = 1\n")
    before = digest(package)
    (package / "deep/sister.py").write_text("value = 2\n")
    assert digest(package) != before


def test_every_real_script_has_a_digest_of_its_own():
    scripts = sorted((Path(__file__).parents[1] / "workflow/scripts").glob("*.py"))
    assert len(scripts) > 10
    assert len({source.source_digest(script) for script in scripts}) == len(scripts)


def test_every_declared_data_file_is_there():
    root = Path(__file__).parents[1] / "cnnvis"
    declared = 0
    for file in root.rglob("*.py"):
        for pattern in source._data_files(ast.parse(file.read_text())):
            declared += 1
            assert list(root.glob(pattern)), f"{file.name} declares {pattern}"
    assert declared


def test_the_digest_of_an_own_architecture_follows_its_module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "my_networks_for_a_test.py"
    module.write_text("def small():\n    return 1\n")
    before = source.module_digest("my_networks_for_a_test:small")
    module.write_text("def small():\n    return 2\n")
    assert before != source.module_digest("my_networks_for_a_test:small") != ""
    assert source.module_digest("alexnet") == ""
    assert source.module_digest("no_such_module_anywhere:small") == ""


@pytest.mark.parametrize(
    ("file", "architecture"),
    [
        ("my_net_for_a_test.py", "my_net_for_a_test:small"),
        ("my_package_for_a_test/__init__.py", "my_package_for_a_test:small"),
        ("my_package_for_a_test/deep/net.py", "my_package_for_a_test.deep.net:small"),
    ],
)
def test_an_own_architecture_is_looked_for_in_the_working_directory_first(
    tmp_path, monkeypatch, file, architecture
):
    """As jobs do; with --directory, Snakemake does not have that on its path."""
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for folder in (here, elsewhere):
        (folder / file).parent.mkdir(parents=True)
        (folder / file).write_text(f"def small():\n    return {folder.name!r}\n")
    monkeypatch.chdir(here)
    monkeypatch.syspath_prepend(elsewhere)
    path, modules = list(sys.path), set(sys.modules)
    before = source.module_digest(architecture)
    (here / file).write_text("def small():\n    return 2\n")
    assert "" != before != source.module_digest(architecture) != ""
    (elsewhere / file).write_text("def small():\n    return 3\n")
    monkeypatch.chdir(elsewhere)
    assert source.module_digest(architecture) not in (before, "")
    assert sys.path == path
    assert set(sys.modules) == modules, "nothing of it was run"


def test_an_own_architecture_that_is_no_python_is_left_to_the_job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_broken_net_for_a_test.py").write_text("def small(:\n")
    assert source.module_digest("my_broken_net_for_a_test:small") == ""
    for name in ("my_broken_net_for_a_test.gone:small", "a..b:small", ":small", ".a:small"):
        assert source.module_digest(name) == ""


def test_the_digest_of_a_network_of_caffe_is_that_of_its_description(tmp_path):
    file = tmp_path / "deploy.prototxt"
    assert source.module_digest(f"caffe:{file}") == ""
    file.write_text("name: 'one'")
    before = source.module_digest(f"caffe:{file}")
    file.write_text("name: 'two'")
    assert "" != before != source.module_digest(f"caffe:{file}") != ""

"""The recipes for containers do what the Makefile does, copy what a run needs, and are no root."""

import re
import shutil
from pathlib import Path

import pytest

from workflow import runs

ROOT = Path(__file__).parents[1]


def instructions():
    """The pairs (word, rest) of the Containerfile, comments and line breaks aside."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def of(word):
    return [rest for name, rest in instructions() if name == word]


def sections():
    """The sections of the Apptainer definition: name -> lines; the head is ''."""
    found, name = {"": []}, ""
    for line in (ROOT / "apptainer.def").read_text().splitlines():
        if line.startswith("%"):
            name = line[1:].strip()
            found[name] = []
        elif line.strip() and not line.startswith("#"):
            found[name].append(line.strip())
    return found


def installations(text):
    """What pip is told to install, without how quietly."""
    asked = re.findall(r"-m pip install ((?:(?!&&).)*)", text)
    quiet = {"--no-cache-dir", "--quiet", "--disable-pip-version-check"}
    return [[word for word in one.split() if word not in quiet] for one in asked]


def test_the_containerfile_has_only_words_that_there_are():
    known = {"ARG", "FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "ENTRYPOINT", "CMD"}
    assert {word for word, _ in instructions()} <= known
    assert [word for word, _ in instructions()][:2] == ["ARG", "FROM"]


def test_the_base_is_pinned_and_the_same_for_both():
    (base,) = [rest.removeprefix("BASE=") for rest in of("ARG") if rest.startswith("BASE=")]
    assert of("FROM") == ["${BASE}"]
    assert re.search(r":\d+\.\d+\.\d+-slim-[a-z]+$|@sha256:[0-9a-f]{64}$", base)
    assert sections()[""] == ["Bootstrap: docker", f"From: {base}"]


def test_packages_are_installed_as_by_make():
    every = installations((ROOT / "Makefile").read_text())
    made = [one for one in every if "requirements-audit.lock" not in one]  # of another environment
    assert len(made) == 3
    assert "--require-hashes" in made[0]
    assert installations(" && ".join(of("RUN"))) == made
    assert installations("\n".join(sections()["post"])) == made


def test_nobody_is_root_in_the_end():
    assert instructions()[-3:] == [
        ("USER", "1000:1000"),
        ("ENTRYPOINT", '["snakemake"]'),
        ("CMD", '["--cores", "all"]'),
    ]
    assert any("--uid 1000 cnnvis" in line for line in of("RUN"))


def copied():
    return [source for rest in of("COPY") for source in rest.split()[:-1]]


def test_what_is_copied_is_there_and_is_not_ignored():
    rules = [line for line in (ROOT / ".dockerignore").read_text().split() if line[0] in "*!"]
    kept = [rule[1:] for rule in rules if rule.startswith("!")]
    assert sorted(copied()) == sorted(kept)
    assert all((ROOT / name).exists() for name in copied())
    packed = [line.split() for line in sections()["files"]]
    assert all((ROOT / source).exists() for source, _ in packed)
    assert all(target == f"/cnnvis/{source}" for source, target in packed)


@pytest.mark.workflow
def test_what_is_copied_is_enough_for_the_workflow(tmp_path):
    for name in copied():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=runs.SKIPPED)
        else:
            shutil.copy2(ROOT / name, tmp_path / name)
    planned = runs.would_run(tmp_path, "--cores", "1")
    assert planned["extract"] == 2

"""The two descriptions of the environment, for pip and for conda, say the same."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {
    "torch": "pytorch",
    "snakemake": "snakemake-minimal",
    "matplotlib": "matplotlib-base",
}


def split(requirement: str) -> tuple[str, str]:
    name, bound = re.fullmatch(r"([A-Za-z0-9_.-]+)\s*([<>=!~].*)?", requirement).groups()
    return name.lower(), bound or ""


def test_conda_and_pip_name_the_same_packages_with_the_same_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["cluster"]]
    expected = {CONDA_NAMES.get(name, name): bound for name, bound in map(split, wanted)}
    expected["python"] = project["requires-python"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert dict(map(split, conda)) == expected


def test_the_lock_holds_every_requirement_but_torch_with_hashes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {split(r)[0] for r in [*project["dependencies"], *extras["dev"], *extras["cluster"]]}
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text().strip())
    locked = {block.split("==")[0]: block for block in blocks if "==" in block}
    torch_pins = dict(
        split(line)
        for line in (ROOT / "requirements-torch.txt").read_text().splitlines()
        if not line.startswith("#")
    )
    assert set(torch_pins) == {"torch", "torchvision"}
    assert all(bound.startswith("==") for bound in torch_pins.values())
    assert wanted - set(locked) == set(torch_pins)
    assert [name for name, block in locked.items() if "--hash=sha256:" not in block] == []
    assert not [name for name in locked if name.startswith(("nvidia", "triton", "cuda"))]

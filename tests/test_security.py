"""The chain of supply: what is fetched is pinned, and nothing of what is read is executed."""

import ast
import re
from pathlib import Path

import pytest

from cnnvis import catalogue, sheets
from cnnvis.entries import Archive
from cnnvis.errors import ConfigError

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for top in ("cnnvis", "workflow", "tools") for path in (ROOT / top).rglob("*.py")
)
LOCKS = ("requirements.lock", "requirements-audit.lock")

#: Calls that run what they are given, or write where it says.
DANGEROUS = {
    *("eval", "exec", "compile", "os.system", "os.popen", "pickle.load", "pickle.loads"),
    *("marshal.loads", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "shelve.open"),
    *("joblib.load", "pd.read_pickle", "tempfile.mktemp", "shutil.unpack_archive"),
    *("torch.hub.load", "torch.jit.load"),
}
METHODS = ("extractall", "extract")


def calls(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {key.arg: ast.unparse(key.value) for key in node.keywords}


def faults(path):
    """Yield the calls of a module that could run what they are given."""
    for name, options in calls(path):
        if name in DANGEROUS or name.rpartition(".")[2] in METHODS:
            yield name
        if name == "torch.load" and options.get("weights_only") != "True":
            yield f"{name} of more than weights"
        if name in ("np.load", "numpy.load") and options.get("allow_pickle") != "False":
            yield f"{name} of pickles"
        if options.get("shell", "False") != "False":
            yield f"{name} through a shell"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_runs_what_it_reads(path):
    assert list(faults(path)) == []


@pytest.mark.parametrize(
    "line",
    ["eval(x)", "pickle.load(f)", "torch.load(f)", "np.load(f)", "archive.extractall()",
     "subprocess.run(x, shell=True)", "np.load(f, allow_pickle=True)"],
)  # fmt: skip
def test_such_a_call_would_be_found(line, tmp_path):
    (tmp_path / "a.py").write_text(line)
    assert list(faults(tmp_path / "a.py"))


CONNECTING = ("requests", "pypi_simple", "urllib3", "socket", "ftplib", "aiohttp", "http", "httpx")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_only_downloading_opens_connections():
    users = {
        path.name
        for path in SOURCES
        for name in imported(path)
        if name.split(".")[0] in CONNECTING or name == "urllib.request"
    }
    assert users == {"download.py"}


def test_every_archive_is_pinned_by_a_whole_hash():
    for archive in catalogue.archives().values():
        assert re.fullmatch(r"[0-9a-f]{64}", archive.sha256), archive.name
        assert archive.size > 0, archive.name


def test_the_weights_of_every_network_are_pinned():
    kinds = set()
    for network in catalogue.networks().values():
        weights = network.weights
        kinds.add(weights["kind"])
        if weights["kind"] == "pypi-member":
            assert re.fullmatch(r"[0-9a-f]{64}", weights["member_sha256"]), network.name
        else:
            assert weights["kind"] == "torchvision", network.name
            assert re.fullmatch(r"[0-9a-f]{8,64}", weights["sha256"]), network.name
            assert weights["sha256"][:8] in weights["filename"], network.name
    assert kinds == {"pypi-member", "torchvision"}


def test_every_photo_of_the_catalogue_is_pinned():
    assert {"photos", "further_photos"} <= set(catalogue.image_sets())
    for images in catalogue.image_sets().values():
        photos = sheets.read_sheet(images.sheet)
        fetched = photos[~photos["source"].str.startswith("package:")]
        assert fetched["sha256"].str.fullmatch(r"[0-9a-f]{64}").all(), images.name


@pytest.mark.parametrize("digest", ["", "abc", "0" * 7, "X" * 64, "0" * 65])
def test_nothing_is_downloaded_without_a_hash(digest):
    with pytest.raises(ConfigError, match="Nothing is downloaded without"):
        Archive("a", "url", "a.zip", digest, url="x")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_every_package_by_version_and_hash(name):
    blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    pins = [block for block in blocks if not block.startswith("#")]
    assert len(pins) > 20
    for block in pins:
        assert re.match(r"[A-Za-z0-9._-]+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", block), block
    assert "http" not in (ROOT / name).read_text(), "the index is the one that pip is set up for"


def test_every_lock_is_installed_with_its_hashes_and_nothing_else_is_unpinned():
    lines = [line for line in (ROOT / "Makefile").read_text().splitlines() if "pip install" in line]
    for name in LOCKS:
        (line,) = [line for line in lines if f" {name}" in line]
        assert "--require-hashes" in line
        assert "--no-deps" in line
    others = [line for line in lines if not any(name in line for name in LOCKS)]
    assert len(others) == 2  # torch, pinned by version (decision 0002), and this package itself
    assert sum("-r requirements-torch.txt" in line for line in others) == 1
    assert sum("--no-deps --no-build-isolation --editable ." in line for line in others) == 1


def test_ci_fetches_nothing_by_hand():
    text = (ROOT / ".ci/run").read_text()
    assert not re.search(r"\b(curl|wget|pip3? install|npm|git clone)\b", text)

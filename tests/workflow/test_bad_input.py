"""Bad input is refused in one paragraph that names it, and leaves nothing half-written."""

import re
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from workflow import runs

pytestmark = pytest.mark.workflow

UNTRACEABLE = '''

def deciding():
    """Return a network whose forward pass decides by values, which no graph can show."""
    from torch import nn

    inner = network()

    class Deciding(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            if x.sum() > 0:
                x = x * 1.0
            return self.inner(x)

    return Deciding()
'''


@pytest.fixture
def study(tmp_path):
    """The tiny study in one shard, which is refused as well as two."""
    folder = runs.tiny_study(tmp_path / "study")
    change(folder, "config.yaml", "shards: 2", "shards: 1")
    return folder


def change(study, file, old, new):
    path = study / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def paragraph(run):
    """The one line that is meant for the user."""
    text = run.stdout + run.stderr
    found = re.findall(r"^error: (.*)$", text, re.MULTILINE)
    assert len(found) == 1, text
    assert "Traceback" not in text
    return found[0]


def left_over(study):
    """Files of a kind that only an unfinished writer leaves."""
    return [path for path in study.rglob(".cnnvis-*")]


def test_a_broken_photo_is_named(study):
    photo = study / "digits/digit_8_1.png"
    photo.write_bytes(photo.read_bytes()[:200])
    run = runs.snakemake(study, "--cores", "1", "resources/images/digits.csv", check=False)
    assert run.returncode
    assert "digit_8_1" in paragraph(run)
    assert not (study / "resources/images/digits.csv").exists()
    assert not left_over(study)


def test_classes_of_a_sheet_are_those_of_an_own_network(study):
    names = [f"digit {number}" for number in range(10)]
    (study / "names.txt").write_text("\n".join(names))
    change(study, "config.yaml", "weights: random", "weights: random\n    classes: names.txt")
    change(study, "digits.csv", ",3,reference", ",digit 3,reference")
    manifest = "resources/images/digits.csv"
    runs.snakemake(study, "--cores", "1", manifest)
    assert ",3,reference" in (study / manifest).read_text()
    (study / "names.txt").write_text("\n".join(names[:5]))
    assert runs.would_run(study, manifest)["image_part"] == 1
    run = runs.snakemake(study, "--cores", "1", manifest, check=False)
    assert run.returncode
    assert "image 'digit_8_0': no class 8: the indices go from 0 to 4" in paragraph(run)


def test_a_photo_that_was_overwritten_is_not_shown_under_the_digest_of_the_old_one(study):
    runs.snakemake(study, "--cores", "1", "activations")
    photo = study / "digits/digit_8_1.png"
    photo.write_bytes((study / "digits/digit_3_0.png").read_bytes())
    again = ("--cores", "1", "--forcerun", "extract", "--", "activations")
    run = runs.snakemake(study, *again, check=False)
    assert run.returncode
    message = paragraph(run)
    assert message.startswith("digit_8_1: digits/digit_8_1.png was changed since it was checked")
    assert message.endswith("start the workflow with --forcerun image_part.")
    runs.snakemake(study, "--cores", "1", "--forcerun", "image_part", "--", "activations")


def test_weights_that_are_no_numbers_are_named(study):
    runs.snakemake(study, "--cores", "1", "resources/networks/digits.safetensors")
    weights = load_file(study / "resources/networks/digits.safetensors")
    weights["conv2.weight"][0, 0, 0, 0] = np.nan
    save_file(weights, study / "nan.safetensors")
    change(study, "config.yaml", "weights: random", "weights: nan.safetensors")
    run = runs.snakemake(study, "--cores", "1", "downloads", check=False)
    assert run.returncode
    assert "conv2.weight" in paragraph(run)
    assert not (study / "resources/networks/digits.safetensors").exists()


def test_a_misspelt_key_starts_no_job(study):
    change(study, "config.yaml", "permutations: 100", "permutation: 100")
    run = runs.snakemake(study, "--cores", "1", check=False)
    assert run.returncode
    assert "unknown key 'ordering.permutation'" in run.stdout + run.stderr
    assert "did you mean 'permutations'" in run.stdout + run.stderr
    assert not (study / "results/logs").exists()


def test_an_empty_role_refuses_the_comparison_and_nothing_else(study):
    change(study, "digits.csv", ",similar", ",other")
    results = study / "results/digits/digits"
    wanted = (results / "figures" / name for name in ("gradients/conv1", "predictions"))
    targets = ["gradients", *(str(path.relative_to(study)) for path in wanted)]
    run = runs.snakemake(study, "--cores", "2", "--keep-going", *targets, check=False)
    assert run.returncode
    message = paragraph(run)
    assert "'similar'" in message
    assert "gradients.roles" in message
    assert (results / "gradients/conv1.h5").is_file()
    assert (results / "figures/predictions/best_classes.png").is_file()
    assert not (results / "figures/gradients/conv1").exists()


def test_a_network_without_a_graph_does_all_but_backtracking(study):
    with (study / "digits.py").open("a") as file:
        file.write(UNTRACEABLE)
    change(study, "config.yaml", "digits:network", "digits:deciding")
    change(study, "config.yaml", "layers: [conv1]", "layers: [inner.conv1]")
    change(study, "config.yaml", "also_record: [conv2]", "also_record: [inner.conv2]")
    change(study, "config.yaml", "filters: [conv1]", "filters: [inner.conv1]")
    runs.snakemake(study, "--cores", "2", "activations", "orders", "gradients")
    run = runs.snakemake(study, "--cores", "1", "backtrack", check=False)
    assert run.returncode
    message = re.findall(r"^error: (.*)$", run.stdout + run.stderr, re.MULTILINE)[0]
    assert "fx" in message or "graph" in message
    assert not (study / "results/digits/digits/backtracks.h5").exists()
    assert not left_over(study)


def test_bad_photos_are_skipped_where_asked_for_and_listed_on_the_first_page(study):
    change(study, "config.yaml", "shards: 1", "shards: 1\n    on_bad_image: skip")
    (study / "digits/digit_8_1.png").write_bytes(b"no picture")
    with (study / "digits.csv").open("a") as file:
        file.write("gone,gone.png,,\nformula,=1+1.png,,\n")
    runs.snakemake(study, "--cores", "2")
    manifest = (study / "resources/images/digits.csv").read_text()
    assert "digit_8_0" in manifest
    assert "digit_8_1" not in manifest
    table = (study / "resources/images/digits.left_out.tsv").read_text()
    lines = table.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["image", "digit_8_1", "gone", "formula"]
    assert lines[3].split("\t")[1] == "'=1+1.png"
    page = (study / "results/index.html").read_text()
    assert "3 images could not be used" in page
    for name in ("digit_8_1", "gone", "formula"):
        assert f"<li>{name}: " in page
    log = (study / "results/logs/image_part/digits/0000.log").read_text()
    assert "left out image 'digit_8_1'" in log
    runs.snakemake(study, "--report", "report.zip")
    with zipfile.ZipFile(study / "report.zip") as report:
        assert "Photos left out" in report.read("report/report.html").decode()

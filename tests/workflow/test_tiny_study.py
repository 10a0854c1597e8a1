"""The tiny study from end to end: what comes out, on one core and on two, and as a module."""

import csv
import json
import re
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from readers_of_scripts import load

from cnnvis import verification
from workflow import runs

pytestmark = pytest.mark.workflow
STAGES = (
    "downloads",
    "kernels",
    "activations",
    "orders",
    "gradients",
    "importance",
    "backtrack",
    "detections",
    "proposals",
    "volumes",
    "figures",
    "explorer",
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = runs.tiny_study(tmp_path_factory.mktemp("tiny"))
    runs.snakemake(folder, "--cores", "2")
    return folder


def test_results_are_whole_and_gathering_hashes_no_shard(study):
    verified = verification.verify(study / "results")
    assert (verified.absent, verified.faults) == (0, [])
    made = sorted((study / "results/records").glob("gather_*/**/*.json"))
    assert len(made) >= 4
    for path in made:
        record = json.loads(path.read_text())
        assert record["inputs"] == {}
        assert [Path(shard).stem for shard in record["reads_through"]] == ["0000", "0001"]


def test_everything_comes_out(study):
    results = study / "results/digits/digits"
    with h5py.File(results / "activations.h5") as file:
        assert set(file["layers"]) == {"conv1", "conv2"}
        maps = file["layers/conv1/activation"]
        assert maps.shape == (6, 8, 32, 32)
        assert np.isfinite(maps[:]).all()
        assert maps[:].min() < 0, "the ReLU behind wrote into the convolution's output"
    with (results / "predictions.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 6 * 5
    for method in ("natural", "kmeans", "pca_image", "pca_slice", "optimal_leaf"):
        assert (results / f"orders/conv1/mean/{method}.json").is_file()
        assert (results / f"volumes/conv1/mean/first/{method}.nrrd").is_file()
        assert (results / f"figures/channels/conv1/{method}.png").is_file()
    for control in ("pca_angle", "spectral", "brightness", "random"):
        assert (results / f"orders/conv1/mean/{control}.json").is_file()
        assert not (results / f"figures/channels/conv1/{control}.png").exists()
    for name in ("side_by_side", "slice", "quality", "agreement"):
        assert (results / f"figures/orderings/conv1/{name}.png").is_file()
    with (results / "orders/conv1/mean/quality.tsv").open() as file:
        assert len(list(csv.DictReader(file, delimiter="\t"))) == 5 + 4
    for name in ("importance", "ablation"):
        assert (results / f"figures/importance/conv1/{name}.png").is_file()
    with (results / "ablation.tsv").open() as file:
        removals = list(csv.DictReader(file, delimiter="\t"))
    assert {row["measure"] for row in removals} == {"margin"}, "two images have no error"
    assert {row["images"] for row in removals} == {"2"}
    assert (results / "figures/through/layers.png").is_file()
    assert (study / "results/digits/kernels/conv1/kernels.png").is_file()
    with (study / "results/digits/kernels/conv1.tsv").open() as file:
        assert len(list(csv.DictReader(file, delimiter="\t"))) == 8
    assert (study / "results/index.html").is_file()
    assert "Over all, " in (study / "results/orders.html").read_text()
    with h5py.File(results / "backtracks.h5") as file:
        arrived = file["arrived"][:]
        lost = sum(group["lost"][:] for group in nodes(file["nodes"]))
    np.testing.assert_allclose(arrived + lost, 1, atol=1e-9)


def test_the_explorer_shows_what_the_run_found(study):
    """Two best classes and eight channels of every image, in two shards, are one walk."""
    results, data = study / "results/digits/digits", study / "results/explorer/data"
    about = load(data, "digits/digits/about")
    with h5py.File(results / "walks.h5") as file:
        starts = list(file["start_node"].asstr())
        assert starts == [about["nodes"][-1]["name"]] * 2 + ["conv1"] * 8
        images = list(file["image"].asstr())
        place = np.stack([file["start_row"][:], file["start_col"][:]], axis=-1)
        arrived = file["arrived"][:]
    assert [photo["id"] for photo in about["photos"]] == images
    with h5py.File(results / "activations.h5") as file:
        maps = file["layers/conv1/activation"][:]
    for number, photo in enumerate(about["photos"]):
        shown = load(data, f"digits/digits/maps/conv1/{photo['file']}")
        assert np.array_equal(shown["high"], maps[number].max((1, 2)))
        walks = load(data, f"digits/digits/walks/conv1/{photo['file']}")
        for channel in range(8):
            peak = np.unravel_index(maps[number, channel].argmax(), maps.shape[2:])
            expected = list(peak) if maps[number, channel].max() > 0 else [-1, -1]
            assert walks["unit"][channel].tolist() == expected
            assert place[number, 2 + channel].tolist() == expected
        assert walks["arrived"] == pytest.approx(arrived[number, 2:], abs=1e-6)
    assert "explorer/index.html" in (study / "results/index.html").read_text()


def nodes(group):
    """Every group of a node, however its name is divided."""
    for item in group.values():
        if isinstance(item, h5py.Group):
            if "lost" in item:
                yield item
            yield from nodes(item)


def test_a_second_run_has_nothing_to_do(study):
    assert runs.would_run(study) == {}


def test_all_asks_for_every_file_that_is_left(study):
    assert runs.unasked(study, "all") == []


@pytest.mark.parametrize(
    ("path", "target", "rule"),
    [
        ("activations/0001.h5", "activations", "extract"),
        ("gradients/conv1/0000.h5", "gradients", "differentiate"),
        ("objects/0000.h5", "backtrack", "walk_back"),
        ("statistics/0000.h5", "orders", "summarise_maps"),
        ("orders/conv1/mean/pca_image.json", "orders", "order_channels"),
        ("predictions.tsv", "all", "tabulate_predictions"),
        ("gradients/conv1/roles.tsv", "figures", "draw_gradients"),
        ("walks/0000.h5", "explorer", "walk_channels"),
    ],
)
def test_a_file_that_is_gone_is_made_again_though_all_made_from_it_is_there(
    study, path, target, rule
):
    file = study / "results/digits/digits" / path
    away = file.with_name(f"{file.name}.away")
    file.rename(away)
    try:
        assert runs.would_run(study, target)[rule] == 1
    finally:
        away.rename(file)


def test_every_stage_is_a_target_with_a_line_of_help(study):
    assert runs.would_run(study, *STAGES) == {}
    listed = runs.snakemake(study, "--list-target-rules").stdout.splitlines()
    help_of = {line.partition(" ")[0]: line.partition(" ")[2] for line in listed}
    assert {stage for stage in STAGES if help_of.get(stage, "").startswith("(")} == set(STAGES)


def test_a_method_that_the_configuration_does_not_name_can_be_asked_for(study):
    path = "results/digits/digits/orders/conv1/digit_3_0/kmeans.json"
    assert runs.would_run(study, path) == {"order_channels": 1}
    config = study / "config.yaml"
    before = config.read_text()
    try:
        config.write_text(before.replace("  source: mean", "  source: mean\n  methods: [natural]"))
        path = "results/digits/digits/orders/conv1/set/pca_image.json"
        volume = "results/digits/digits/volumes/conv1/set/digit_8_1/pca_image"
        wanted = [path, f"{volume}.vti", f"{volume}.hd"]
        assert runs.would_run(study, *wanted) == {
            "order_by_one_method": 1,
            "write_one_volume": 1,
            "write_one_pair": 1,
        }
        runs.snakemake(study, "--cores", "1", *wanted)
        for name in (*wanted, f"{volume}.vox"):
            assert (study / name).is_file()
    finally:
        config.write_text(before)


@pytest.mark.parametrize("reached", [False, True], ids=["the first time", "when made again"])
def test_an_interrupted_stage_leaves_nothing_half_written_and_resumes(study, tmp_path, reached):
    copy = tmp_path / "copy"
    shutil.copytree(study, copy)
    expected = runs.digests(copy)
    (copy / "results/digits/digits/activations/0001.h5").unlink()
    if not reached:
        (copy / "results/digits/digits/activations.h5").unlink()
    runs.snakemake(copy, "--cores", "2", "--rerun-incomplete", "activations")
    assert runs.digests(copy) == expected


OUTER = """
configfile: "outer.yaml"

module cnnvis:
    snakefile: "Snakefile"
    config: config["cnnvis"]
    prefix: "looking"

use rule * from cnnvis as cnnvis_*

rule outer:
    input: "looking/results/digits/digits/predictions.tsv"
    default_target: True
"""


def test_another_workflow_can_use_it_as_a_module(study, tmp_path):
    outer = tmp_path / "outer"
    shutil.copytree(study, outer, ignore=shutil.ignore_patterns("results", "resources"))
    inner = (outer / "config.yaml").read_text().replace("digits.csv", str(outer / "digits.csv"))
    nested = "".join(f"  {line}\n" for line in inner.splitlines() if not line.startswith("#"))
    (outer / "outer.yaml").write_text("cnnvis:\n" + nested)
    (outer / "outer.smk").write_text(OUTER)
    (outer / "config.yaml").unlink()
    runs.snakemake(outer, "--snakefile", "outer.smk", "--cores", "2")
    expected = study / "results/digits/digits/predictions.tsv"
    found = outer / "looking/results/digits/digits/predictions.tsv"
    assert found.read_text() == expected.read_text()


def test_the_report_carries_figures_tables_and_pages_with_captions(study):
    runs.snakemake(study, "--report", "report.zip")
    with zipfile.ZipFile(study / "report.zip") as report:
        names = report.namelist()
        page = report.read("report/report.html").decode()
        pages = [report.read(name).decode() for name in names if name.endswith(".html")]
    kinds = {name.rpartition(".")[2] for name in names}
    assert {"png", "tsv", "html"} <= kinds
    for category in ("Pages", "Predictions", "Channels", "Orderings", "Gradients", "Backtracking"):
        assert f'"{category}"' in page
    for caption in (
        "The five best classes of every image",
        "Which order of the channels is best",
        "What arrived at how many pixels",
    ):
        assert caption in page
    assert "System Message" not in page, "a caption that is no valid reStructuredText"
    for words in ("Which order of the channels is best?", 'aria-roledescription="3D picture"'):
        (alone,) = [text for text in pages if words in text]
        assert not re.findall(r'(?:href|src)="(?!#|data:)', alone)
    assert any("<title>Explorer" in text for text in pages)
    assert any(name.endswith("data/digits/digits/about.js") for name in names)

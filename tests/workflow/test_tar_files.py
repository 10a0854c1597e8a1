"""A set of tar files goes through the workflow as the same photos do in a sheet."""

import csv
import tarfile

import h5py
import numpy as np
import pytest

from cnnvis import statistics_file, table_file
from workflow import runs

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = runs.tiny_study(tmp_path_factory.mktemp("tars"))
    with (folder / "digits.csv").open() as file:
        rows = list(csv.DictReader(file))
    bad = folder / "bad.png"
    bad.write_bytes(b"no picture")
    for number, part in enumerate((rows[:3], [], rows[3:])):
        with tarfile.open(folder / f"digits-{number:02d}.tar", "w") as tar:
            if not part:  # a tar file of which nothing can be used
                tar.add(bad, bad.name)
            for row in part:
                label = folder / f"{row['id']}.cls"
                label.write_text(row["class"])
                tar.add(folder / row["source"], f"{row['id']}.png")
                tar.add(label, label.name)
    config = folder / "config.yaml"
    text = config.read_text()
    sheet = "  - name: digits\n    sheet: digits.csv\n    shards: 2\n"
    assert sheet in text
    packed = f"{sheet}  - name: packed\n    tars: digits-{{00..02}}.tar\n    on_bad_image: skip\n"
    config.write_text(text.replace(sheet, packed))
    runs.snakemake(folder, "--cores", "2", "downloads", "activations", "gradients", "backtrack")
    return folder


@pytest.mark.parametrize("file", ["activations.h5", "backtracks.h5", "gradients/conv1.h5"])
def test_results_are_those_of_the_sheet(study, file):
    with (
        h5py.File(study / "results/digits/digits" / file) as listed,
        h5py.File(study / "results/digits/packed" / file) as packed,
    ):
        compared = []

        def compare(name, item):
            if isinstance(item, h5py.Dataset) and not name.startswith("shards") and name != "role":
                np.testing.assert_array_equal(item[()], packed[name][()], err_msg=name)
                compared.append(name)

        listed.visititems(compare)
    assert {"image", "image_sha256", "class_index"} < set(compared)


def test_a_tar_file_of_bad_photos_alone_is_left_out(study):
    (row,) = table_file.rows(study / "resources/images/packed.left_out.tsv")
    assert row["image"] == "bad"
    with h5py.File(study / "results/digits/packed/activations/0001.h5") as file:
        assert file["image"].shape == (0,)
        assert file["layers/conv1/activation"].shape == (0, 8, 32, 32)
    merged = study / "results/digits/packed/statistics.h5"
    runs.snakemake(study, "--cores", "1", merged.relative_to(study))
    assert statistics_file.read(merged, layer="conv1").sums.images == 6


def test_photos_stay_in_the_tar_files(study):
    with (study / "resources/images/packed.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["path"].partition("!")[0] for row in rows] == 3 * ["digits-00.tar"] + 3 * [
        "digits-02.tar"
    ]
    for shard in ("0000", "0001", "0002"):
        assert not list((study / "resources/images/packed" / shard).glob("[!.]*"))


def test_one_more_tar_file_makes_one_more_shard_and_leaves_the_others(study):
    with tarfile.open(study / "digits-03.tar", "w") as tar:
        tar.add(study / "digits/digit_3_0.png", "another.png")
    config = study / "config.yaml"
    before = config.read_text()
    try:
        config.write_text(before.replace("{00..02}", "{00..03}"))
        again = runs.would_run(study, "activations")
    finally:
        config.write_text(before)
    assert again["image_part"] == again["extract"] == 1


def test_a_set_without_roles_is_left_out_of_what_compares_them(study):
    jobs = runs.would_run(study)
    assert jobs["draw_gradients"] == jobs["remove_filters"] == jobs["draw_importance"] == 1
    assert jobs["write_gradient_volumes"] == 1
    assert jobs["draw_predictions"] == 2
    again = runs.would_run(study, "gradients", "--forcerun", "gather_gradients")
    assert again["gather_gradients"] == 2


def test_a_tar_file_that_is_not_there_is_named_before_any_job(study):
    config = study / "config.yaml"
    before = config.read_text()
    try:
        config.write_text(before.replace("{00..02}", "{00..07}"))
        run = runs.snakemake(study, "--cores", "1", "activations", check=False)
    finally:
        config.write_text(before)
    assert run.returncode
    assert "images.packed.tars: there is no file digits-0" in run.stderr

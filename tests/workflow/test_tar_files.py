"""A set of tar files goes through the workflow as the same photos do in a sheet."""

import csv
import tarfile

import h5py
import numpy as np
import pytest

from workflow import runs

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = runs.tiny_study(tmp_path_factory.mktemp("tars"))
    with (folder / "digits.csv").open() as file:
        rows = list(csv.DictReader(file))
    for number in range(2):
        with tarfile.open(folder / f"digits-{number:02d}.tar", "w") as tar:
            for row in rows[3 * number : 3 * number + 3]:
                label = folder / f"{row['id']}.cls"
                label.write_text(row["class"])
                tar.add(folder / row["source"], f"{row['id']}.png")
                tar.add(label, label.name)
    config = folder / "config.yaml"
    text = config.read_text()
    sheet = "  - name: digits\n    sheet: digits.csv\n    shards: 2\n"
    assert sheet in text
    packed = f"{sheet}  - name: packed\n    tars: digits-{{00..01}}.tar\n"
    config.write_text(text.replace(sheet, packed))
    runs.snakemake(folder, "--cores", "2", "downloads", "activations", "backtrack")
    return folder


@pytest.mark.parametrize("file", ["activations.h5", "backtracks.h5"])
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


def test_photos_stay_in_the_tar_files(study):
    with (study / "resources/images/packed.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["path"].partition("!")[0] for row in rows] == 3 * ["digits-00.tar"] + 3 * [
        "digits-01.tar"
    ]
    for shard in ("0000", "0001"):
        assert not list((study / "resources/images/packed" / shard).glob("[!.]*"))


def test_one_more_tar_file_makes_one_more_shard_and_leaves_the_others(study):
    with tarfile.open(study / "digits-02.tar", "w") as tar:
        tar.add(study / "digits/digit_3_0.png", "another.png")
    config = study / "config.yaml"
    before = config.read_text()
    try:
        config.write_text(before.replace("{00..01}", "{00..02}"))
        again = runs.would_run(study, "activations")
    finally:
        config.write_text(before)
    assert again["image_part"] == again["extract"] == 1


def test_a_tar_file_that_is_not_there_is_named_before_any_job(study):
    config = study / "config.yaml"
    before = config.read_text()
    try:
        config.write_text(before.replace("{00..01}", "{00..07}"))
        run = runs.snakemake(study, "--cores", "1", "activations", check=False)
    finally:
        config.write_text(before)
    assert run.returncode
    assert "images.packed.tars: there is no file digits-0" in run.stderr

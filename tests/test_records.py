"""Records name what a job read and wrote."""

import json

import pytest
import recorded

from cnnvis import records


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recorded.write(tmp_path)
    return tmp_path


def test_a_record_names_the_work_and_every_file(tree):
    record = json.loads((tree / "results/records/extract/net.json").read_text())
    assert record["rule"] == "extract"
    assert record["params"]["layers"] == ["conv1"]
    assert list(record["outputs"]) == [
        "results/net/maps.h5",
        "results/net/pictures/a.png",
        "results/net/pictures/b.png",
    ]
    assert list(record["inputs"]) == ["source.csv"]
    assert {"python", "cnnvis", "numpy"} <= set(record["versions"])


def test_a_setting_that_is_another_at_every_run_is_refused(tree):
    with pytest.raises(TypeError):
        records.write("results/logs/a.log", rule="a", params={"x": object()}, inputs=[], outputs=[])
    assert not (tree / "results/records/a.json").exists()


def test_a_folder_that_went_in_is_not_hashed(tree):
    recorded.order("results/net/maps.h5", "results/net/pictures")
    record = json.loads((tree / "results/records/order/net.json").read_text())
    assert list(record["inputs"]) == ["results/net/maps.h5"]


def test_the_same_work_writes_the_same_record(tree):
    path = tree / "results/records/order/net.json"
    before = path.read_bytes()
    recorded.order("results/net/maps.h5")
    assert path.read_bytes() == before

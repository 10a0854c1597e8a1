"""Records name what a job read and wrote; verification names what does not match them."""

import json

import pytest

from cnnvis import cli, records
from cnnvis.errors import FileError


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Two jobs: one writes a file and a folder from a source, the other reads that file."""
    monkeypatch.chdir(tmp_path)
    for path, text in (
        ("source.csv", "1"),
        ("results/net/maps.h5", "maps"),
        ("results/net/pictures/a.png", "a"),
        ("results/net/pictures/b.png", "b"),
        ("results/net/pictures/.snakemake_timestamp", ""),
        ("results/net/order.json", "order"),
        ("results/README.md", "what is here"),
        ("results/logs/extract/net.log", ""),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    records.write(
        "results/logs/extract/net.log",
        rule="extract",
        params={"layers": ["conv1"], "place": tmp_path / "x"},
        inputs=["source.csv"],
        outputs=["results/net/maps.h5", "results/net/pictures"],
    )
    records.write(
        "results/logs/order/net.log",
        rule="order",
        params={},
        inputs=["results/net/maps.h5"],
        outputs=["results/net/order.json"],
    )
    return tmp_path


def found(tree):
    count, faults = records.verify("results")
    assert count == 4
    return {fault.path: fault.text for fault in faults}


def test_what_is_whole_has_no_fault(tree):
    assert found(tree) == {}
    assert cli.main(["verify"]) == 0


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


def test_a_changed_byte_is_named(tree, capsys):
    (tree / "results/net/pictures/b.png").write_text("B")
    assert list(found(tree)) == ["results/net/pictures/b.png"]
    assert "was changed since its job wrote it" in found(tree)["results/net/pictures/b.png"]
    assert cli.main(["verify", "results"]) == 1
    assert "results/net/pictures/b.png was changed" in capsys.readouterr().out


def test_a_missing_file_is_named(tree):
    (tree / "results/net/order.json").unlink()
    assert "is missing" in found(tree)["results/net/order.json"]


def test_a_file_of_no_record_is_named(tree):
    (tree / "results/net/extra.tsv").write_text("x")
    assert "is of no record" in found(tree)["results/net/extra.tsv"]


def test_what_was_made_from_another_state_is_named(tree):
    (tree / "results/net/maps.h5").write_text("other maps")
    records.write(
        "results/logs/extract/net.log",
        rule="extract",
        params={},
        inputs=["source.csv"],
        outputs=["results/net/maps.h5", "results/net/pictures"],
    )
    assert (
        "after order had read it, so results/net/order.json" in found(tree)["results/net/maps.h5"]
    )


def test_a_setting_that_is_another_at_every_run_is_refused(tree):
    with pytest.raises(TypeError):
        records.write("results/logs/a.log", rule="a", params={"x": object()}, inputs=[], outputs=[])
    assert not (tree / "results/records/a.json").exists()


def test_a_folder_that_went_in_is_not_hashed(tree):
    records.write(
        "results/logs/order/net.log",
        rule="order",
        params={},
        inputs=["results/net/maps.h5", "results/net/pictures"],
        outputs=["results/net/order.json"],
    )
    record = json.loads((tree / "results/records/order/net.json").read_text())
    assert list(record["inputs"]) == ["results/net/maps.h5"]


def test_the_same_work_writes_the_same_record(tree):
    path = tree / "results/records/order/net.json"
    before = path.read_bytes()
    records.write(
        "results/logs/order/net.log",
        rule="order",
        params={},
        inputs=["results/net/maps.h5"],
        outputs=["results/net/order.json"],
    )
    assert path.read_bytes() == before


def test_results_can_be_verified_from_elsewhere(tree, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    count, faults = records.verify(tree / "results")
    assert (count, faults) == (4, [])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"inputs": {}, "outputs": {"a": 1}}'])
def test_a_broken_record_is_named(tree, text):
    (tree / "results/records/order/net.json").write_text(text)
    with pytest.raises(FileError, match=r"order/net.json is no record"):
        records.verify("results")


def test_no_records_is_an_error(tmp_path, capsys):
    with pytest.raises(FileError, match="has no records"):
        records.verify(tmp_path)
    assert cli.main(["verify", str(tmp_path)]) == 1
    assert "has no records" in capsys.readouterr().err

"""Verification names what does not match the records of a tree of results."""

import json
import shutil

import pytest
import recorded

from cnnvis import cli, files, records, verification
from cnnvis.errors import FileError


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recorded.write(tmp_path)
    return tmp_path


def found(tree):
    verified = verification.verify("results")
    assert (verified.files, verified.absent) == (5, 0)
    return {fault.path: fault.text for fault in verified.faults}


def test_what_is_whole_has_no_fault(tree):
    assert found(tree) == {}
    assert cli.main(["verify"]) == 0


def test_a_changed_byte_is_named(tree, capsys):
    (tree / "results/net/pictures/b.png").write_text("B")
    assert list(found(tree)) == ["results/net/pictures/b.png"]
    assert "was changed since its job wrote it" in found(tree)["results/net/pictures/b.png"]
    assert cli.main(["verify", "results"]) == 1
    out = capsys.readouterr().out
    assert "results/net/pictures/b.png was changed" in out
    assert out.endswith("5 files of records in results: 1 fault.\n")


def test_a_missing_file_is_named(tree):
    (tree / "results/net/order.json").unlink()
    assert "is missing" in found(tree)["results/net/order.json"]


def test_a_job_of_which_nothing_is_left_is_one_fault_with_two_ways_out(tree):
    shutil.rmtree(tree / "results/net/pictures")
    (tree / "results/net/maps.h5").unlink()
    [(path, text)] = found(tree).items()
    assert path == "results/net/maps.h5"
    assert text.startswith("is missing, and so is all that extract made; start the workflow")
    assert "if the study no longer has it, delete its record results/records/extract/net.json" in (
        text
    )


def test_what_is_missing_of_a_job_is_named_file_by_file(tree):
    shutil.rmtree(tree / "results/net/pictures")
    missing = found(tree)
    assert list(missing) == ["results/net/pictures/a.png", "results/net/pictures/b.png"]
    for text in missing.values():
        assert text == (
            "is missing; start the workflow; if it says that there is nothing to do, add "
            "--forcerun extract"
        )


def test_records_of_a_study_that_grew_smaller_can_be_deleted(tree):
    (tree / "results/net/order.json").unlink()
    (tree / "results/records/order/net.json").unlink()
    assert verification.verify("results").faults == []


def test_a_changed_file_is_made_again_by_force_where_snakemake_does_not_see_it(tree):
    (tree / "results/net/pictures/b.png").write_text("B")
    [text] = found(tree).values()
    assert text.endswith(
        "Delete it and start the workflow; if it says that there is nothing to do, add "
        "--forcerun extract"
    )


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


def test_an_edited_file_that_no_job_wrote_is_named_once_with_those_who_read_it(tree, capsys):
    for number in range(5):
        records.write(
            f"results/logs/part/{number}.log",
            rule="part",
            params={},
            inputs=["source.csv"],
            outputs=[],
        )
    (tree / "source.csv").write_text("2")
    [(path, text)] = found(tree).items()
    assert path == "source.csv"
    assert text.startswith("was changed since extract, part had read it, so results/net/maps.h5")
    assert files.sha256(tree / "source.csv") in text
    assert "add --forcerun extract part" in text
    assert cli.main(["verify"]) == 1


def test_only_those_that_read_it_as_it_was_are_named(tree):
    (tree / "source.csv").write_text("2")
    records.write(
        "results/logs/part/0.log", rule="part", params={}, inputs=["source.csv"], outputs=[]
    )
    assert "since extract had read it" in found(tree)["source.csv"]
    assert "part" not in found(tree)["source.csv"]


def test_a_file_that_no_job_wrote_is_hashed_once(tree, monkeypatch):
    records.write("results/logs/a.log", rule="a", params={}, inputs=["source.csv"], outputs=[])
    hashed = []
    monkeypatch.setattr(verification, "sha256", lambda path: hashed.append(path.name) or "")
    verification.verify("results")
    assert sorted(hashed) == ["a.png", "b.png", "maps.h5", "order.json", "source.csv"]


def test_an_input_among_the_results_that_has_gone_is_a_fault_of_theirs(tree):
    forge(tree, inputs={"results/net/gone.h5": 64 * "0"})
    [fault] = verification.verify("results").faults
    assert fault.path == "results/net/gone.h5"
    assert "is missing, and no record says who wrote it; order had read it" in fault.text


def test_what_lies_outside_and_may_not_be_seen_is_not_there(tree, monkeypatch):
    look = verification.Path.stat

    def stat(path, **how):
        if path.name == "source.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, **how)

    monkeypatch.setattr(verification.Path, "stat", stat)
    assert verification.verify("results") == verification.Verified(5, 1, [])


@pytest.fixture
def gathered(tree):
    """A third job joins two files, which it does not read to the end."""
    (tree / "results/net/more.h5").write_text("more maps")
    records.write(
        "results/logs/more/net.log",
        rule="more",
        params={},
        inputs=[],
        outputs=["results/net/more.h5"],
    )
    (tree / "results/net/all.h5").write_text("see maps.h5 and more.h5")
    records.write(
        "results/logs/gather/net.log",
        rule="gather",
        params={},
        inputs=["source.csv", "results/net/maps.h5", "results/net/more.h5"],
        outputs=["results/net/all.h5"],
        reads_through=["results/net/maps.h5", "results/net/more.h5"],
    )
    return tree


def test_files_that_are_read_through_to_are_named_and_not_hashed(gathered, monkeypatch):
    record = json.loads((gathered / "results/records/gather/net.json").read_text())
    assert record["reads_through"] == ["results/net/maps.h5", "results/net/more.h5"]
    assert list(record["inputs"]) == ["source.csv"]
    others = json.loads((gathered / "results/records/order/net.json").read_text())
    assert "reads_through" not in others
    assert verification.verify("results") == verification.Verified(7, 0, [])


def test_what_is_read_through_to_is_verified_by_the_record_of_its_job(gathered):
    (gathered / "results/net/more.h5").write_text("other maps")
    [fault] = verification.verify("results").faults
    assert fault.path == "results/net/more.h5"
    assert "was changed since its job wrote it" in fault.text


def test_what_is_read_through_to_and_has_gone_with_its_record_is_missing(gathered):
    (gathered / "results/net/more.h5").unlink()
    (gathered / "results/records/more/net.json").unlink()
    [fault] = verification.verify("results").faults
    assert fault.path == "results/net/more.h5"
    assert "no record says who wrote it; gather had read it" in fault.text


def test_what_is_read_through_to_and_of_no_record_is_not_hashed(gathered, monkeypatch):
    (gathered / "results/records/more/net.json").unlink()
    monkeypatch.setattr(verification, "sha256", lambda path: path.name)
    verified = verification.verify("results")
    [text] = [fault.text for fault in verified.faults if fault.path == "results/net/more.h5"]
    assert "is of no record" in text


@pytest.mark.parametrize("names", [1, {"a": "b"}, [1], None])
def test_a_record_whose_list_of_files_is_none_is_named(tree, names):
    forge(tree, reads_through=names)
    with pytest.raises(FileError, match="it has no 'reads_through', a list of paths"):
        verification.verify("results")


def test_results_can_be_verified_from_elsewhere(tree, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert verification.verify(tree / "results") == verification.Verified(5, 0, [])


@pytest.mark.parametrize(("inside", "given"), [(".", "run 1"), ("run 1", "."), ("run 1/net", "..")])
def test_a_tree_may_be_called_anything(tree, monkeypatch, capsys, inside, given):
    (tree / "results").rename(tree / "run 1")
    monkeypatch.chdir(tree / inside)
    assert verification.verify(given) == verification.Verified(5, 0, [])
    assert cli.main(["verify", given]) == 0
    assert capsys.readouterr().out == f"5 files of records in {given}: no faults.\n"
    (tree / "run 1/net/extra.tsv").write_text("x")
    assert [fault.path for fault in verification.verify(given).faults] == ["results/net/extra.tsv"]


def test_results_on_another_disk_are_verified_beside_their_link(tree):
    (tree / "scratch").mkdir()
    (tree / "results").rename(tree / "scratch/run")
    (tree / "results").symlink_to("scratch/run")
    assert found(tree) == {}
    (tree / "source.csv").write_text("2")
    assert list(found(tree)) == ["source.csv"]


def test_results_that_were_sent_elsewhere_are_whole_without_what_lay_beside(
    tree, tmp_path_factory, capsys
):
    (tree / "resources").mkdir()
    (tree / "resources/net.safetensors").write_text("weights")
    records.write(
        "results/logs/weights/net.log",
        rule="weights",
        params={},
        inputs=[],
        outputs=["resources/net.safetensors"],
    )
    assert verification.verify("results") == verification.Verified(6, 0, [])
    sent = tmp_path_factory.mktemp("sent") / "their results"
    shutil.copytree(tree / "results", sent)
    assert verification.verify(sent) == verification.Verified(6, 2, [])
    assert cli.main(["verify", str(sent)]) == 0
    assert capsys.readouterr().out == (
        f"6 files of records in {sent}: no faults. "
        "Files outside of it that are not there to be compared: 2.\n"
    )
    (sent.parent / "resources").mkdir()
    (sent.parent / "resources/net.safetensors").write_text("others")
    [fault] = verification.verify(sent).faults
    assert "was changed since its job wrote it" in fault.text


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("", "is no record"),
        ("[]", "it has no 'rule'"),
        ("{}", "it has no 'rule'"),
        ('{"inputs": {}, "outputs": {}}', "it has no 'rule'"),
        ('{"rule": "$(reboot)", "inputs": {}, "outputs": {}}', "it has no 'rule'"),
        ('{"rule": 1, "inputs": {}, "outputs": {}}', "it has no 'rule'"),
        ('{"rule": "order", "outputs": {}}', "it has no 'inputs'"),
        ('{"rule": "order", "inputs": [], "outputs": {}}', "it has no 'inputs'"),
        ('{"rule": "order", "inputs": {}, "outputs": {"a": 1}}', "it has no 'outputs'"),
        ('{"rule": "order", "inputs": {}, "outputs": {"a": "\\u001b[2J"}}', "it has no 'outputs'"),
        ("[" * 100_000, "is no record"),
    ],
)
def test_a_broken_record_is_named_with_what_it_lacks(tree, text, lacking):
    (tree / "results/records/order/net.json").write_text(text)
    with pytest.raises(FileError, match=r"order/net.json is no record") as error:
        verification.verify("results")
    assert lacking in str(error.value)
    assert "add --forcerun order" in str(error.value)


def forge(tree, **parts):
    """Write a record as no job would."""
    found = {"rule": "order", "inputs": {}, "outputs": {}} | parts
    (tree / "results/records/forged.json").write_text(json.dumps(found))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("results/\ud800", "no file can be called so"),
        ("results/\0", "no file can be called so"),
        (f"results/{300 * 'x'}", "File name too long"),
        ("results/net", "it is no file"),
    ],
)
def test_what_cannot_be_hashed_is_named_with_its_reason(tree, capsys, path, reason):
    forge(tree, outputs={path: 64 * "0"})
    faults = {fault.path: fault.text for fault in verification.verify("results").faults}
    assert f"cannot be hashed: {reason}" in faults[path]
    assert "results/records/forged.json" in faults[path]
    assert cli.main(["verify"]) == 1
    assert reason in capsys.readouterr().out


def test_a_file_that_may_not_be_read_is_named(tree, monkeypatch):
    def sha256(path):
        if path.name == "maps.h5":
            raise PermissionError(13, "Permission denied", str(path))
        return files.sha256(path)

    monkeypatch.setattr(verification, "sha256", sha256)
    assert list(found(tree)) == ["results/net/maps.h5"]
    assert "cannot be hashed: Permission denied" in found(tree)["results/net/maps.h5"]


def test_names_reach_the_terminal_without_what_it_would_obey(tree, capsys):
    (tree / "results/net/\x1b[2J\u202e.png").write_text("x")
    forge(tree, outputs={"results/\x1b]0;title\x07": 64 * "0"})
    assert cli.main(["verify"]) == 1
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable()
    assert r"results/net/\x1b[2J\u202e.png is of no record" in out
    (tree / "results/records/\x1b[2J.json").write_text("")
    assert cli.main(["verify"]) == 1
    err = capsys.readouterr().err
    assert err.replace("\n", "").isprintable()
    assert r"\x1b[2J.json is no record" in err


def test_no_records_is_an_error(tmp_path, capsys):
    with pytest.raises(FileError, match="has no records"):
        verification.verify(tmp_path)
    assert cli.main(["verify", str(tmp_path)]) == 1
    assert "has no records" in capsys.readouterr().err

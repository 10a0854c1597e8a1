"""The command line lists what there is, and refuses what there is not."""

import sys

import pytest

from cnnvis import catalogue, cli, doctor


def run(capsys, *arguments):
    code = cli.main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_networks_lists_the_catalogue(capsys):
    code, out, _ = run(capsys, "networks")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == list(catalogue.networks())


def test_layers_lists_shape_receptive_field_and_size(capsys):
    code, out, _ = run(capsys, "layers", "squeezenet1_1")
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert code == 0
    assert "64 x 113 x 113" in lines["features.0"]
    assert "3 x 3" in lines["features.0"]
    assert lines["features.0"].endswith(f"{64 * 113 * 113 * 4 / 1000:.0f}")
    assert len(lines) == len(catalogue.layer_table("squeezenet1_1")) + 1


def test_layers_of_an_own_module_are_found_by_building_it(capsys, tmp_path, monkeypatch):
    (tmp_path / "own_for_the_command_line.py").write_text(
        "from torch import nn\n"
        "def net():\n"
        "    return nn.Sequential(nn.Conv2d(3, 5, 3), nn.Flatten(), nn.Linear(180, 2))\n"
    )
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, "layers", "own_for_the_command_line:net", "--input-size", "8")
    assert code == 0
    assert "5 x 6 x 6" in out
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["Conv2d", "Flatten", "Linear"]


def test_a_network_of_caffe_says_its_own_size(capsys, tmp_path):
    (tmp_path / "deploy.prototxt").write_text(
        'input: "data" input_dim: 1 input_dim: 3 input_dim: 12 input_dim: 10 '
        'layer { name: "c" type: "Convolution" bottom: "data" top: "c" '
        "convolution_param { num_output: 4 kernel_size: 3 } }"
    )
    code, out, _ = run(capsys, "layers", f"caffe:{tmp_path}/deploy.prototxt")
    assert code == 0
    assert "4 x 10 x 8" in out


def test_an_unknown_network_is_refused_with_near_ones(capsys):
    code, out, err = run(capsys, "layers", "squeezenet11")
    assert (code, out) == (1, "")
    assert err.startswith("error: no network 'squeezenet11'")
    assert "squeezenet1_1" in err


def test_the_doctor_finds_this_machine_able(capsys):
    code, out, _ = run(capsys, "doctor")
    subjects = {line[8:30].strip() for line in out.splitlines()}
    assert {"Python", "torch", "torchvision", "disk", "memory", "results/", "GPU"} <= subjects
    assert code == (1 if doctor.LACKING in out else 0)


@pytest.mark.parametrize(
    ("patch", "subject", "words"),
    [
        (("_OLDEST_PYTHON", (99, 0)), "Python", "3.11 or newer"),
        (("_BYTES_WANTED", 10**18), "disk", "GB free"),
        (("_MEMORY_WANTED", 10**18), "memory", "3 GB"),
        (("_NEEDED", "no-such-package-anywhere"), "no-such-package-anywhere", "pip install"),
    ],
)
def test_what_is_lacking_is_named_and_ends_with_an_error(
    capsys, monkeypatch, patch, subject, words
):
    monkeypatch.setattr(doctor, *patch)
    code, out, _ = run(capsys, "doctor")
    line = next(line for line in out.splitlines() if line[8:].startswith(subject))
    assert line.startswith(doctor.LACKING)
    assert words in line
    assert code == 1


def test_a_folder_that_cannot_be_written_to_is_named(capsys, monkeypatch):
    def refuse(*, dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    code, out, _ = run(capsys, "doctor")
    assert code == 1
    assert "cannot be written to (Permission denied)" in out


def test_an_extra_that_is_absent_is_optional(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_EXTRAS", (("no_such_module", "dev", "nothing"),))
    code, out, _ = run(capsys, "doctor")
    line = next(line for line in out.splitlines() if "no_such_module" in line)
    assert line.startswith(doctor.OPTIONAL)
    assert "pip install '.[dev]'" in line
    assert (code == 0) == (doctor.LACKING not in out)


def test_python_m_runs_the_same_command(capsys, monkeypatch):
    import runpy

    monkeypatch.setattr(sys, "argv", ["cnnvis", "networks"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("cnnvis", run_name="__main__")
    assert ended.value.code == 0
    assert "squeezenet1_1" in capsys.readouterr().out

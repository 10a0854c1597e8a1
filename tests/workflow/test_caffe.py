"""A network of Caffe goes through the workflow like all others."""

import h5py
import numpy as np
import pytest
from caffe import nets, wire

from workflow import runs

pytestmark = pytest.mark.workflow
WEIGHTS = "resources/networks/digits.safetensors"


def test_a_network_of_caffe_is_imported_recorded_and_made_again_when_it_changes(tmp_path):
    study = runs.tiny_study(tmp_path / "study")
    text = (study / "config.yaml").read_text()
    for old, new in {
        "architecture: digits:network": "architecture: caffe:deploy.prototxt",
        "weights: random": "weights: small.caffemodel",
        "{resize: 32, crop: 32,": "{resize: 48, crop: 43, scale: 1,",
        "layers: [conv1]": "layers: [relu1]",
        "also_record: [conv2]": "also_record: [norm2]",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (study / "config.yaml").write_text(text)
    description = wire.text(nets.alexnet(), shape=nets.SHAPE)
    (study / "deploy.prototxt").write_text(description)

    run = runs.snakemake(study, "--cores", "1", WEIGHTS, check=False)
    assert run.returncode
    assert "error: cannot read small.caffemodel" in run.stdout + run.stderr
    assert "docs/how-to/import-a-caffe-network.md" in run.stdout + run.stderr
    assert not (study / WEIGHTS).exists()

    (study / "small.caffemodel").write_bytes(wire.weights(nets.alexnet()))
    target = "results/digits/digits/activations/0000.h5"
    runs.snakemake(study, "--cores", "2", target)
    with h5py.File(study / target) as file:
        maps = file["layers/relu1/activation"][:]
    assert maps.shape == (3, 8, 20, 20)
    assert maps.min() == 0
    assert np.isfinite(maps).all()

    (study / "deploy.prototxt").write_text(description.replace("alpha: 0.5", "alpha: 0.25"))
    assert {"network_weights", "extract"} <= set(runs.would_run(study, target))

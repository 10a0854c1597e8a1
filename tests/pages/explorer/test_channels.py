"""What does not depend on the image: orders in words, likeness, kernels."""

import explorer_files
import numpy as np
import pytest
import readers_of_scripts
from safetensors.numpy import save_file

from cnnvis import ordering
from cnnvis.ordering.methods import METHODS
from cnnvis.pages import findings
from cnnvis.pages.explorer import channels

TREE = findings.Row("optimal_leaf", 0.4, 0.1, 0.05, 100.0, 0.2, 0.5, 100.0, None)
CHANCE = findings.Row("natural", 0.1, 0.1, 0.05, 60.0, 0.5, 0.5, 50.0, None)


@pytest.fixture
def folder(tmp_path):
    explorer_files.write_orders(tmp_path / "orders", explorer_files.layer(channels=6), 2)
    return tmp_path / "orders"


def read(folder, *names, rows=(TREE, CHANCE)):
    layer = findings.Layer("net", "conv", rows, {}, ())
    return channels.orders([folder / f"{name}.json" for name in names], layer)


def test_orders_have_their_permutation_and_their_quality_in_words(folder):
    natural, tree = read(folder, "natural", "optimal_leaf")
    assert natural["permutation"] == [0, 1, 2, 3, 4, 5]
    assert tree["permutation"] == ordering.read(folder / "optimal_leaf.json").permutation.tolist()
    assert tree["quality"] == findings.worth(TREE)
    assert tree["quality"].startswith("Better than 100 % of random orders")
    assert natural["quality"].startswith("No better than chance")
    assert (tree["best"], tree["sure"]) == (True, True)
    assert (natural["best"], natural["sure"]) == (False, False)


def test_no_order_is_called_best_where_none_beats_chance(folder):
    assert not any(one["best"] for one in read(folder, "natural", rows=(CHANCE,)))
    (alone,) = read(folder, "natural", rows=())
    assert (alone["quality"], alone["best"]) == ("", False)


def test_every_method_is_described():
    assert {*channels.WORDS} == {*METHODS}


def test_clusters_are_those_of_one_method(folder):
    paths = [folder / f"{name}.json" for name in ("natural", "kmeans")]
    assert channels.clusters(paths) == ordering.read(paths[1]).cluster.tolist()
    assert channels.clusters(paths[:1]) is None


def test_the_likest_channels_are_found_one_by_one():
    draw = np.random.default_rng(5)
    likeness = np.corrcoef(draw.standard_normal((8, 20)))
    found = channels.alike(likeness)
    for channel in range(8):
        others = sorted((o for o in range(8) if o != channel), key=lambda o: -likeness[channel, o])
        expected = [other for other in others[: channels.ALIKE] if likeness[channel, other] > 0]
        assert [other for other, _ in found[channel]] == expected
        for other, value in found[channel]:
            assert value == pytest.approx(likeness[channel, other], rel=1e-2)


@pytest.fixture
def weights(tmp_path):
    draw = np.random.default_rng(2)
    values = {
        "first.weight": draw.standard_normal((4, 3, 5, 5)).astype(np.float32),
        "deep.weight": draw.standard_normal((3, 7, 1, 1)).astype(np.float32),
    }
    save_file(values, tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors", values


def test_kernels_have_norms_and_places_among_all(weights):
    path, values = weights
    found = channels.kernels_of(path, "deep")
    norms = [float(np.linalg.norm(kernel.astype(np.float64))) for kernel in values["deep.weight"]]
    assert found["norm"] == pytest.approx(norms, rel=1e-4)
    assert found["rank"] == [1 + sum(other > norm for other in norms) for norm in norms]
    assert found["shape"] == [3, 7, 1, 1]
    assert "colours" not in found


def test_kernels_that_see_the_image_have_colours_and_words(weights):
    path, _ = weights
    found = readers_of_scripts.unpacked(channels.kernels_of(path, "first:1"))
    assert found["colours"].shape == (4, 5, 5, 3)
    assert found["layer"] == "first:1"
    assert len(found["words"]) == 4
    assert all(found["words"])


def test_without_a_convolution_there_are_no_kernels(weights):
    assert channels.kernels_of(weights[0], "") is None

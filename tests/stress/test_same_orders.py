"""A set cut into shards: the orders and best images are those of the set in one piece."""

import json

import numpy as np
import pytest

from workflow import runs

pytestmark = pytest.mark.workflow
WHERE = "results/digits/digits"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The tiny study with its orders made from all images, in one shard."""
    folder = runs.tiny_study(tmp_path_factory.mktemp("shards"))
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("source: mean", "source: set"))
    cut(folder, 2, 1)
    return folder


def cut(folder, before, shards):
    config = folder / "config.yaml"
    text = config.read_text()
    assert f"shards: {before}" in text
    config.write_text(text.replace(f"shards: {before}", f"shards: {shards}"))


def found(folder):
    """The orders without their provenance, all tables, and how alike channels are."""
    results = folder / WHERE
    orders = results / "orders/conv1/set"
    texts = {
        path.name: path.read_text() for path in (*orders.glob("*.tsv"), results / "top_images.tsv")
    }
    made = {path.stem: json.loads(path.read_text()) for path in orders.glob("*.json")}
    assert len(made) == 9
    inputs = {name for one in made.values() for name in one.pop("provenance")["inputs"]}
    return texts, made, inputs, np.load(orders / "similarity.npy")


def test_one_two_and_three_shards_give_the_same_orders(folder):
    """Only the products themselves, unrounded, may differ in their last digits."""
    assert "statistics" not in str(runs.would_run(folder, "orders")), "one shard needs no sums"
    runs.snakemake(folder, "--cores", "2", "orders", "statistics")
    texts, orders, inputs, likeness = found(folder)
    assert inputs == {"activations"}
    for before, shards in ((1, 2), (2, 3)):
        cut(folder, before, shards)
        runs.snakemake(folder, "--cores", "2", "orders", "statistics")
        assert len(list((folder / WHERE / "statistics").iterdir())) >= shards
        also = found(folder)
        assert also[0] == texts
        assert also[1] == orders
        assert also[2] == {"statistics"}
        np.testing.assert_allclose(also[3], likeness, rtol=0, atol=1e-13)
    assert runs.would_run(folder, "orders", "statistics") == {}
    figures = {path.name for path in (folder / WHERE / "figures/top_images").glob("*.png")}
    assert figures == {"conv1_max.png", "conv1_mean.png"}
    # Orders need no maps of all images: neither those of the shards, nor gathered ones.
    assert "gather_activations" not in runs.would_run(folder, "--forceall", "--", "orders")

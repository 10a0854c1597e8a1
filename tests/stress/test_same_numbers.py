"""The same numbers for every size of batch, number of shards and of threads.

Convolutions of another batch may add up in another order, inside the library; so maps and what is
made of them are held to a few units of the last digit, and orders and pixels to equality.
"""

import json

import h5py
import numpy as np
import pytest

from workflow import runs

pytestmark = pytest.mark.workflow

TARGETS = ("activations", "orders", "gradients", "backtrack")
FILES = ("activations", "backtracks", "gradients/conv1")

#: Name -> (old text of the configuration, new text), arguments of Snakemake.
WAYS = {
    "one image in a batch": (("networks:", "activations: {batch: 1}\n\nnetworks:"), ()),
    "one shard": (("shards: 2", "shards: 1"), ()),
    "six shards": (("shards: 2", "shards: 6"), ()),
    "two threads": (
        ("networks:", "networks:"),
        ("--set-threads", "extract=2", "differentiate=2", "walk_back=2", "order_channels=2"),
    ),
}


def run(folder, change=("networks:", "networks:"), arguments=()):
    study = runs.tiny_study(folder)
    config = study / "config.yaml"
    text = config.read_text()
    assert change[0] in text
    config.write_text(text.replace(*change, 1))
    runs.snakemake(study, "--cores", "2", *arguments, "--", *TARGETS)
    return study / "results/digits/digits"


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return run(tmp_path_factory.mktemp("plain"))


def numbers(path):
    """Every dataset of a file, by name, but the list of its shards."""
    found = {}

    def take(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("shards/"):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(take)
    return found


def ordered(path):
    found = json.loads(path.read_text())["ordering"]
    return found["permutation"], found["cluster"]


@pytest.mark.parametrize("name", WAYS)
def test_the_numbers_are_the_same(plain, tmp_path, name):
    other = run(tmp_path, *WAYS[name])
    for file in FILES:
        expected, found = (numbers(place / f"{file}.h5") for place in (plain, other))
        assert set(found) == set(expected)
        for dataset, values in expected.items():
            words = f"{file}.h5 {dataset}"
            if values.dtype.kind == "f":
                scale = np.abs(values).max(initial=0.0)
                np.testing.assert_allclose(
                    found[dataset], values, rtol=1e-6, atol=1e-6 * scale, err_msg=words
                )
            else:
                np.testing.assert_array_equal(found[dataset], values, err_msg=words)
    orders = sorted((plain / "orders").rglob("*.json"))
    assert orders
    for order in orders:
        twin = other / order.relative_to(plain)
        assert ordered(twin) == ordered(order), order

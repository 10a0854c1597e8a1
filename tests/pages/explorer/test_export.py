"""All that is written of a study: everything is there, reproducible, and true."""

import base64
import hashlib

import explorer_files
import numpy as np
import pytest
import readers_of_scripts

from cnnvis import images
from cnnvis.errors import ImageError
from cnnvis.pages.explorer.names import file_name

LAYERS = [
    explorer_files.layer("conv", 5, 16, convolution="conv1"),
    explorer_files.layer("Deep er", 3, 8, signed=True),
]
IDS = ("cat", "Mug", "goose")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("study")
    return explorer_files.write_study(root, ids=IDS, layers=LAYERS) / "data"


def digest(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    said = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in files]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def test_every_image_has_its_files_for_every_layer(data):
    names = {path.relative_to(data / "net/photos").as_posix() for path in data.rglob("*.js")}
    photos, layers = [file_name(id) for id in IDS], [file_name(one.spec.name) for one in LAYERS]
    assert names == {
        "about.js",
        *(f"layers/{layer}.js" for layer in layers),
        *(f"photos/{image}.js" for image in photos),
        *(f"maps/{layer}/{image}.js" for layer in layers for image in photos),
        *(f"walks/{layer}/{image}.js" for layer in layers for image in photos),
    }


def test_maps_are_those_of_the_run(data):
    for layer in LAYERS:
        for number, id in enumerate(IDS):
            key = f"net/photos/maps/{file_name(layer.spec.name)}/{file_name(id)}"
            found = readers_of_scripts.load(data, key)
            values = explorer_files.maps(layer, number)
            low, high = (found[name][:, None, None] for name in ("low", "high"))
            back = low + (high - low) * (found["maps"].reshape(values.shape) / 255)
            assert back == pytest.approx(values, abs=float((high - low).max()) / 500)


def test_the_table_of_contents_says_what_there_is(data):
    about = readers_of_scripts.load(data, "net/photos/about")
    assert [photo["id"] for photo in about["photos"]] == list(IDS)
    assert [photo["truth"] for photo in about["photos"]] == ["tabby", "Egyptian cat", "coffee mug"]
    assert [photo["place"] for photo in about["photos"]] == [0, 0, 3]
    assert about["photos"][0]["walked"] == [[0, "tabby"], [1, "Egyptian cat"]]
    assert sum(chance for _, _, chance in about["photos"][0]["best"]) == pytest.approx(1, abs=1e-4)
    conv, deep = about["layers"]
    assert (conv["name"], conv["shape"], conv["signed"]) == ("conv", [5, 16, 16], False)
    assert (deep["name"], deep["signed"]) == ("Deep er", True)
    assert conv["row"] == list(LAYERS[0].spec.row)
    assert about["nodes"][0]["shape"] == [3, explorer_files.SIDE, explorer_files.SIDE]
    assert [*about["methods"], *about["controls"]] == [
        "natural",
        "kmeans",
        "optimal_leaf",
        "random",
    ]


def test_layers_have_orders_statistics_and_kernels(data):
    found = readers_of_scripts.load(data, "net/photos/layers/conv")
    assert [order["name"] for order in found["orders"]] == [
        *explorer_files.METHODS,
        *explorer_files.CONTROLS,
    ]
    assert found["clusters"] == [0, 0, 1, 1, 2]
    assert found["kernels"]["layer"] == "conv1"
    assert found["maximum"] == pytest.approx([1 + channel / 10 for channel in range(5)], rel=1e-4)
    assert found["alike"][0][0] == [1, 1.0]
    other = readers_of_scripts.load(data, f"net/photos/layers/{file_name('Deep er')}")
    assert other["kernels"] is None


def test_photos_are_what_the_network_saw(data):
    found = readers_of_scripts.load(data, "net/photos/photos/goose")
    seen = images.decode(base64.b64decode(found["png"]), "goose")
    assert np.array_equal(seen, images.shown(explorer_files.pixels(2), explorer_files.FRAME))
    assert [one["class"] for one in found["classes"]] == [3, 0]


def test_the_same_run_writes_the_same_bytes(data, tmp_path):
    again = explorer_files.write_study(tmp_path, ids=IDS, layers=LAYERS) / "data"
    assert digest(again) == digest(data)


def test_only_wanted_images_are_written(tmp_path):
    root = explorer_files.write_study(tmp_path, ids=IDS, layers=LAYERS, wanted=("goose", "other"))
    about = readers_of_scripts.load(root / "data", "net/photos/about")
    assert [photo["id"] for photo in about["photos"]] == ["goose"]
    assert [path.name for path in (root / "data/net/photos/maps/conv").iterdir()] == ["goose.js"]
    layer = readers_of_scripts.load(root / "data", "net/photos/layers/conv")
    assert layer["photos"] == [[0]] * 5, "counted among those that are shown"
    assert layer["maximum"][4] == pytest.approx(1.4, rel=1e-4), "statistics are over all images"


def test_a_set_without_any_wanted_image_is_refused(tmp_path):
    with pytest.raises(
        ImageError, match=r"'photos' has none of the images nobody.*explorer\.images"
    ):
        explorer_files.write_study(tmp_path, wanted=("nobody",))

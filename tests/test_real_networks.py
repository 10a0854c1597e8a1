"""The networks of the default study, with their real weights, name the photos as they should.

Everything is fetched from the package index if it is not in resources/ yet. A strict load would not
notice a wrong padding, batch norm or preprocessing: only right answers do.
"""

import numpy as np
import pandas as pd
import pytest
import torch

from cnnvis import assets, backtrack, catalogue, images, manifests, models, network, sheets
from cnnvis.images import Preprocessing

NETWORKS = ("squeezenet1_1", "efficientnet_lite0")
CATS = ("egyptian_cat", "tabby_cat", "persian_cat", "siamese_cat")

#: Classes of foolbox' twenty photos, as the names of the files say.
CLASSES = (243, 559, 438, 990, 949, 853, 609, 609, 915, 455)
CLASSES += (541, 630, 741, 471, 129, 99, 251, 22, 317, 305)
FOOLBOX = [f"{number:02d}_{index}" for number, index in enumerate(CLASSES)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("real")


@pytest.fixture(scope="module")
def loaded(fetched, folder):
    """Name of a network -> the network, converted from its archive."""

    def load(name):
        entry = catalogue.network(name)
        made = folder / f"{name}.safetensors"
        models.convert(entry, fetched(entry.weights["archive"]), made)
        return models.load(entry, weights=made)

    return {name: load(name) for name in NETWORKS}


@pytest.fixture(scope="module")
def manifest(fetched, folder):
    """The default photos, and all of foolbox'."""
    archives = {fetched(name).parent for name in ("alibi", "foolbox")}
    sheet = sheets.read_sheet(catalogue.image_set("photos").sheet)
    further = pd.DataFrame(
        {
            "id": [f"foolbox_{name}" for name in FOOLBOX],
            "source": [f"archive:foolbox!foolbox/data/imagenet_{name}.jpg" for name in FOOLBOX],
            "class": [name.split("_")[1] for name in FOOLBOX],
        }
    )
    manifests.materialise(
        pd.concat([sheet, further]).fillna(""),
        sheet_dir=folder,
        folder=folder / "photos",
        archives_dir=archives.pop(),
        manifest_path=folder / "manifest.csv",
    )
    return manifests.read_manifest(folder / "manifest.csv")


@pytest.fixture(scope="module")
def best(loaded, manifest):
    """Name of a network -> photo -> its five best classes."""
    found = {}
    for name in NETWORKS:
        preprocessing = Preprocessing.from_mapping(catalogue.network(name).preprocessing)
        found[name] = {}
        for batch in images.batches(manifest, preprocessing, size=16):
            with torch.no_grad():
                scores = loaded[name](torch.from_numpy(batch.pixels))
            found[name] |= zip(batch.names, scores.topk(5).indices.tolist(), strict=True)
    return found


@pytest.fixture(scope="module")
def truth(manifest):
    return {label.id: label.class_index for label in manifests.labels(manifest)}


def test_the_networks_have_the_published_number_of_parameters(loaded):
    counts = [sum(p.numel() for p in loaded[name].parameters()) for name in NETWORKS]
    assert counts == [1_235_496, 4_652_008]


@pytest.mark.parametrize("name", NETWORKS)
def test_all_four_cats_and_the_coffee_are_named_right(best, truth, name):
    for photo in (*CATS, "coffee"):
        assert best[name][photo][0] == truth[photo], photo


def test_chelsea_is_an_egyptian_cat(best):
    assert best["squeezenet1_1"]["chelsea"][0] == 285
    assert 285 in best["efficientnet_lite0"]["chelsea"]


@pytest.mark.parametrize(
    ("name", "first", "among_five"), [("squeezenet1_1", 14, 20), ("efficientnet_lite0", 18, 19)]
)
def test_as_many_photos_are_named_right_as_with_the_published_code(
    best, truth, name, first, among_five
):
    photos = [photo for photo in truth if photo.startswith("foolbox_")]
    assert len(photos) == 20
    assert sum(best[name][photo][0] == truth[photo] for photo in photos) >= first
    assert sum(truth[photo] in best[name][photo] for photo in photos) >= among_five


def test_every_role_has_photos_and_some_are_named_wrong(best, truth, manifest):
    """The comparison of right and wrong predictions needs both."""
    roles = dict(zip(manifest["id"], manifest["role"], strict=True))
    for role in sheets.ROLES:
        assert sum(given == role for given in roles.values()) >= 2
    wrong = {roles[photo] for photo in truth if best[NETWORKS[1]][photo][0] != truth[photo]}
    assert {"reference", "dissimilar"} <= wrong


def test_folding_the_preprocessing_into_squeezenet_changes_nothing(loaded, fetched, manifest):
    """The packaged layers on BGR less their mean, and ours on torchvision's input, in float64."""
    entry = catalogue.network("squeezenet1_1")
    data = assets.member(fetched("ndf"), *entry.weights["members"])
    kernel, bias = (
        torch.from_numpy(np.asarray(array, np.float64))
        for array in assets.restricted_pickle(data)["conv1"]
    )
    photo = images.read(manifest["path"][0])
    preprocessing = Preprocessing.from_mapping(entry.preprocessing)
    pixels, frame = images.prepare(photo, preprocessing)
    bgr = images.shown(photo, frame)[:, :, ::-1].astype(np.float64) - [104, 117, 123]
    rest = models.load(entry, weights="random").double()
    rest.load_state_dict(loaded["squeezenet1_1"].state_dict())
    with torch.no_grad():
        ours = rest(torch.from_numpy(pixels).double()[None])
        rest.features[0].weight.copy_(kernel.permute(3, 2, 0, 1))
        rest.features[0].bias.copy_(bias.reshape(-1))
        theirs = rest(torch.from_numpy(bgr.transpose(2, 0, 1).copy())[None])
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=0)


HEADS = {
    "squeezenet1_1": ["flatten", "classifier.0", "cat_7"],
    "efficientnet_lite0": ["_fc", "_relu1", "_bn1"],
}


@pytest.mark.parametrize("position", ["spatial", "fine"])
@pytest.mark.parametrize("name", NETWORKS)
def test_all_weight_of_a_class_against_its_rivals_reaches_the_pixels(
    loaded, manifest, name, position
):
    preprocessing = Preprocessing.from_mapping(catalogue.network(name).preprocessing)
    batch = next(iter(images.batches(manifest, preprocessing, size=4)))
    net = network.fold(network.trace(loaded[name], input_shape=batch.pixels.shape[1:]))
    record = network.record(net, batch.pixels, backtrack.needed(net, net.scores))
    starts = backtrack.Starts.best(record, net.scores, count=3)
    options = backtrack.Options(position=position, dead_end="follow", average_pool="map", rivals=5)
    found = backtrack.from_units(net, record, starts, options)
    assert not found.lost_total.any()
    assert found.arrived == pytest.approx(np.ones(12))
    assert list(found.points)[:3] == HEADS[name]
    apart = [set(map(tuple, found.fixations.index[found.fixations.start == s])) for s in range(3)]
    assert apart[0] != apart[1] != apart[2]

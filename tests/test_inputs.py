"""A stage that runs a network starts from its weights and a shard of the images."""

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from cnnvis import inputs, manifests, models, network
from cnnvis.errors import ImageError, NetworkError, TraceError
from cnnvis.files import sha256

PREPROCESSING = {"resize": 70, "crop": 64}


@pytest.fixture
def manifest(tmp_path):
    """Three photos of one colour each."""
    rows = ["id,path,sha256,class,role,rows,cols"]
    for place, name in enumerate("abc"):
        path = tmp_path / f"{name}.png"
        Image.new("RGB", (80, 90), (60 * place, 0, 0)).save(path)
        rows.append(f"{name},{path},{sha256(path)},,,90,80")
    path = tmp_path / "photos.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "squeezenet1_1.safetensors"
    save_file(models.load("squeezenet1_1", seed=3).state_dict(), path)
    return path


def read(weights, manifest, **more):
    described = {"architecture": "squeezenet1_1", "preprocessing": PREPROCESSING}
    return inputs.read(weights, manifest, described, **more)


def test_the_network_fits_the_images(weights, manifest):
    given = read(weights, manifest)
    parts = list(given.batches(2))
    assert [part.names for part in parts] == [("a", "b"), ("c",)]
    assert parts[0].pixels.shape[1:] == given.net.input_shape == (3, 64, 64)
    scores = network.record(given.net, parts[0].pixels, [given.net.scores])[given.net.scores]
    with torch.no_grad():
        expected = models.load("squeezenet1_1", seed=3)(torch.from_numpy(parts[0].pixels))
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)


def test_the_digest_is_that_of_the_images_of_a_manifest(weights, manifest):
    whole, part = read(weights, manifest), manifest.with_name("part.csv")
    lines = manifest.read_text().splitlines(keepends=True)
    part.write_text("".join(lines[:2]))
    alone = read(weights, part)
    assert [label.id for label in alone.labels] == ["a"]
    assert alone.digests["weights"] == whole.digests["weights"]
    assert alone.digests["images"] == manifests.digest(alone.rows) != whole.digests["images"]


def test_batches_are_watched(weights, manifest):
    seen = []

    def watch(items, what):
        for item in items:
            seen.append((item, len(items), what))
            yield item

    names = [part.names for part in read(weights, manifest).batches(2, watch)]
    assert names == [("a", "b"), ("c",)]
    assert seen == [(0, 2, "batches"), (1, 2, "batches")]


def test_a_gpu_is_taken_only_where_there_is_one(weights, manifest, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    described = {"architecture": "squeezenet1_1", "preprocessing": PREPROCESSING}
    given = inputs.read(weights, manifest, described | {"device": "auto"})
    assert given.device == "cpu"
    assert given.digests == read(weights, manifest).digests
    with pytest.raises(NetworkError, match="sees no GPU"):
        inputs.read(weights, manifest, described | {"device": "cuda"})


def test_a_network_goes_to_the_gpu_and_the_provenance_names_it(weights, manifest, monkeypatch):
    moved = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU")
    monkeypatch.setattr(torch.nn.Module, "to", lambda model, to: moved.append(to) or model)
    described = {"architecture": "squeezenet1_1", "preprocessing": PREPROCESSING}
    for device in ("auto", "cuda"):
        given = inputs.read(weights, manifest, described | {"device": device})
        assert given.digests["device"] == "Some GPU"
    assert moved == ["cuda", "cuda"]
    assert "device" not in read(weights, manifest).digests


def test_the_way_to_the_graph_can_be_chosen(weights, manifest):
    def refuse(model, *, input_shape):
        raise TraceError(f"asked for {input_shape}")

    with pytest.raises(TraceError, match=r"\(3, 64, 64\)"):
        read(weights, manifest, graph=refuse)


def test_only_the_images_of_one_role(weights, manifest):
    rows = manifest.read_text().replace(",,,90", ",,similar,90").replace("similar", "reference", 1)
    manifest.write_text(rows)
    given = read(weights, manifest)
    assert [label.id for label in given.playing("similar").labels] == ["b", "c"]
    assert [part.names for part in given.playing("reference").batches(2)] == [("a",)]
    assert len(given.labels) == 3
    with pytest.raises(
        ImageError, match="no image has the role 'other'; the images have reference"
    ):
        given.playing("other")


def test_one_image_alone(weights, manifest):
    given = read(weights, manifest)
    assert [part.names for part in given.only("b").batches(2)] == [("b",)]
    assert [label.id for label in given.only("first").labels] == ["a"]
    assert len(given.labels) == 3
    with pytest.raises(ImageError, match=r"no image 'd' in the set.* or first"):
        given.only("d")


def test_a_photo_that_was_changed_since_it_was_checked_is_not_shown(weights, manifest):
    Image.new("RGB", (80, 90), (0, 255, 0)).save(manifest.with_name("b.png"))
    given = read(weights, manifest)
    with pytest.raises(ImageError, match=r"^b: .*b\.png was changed since it was checked"):
        list(given.batches(2))
    assert [part.names for part in given.only("a").batches(2)] == [("a",)]

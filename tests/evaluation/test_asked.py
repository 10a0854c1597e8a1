"""The images of a study, what the network sees in them, and some of them."""

import numpy as np
import pytest
from PIL import Image

from cnnvis import evaluation, images
from cnnvis.files import sha256
from cnnvis.inputs import Inputs
from cnnvis.manifests import read_manifest
from evaluation import known


@pytest.fixture
def given(tmp_path):
    """The network of corners with a photo of each."""
    lines = ["id,path,sha256,class,role,rows,cols"]
    for quarter in range(4):
        path = tmp_path / f"{quarter}.png"
        pixels = np.clip(known.bright(quarter) * 200, 0, 255).astype(np.uint8)
        Image.fromarray(pixels.transpose(1, 2, 0)).resize((64, 64), 0).save(path)
        lines.append(f"photo_{quarter},{path},{sha256(path)},{quarter},,64,64")
    manifest = tmp_path / "photos.csv"
    manifest.write_text("\n".join(lines) + "\n")
    preprocessing = images.Preprocessing(32, 32, mean=(0, 0, 0), std=(1, 1, 1))
    return Inputs(known.corners(), preprocessing, read_manifest(manifest), "0" * 64)


def test_what_the_network_sees_is_found_in_batches(given):
    asked = evaluation.ask(given, batch=3)
    assert asked.ids == ("photo_0", "photo_1", "photo_2", "photo_3")
    assert asked.best == asked.truth == (0, 1, 2, 3)
    np.testing.assert_allclose(asked.pixels.transpose(0, 2, 3, 1), asked.pictures / 255, atol=1e-6)
    assert {frame.photo for frame in asked.frames} == {(64, 64)}


def test_some_images_are_spaced_evenly_behind_the_one_that_is_wanted(given):
    asked = evaluation.ask(given)
    few = asked.some(3, "photo_2")
    assert few.ids == ("photo_2", "photo_0", "photo_3")
    assert few.best == (2, 0, 3)
    np.testing.assert_array_equal(few.pixels[1], asked.pixels[0])
    assert asked.some(99, "photo_1").ids == ("photo_1", "photo_0", "photo_2", "photo_3")


def test_the_pictures_are_of_the_photos_that_were_checked(given, monkeypatch):
    read, seen = images.Photos.__getitem__, []
    monkeypatch.setattr(
        images.Photos, "__getitem__", lambda all_, name: seen.append(name) or read(all_, name)
    )
    assert evaluation.ask(given).pictures.shape == (4, 32, 32, 3)
    assert seen == ["photo_0", "photo_1", "photo_2", "photo_3"]

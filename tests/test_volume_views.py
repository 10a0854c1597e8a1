"""What the page of volumes shows comes out of the result files as it is in them."""

import numpy as np
import pytest
from result_files import made, write_store
from safetensors.numpy import save_file

from cnnvis import gradient_file, gradient_views, kernels, ordering, volume_views
from cnnvis.errors import CnnvisError
from cnnvis.gradient_file import Unit
from cnnvis.labels import Image

OPTIONS = {"roles": ["ref", "other"], "order": "brightness", "reduction": "mean", "channel": 0}


@pytest.fixture
def weights(tmp_path):
    random = np.random.default_rng(0)
    kernel = random.normal(size=(5, 3, 11, 11)).astype(np.float32)
    grey = random.normal(size=(5, 2, 2, 3)).astype(np.float32)
    save_file({"features.0.weight": kernel, "conv.weight": grey}, tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors", kernel


def orders_of(maps, folder):
    for name in ("natural", "brightness", "kmeans"):
        options = {"clusters": 2, "restarts": 1} if name == "kmeans" else {}
        found = ordering.order(maps, name, **options)
        ordering.write(folder / f"{name}.json", found, "{}")
        yield folder / f"{name}.json"


def test_maps_come_in_every_order_with_their_kernels(tmp_path, weights):
    path, kernel = weights
    maps, _ = write_store(tmp_path / "a.h5")
    files = list(orders_of(maps["features.0"][1], tmp_path))
    group = volume_views.of_maps(
        tmp_path / "a.h5", files, path, layer="features.0", image="i1", where=("net", "photos")
    )
    assert group.name == "net/photos/features.0/i1"
    assert (group.where, group.title) == ("net on photos", "features.0: maps of i1")
    assert np.array_equal(group.blocks["i1"], maps["features.0"][1])
    assert list(group.orders) == ["natural", "brightness", "kmeans"]
    assert group.orders["kmeans"].cluster is not None
    assert group.spacing == (4.0, 2.0), "a voxel is as large as the step of a unit"
    assert np.array_equal(group.tiles, kernels.tiles(kernel))
    assert group.signed


def test_the_first_image_is_meant_by_first(tmp_path, weights):
    maps, _ = write_store(tmp_path / "a.h5")
    files = list(orders_of(maps["features.0"][0], tmp_path))[:1]
    group = volume_views.of_maps(
        tmp_path / "a.h5", files, weights[0], layer="features.0", image="first", where=("n", "p")
    )
    assert list(group.blocks) == ["i0"]


def test_a_layer_without_maps_is_refused(tmp_path, weights):
    write_store(tmp_path / "a.h5")
    ordering.write(tmp_path / "o.json", ordering.order(np.ones((6, 1, 1)), "natural"), "{}")
    with pytest.raises(CnnvisError, match=r"made of maps \(channel, row, col\)"):
        volume_views.of_maps(
            tmp_path / "a.h5",
            [tmp_path / "o.json"],
            weights[0],
            layer="classifier",
            image="i0",
            where=("net", "photos"),
        )


def gradients_of(path):
    units = (Unit(7, "bee"), Unit(3, "ant"))
    images = [Image("a", role="ref", class_index=3), Image("b", role="other", class_index=4)]
    images.append(Image("c", role="ref", class_index=3))
    values = np.random.default_rng(0).normal(size=(3, 2, 5, 2, 2, 3)).astype(np.float32)
    with gradient_file.create(
        path, layer="conv", units=units, shape=(5, 2, 2, 3), images=images, provenance=made()
    ) as writer:
        writer.append(["a", "b", "c"], values, predicted=[3, 3, 3], score=np.zeros((3, 2)))
    return values


def test_gradients_come_by_role_a_group_for_each_unit(tmp_path, weights):
    values = gradients_of(tmp_path / "g.h5")
    groups = volume_views.of_gradients(
        tmp_path / "g.h5", weights[0], options=OPTIONS, where=("net", "photos")
    )
    assert [group.name for group in groups] == [
        "net/photos/gradients/conv/7",
        "net/photos/gradients/conv/3",
    ]
    for place, group in enumerate(groups):
        assert list(group.blocks) == ["ref, correct", "other, misclassified"]
        # The mean over images and input channels, filter by filter as they are numbered.
        of_reference = values[[0, 2], place].mean(axis=(0, 2))
        assert np.allclose(group.blocks["ref, correct"], of_reference, atol=1e-6)
        assert np.allclose(
            group.blocks["other, misclassified"], values[1, place].mean(axis=1), atol=1e-6
        )
        assert (group.counted, group.tiles) == ("filter", None)


def test_gradients_stand_in_the_order_of_the_figures(tmp_path, weights):
    gradients_of(tmp_path / "g.h5")
    (group, _) = volume_views.of_gradients(
        tmp_path / "g.h5", weights[0], options=OPTIONS, where=("net", "photos")
    )
    shown = gradient_views.read(tmp_path / "g.h5", unit=7, **OPTIONS)
    assert list(group.orders) == ["brightness"]
    for (_, drawn), (_, block, order) in zip(shown.of_groups(), group.volumes, strict=True):
        assert np.array_equal(group.orders[order].apply(group.blocks[block]), drawn.data)

"""Gradients read for a comparison: images by role, filters in one order, volumes of both."""

import numpy as np
import pytest
from result_files import made

from cnnvis import gradient_file, gradient_views
from cnnvis.errors import CnnvisError, ImageError, OrderingError
from cnnvis.gradient_file import Unit
from cnnvis.labels import Image

UNITS = (Unit(7, "bee"), Unit(3, "ant"))
IMAGES = [
    Image("wrong", role="ref", class_index=1),
    Image("none"),
    Image("far", role="other", class_index=4),
    Image("right", role="ref", class_index=3),
    Image("also", role="ref", class_index=3),
]


def write(path, shape=(5, 2, 2, 3)):
    """Write gradients of five images, all of which are taken for class 3."""
    values = np.random.default_rng(0).normal(size=(5, 2, *shape)).astype(np.float32)
    with gradient_file.create(
        path, layer="conv", units=UNITS, shape=shape, images=IMAGES, provenance=made()
    ) as writer:
        names = [image.id for image in IMAGES]
        writer.append(names, values, predicted=[3] * 5, score=np.zeros((5, 2)))
    return values


@pytest.fixture
def found(tmp_path):
    values = write(tmp_path / "g.h5")
    return values, lambda **options: gradient_views.read(
        tmp_path / "g.h5", **({"unit": 3, "roles": ["ref", "other"]} | options)
    )


def test_images_come_by_role_the_correct_ones_first(found):
    values, read = found
    shown = read()
    assert [image.id for image in shown.images] == ["right", "also", "wrong", "far"]
    assert np.array_equal(shown.values, values[[3, 4, 0, 2], 1])
    assert [group.name for group in shown.groups] == [
        "ref, correct",
        "ref, misclassified",
        "other, misclassified",
    ]
    assert read(roles=["other", "ref"]).images[0].id == "far"
    assert (str(shown.unit), shown.layer) == ("ant (3)", "conv")
    assert np.array_equal(read(unit=7).values, values[[3, 4, 0, 2], 0])


def test_filters_are_ordered_by_the_mean_over_the_compared_images(found):
    values, read = found
    mean = values[[0, 2, 3, 4], 1].mean(axis=(0, 2, 3, 4))
    shown = read(order="brightness")
    assert shown.ordering.permutation.tolist() in (
        np.argsort(mean).tolist(),
        np.argsort(-mean).tolist(),
    )
    assert shown.ordering.source == "mean"
    assert read().ordering.permutation.tolist() == [0, 1, 2, 3, 4]


def test_planes_are_filters_in_order_of_one_image_or_of_a_mean(found):
    values, read = found
    shown = read(order="brightness")
    order = shown.ordering.permutation
    for place, block in zip((3, 4, 0, 2), shown.of_images(), strict=True):
        assert block.data == pytest.approx(values[place, 1].mean(axis=1)[order], rel=1e-5)
    (group, block), *_ = shown.of_groups()
    assert group.name == "ref, correct"
    mean = values[[3, 4], 1].mean(axis=(0, 2))
    assert block.data == pytest.approx(mean[order], rel=1e-4)
    assert block.name == "gradients of conv, unit 3: ref, correct"


def test_a_volume_is_reduced_as_asked(found):
    values, read = found
    shown = read(reduction="channel", channel=1)
    assert np.array_equal(shown.of_images()[0].data, values[3, 1, :, 1])
    assert "reduced by channel 1, filters in the order natural" in shown.words
    with pytest.raises(CnnvisError, match="no input channel 2"):
        read(reduction="channel", channel=2).of_images()


def test_a_linear_layer_is_refused(tmp_path):
    write(tmp_path / "g.h5", shape=(5, 2))
    with pytest.raises(CnnvisError, match=r"conv is no convolution .* weights are \(5, 2\)"):
        gradient_views.read(tmp_path / "g.h5", unit=3, roles=["ref", "other"])


def test_a_role_and_a_method_that_are_not_there_are_refused(found):
    _, read = found
    with pytest.raises(ImageError, match="no image has the role 'third'"):
        read(roles=["ref", "third"])
    with pytest.raises(OrderingError, match="pca_imag"):
        read(order="pca_imag")

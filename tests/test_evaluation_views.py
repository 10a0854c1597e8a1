"""Cases and cascades as figures take them: pictures, maps and values of the same image."""

import numpy as np
import pandas as pd
import pytest

from cnnvis import evaluation_views, map_file, metrics, provenance
from cnnvis.boxes import NO_BOX
from cnnvis.map_sets import MapSet

NAMES = ["cat", "dog", "cup"]
MADE = provenance.of("explain_photos", params={}, inputs={})


@pytest.fixture
def maps():
    random = np.random.default_rng(0)
    return MapSet(
        ids=("tom", "mosaic_1"),
        photos=("tom", "rex"),
        targets=(0, 7),
        methods=("backtrack", "centre", "grad_cam"),
        maps=random.normal(size=(3, 2, 6, 6)),
        pictures=random.integers(0, 256, (2, 6, 6, 3)).astype(np.uint8),
        marked=(NO_BOX, (0, 3, 3, 6)),
    )


@pytest.fixture
def path(maps, tmp_path):
    map_file.write(tmp_path / "maps.h5", maps, provenance=MADE)
    return tmp_path / "maps.h5"


def measures(metric="insertion"):
    rows = [
        (image, "", method, metric, 10 * place + number)
        for place, image in enumerate(("tom", "mosaic_1"))
        for number, method in enumerate(("backtrack", "grad_cam", "centre", "chance", "gradient"))
    ]
    return pd.DataFrame(rows, columns=["image", "photo", "method", "metric", "value"])


def test_a_case_has_the_maps_that_are_drawn_and_their_values_beside_controls(path, maps):
    found = evaluation_views.cases(
        path, measures(), "insertion", NAMES, ["backtrack", "grad_cam", "occlusion"]
    )
    assert [one["title"] for one in found] == ["tom: cat", "rex in mosaic_1: class 7"]
    assert list(found[0]["maps"]) == ["backtrack", "grad_cam"]
    assert found[1]["values"] == {"backtrack": 10, "grad_cam": 11, "centre": 12, "chance": 13}
    np.testing.assert_allclose(found[1]["maps"]["grad_cam"], maps.maps[2, 1], rtol=1e-6)
    np.testing.assert_array_equal(found[1]["photo"], maps.pictures[1])
    assert [one["box"] for one in found] == [None, (0, 3, 3, 6)]


def test_without_a_file_a_method_or_the_metric_there_is_no_case(path):
    drawn = ["backtrack"]
    assert evaluation_views.cases(None, measures(), "insertion", NAMES, drawn) == []
    assert evaluation_views.cases(path, measures(), "deletion", NAMES, drawn) == []
    assert evaluation_views.cases(path, measures(), "insertion", NAMES, ["soft"]) == []


def test_the_first_method_stands_beside_references_that_look_at_the_network():
    methods = ["soft", "grad_cam", "centre", "grad_cam, against rivals"]
    assert evaluation_views.drawn(methods, ["grad_cam", "centre", "gradient"]) == [
        "soft",
        "grad_cam",
    ]
    assert evaluation_views.pair([{"maps": {"soft": 0, "grad_cam": 0}}]) == {
        "method": "soft",
        "reference": "grad_cam",
    }
    assert evaluation_views.pair([{"maps": {"soft": 0}}])["reference"] == ""


def test_likeness_is_with_the_first_stage(maps):
    found = evaluation_views.likeness(maps)
    assert list(found) == list(maps.methods)
    for method, values in found.items():
        own = maps.maps[maps.methods.index(method)]
        assert values[0] == pytest.approx(1)
        assert values[1] == pytest.approx(metrics.spearman(own[:1], own[1:])[0])

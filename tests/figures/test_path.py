"""The path through the layers: units where they are, summed over channels; bars for vectors."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.path import Step, through_layers

from .looks import assert_readable, image, part, parts, written

SEEN = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
INDEX = np.array([[5, 1, 2], [6, 1, 2], [5, 3, 0]])
WEIGHT = np.array([0.25, 0.5, 0.125])


def steps():
    mean = np.arange(16.0).reshape(4, 4)
    return [
        Step("image", "image", (3, 32, 32), INDEX % 3, WEIGHT, np.ones((32, 32))),
        Step("conv", "Conv2d", (8, 4, 4), INDEX, WEIGHT, mean),
        Step("pool", "AvgPool", (8, 1, 1), np.array([[5, 0, 0], [6, 0, 0]]), np.array([0.3, 0.7])),
        Step("fc", "Linear", (40,), np.arange(40)[:, None], np.arange(40) / 780),
        Step("scores", "Linear", (9,), np.array([[4]]), np.array([1.0])),
    ]


def drawn(**changed):
    options = {"target": "tabby", "classes": [f"class of {place}" for place in range(9)]}
    return through_layers(SEEN, changed.pop("steps", steps()), **options | changed)


def test_units_of_all_channels_are_one_point_at_their_place():
    axes = part(drawn(), "path conv")
    (dots,) = [c for c in axes.collections if isinstance(c, PathCollection)]
    assert np.ma.getdata(dots.get_offsets()).tolist() == [[0.5, 3.5], [2.5, 1.5]]
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 4), (4, 0))
    grey = image(axes)[..., 0]
    assert grey[0, 0] == grey.min()
    assert grey[3, 3] == grey.max()
    said = written(drawn())
    assert "Conv2d, 8 × 4 × 4: 3 units" in said
    assert "2 channels, most in 6 (57 %)" in said


def test_vectors_are_bars_of_their_heaviest_units():
    figure = drawn()
    for node, count, widest in (("pool", 2, 0.7), ("fc", 10, 39 / 780), ("scores", 1, 1.0)):
        axes = part(figure, f"path {node}")
        widths = [bar.get_width() for bar in axes.patches]
        assert len(widths) == count
        assert widths[0] == max(widths) == pytest.approx(widest)
    names = [label.get_text() for label in part(figure, "path fc").get_yticklabels()]
    assert names[:2] == ["unit 39", "unit 38"]
    (name,) = part(figure, "path scores").get_yticklabels()
    assert name.get_text() == "class of 4"
    share = 100 * np.arange(30, 40).sum() / 780
    assert f"these 10 hold {share:.0f} % of the weight" in written(figure)


def test_what_did_not_arrive_is_said():
    assert "88 % of the weight reach" in style.words(drawn(), "caption")
    whole = steps()
    whole[0] = Step("image", "image", (3, 32, 32), INDEX[:1] % 3, np.ones(1), np.ones((32, 32)))
    assert "of the weight reach" not in style.words(drawn(steps=whole), "caption")


@pytest.mark.parametrize("count", [1, 4, 5, 6, 9, 12])
def test_every_word_can_be_read(count):
    many = [
        Step(f"a.very.long.name.of.a.layer.{place}", "AdaptiveAvgPool2d", *rest)
        for place in range(count)
        for rest in [((2048, 4, 4), INDEX, WEIGHT, np.zeros((4, 4)))]
    ]
    figure = drawn(steps=many, title="A title " * 15)
    assert_readable(figure)
    assert len(parts(figure, "path ")) == count
    assert_readable(drawn(classes=["a class with a long name " * 3] * 9))


def test_a_path_that_reaches_no_pixel_is_drawn():
    nothing = steps()
    empty = np.zeros((0, 3), int), np.zeros(0)
    nothing[0] = Step("image", "image", (3, 32, 32), *empty, np.ones((32, 32)))
    figure = drawn(steps=nothing)
    assert not part(figure, "path image").collections
    assert "0 % of the weight reach" in style.words(figure, "caption")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"index": INDEX[:2]}, r"got \(2, 3\), \(3,\)"),
        ({"shape": (8, 4)}, "an index and a weight"),
        ({"mean": np.ones((4, 5))}, r"\(4, 5\)"),
    ],
)
def test_a_step_whose_parts_do_not_fit_is_refused(changed, said):
    given = {"shape": (8, 4, 4), "index": INDEX, "weight": WEIGHT, "mean": np.ones((4, 4))}
    with pytest.raises(CnnvisError, match=said):
        Step("conv", "Conv2d", **given | changed)


def test_no_steps_are_refused():
    with pytest.raises(CnnvisError, match="one step or more"):
        drawn(steps=[])

"""Curves of randomisation: means of the table at the layers they belong to."""

import numpy as np
import pandas as pd
import pytest
from measured_tables import MANY, sanity

from cnnvis.errors import CnnvisError
from cnnvis.figures import style
from cnnvis.figures.randomisation import randomisation_curves

from .looks import assert_equal_bytes, assert_readable, drawn, drawn_names, part, parts, written

LAYERS = ["fc", "conv2", "conv1"]
CASCADE = {
    "backtrack": [0.6, 0.3, 0.1],
    "grad_cam": [0.5, 0.2, -0.1],
    "guided_backprop": [0.9, 0.8, 0.7],
    "edges": [1.0, 1.0, 1.0],
}
ALONE = {"backtrack": [0.7, 0.8, 0.9], "grad_cam": [0.1, 0.2, 0.3]}


def a_table():
    return pd.concat(
        [
            sanity("cascade", CASCADE, changes=LAYERS),
            sanity("independent", ALONE, changes=LAYERS),
            sanity("last", ALONE, changes=LAYERS),
            sanity("cascade", CASCADE, changes=LAYERS, measure="ssim").assign(value=0.123),
        ]
    )


def test_a_cascade_begins_at_one_and_goes_through_the_means():
    axes = part(randomisation_curves(a_table()), "curves cascade")
    for method, means in CASCADE.items():
        x, y = drawn(axes, f"curve {method}")
        assert x.tolist() == [0, 1, 2, 3]
        assert y == pytest.approx([1.0, *means])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["intact", *LAYERS]


def test_layers_alone_have_no_intact_beginning():
    axes = part(randomisation_curves(a_table()), "curves independent")
    x, y = drawn(axes, "curve backtrack")
    assert (x.tolist(), y.tolist()) == ([1, 2, 3], pytest.approx(ALONE["backtrack"]))
    assert [label.get_text() for label in axes.get_xticklabels()] == LAYERS
    assert list(axes.get_xticks()) == [1, 2, 3]
    assert "edges" not in drawn_names(axes, "curve ")


def test_a_method_measured_at_few_layers_stands_at_these():
    table = a_table()
    gone = (table.method == "backtrack") & (table.step == 1)
    axes = part(randomisation_curves(table[~gone]), "curves cascade")
    x, y = drawn(axes, "curve backtrack")
    assert (x.tolist(), y.tolist()) == ([0, 1, 3], pytest.approx([1.0, 0.6, 0.1]))


def test_steps_decide_the_order_not_the_rows():
    table = a_table()
    axes = part(randomisation_curves(table.iloc[::-1]), "curves cascade")
    assert drawn(axes, "curve backtrack")[1] == pytest.approx([1.0, *CASCADE["backtrack"]])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["intact", *LAYERS]


def test_the_list_says_what_is_left_the_least_first():
    words = written(part(randomisation_curves(a_table()), "left over"))
    assert words[:2] == ["less is better", "all random"]
    names = [word for word in words[2:] if word[-1].isalpha() or word == "Grad-CAM"]
    assert names == ["Grad-CAM", "backtracking", "guided backprop", "edges"]
    assert [word for word in words[2:] if word not in names] == ["−0.10", "0.10", "0.70", "1.00"]


def test_bands_are_standard_errors_of_own_methods_and_grad_cam():
    axes = part(randomisation_curves(a_table()), "curves independent")
    bands = {one.get_gid(): one for one in axes.collections}
    assert bands.keys() == {"band backtrack", "band grad_cam"}
    reach = np.std([-0.01, 0, 0.01], ddof=1) / np.sqrt(3)
    inside = bands["band backtrack"].get_paths()[0].vertices
    low = inside[inside[:, 0] == 2][:, 1].min()
    assert low == pytest.approx(0.8 - reach)


def test_edges_are_a_warning_in_words():
    figure = randomisation_curves(a_table())
    words = "edges: never looks at the network"
    assert words in written(part(figure, "curves cascade"))
    assert words not in written(part(figure, "curves independent"))
    assert "Grey: edges" in style.words(figure, "caption")


def test_one_check_alone_is_drawn_alone():
    table = a_table()
    only = randomisation_curves(table[table.check == "independent"])
    assert [axes.get_gid() for axes in parts(only, "curves ")] == ["curves independent"]
    words = written(part(only, "left over"))
    assert words[1] == "mean"
    assert "0.80" in words


def test_another_measure_is_drawn_where_it_is_asked_for():
    figure = randomisation_curves(a_table(), measure="ssim")
    assert drawn(part(figure, "curves cascade"), "curve edges")[1][1:] == pytest.approx(0.123)
    assert "structural similarity" in style.words(figure, "caption")


@pytest.mark.parametrize(
    ("methods", "layers", "images"), [(1, 1, 1), (12, 8, 3), (25, 90, 2), (2, 91, 1), (2, 92, 1)]
)
def test_every_word_can_be_read(methods, layers, images):
    names = [f"a.rather.long.name.of.a.layer.{number}" for number in range(layers)]
    values = {name: np.linspace(0.9, -0.2, layers) for name in MANY[:methods]}
    checks = [sanity(check, values, images, names) for check in ("cascade", "independent")]
    figure = randomisation_curves(pd.concat(checks), title="A title " * 20)
    assert_readable(figure)
    last = part(figure, "curves cascade").get_xticklabels()[-1].get_text()
    assert last.endswith(str(layers - 1)), "the last layer always has its name"


def test_a_single_image_has_no_band():
    caption = style.words(randomisation_curves(sanity("cascade", CASCADE, images=1)), "caption")
    assert "mean over 1 photo" in caption
    assert "Bands" not in caption


def test_the_table_is_left_as_found_and_drawn_the_same_twice(tmp_path):
    table = a_table()
    before = table.copy()
    assert_equal_bytes(lambda: randomisation_curves(table), tmp_path)
    pd.testing.assert_frame_equal(table, before)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(CnnvisError, match="this one lacks value"):
        randomisation_curves(a_table().drop(columns="value"))
    with pytest.raises(CnnvisError, match=r"compared by 'psnr'.* measures spearman, ssim"):
        randomisation_curves(a_table(), measure="psnr")
    with pytest.raises(CnnvisError, match="the table has the checks stability"):
        randomisation_curves(sanity("stability", CASCADE))

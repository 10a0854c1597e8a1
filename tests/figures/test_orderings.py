"""Orders side by side: each panel in its order, all on one scale, judged against chance."""

import numpy as np
import pytest

from cnnvis import compare
from cnnvis.errors import CnnvisError, OrderingError
from cnnvis.figures import style
from cnnvis.figures.agreement import agreement_matrix, agreement_panels
from cnnvis.figures.orderings import in_words, side_by_side
from cnnvis.quality import Judged, Quality, quality

from .looks import assert_readable, bars, clustered, image, part, parts, shuffled, written


def study(n=10, orders=3, rows=4, cols=6):
    """Maps, orders of them (the last in clusters), their similarity and qualities."""
    maps = np.random.default_rng(n).random((n, rows, cols))
    made = {f"order {i}": shuffled(n, seed=i) for i in range(orders - 1)}
    made["k-means"] = clustered([n // 2, n - n // 2 - 1, 1])
    similarity = compare.similarity(maps)
    qualities = {k: quality(similarity, v, draws=50) for k, v in made.items()}
    return maps, made, similarity, qualities


def test_every_panel_shows_its_own_order():
    maps, made, similarity, qualities = study()
    figure = side_by_side(maps, made, similarity, qualities)
    for name, order in made.items():
        p = order.permutation
        assert np.array_equal(image(part(figure, f"slice {name}")), maps[p, 2, :])
        assert np.array_equal(image(part(figure, f"similarity {name}")), similarity[np.ix_(p, p)])


def test_the_row_shown_can_be_chosen():
    maps, made, similarity, qualities = study()
    figure = side_by_side(maps, made, similarity, qualities, row=3)
    p = made["k-means"].permutation
    assert np.array_equal(image(part(figure, "slice k-means")), maps[p, 3, :])
    assert "row 3 of all 10 maps" in style.words(figure, "caption")


def test_all_orders_share_their_scales():
    figure = side_by_side(*study())
    for kind, limits in (("similarity ", {(-1, 1)}), ("slice ", None)):
        found = {(a.images[0].norm.vmin, a.images[0].norm.vmax) for a in parts(figure, kind)}
        assert len(found) == 1
        assert limits is None or found == limits
    assert bars(figure)["correlation of two channels"] == (-1, 1)


def test_clusters_have_a_strip_and_borders():
    maps, made, similarity, qualities = study()
    figure = side_by_side(maps, made, similarity, qualities)
    patches = [p for axes in figure.axes for p in axes.patches if "cluster" in (p.get_gid() or "")]
    assert [(p.get_y(), p.get_height()) for p in patches] == [(-0.5, 5), (4.5, 4), (8.5, 1)]
    borders = part(figure, "similarity k-means").lines
    assert [line.get_ydata()[0] for line in borders] == [4.5, 8.5]
    assert not part(figure, "similarity order 0").lines


def test_the_chart_shows_each_order_against_chance():
    maps, made, similarity, qualities = study()
    figure = side_by_side(maps, made, similarity, qualities)
    chart = part(figure, "chart")
    points = [line for line in chart.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in points] == [
        qualities[name].neighbour_correlation.value for name in made
    ]
    for place, (bar, found) in enumerate(zip(chart.patches, qualities.values(), strict=True)):
        judged = found.neighbour_correlation
        low, high = bar.get_x(), bar.get_x() + bar.get_width()
        assert bar.get_y() + bar.get_height() / 2 == pytest.approx(place)
        assert (low + high) / 2 == pytest.approx(judged.null_mean)
        assert (high - low) / 2 == pytest.approx(1.96 * judged.null_std)


def test_an_order_better_than_chance_stands_out():
    maps, made, similarity, _ = study(orders=2)
    chance = Judged(0.0, 0.0, 0.1, 50.0)
    values = {"order 0": 0.1, "k-means": 0.5}
    qualities = {k: Quality(Judged(v, 0.0, 0.1, 50.0), chance, chance) for k, v in values.items()}
    chart = part(side_by_side(maps, made, similarity, qualities), "chart")
    colours = [line.get_color() for line in chart.lines if line.get_marker() == "o"]
    assert colours == [style.MUTED, style.CATEGORIES[0]]


def test_agreement_stands_beside_and_in_its_own_figure():
    maps, made, similarity, qualities = study()
    expected = compare.agreement(list(made.values()))
    beside = part(side_by_side(maps, made, similarity, qualities), "agreement")
    assert np.array_equal(image(beside), expected)
    alone = agreement_matrix(list(made), expected)
    assert np.array_equal(image(part(alone, "agreement")), expected)
    assert f"{expected[0, 1]:.2f}".removeprefix("0") in written(alone)
    assert bars(alone) == {"Spearman's |ρ|": (0, 1)}


def test_many_orders_are_named_as_far_as_there_is_room():
    figure = agreement_matrix([f"row {i}" for i in range(113)], np.eye(113), what="rows")
    assert_readable(figure)
    names = [word for word in written(figure) if word.startswith("row ")]
    assert 10 < len(set(names)) <= 24


def test_words_have_no_minus_before_zero():
    assert in_words(Judged(-0.001, 0.0, 0.01, 50.0)) == (
        "neighbours correlate 0.00 (random orders: 0.00, 95 % of them from −0.02 to 0.02)"
    )


@pytest.mark.parametrize(
    ("n", "orders", "rows", "cols"),
    [(16, 1, 5, 5), (64, 2, 9, 40), (16, 4, 3, 300), (512, 7, 2, 4), (30, 13, 2, 2)],
)
def test_every_word_can_be_read(n, orders, rows, cols):
    maps, made, similarity, qualities = study(n, orders, rows, cols)
    longer = {f"{name}, a name that is much too long to fit": v for name, v in made.items()}
    worth = dict(zip(longer, qualities.values(), strict=True))
    assert_readable(side_by_side(maps, longer, similarity, worth, title="A title " * 15))


def test_what_does_not_fit_is_refused():
    maps, made, similarity, qualities = study()
    with pytest.raises(CnnvisError, match=r"\(channel, channel\); got \(10, 4, 6\) and \(9, 10\)"):
        side_by_side(maps, made, similarity[:9], qualities)
    with pytest.raises(CnnvisError, match="missing: k-means"):
        side_by_side(maps, made, similarity, {k: v for k, v in qualities.items() if k != "k-means"})
    with pytest.raises(CnnvisError, match="missing: none at all"):
        side_by_side(maps, {}, similarity, qualities)
    with pytest.raises(CnnvisError, match="no row 4 in maps of 4 rows"):
        side_by_side(maps, made, similarity, qualities, row=4)
    with pytest.raises(OrderingError, match="ordering of 9 channels"):
        side_by_side(maps, {"order 0": shuffled(9)}, similarity, qualities)
    with pytest.raises(CnnvisError, match="2 names do not fit"):
        agreement_matrix(["a", "b"], np.eye(3))


def test_agreement_of_methods_and_slices_stands_side_by_side():
    methods = np.array([[1.0, 0.3], [0.3, 1.0]])
    slices = np.linspace(0, 1, 60 * 60).reshape(60, 60)
    slices[7] = slices[:, 7] = np.nan
    panels = {
        "methods": (["pca", "k-means"], methods),
        "by rows": (list(map(str, range(60))), slices),
    }
    figure = agreement_panels(panels, title="A title " * 15)
    assert np.array_equal(image(part(figure, "agreement methods")), methods)
    by_rows = part(figure, "agreement by rows")
    assert np.array_equal(image(by_rows)[8:, 8:], slices[8:, 8:])
    assert np.ma.getmaskarray(by_rows.images[0].get_array())[7].all()
    assert {".30", "methods", "by rows", "pca"} <= set(written(figure))
    assert_readable(figure)
    with pytest.raises(CnnvisError, match=r"rows: 2 names do not fit a matrix of shape \(3, 3\)"):
        agreement_panels({"rows": (["a", "b"], np.eye(3))})
    with pytest.raises(CnnvisError, match="got none"):
        agreement_panels({})

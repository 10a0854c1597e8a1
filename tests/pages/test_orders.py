"""The page about orders: its sentences follow the tables, and change with them."""

import re

import pytest

from cnnvis.pages import findings, orders
from cnnvis.pages.findings import Layer, Row

COLUMNS = [
    "method",
    "neighbour_correlation",
    "neighbour_correlation_null_mean",
    "neighbour_correlation_null_std",
    "neighbour_correlation_percentile",
    "anti_robinson",
    "anti_robinson_null_mean",
    "anti_robinson_percentile",
    "brightness_correlation",
]


def row(method, near, *, percentile=100.0, events=0.3, sure=100.0, brightness=None):
    return Row(method, near, 0.04, 0.02, percentile, events, 0.5, sure, brightness)


def layer(*rows, slices=None, clusters=(), name="conv1"):
    return Layer("net", name, rows, slices or {}, tuple(clusters))


TREE = row("optimal_leaf", 0.4, events=0.2)
BRIGHT = row("pca_image", 0.08, percentile=98.0, events=0.45, brightness=-0.98)
CHANCE = row("natural", 0.05, percentile=60.0, events=0.5, sure=50.0)


def test_the_best_order_is_named_with_its_distance_from_chance():
    words = findings.best(layer(CHANCE, BRIGHT, TREE))
    assert words == (
        "Best is optimal_leaf: its neighbours correlate 0.40 on average, random orders reach 0.04 "
        "(18 of their standard deviations less). Next is pca_image with 0.08. No better than "
        "chance: natural. It is best beyond direct neighbours, too: 20 % anti-Robinson events, "
        "50 % in random orders."
    )


def test_another_order_is_named_where_the_numbers_are_others():
    better = row("kmeans", 0.6, events=0.3)
    words = findings.best(layer(CHANCE, TREE, better))
    assert words.startswith("Best is kmeans: its neighbours correlate 0.60")
    assert "Next is optimal_leaf with 0.40." in words
    assert words.endswith(
        "Beyond direct neighbours optimal_leaf is better: 20 % anti-Robinson "
        "events, 50 % in random orders."
    )


def test_where_nothing_beats_chance_no_order_is_called_best():
    words = findings.best(layer(CHANCE, row("random", 0.06, percentile=97.0)))
    assert words.startswith("No order does better than chance: neighbours correlate most in random")
    assert "Best" not in words
    far = findings.best(layer(row("a", 0.4, sure=90.0)))
    assert far.endswith("Beyond direct neighbours no order shows more than chance.")


@pytest.mark.parametrize(
    ("brightness", "words"),
    [
        (
            -0.98,
            "is nearly a sort by brightness: its score and the mean activation of the "
            "channels correlate |r| = 0.98.",
        ),
        (0.7, "is partly a sort by brightness"),
        (0.2, "is no sort by brightness"),
    ],
)
def test_what_a_component_sorts_by_follows_its_correlation_with_brightness(brightness, words):
    found = findings.pca(layer(TREE, row("pca_image", 0.08, brightness=brightness)))
    assert found.startswith("The order by pca_image ")
    assert words in found


@pytest.mark.parametrize(
    ("near", "percentile", "words"),
    [
        (0.05, 70.0, "no more alike than random ones: 0.05, random ones 0.04."),
        (0.08, 99.0, "hardly more alike than random ones: 0.08"),
        (0.3, 100.0, "are more alike than random ones: 0.30"),
    ],
)
def test_the_neighbours_of_a_component_stand_next_to_random_ones(near, percentile, words):
    one = row("pca_image", near, percentile=percentile, brightness=0.9)
    assert words in findings.pca(layer(TREE, one))


def test_nothing_is_said_of_what_was_not_computed():
    assert findings.pca(layer(TREE)) == ""
    assert findings.pca_overall([layer(TREE)]) == ""
    assert findings.slices(layer(TREE, slices={"row": None, "col": None})) == ""
    assert findings.clusters(layer(TREE)) == ""
    assert findings.overall([layer(TREE), layer(BRIGHT)]) == ""


@pytest.mark.parametrize(
    ("near", "far", "words"),
    [
        (0.97, 0.3, "Near rows give nearly the same order, distant ones do not (|ρ| = 0.97"),
        (0.97, 0.95, "All rows give nearly the same order"),
        (0.6, 0.3, "Near rows agree more than distant ones"),
        (0.6, 0.55, "Distant rows agree about as far as near ones"),
        (0.2, 0.1, "Even neighbouring rows give different orders"),
    ],
)
def test_slices_are_said_to_agree_as_far_as_they_do(near, far, words):
    assert findings.slices(layer(TREE, slices={"row": (near, far)})).startswith(words)


def test_clusters_depend_on_the_seed_as_far_as_they_do():
    words = findings.clusters(layer(TREE, clusters=[(3, 0.95), (7, 0.6), (10, 0.2)]))
    assert words.endswith(
        "3 clusters hardly (0.95), 7 clusters partly (0.60) and 10 clusters strongly (0.20)."
    )


def test_over_all_layers_the_mean_decides_and_wins_are_counted():
    first = layer(TREE, BRIGHT, CHANCE)
    second = layer(row("optimal_leaf", 0.2), row("pca_image", 0.3, brightness=0.6), CHANCE)
    words = findings.overall([first, second])
    assert words == (
        "Over all, optimal_leaf is best: its neighbours correlate 0.30 on average over 2 layers, "
        "those of random orders 0.04. It is best in 1 and better than chance in 2 of them. Then "
        "come pca_image 0.19 and natural 0.05."
    )
    words = findings.pca_overall([first, second])
    assert "nearly a sort by brightness in 1 of 2 layers, partly in 1 (median" in words
    assert "correlate 0.19 on average, those of random orders 0.04." in words
    assert findings.overall([layer(CHANCE)]).startswith("No order beats chance: the highest, nat")


def a_folder(tmp_path, near="0.4", source="set"):
    folder = tmp_path / f"net/photos/orders/conv1/{source}"
    folder.mkdir(parents=True)
    rows = [
        ["optimal_leaf", near, "0.04", "0.02", "100", "0.2", "0.5", "100", ""],
        ["pca_image", "0.1", "0.04", "0.02", "99", "0.4", "0.5", "99", "0.97"],
    ]
    lines = ["\t".join(COLUMNS), *("\t".join(cells) for cells in rows)]
    (folder / "quality.tsv").write_text("\n".join(lines) + "\n")
    square = "order\t0\t1\t2\n0\t1.0\t0.9\t0.1\n1\t0.9\t1.0\t0.7\n2\t0.1\t0.7\t1.0\n"
    (folder / "agreement_rows.tsv").write_text(square)
    (folder / "agreement_cols.tsv").write_text("order\t0\t1\n0\t\t\n1\t\t1.0\n")
    (folder / "stability.tsv").write_text("clusters\trand_index\n7\t0.42\n")
    return folder


def test_the_tables_are_read(tmp_path):
    found = findings.read(a_folder(tmp_path), network="net", layer="conv1")
    assert [one.method for one in found.ranked] == ["optimal_leaf", "pca_image"]
    assert found.of("pca_image").brightness == 0.97
    assert found.of("optimal_leaf").brightness is None
    assert found.slices == {"row": (pytest.approx(0.8), 0.1), "col": None}
    assert found.clusters == ((7, 0.42),)


def test_the_page_says_what_the_tables_say_and_links_to_them(tmp_path):
    a_folder(tmp_path)
    made = orders.page(tmp_path, [("net", "photos", "conv1")], "set")
    orders.write(tmp_path / "orders.html", made)
    text = (tmp_path / "orders.html").read_text()
    assert "Best is optimal_leaf: its neighbours correlate 0.40 on average" in text
    assert "made from all images" in text
    for name in ("quality", "stability", "agreement_rows"):
        assert f'href="net/photos/orders/conv1/set/{name}.tsv"' in text
    assert 'src="net/photos/figures/orderings/conv1/quality.png"' in text
    assert 'href="index.html"' in text
    assert all(re.findall(r'<img[^>]*alt="([^"]*)"', text))
    assert "http" not in text


def test_the_page_changes_with_the_numbers(tmp_path):
    a_folder(tmp_path, near="0.05", source="mean")
    made = orders.page(tmp_path, [("net", "photos", "conv1")], "mean")
    text = orders.render(made)
    assert "Best is pca_image: its neighbours correlate 0.10" in text
    assert "made from the mean over all images" in text


def test_an_order_is_worth_what_it_is_beside_random_ones():
    assert findings.worth(row("kmeans", 0.6, percentile=99.25)) == (
        "Better than 99.2 % of random orders: neighbours correlate 0.60 on average, in those 0.04."
    )
    assert findings.worth(CHANCE).startswith("No better than chance: neighbours correlate 0.05")

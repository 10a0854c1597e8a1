"""The page of volumes holds what it shows, on one scale, as text and never as HTML."""

import base64
import io
import json
import re
import zlib

import numpy as np
import pytest
from PIL import Image

from cnnvis import render
from cnnvis.errors import CnnvisError
from cnnvis.ordering import Ordering
from cnnvis.pages import alone, volumes
from cnnvis.volume_groups import Group

HOSTILE = '"></script><script>document.title="caught"</script><!-- \' \u202eשלום 🐈 &amp; <b>'


def order(permutation, method="natural", cluster=None):
    return Ordering(permutation, None, cluster, method, {}, "image")


def group(name="net/photos/conv", title="Maps", low=0.0, tiles=None, blocks=("cat",)):
    random = np.random.default_rng(len(name))
    return Group(
        name,
        title,
        {block: random.uniform(low, 1, (4, 6, 5)) for block in blocks},
        {
            "natural": order([0, 1, 2, 3]),
            "kmeans": order([2, 0, 3, 1], "kmeans", [0, 1, 0, 1]),
        },
        tiles=tiles,
    )


def data_of(page):
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(text)


def unpacked(text, shape):
    data = zlib.decompress(base64.b64decode(text))
    return np.frombuffer(data, np.uint8).reshape(shape)


@pytest.fixture(scope="module")
def page():
    tiles = np.random.default_rng(0).uniform(size=(4, 3, 2, 3))
    return volumes.render_page([group(tiles=tiles), group("net/photos/grad", "Gradients", low=-1)])


def test_maps_are_in_the_page_once_and_orders_are_permutations(page):
    whole = group()
    (record, _) = data_of(page)["groups"]
    assert record["shape"] == [4, 6, 5]
    (packed,) = record["blocks"]
    assert np.array_equal(unpacked(packed, (4, 6, 5)), whole.levels("cat"))
    assert [one["channels"] for one in record["orders"]] == [[0, 1, 2, 3], [2, 0, 3, 1]]
    assert [one["clusters"] for one in record["orders"]] == [None, [0, 1, 0, 1]]
    assert [(one["title"], one["block"], one["order"]) for one in record["volumes"]] == [
        ("natural", 0, 0),
        ("kmeans", 0, 1),
    ]
    assert record["limit"] == whole.limit


def test_signed_groups_say_so(page):
    maps, gradients = data_of(page)["groups"]
    assert (maps["signed"], gradients["signed"]) == (False, True)


def test_axes_have_the_words_of_the_field(page):
    (record, _) = data_of(page)["groups"]
    assert record["axes"] == ["position in the order", "row", "column"]


def test_kernels_are_in_the_page_as_colours(page):
    maps, gradients = data_of(page)["groups"]
    tiles = np.random.default_rng(0).uniform(size=(4, 3, 2, 3))
    found = unpacked(maps["tiles"]["pixels"], (4, 3, 2, 3))
    assert np.array_equal(found, np.rint(tiles * 255))
    assert gradients["tiles"] is None


def test_signed_data_have_colours_that_are_black_at_zero_and_differ_by_sign(page):
    for table in data_of(page)["diverging"]:
        colours = np.frombuffer(base64.b64decode(table["colours"]), np.uint8).reshape(-1, 3)
        assert colours[127:129].max() < 32, "the middle is as dark as the ground"
        below, above = colours[40].astype(int), colours[215].astype(int)
        assert below[2] > below[0] + 40, "blue below zero"
        assert above[0] > above[2] + 40, "red or orange above"


def test_every_volume_has_a_still_picture_on_the_scale_of_its_group(page):
    found = re.findall(r'<img src="data:image/webp;base64,([^"]+)"[^>]*alt="([^"]+)"', page)
    assert [alt for _, alt in found] == [
        f"{title}: {order}" for title in ("Maps", "Gradients") for order in ("natural", "kmeans")
    ]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[3][0]))).convert("RGB"))
    whole = group("net/photos/grad", low=-1)
    plane, high, wide = volumes.edges(whole)
    drawn = render.still(
        whole.orders["kmeans"].apply(whole.blocks["cat"]),
        limits=(-whole.limit, whole.limit),
        spacing=(plane / 4, high / 6, wide / 5),
        size=(400, 300),
        signed=True,
    )
    assert shown.shape == (300, 400, 3)
    assert np.abs(shown.astype(int) - drawn).mean() < 4
    assert np.corrcoef(shown.ravel(), drawn.ravel())[0, 1] > 0.95


def test_names_are_text(page):
    hostile = group(HOSTILE, HOSTILE, blocks=(HOSTILE,))
    text = volumes.render_page([hostile], title=HOSTILE)
    assert text.count("</script>") == page.count("</script>")
    assert "<script>document" not in text
    (record,) = data_of(text)["groups"]
    assert (record["name"], record["title"]) == (HOSTILE, HOSTILE)


def test_it_asks_nothing_of_the_network(page):
    assert re.findall(r"""(?:src|href)=["'](?!data:|index\.html)[^"']*""", page) == []
    assert re.findall(r"https?:", page) == []
    assert re.findall(r"\b(?:import|fetch|XMLHttpRequest|importScripts)\s*\(", page) == []


def test_the_page_is_the_same_bytes_twice(page, tmp_path):
    for name in "ab":
        volumes.write(tmp_path / f"{name}.html", [group()])
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_alone_it_is_the_same_but_for_the_link_to_other_pages(page, tmp_path):
    (tmp_path / "volumes.html").write_text(page, encoding="utf-8")
    text = alone.alone(tmp_path / "volumes.html")
    assert '<a href="index.html">' in page
    assert text == page.replace(
        '<a href="index.html">Everything the run found</a>', "Everything the run found"
    )


def test_groups_have_names_of_their_own():
    with pytest.raises(CnnvisError, match=r"needs groups, .* got \[\]"):
        volumes.render_page([])
    with pytest.raises(CnnvisError, match="a name of its own"):
        volumes.render_page([group(), group()])


def test_the_box_has_the_same_shape_however_many_channels_there_are():
    few = Group("a", "A", {"a": np.ones((2, 8, 4))}, {"natural": order([0, 1])}, spacing=(4, 2))
    many = Group("a", "A", {"a": np.ones((50, 8, 4))}, {"natural": order(range(50))}, (4, 2))
    assert volumes.edges(few) == volumes.edges(many) == (1.3 * 32, 32, 8)

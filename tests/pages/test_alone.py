"""A page as one file holds its pictures, and leads nowhere."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from cnnvis.errors import FileError
from cnnvis.pages import alone

PAGE = """<nav><a href="#here">here</a></nav><h2 id="here">A &lt;b&gt;</h2>
<p><a href="other.html">Another <b>page</b></a> and <a href="a/t.tsv">t.tsv</a></p>
<a href="a/wide%20one.png"><img src="a/wide%20one.png" alt="wide"></a>
<img src="a/film.gif" alt="film"><img src="data:image/png;base64,AAAA" alt="in it already">
"""


@pytest.fixture
def page(tmp_path):
    (tmp_path / "a").mkdir()
    random = np.random.default_rng(0)
    pixels = random.integers(0, 255, (30, 40, 3)).repeat(60, 0).repeat(60, 1).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a/wide one.png")
    (tmp_path / "a/film.gif").write_bytes(b"GIF89a")
    (tmp_path / "page.html").write_text(PAGE)
    return tmp_path / "page.html"


def pictures(text):
    return re.findall(r'src="data:image/(\w+);base64,([^"]+)"', text)


def test_pictures_are_inside_and_no_wider_than_needed(page):
    (kind, data), (film, frames), _ = pictures(alone.alone(page))
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (kind, image.size) == ("jpeg", (1000, 750))
    whole = np.asarray(Image.open(page.parent / "a/wide one.png").resize((1000, 750)), float)
    assert np.abs(np.asarray(image, float) - whole).mean() < 6
    assert (film, base64.b64decode(frames)) == ("gif", b"GIF89a")


def test_links_within_the_page_stay_and_others_are_words(page):
    text = alone.alone(page)
    assert '<a href="#here">here</a>' in text
    assert "<p>Another <b>page</b> and t.tsv</p>" in text
    assert re.findall(r'(?:href|src)="(?!#|data:)', text) == []
    assert "A &lt;b&gt;" in text


def test_a_page_is_the_same_bytes_twice(page, tmp_path):
    for name in "ab":
        alone.write(tmp_path / f"{name}.html", page)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_missing_picture_is_named(page):
    (page.parent / "a/film.gif").unlink()
    with pytest.raises(FileError, match=r"the page shows .*film.gif, which cannot be read"):
        alone.alone(page)

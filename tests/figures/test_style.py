"""One look, and files that are equal where the figures are."""

import os
import re
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from cnnvis.errors import CnnvisError, FileError
from cnnvis.figures import channels, style

from .looks import assert_readable, clustered, pixels

DRAW = """
import hashlib, pathlib, sys
import numpy as np
from cnnvis.figures import channels, style
from cnnvis.ordering import Ordering
cluster = np.arange(12) % 3
order = Ordering(np.argsort(cluster, kind="stable"), None, cluster, "kmeans", {}, "image")
maps = np.random.default_rng(0).normal(size=(12, 5, 6))
figure = channels.grid(maps, order, title="a title with $ and _")
for path in style.save(figure, sys.argv[1], formats=("png", "pdf", "svg"), provenance='{"a":1}'):
    print(path.suffix, hashlib.sha256(path.read_bytes()).hexdigest())
"""


@style.in_look
def a_figure(title="a title", caption="A caption."):
    sheet = style.sheet(1.0, title=title, caption=caption)
    axes = sheet.axes(0.5, 0.1, 2.0, 0.6)
    axes.plot([0, 1], [0, 1])
    return sheet.figure


def test_equal_figures_are_equal_bytes_in_any_process(tmp_path):
    """Another process, another order of hashes, another hour, another time zone."""
    digests = []
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        settings = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone}
        run = subprocess.run(
            [sys.executable, "-c", DRAW, str(tmp_path / f"drawn{seed}")],
            capture_output=True,
            text=True,
            check=True,
            env=settings,
        )
        digests.append(run.stdout)
    assert digests[0].count("\n") == 3
    assert digests[0] == digests[1]


def test_files_say_what_they_are_and_neither_when_nor_where(tmp_path):
    style.save(
        a_figure(), tmp_path / "a", formats=("png", "pdf", "svg"), provenance='{"stage":"x"}'
    )
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.info.items() >= {
            ("Title", "a title"),
            ("Description", "A caption."),
            ("Provenance", '{"stage":"x"}'),
        }
        assert "Software" not in picture.info
    pdf, svg = ((tmp_path / f"a.{suffix}").read_bytes() for suffix in ("pdf", "svg"))
    assert b"stage" in pdf
    assert b"A caption." in svg
    for content in (pdf, svg, (tmp_path / "a.png").read_bytes()):
        assert not re.search(rb"CreationDate|Producer|matplotlib.org|20\d\d-\d\d", content)
        assert str(tmp_path).encode() not in content


def test_letters_in_a_pdf_are_outlines_that_publishers_take(tmp_path):
    style.save(a_figure(), tmp_path / "a", formats=("pdf",))
    assert b"/Type3" not in (tmp_path / "a.pdf").read_bytes()


def test_settings_of_the_user_change_nothing_and_are_left_alone(tmp_path):
    maps = np.random.default_rng(0).random((6, 4, 4))
    order = clustered([2, 4])
    style.save(channels.grid(maps, order), tmp_path / "one", formats=("png",))
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "image.cmap": "jet"}):
        style.save(channels.grid(maps, order), tmp_path / "two", formats=("png",))
        assert matplotlib.rcParams["font.size"] == 30
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(CnnvisError, match=r"no format 'bmp'.*png, pdf, svg"):
        style.save(a_figure(), tmp_path / "a", formats=("png", "bmp"))
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_where_a_figure_cannot_be_written(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    with pytest.raises(FileError, match="no space left"):
        style.save(a_figure(), tmp_path / "a")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dpi", [100, 213.3333, 300, 459.1])
def test_axes_stand_on_whole_pixels(dpi):
    sheet = style.sheet(1.0, title="a title", caption="", dpi=dpi)
    axes = sheet.axes(0.317, 0.123, 1.234, 0.567)
    rows, cols, _ = pixels(sheet.figure).shape
    edges = axes.get_position().extents * (cols, rows, cols, rows)
    assert edges == pytest.approx(np.rint(edges), abs=1e-6)
    width, height = (axes.get_position().size * (cols, rows)).tolist()
    assert (width, height) == pytest.approx((round(1.234 * dpi), round(0.567 * dpi)))


@pytest.mark.parametrize("title", ["short", "long " * 40, "w" * 200])
def test_a_title_is_never_cut(title):
    figure = a_figure(title, "A caption that goes on and on, " * 20)
    assert_readable(figure)
    assert style.words(figure, "title").replace(" ", "") == title.replace(" ", "")
    assert style.words(figure, "caption").startswith("A caption that goes")


def test_dollars_are_dollars():
    figure = a_figure("costs $5 and $6", "x_1 ^ {2} $ \\alpha")
    assert_readable(figure)
    grid = channels.grid(np.ones((4, 2, 2)), clustered([1, 3]), title="$ and $", unit="$x$")
    for drawn in (figure, grid):
        worded = [text for text in drawn.findobj(Text) if "$" in text.get_text()]
        assert worded
        assert not any(text.get_parse_math() for text in worded)


@pytest.mark.parametrize(("count", "inches"), [(65, 1.2), (911, 6.4), (5000, 6.0)])
def test_crisp_shows_every_pixel_of_the_data_as_whole_pixels(count, inches):
    scale, dpi = style.crisp(count, inches)
    assert scale * count == pytest.approx(dpi * inches)
    assert dpi >= 200
    assert scale == 1 or (scale - 1) * count < 200 * inches

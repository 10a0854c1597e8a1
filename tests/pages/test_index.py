"""The page that is opened first: its links, its words, nothing from a network."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cnnvis.errors import CnnvisError, FileError
from cnnvis.pages import index
from cnnvis.pages.index import Link, Page, Picture, Prediction, Section

PAGE = Page(
    title="Cats <and> & dogs",
    lead="What was made.",
    sections=(
        Section(
            "channels",
            "Feature maps",
            "Every <b>channel</b>.",
            (
                Picture("figures/a b#1.png", 'sixty-four "maps"', "All", {"PDF": "figures/a.pdf"}),
                Picture("figures/c.png", "a volume", wide=False),
            ),
            (Link("data/v.nrrd", "The volume"),),
        ),
        Section("orders", "Orders"),
    ),
    predictions=(
        Prediction("net", "chelsea", "reference", "crane", (("crane", 0.9), ("crane", 0.0001)), 1),
        Prediction("net", "coffee", "", "", (("cup", 0.5), ("espresso", 0.4)), None),
        Prediction("net", "tabby", "similar", "tabby", (("tabby", 1.0), ("lynx", 0.0)), 0),
    ),
    next_steps=(Link("report.html", "The report", "More & more."), Link("figures", "Figures")),
    provenance={"torch": "2.13.0", "weights": "0" * 64},
)
LINKED = ("figures/a b#1.png", "figures/a.pdf", "figures/c.png", "data/v.nrrd", "report.html")


class Reader(HTMLParser):
    """Every element with its attributes, and the words in between."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self.depth = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img"):
            self.depth.append(tag)

    def handle_endtag(self, tag):
        assert self.depth.pop() == tag

    def handle_data(self, data):
        if self.depth and self.depth[-1] != "style":
            self.words += data.split()

    def all(self, name, tag=None):
        return [a[name] for t, a in self.elements if name in a and tag in (None, t)]


@pytest.fixture
def made(tmp_path):
    """The folder of a page whose files are there."""
    for name in LINKED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    index.write(tmp_path / "index.html", PAGE)
    return tmp_path


def test_every_link_is_relative_and_leads_somewhere(made):
    from urllib.parse import unquote

    page = Reader((made / "index.html").read_text(encoding="utf-8"))
    targets = [t for t in page.all("href") + page.all("src") if t != "data:,"]
    anchors = [t[1:] for t in targets if t.startswith("#")]
    files = [unquote(t) for t in targets if not t.startswith("#")]
    assert set(files) == {*LINKED, "figures"}
    assert all((made / name).exists() for name in files)
    assert anchors == ["next", "channels", "orders", "predictions", "provenance"]
    assert sorted(page.all("id")) == sorted(anchors)
    assert page.depth == []


def test_nothing_comes_from_a_network_and_nothing_runs():
    text = index.render(PAGE)
    assert "http" not in text
    assert "url(" not in text
    assert "<script" not in text
    assert "color-scheme: light dark" in text


def test_text_is_text_and_never_html():
    page = Reader(index.render(PAGE))
    words = " ".join(page.words)
    assert "Cats <and> & dogs" in words
    assert "Every <b>channel</b>." in words
    assert "More & more." in words
    assert page.all("alt", "img") == ['sixty-four "maps"', "a volume"]
    evil = replace(PAGE, provenance={"<script>alert(1)</script>": "</dd><script>"})
    assert "<script" not in index.render(evil)


def test_pictures_are_whole_or_half_as_wide_and_link_to_themselves():
    page = Reader(index.render(PAGE))
    figures = [attributes.get("class") for tag, attributes in page.elements if tag == "figure"]
    assert figures == ["wide", None]
    assert page.all("src", "img") == ["figures/a%20b%231.png", "figures/c.png"]
    assert set(page.all("loading", "img")) == {"lazy"}


def test_the_table_marks_the_true_class_by_its_place_not_by_its_name():
    """ImageNet has two cranes: the bird is not the machine."""
    page = Reader(index.render(PAGE))
    cells = [a["class"] for tag, a in page.elements if tag == "td" and "class" in a]
    assert cells == ["guess", "guess true", "guess", "guess", "guess true", "guess"]
    assert [one.verdict for one in PAGE.predictions] == ["misclassified", "no label", "correct"]
    words = " ".join(page.words)
    assert "chelsea reference net crane misclassified crane 90.0 % crane < 0.1 %" in words
    assert "coffee net – no label cup 50.0 % espresso 40.0 %" in words
    assert page.all("style", "span")[:2] == ["--share: 90.0%", "--share: 0.0%"]


def test_what_is_empty_is_left_out():
    page = Reader(index.render(Page("Title", "Lead", (Section("one", "One"),))))
    assert page.all("id") == ["one"]
    assert not {"table", "figure", "dl", "ul"} & {tag for tag, _ in page.elements}


def test_equal_pages_are_equal_bytes(made):
    first = (made / "index.html").read_bytes()
    index.write(made / "index.html", PAGE)
    assert (made / "index.html").read_bytes() == first
    assert str(made).encode() not in first


def test_a_link_to_nothing_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(
        FileError, match=r"links to 6 files that are not there, first 'data/v.nrrd'"
    ):
        index.write(tmp_path / "index.html", PAGE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["/etc/a.png", "https://a.org/a.png", "a\\b.png", "", "//a/b"])
def test_only_relative_paths_are_linked(path):
    page = replace(PAGE, sections=(Section("one", "One", pictures=(Picture(path, "a picture"),)),))
    with pytest.raises(CnnvisError, match="relative paths"):
        index.render(page)
    with pytest.raises(CnnvisError, match="relative paths"):
        index.render(replace(PAGE, next_steps=(Link(path, "next"),)))


def test_a_colon_in_a_folder_is_a_path():
    assert index.address("figures/a:b.png") == "figures/a%3Ab.png"


def test_a_picture_needs_a_description_and_a_section_its_own_anchor():
    page = replace(PAGE, sections=(Section("one", "One", pictures=(Picture("a.png", " "),)),))
    with pytest.raises(CnnvisError, match=r"'a.png' has no description"):
        index.render(page)
    with pytest.raises(CnnvisError, match="'one' is twice"):
        index.render(replace(PAGE, sections=(Section("one", "One"), Section("one", "Two"))))


def test_the_data_files_named_are_all_there_are():
    package = Path(index.__file__).parents[1]
    found = {str(path.relative_to(package)) for path in (package / "pages/templates").iterdir()}
    assert set(index.DATA_FILES) <= found

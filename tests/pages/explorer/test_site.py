"""The site: every script is there in an order that works, and the contents name all studies."""

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import explorer_files
import numpy as np
import pytest
import readers_of_scripts

from cnnvis.pages.explorer import site

TEMPLATES = Path(site.__file__).parents[1] / "templates/explorer"


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links = []

    def handle_starttag(self, tag, attributes):
        said = dict(attributes)
        self.links += [said[name] for name in ("href", "src") if name in said]


def links(page):
    reader = Reader()
    reader.feed(page.read_text())
    return reader.links


def test_the_page_names_every_script_and_all_are_there(tmp_path):
    site.write_site(tmp_path, home="../index.html")
    named = [link for link in links(tmp_path / "index.html") if link.startswith("site/")]
    assert named == ["site/explorer.css", *(f"site/{name}" for name in site.SCRIPTS)]
    assert {f"site/{path.name}" for path in (tmp_path / "site").iterdir()} == {*named}
    assert {path.name for path in TEMPLATES.glob("*.js")} == {*site.SCRIPTS}
    assert "../index.html" in links(tmp_path / "index.html")


def test_a_page_of_its_own_leads_nowhere_else(tmp_path):
    site.write_site(tmp_path)
    others = [link for link in links(tmp_path / "index.html") if not link.startswith("site/")]
    assert others == ["data:,"]


def test_scripts_use_at_once_only_what_those_before_them_define():
    """Names that are taken apart at the top of a script must be there when it is read."""
    known = {"put", "timing"}
    for name in site.SCRIPTS:
        text = (TEMPLATES / name).read_text()
        taken = re.findall(r"^  const \{ (.*) \} = cnnvis;", text, re.M)
        needed = {one for some in taken for one in some.split(", ")}
        needed |= {*re.findall(r"^  const .* = cnnvis\.(\w+)", text, re.M)}
        assert needed <= known, f"{name} comes too early"
        known |= {*re.findall(r"cnnvis\.(\w+) = ", text)}
        for some in re.findall(r"Object\.assign\(cnnvis, \{ (.*) \}\)", text):
            known |= {*some.split(", ")}


def test_names_from_data_never_become_html():
    for path in TEMPLATES.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", path.read_text()
        )


def test_the_contents_name_all_studies_and_colours(tmp_path):
    site.write_contents(tmp_path, [("one", "photos"), ("two", "more")])
    found = readers_of_scripts.load(tmp_path, "index")
    assert [study["key"] for study in found["studies"]] == ["one/photos", "two/more"]
    plain, signed = (found["colours"][name].astype(int) for name in ("plain", "signed"))
    assert plain.shape == signed.shape == (256, 3)
    assert np.diff(plain.sum(1)).mean() > 0, "brighter with the value"
    assert "region" in found["boxes"]


@pytest.mark.parametrize("linked", [True, False])
def test_a_folder_alone_holds_everything(tmp_path, monkeypatch, linked):
    if not linked:
        monkeypatch.setattr(os, "link", refuse)
    data = explorer_files.write_study(tmp_path / "study") / "data"
    explorer_files.write_study(tmp_path / "study", network="left_out")
    site.write_alone(tmp_path / "alone", data, [("net", "photos")])
    copied = tmp_path / "alone/data"
    names = {path.relative_to(copied) for path in copied.rglob("*.js")}
    there = {path.relative_to(data) for path in (data / "net").rglob("*.js")}
    assert names == there | {Path("index.js")}
    one = copied / "net/photos/about.js"
    assert one.read_bytes() == (data / "net/photos/about.js").read_bytes()
    assert one.samefile(data / "net/photos/about.js") == linked


def refuse(source, target):
    raise OSError("this disk knows no second names")
